/**
 * The one connection that writes. What it is asked is done in the order in which
 * it was asked. When the connection ends it makes another one by itself, finds
 * out what became of the commit that was under way, and does that again if it
 * was not done: so every commit is done once, or refused and not done.
 *
 * Who may write is one row, `core`: each commit checks in its own transaction
 * that the row still has the term of this connection and the number of the
 * commit before. A lock of the connection keeps other servers out beforehand,
 * and tells a new connection that nothing of the one before goes on.
 */
import { StartError } from "../../../system/errors.io.ts";
import { migratedTables } from "./migrated_tables.ts";
import type { PostgresRow } from "./postgres_queries.ts";
import { type DatabasePlace, shownPlace } from "./database_place.ts";
import {
  lockHolders,
  postgresSteps,
  schemaVersion,
  tryLock,
} from "./postgres_schema.ts";
import {
  PostgresLost,
  PostgresRefusal,
  PostgresSession,
  type PostgresValue,
} from "./postgres_session.io.ts";
import type { CommitNumber } from "./write_script.ts";
import { prepareScript } from "./write_statements.ts";
import { delay } from "../../../system/clock.io.ts";

/** What a writer tells whoever runs the server. */
export interface WriterNews {
  /** The connection ended, or is there again. */
  report(level: "warning" | "error", text: string): void;
  /** It can never go on, and why; told once. */
  stop(why: string): void;
}

/** What is asked of a database before it is taken. */
export interface WriterOptions {
  /** SQL of each version of the schema; the present ones by default. */
  readonly steps?: readonly string[];
  /** Also one whose data were brought elsewhere. */
  readonly evenMoved?: boolean;
  /** Takes it for this node of a cluster, if no other one has the lease. */
  readonly node?: string;
  /** How long it waits for a server that was killed to be gone, ms; 3 s by default. */
  readonly lockMs?: number;
  /** How long who asks waits for a new connection, ms; 5 s by default. */
  readonly patienceMs?: number;
  /** As of a connection. */
  readonly answerMs?: number;
}

/** Writes, and reads what must come in order with what is written. */
export class PostgresWriter {
  readonly #place: DatabasePlace;
  readonly #news: WriterNews;
  readonly #options: WriterOptions;
  /** Names this server, in the row. */
  readonly #holder = crypto.randomUUID();
  #session: PostgresSession | undefined;
  /** Of connections that may have the lock, as the database names them. */
  readonly #pids = new Set<number>();
  #term = 0;
  #lease = { term: 0, askedAt: 0 };
  /** Number of the last commit that is known to be done. */
  #commits = 0;
  /** True while it is not known whether the next one was done. */
  #isUnknown = false;
  #queue: Promise<unknown> = Promise.resolve();
  /** Ends when there is a connection again. */
  #opening: Promise<void> | undefined;
  /** When the connection ended, monotonic ms. */
  #lostAt = 0;
  #lastFault = "";
  #isClosed = false;
  /** Why nothing can be done any more. */
  #stopped: string | undefined;

  /** Use {@link PostgresWriter.open}. */
  constructor(
    place: DatabasePlace,
    news: WriterNews,
    options: WriterOptions,
  ) {
    this.#place = place;
    this.#news = news;
    this.#options = options;
  }

  /**
   * Connects, takes the database for this server and brings its schema up to
   * date.
   *
   * @throws {LeaseTaken} when another node of the cluster has it.
   * @throws {StartError} when it cannot be reached or used, was made by a newer
   * version of the program, its data were brought elsewhere, or another server
   * uses it.
   */
  static async open(
    place: DatabasePlace,
    news: WriterNews,
    options: WriterOptions = {},
  ): Promise<PostgresWriter> {
    const { steps = postgresSteps, evenMoved = false, node } = options;
    const writer = new PostgresWriter(place, news, options);
    try {
      const prepare = async (session: PostgresSession) => {
        await migrate(session, place, steps);
        // Who could not read what is there would hold the place for nothing.
        if (node !== undefined) await session.run(readableScript);
      };
      await writer.#connect(async (session) => {
        const askedAt = performance.now();
        const [row] = await session.query(
          node === undefined ? takeAlone : takeLease,
          [writer.#holder, ...node === undefined ? [] : [node]],
        );
        if (row === undefined) throw new LeaseTaken(place);
        writer.#lease = { term: Number(row.lease), askedAt };
        if (typeof row?.moved === "string" && !evenMoved) {
          throw new StartError(
            `the data of database ${shownPlace(place)} were brought to ` +
              `${row.moved}: start without --database, or bring them back ` +
              "with migrate",
          );
        }
        return row;
      }, prepare);
      return writer;
    } catch (error) {
      writer.#isClosed = true;
      if (error instanceof StartError) throw error;
      throw new StartError((error as Error).message);
    }
  }

  /** Which lease was taken, and when that was asked for, monotonic ms. */
  get lease(): { readonly term: number; readonly askedAt: number } {
    return this.#lease;
  }

  /** Names this server, in the row. */
  get holder(): string {
    return this.#holder;
  }

  /**
   * Reads, after everything that was asked for before.
   *
   * @param values May be made when it is its turn.
   */
  query(
    text: string,
    values: PostgresValue[] | (() => PostgresValue[]) = [],
  ): Promise<PostgresRow[]> {
    return this.#read((session) =>
      session.query(text, typeof values === "function" ? values() : values)
    );
  }

  /**
   * Reads what may be very much, after everything that was asked for before.
   *
   * @param make Makes of each row what is kept of it.
   * @param signal Ends it, with what that is aborted with.
   */
  all<Made>(
    text: string,
    make: (row: PostgresRow) => Made,
    signal?: AbortSignal,
  ): Promise<Made[]> {
    return this.#read(async (session) => {
      const all: Made[] = [];
      await session.pages(text, (rows) => {
        for (const row of rows) all.push(make(row));
        return signal?.aborted !== true;
      });
      signal?.throwIfAborted();
      return all;
    });
  }

  /**
   * Carries out a script as one transaction, after everything that was asked for
   * before.
   *
   * @param script Makes it, which begins with `fenceScript` of the number.
   * @throws {Error} when nothing of it was done.
   */
  commit(script: (number: CommitNumber) => string): Promise<void> {
    return this.#inTurn(() => this.#commit(script));
  }

  /** Gives the database back, after what is under way; the lease, too. */
  async close(): Promise<void> {
    if (this.#isClosed) return;
    const quiet = this.#options.node === undefined
      ? this.#queue
      // If it cannot be given back it expires by itself.
      : this.query(giveBack, [this.#holder]).catch(() => {});
    const timer = Promise.withResolvers<void>();
    const given = setTimeout(timer.resolve, closeMs);
    await Promise.race([quiet, timer.promise]);
    clearTimeout(given);
    this.#isClosed = true;
    this.#session?.close();
  }

  /**
   * Gives the database up at once: a commit that is under way may be done or
   * not, and whoever asked for it hears nothing.
   */
  cut(): void {
    this.#isClosed = true;
    this.#session?.close();
  }

  #inTurn<T>(body: () => Promise<T>): Promise<T> {
    const done = this.#queue.then(body);
    this.#queue = done.catch(() => {});
    return done;
  }

  #read<T>(ask: (session: PostgresSession) => Promise<T>): Promise<T> {
    return this.#inTurn(async () => {
      for (let tries = 1;; tries++) {
        const session = await this.#connected();
        try {
          return await ask(session);
        } catch (error) {
          const isLost = error instanceof PostgresLost;
          if (!isLost || tries >= mostTries) throw error;
        }
      }
    });
  }

  async #commit(script: (number: CommitNumber) => string): Promise<void> {
    const commit = this.#commits + 1;
    for (let tries = 1;; tries++) {
      const session = await this.#connected();
      // Done on the connection before.
      if (this.#commits === commit) return;
      if (tries > mostTries) throw new Error(this.#lastFault);
      try {
        this.#isUnknown = true;
        await session.run(script({ term: this.#term, commit }));
        this.#isUnknown = false;
        this.#commits = commit;
        return;
      } catch (error) {
        // What became of it, the next connection tells.
        if (error instanceof PostgresLost) continue;
        this.#isUnknown = false;
        if (!(error instanceof PostgresRefusal)) throw error;
        if (error.code === fenced) this.#stop(replacedText(this.#place));
        if (!/^40/.test(error.code) || tries >= mostTries) throw error;
      }
    }
  }

  /**
   * The connection, or the next one: waits for it for some seconds, and for as
   * long as it takes where it is not known what became of a commit.
   */
  async #connected(): Promise<PostgresSession> {
    for (;;) {
      const end = this.#stopped ??
        (this.#isClosed ? "it is closed" : undefined);
      // Whoever asked must not be told that it was not done: they hear nothing
      // before the server is gone, and ask the next one.
      if (end !== undefined && this.#isUnknown) await new Promise(() => {});
      if (end !== undefined) throw new Error(end);
      if (this.#session?.isOpen) return this.#session;
      const waitedMs = performance.now() - this.#lostAt;
      const { patienceMs = standardPatienceMs } = this.#options;
      const leftMs = this.#isUnknown ? Infinity : patienceMs - waitedMs;
      if (leftMs <= 0) throw new Error(this.#lastFault);
      const late = Promise.withResolvers<void>();
      const timer = leftMs === Infinity
        ? undefined
        : setTimeout(late.resolve, leftMs);
      await Promise.race([this.#opening, late.promise]);
      clearTimeout(timer);
    }
  }

  /** Connects, again and again; ends when that has happened, or never will. */
  async #reopen(): Promise<void> {
    let waitMs = firstWaitMs;
    while (!this.#isClosed && this.#stopped === undefined) {
      try {
        await this.#connect((session) => this.#goOn(session));
        this.#news.report(
          "warning",
          `database ${shownPlace(this.#place)} is there again`,
        );
        return;
      } catch (error) {
        const { message } = error as Error;
        if (message !== this.#lastFault) this.#news.report("error", message);
        this.#lastFault = message;
      }
      await delay(waitMs);
      waitMs = Math.min(2 * waitMs, longestWaitMs);
    }
  }

  /**
   * @param take Takes the row; last of all, so that nothing that is refused or
   * waits changes anything.
   * @param prepare What comes before.
   */
  async #connect(
    take: (session: PostgresSession) => Promise<PostgresRow | undefined>,
    prepare: (session: PostgresSession) => Promise<void> = async () => {},
  ): Promise<void> {
    let session: PostgresSession | undefined = undefined;
    const { answerMs } = this.#options;
    session = await PostgresSession.open(this.#place, {
      onEnd: () => this.#handleEnd(session),
      ...answerMs === undefined ? {} : { answerMs },
    });
    try {
      const [own] = await session.query("SELECT pg_backend_pid() AS pid");
      await this.#lock(session, Number(own?.pid));
      await prepare(session);
      await session.query(
        "SELECT set_config('synchronous_commit', 'on', false) " +
          "WHERE current_setting('synchronous_commit') = 'off'",
      );
      await session.run(prepareScript());
      const row = await take(session);
      // Its end was told when nobody had heard of it yet.
      if (!session.isOpen) throw new PostgresLost(this.#place, "it was closed");
      this.#term = Number(row?.term);
      this.#commits = Number(row?.commits);
      this.#isUnknown = false;
      this.#session = session;
    } catch (error) {
      session.close();
      throw error;
    }
  }

  /** Takes the lock; what an earlier connection of this server does, is ended. */
  async #lock(session: PostgresSession, pid: number): Promise<void> {
    // Whether it got the lock, a connection that ends may not learn.
    this.#pids.add(pid);
    const { node, lockMs = standardLockMs } = this.#options;
    const giveUpAt = performance.now() + lockMs;
    for (;;) {
      const [row] = await session.query(tryLock);
      if (row?.held === true) break;
      const [holder] = await session.query(lockHolders);
      // It may have let go by now.
      const holds = Number(holder?.pid ?? 0);
      const [lease] = node === undefined
        ? []
        : await session.query(leaseQuery, [holds]);
      if (lease?.state === "held") throw new LeaseTaken(this.#place);
      // A node that was stopped keeps its connection, and the lock with it; one
      // that came after its time is about to take the row.
      const isOver = lease?.state === "over" && lease.is_left === true;
      if (holds > 0 && (this.#pids.has(holds) || isOver)) {
        await session.query("SELECT pg_terminate_backend($1::int)", [holds]);
      } else if (performance.now() > giveUpAt) {
        const from = holder === undefined ? "" : ` (from ${holder.address})`;
        throw new StartError(
          `database ${shownPlace(this.#place)} is in use by another ` +
            `server${from}; stop it first`,
        );
      }
      await delay(lockPauseMs);
    }
    for (const other of this.#pids) if (other !== pid) this.#pids.delete(other);
  }

  /** Goes on with a new connection, if nothing came in between. */
  async #goOn(session: PostgresSession): Promise<PostgresRow | undefined> {
    const [row] = await session.query(
      "UPDATE core SET term = term + 1 WHERE holder = $1 AND commits >= $2 " +
        "AND commits <= $3 RETURNING term, commits",
      [this.#holder, this.#commits, this.#commits + (this.#isUnknown ? 1 : 0)],
    );
    if (row === undefined) this.#stop(replacedText(this.#place));
    return row;
  }

  #handleEnd(session: PostgresSession | undefined): void {
    const isOurs = session !== undefined && session === this.#session;
    if (!isOurs || this.#isClosed || this.#stopped !== undefined) return;
    this.#lostAt = performance.now();
    this.#lastFault = `the connection to database ${
      shownPlace(this.#place)
    } ended`;
    this.#news.report("error", this.#lastFault);
    this.#opening = this.#reopen();
  }

  /** @throws {Error} always. */
  #stop(why: string): never {
    if (this.#stopped === undefined) {
      this.#stopped = why;
      this.#session?.close();
      this.#news.stop(why);
    }
    throw new Error(why);
  }
}

/** Another node of the cluster has the lease. */
export class LeaseTaken extends StartError {
  constructor(place: DatabasePlace) {
    super(
      `database ${shownPlace(place)} is in use by the nodes of a cluster; ` +
        "stop them first",
    );
  }
}

/** Those who listen to it hear when a node has given the lease back. */
export const givenChannel = "parley_lease";

/** Brings the schema up to date; also shows that the database can be written. */
async function migrate(
  session: PostgresSession,
  place: DatabasePlace,
  steps: readonly string[],
): Promise<void> {
  const version = await schemaVersion(session);
  if (version === undefined) {
    throw new StartError(
      `database ${shownPlace(place)} holds tables of another program; ` +
        "make one for Parley alone with createdb",
    );
  }
  if (version > steps.length) {
    throw new StartError(
      `database ${shownPlace(place)} has schema version ${version}, this ` +
        `program knows ${steps.length}: start the newer version of Parley ` +
        "that made it",
    );
  }
  if (version === steps.length) return;
  await session.run([
    "CREATE TABLE IF NOT EXISTS schema_version (version bigint NOT NULL)",
    ...steps.slice(version),
    "DELETE FROM schema_version",
    `INSERT INTO schema_version VALUES (${steps.length})`,
  ].join(";"));
}

function replacedText(place: DatabasePlace): string {
  return `database ${shownPlace(place)} is not as this server left it: ` +
    "another server has taken it over, or a copy was put back; start again";
}

/** Nobody has the lease, or not any more. */
const isFree = "(expires IS NULL OR expires < clock_timestamp())";
const takeAlone =
  "UPDATE core SET holder = $1, term = term + 1, node = '', expires = NULL " +
  `WHERE ${isFree} RETURNING term, commits, moved, lease`;
const takeLease = "UPDATE core SET holder = $1, term = term + 1, node = $2, " +
  "lease = lease + 1, expires = clock_timestamp() + interval '5 s' " +
  `WHERE ${isFree} RETURNING term, commits, moved, lease`;
/** Where the lease was given back, the lock is somebody's who may have it. */
const giveBack = "WITH given AS (UPDATE core SET expires = NULL " +
  "WHERE holder = $1 RETURNING 1) " +
  `SELECT pg_notify('${givenChannel}', '') FROM given`;
const leaseQuery = "SELECT CASE WHEN expires < clock_timestamp() THEN 'over' " +
  "WHEN expires IS NULL THEN 'free' ELSE 'held' END AS state, " +
  "coalesce((SELECT backend_start < greatest(expires, " +
  "clock_timestamp() - interval '10 s') FROM pg_stat_activity " +
  "WHERE pid = $1::int), true) AS is_left FROM core";
/** Waits, not for long, for whoever locks a table that is to be read. */
const readableScript = "BEGIN; SET LOCAL lock_timeout = '1s'; LOCK TABLE " +
  [...migratedTables.map(({ name }) => name), "accounts"].join() +
  " IN ACCESS SHARE MODE; COMMIT";
/** What `fence` of the schema raises. */
const fenced = "PA001";
/** How often a commit is tried that got in the way of another program. */
const mostTries = 5;
/** How long who asks waits for a new connection, ms. */
const standardPatienceMs = 5_000;
/** Pauses between the tries to connect, ms. */
const firstWaitMs = 50;
const longestWaitMs = 1_000;
/** How long a server that was killed may keep the lock, ms. */
const standardLockMs = 3_000;
const lockPauseMs = 50;
/** How long closing waits for what is under way, ms. */
const closeMs = 1_000;

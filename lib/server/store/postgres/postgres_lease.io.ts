import { StartError } from "../../../system/errors.io.ts";
import type { AccountRows, Lease, LeaseOwner } from "../lease.ts";
import type { Store } from "../../model/store.ts";
import { PostgresAccounts } from "./postgres_accounts.io.ts";
import { readDatabaseOption } from "./database_option.io.ts";
import { type DatabasePlace, shownPlace } from "./database_place.ts";
import { type LeaseQuestion, LeaseWatch } from "./lease_watch.ts";
import type { PostgresRow } from "./postgres_queries.ts";
import { schemaVersion } from "./postgres_schema.ts";
import { PostgresReader } from "./postgres_reader.io.ts";
import { PostgresSession, type PostgresValue } from "./postgres_session.io.ts";
import { PostgresStore } from "./postgres_store.io.ts";
import {
  givenChannel,
  LeaseTaken,
  PostgresWriter,
  type WriterNews,
} from "./postgres_writer.io.ts";

/** A node of a cluster, as the others are to know it. */
export interface NodeOptions {
  /** URL of the database, or path of a file with that. */
  readonly database: string;
  /** Its name. */
  readonly node: string;
  /** Of its program. */
  readonly version: string;
  /** Of its certificate; empty without TLS. */
  readonly key: string;
}

/** The lease that is a row of a database. */
export class PostgresLease implements Lease {
  readonly secret: Uint8Array;
  readonly #place: DatabasePlace;
  readonly #options: NodeOptions;
  readonly #report: WriterNews["report"];
  readonly #run = crypto.randomUUID();
  readonly #watch = new LeaseWatch(performance.now());
  #session: PostgresSession | undefined;
  #owner: LeaseOwner | undefined;
  /** Writes for the core, while this node is that. */
  #writer: PostgresWriter | undefined;
  /**
   * Who this node was when it last lost the lease: a database that stood still
   * may carry out afterwards what it was asked before, and renew it.
   */
  #lostAs: string | undefined;
  #asking: Promise<void> = Promise.resolve();
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** When this node last said that it is there, monotonic ms. */
  #seenAt = -Infinity;
  /** Why the database could not be asked last; empty while it can. */
  #lastFault = "";
  /** Why this node could not become the core last; empty when it could. */
  #lastRefusal = "";
  /** Of its certificate. */
  #key: string;
  #isClosed = false;

  /** Use {@link openLease}. */
  constructor(
    place: DatabasePlace,
    options: NodeOptions,
    secret: Uint8Array,
    report: WriterNews["report"],
  ) {
    this.secret = secret;
    this.#place = place;
    this.#options = options;
    this.#key = options.key;
    this.#report = report;
  }

  handleKey(fingerprint: string): void {
    this.#key = fingerprint;
  }

  start(owner: LeaseOwner): void {
    this.#owner = owner;
    this.#drain();
  }

  openAccounts(): AccountRows {
    return new PostgresAccounts(this.#writerOfTerm());
  }

  openStore(): Store {
    const writer = this.#writerOfTerm();
    const reader = new PostgresReader(this.#place);
    const store = new PostgresStore(writer, reader);
    store.indexAlong();
    return store;
  }

  async release(): Promise<void> {
    this.#watch.handleReleased(performance.now());
    const writer = this.#writer;
    this.#writer = undefined;
    await writer?.close();
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    await this.#asking;
    await this.#writer?.close();
    await this.#ask("DELETE FROM nodes WHERE run = $1", [this.#run]).catch(
      () => {},
    );
    this.#session?.close();
  }

  #writerOfTerm(): PostgresWriter {
    if (this.#writer === undefined) throw new Error("it has no lease");
    return this.#writer;
  }

  /** Tells what there is to tell, asks what is to be asked. */
  #drain(): void {
    if (this.#isClosed) return;
    const now = performance.now();
    this.#watch.handleTimeout(now);
    for (;;) {
      const next = this.#watch.pollNews();
      if (next === undefined) break;
      this.#tell(next);
    }
    const question = this.#watch.pollQuestion(now);
    if (question !== undefined) this.#asking = this.#answer(question);
    clearTimeout(this.#timer);
    const at = this.#watch.pollTimeout();
    if (at === Infinity) return;
    this.#timer = setTimeout(() => this.#drain(), Math.max(0, at - now));
  }

  #tell(news: NonNullable<ReturnType<LeaseWatch["pollNews"]>>): void {
    const owner = this.#owner;
    switch (news.news) {
      case "held":
        return owner?.handleHeld(news.term);
      case "lost":
        this.#lostAs = this.#writer?.holder;
        this.#writer?.cut();
        this.#writer = undefined;
        return owner?.handleLost(news.why);
      case "other":
        return owner?.handleOther(news.holder, news.term);
      case "reachable":
        return owner?.handleReachable(news.isReachable);
      case "namesake":
        return this.#report(
          "warning",
          `another node is called "${this.#options.node}", too: nobody can ` +
            "tell them apart; give each a name of its own with --node",
        );
      case "stopped":
        return owner?.handleStopped(news.why);
    }
  }

  async #answer(question: LeaseQuestion): Promise<void> {
    const askedAt = performance.now();
    try {
      if (question === "take") await this.#take();
      else if (question === "look" || !await this.#renew(askedAt)) {
        await this.#look();
      }
      await this.#sayThatItIsThere();
      if (this.#lastFault !== "" && question !== "take") {
        const where = shownPlace(this.#place);
        this.#report("warning", `database ${where} is there again`);
        this.#lastFault = "";
      }
    } catch (error) {
      const { message } = error as Error;
      const isKnown = [this.#lastFault, this.#lastRefusal].includes(message);
      // The core's own connection tells of it, too.
      if (!isKnown && this.#writer === undefined) {
        this.#report("error", message);
      }
      const now = performance.now();
      if (question === "take") {
        // The database answers: that it can be looked at again says nothing.
        this.#lastRefusal = message;
        this.#watch.handleNotTaken(now);
      } else {
        this.#lastFault = message;
        this.#watch.handleFailure(now);
      }
    }
    this.#drain();
  }

  async #look(): Promise<void> {
    if (this.#lostAs !== undefined) {
      await this.#ask(endQuery, [this.#lostAs]);
      this.#lostAs = undefined;
    }
    const [row] = await this.#ask(lookQuery);
    if (row === undefined) {
      const where = shownPlace(this.#place);
      throw new StartError(`the table core of database ${where} is empty`);
    }
    if (row.free !== true) this.#lastRefusal = "";
    this.#watch.handleRow(
      {
        node: String(row.node),
        term: Number(row.lease),
        isFree: row.free === true,
        ...row.moved === null ? {} : { moved: String(row.moved) },
      },
      performance.now(),
      this.#owner?.isApart,
      this.#owner?.isCutOff,
    );
  }

  /** False when the row is not this node's any more. */
  async #renew(askedAt: number): Promise<boolean> {
    const { holder = "", lease } = this.#writer ?? {};
    const rows = await this.#ask(renewQuery, [holder, lease?.term ?? 0]);
    if (rows.length === 0) return false;
    this.#watch.handleRenewed(askedAt);
    return true;
  }

  async #take(): Promise<void> {
    const { node } = this.#options;
    const writer: { current?: PostgresWriter } = {};
    try {
      writer.current = await PostgresWriter.open(this.#place, {
        report: this.#report,
        stop: (why) => {
          if (writer.current !== this.#writer) return;
          this.#watch.handleFenced(why, performance.now());
          this.#drain();
        },
      }, { node, lockMs });
    } catch (error) {
      if (!(error instanceof LeaseTaken)) throw error;
      return this.#watch.handleNotTaken(performance.now());
    }
    this.#writer = writer.current;
    this.#lastRefusal = "";
    const { term, askedAt } = writer.current.lease;
    this.#watch.handleTaken(term, askedAt, performance.now());
  }

  async #sayThatItIsThere(): Promise<void> {
    if (performance.now() < this.#seenAt + seenMs) return;
    const { node, version } = this.#options;
    const values = [this.#run, node, version, this.#key];
    const [row] = await this.#ask(seenQuery, values);
    this.#seenAt = performance.now();
    this.#watch.handleSeen(row?.namesake === true, this.#seenAt);
  }

  async #ask(
    text: string,
    values: PostgresValue[] = [],
  ): Promise<PostgresRow[]> {
    if (this.#session?.isOpen !== true) {
      const session = await PostgresSession.open(this.#place, {
        answerMs,
        onNotice: () => {
          this.#watch.handleGiven(performance.now());
          this.#drain();
        },
      });
      this.#session = session;
      await session.query(`LISTEN ${givenChannel}`);
    }
    return await this.#session.query(text, values);
  }
}

/**
 * Connects to the database of a cluster, and makes the tables if need be.
 *
 * @throws {StartError} when it cannot be reached or used, a server that is no
 * node uses it, or a node that is at work has another certificate.
 */
export async function openLease(
  options: NodeOptions,
  report: WriterNews["report"],
): Promise<PostgresLease> {
  const place = await readDatabaseOption(options.database);
  let session: PostgresSession | undefined;
  try {
    session = await PostgresSession.open(place);
    // Beside a core of an older version, whose tables the next core changes.
    await makeTables(place, session, leaseVersion);
    const others = await session.query(
      "SELECT name, key FROM nodes WHERE key <> $1 AND " +
        "seen > clock_timestamp() - interval '5 s'",
      [options.key],
    );
    for (const { name, key } of others) {
      throw new StartError(
        `node "${name}" has ${shownKey(key)}, this one ` +
          `${shownKey(options.key)}: give all nodes the same files with ` +
          "--tls-cert and --tls-key, or tls-cert.pem and tls-key.pem in their " +
          "data folders",
      );
    }
    await session.query(
      "DELETE FROM nodes WHERE seen < clock_timestamp() - interval '1 day' " +
        "OR name = $1 AND seen < clock_timestamp() - interval '5 s'",
      [options.node],
    );
    const [row] = await session.query("SELECT secret FROM core");
    const secret = new Uint8Array(row?.secret as Uint8Array);
    return new PostgresLease(place, options, secret, report);
  } catch (error) {
    if (error instanceof StartError) throw error;
    throw new StartError((error as Error).message);
  } finally {
    session?.close();
  }
}

/**
 * Makes the tables of a cluster, or waits for another node that does.
 *
 * @param least The version of the schema that will do.
 * @throws {StartError} when they cannot be made.
 */
export async function makeTables(
  place: DatabasePlace,
  session: PostgresSession,
  least = nodesVersion,
): Promise<void> {
  const giveUpAt = performance.now() + tablesMs;
  while ((await schemaVersion(session) ?? 0) < least) {
    try {
      const news = { report() {}, stop() {} };
      const writer = await PostgresWriter.open(place, news, { lockMs: 100 });
      await writer.close();
    } catch (error) {
      if (performance.now() > giveUpAt) throw error;
      // What refuses at once would be asked thousands of times.
      await new Promise((done) => setTimeout(done, tablesPauseMs));
    }
  }
}

function shownKey(key: unknown): string {
  return key === "" ? "no TLS" : `the key ${key}`;
}

const lookQuery = "SELECT node, lease, moved, " +
  "expires IS NULL OR expires < clock_timestamp() AS free FROM core";
const renewQuery =
  "UPDATE core SET expires = clock_timestamp() + interval '5 s' " +
  "WHERE holder = $1 AND lease = $2 AND expires IS NOT NULL RETURNING lease";
/**
 * Its time is over. It is not given back: its connection, of which the database
 * may not know that it is gone, is to lose the lock.
 */
const endQuery = "WITH ended AS (UPDATE core SET " +
  "expires = clock_timestamp() - interval '1 ms' " +
  "WHERE holder = $1 AND expires > clock_timestamp() RETURNING 1) " +
  `SELECT pg_notify('${givenChannel}', '') FROM ended`;
const seenQuery = "INSERT INTO nodes (run, name, version, key, seen) " +
  "VALUES ($1, $2, $3, $4, clock_timestamp()) " +
  "ON CONFLICT (run) DO UPDATE SET seen = excluded.seen, " +
  "key = excluded.key " +
  "RETURNING EXISTS (SELECT FROM nodes AS other WHERE other.name = $2 " +
  "AND other.run <> $1 AND other.seen > clock_timestamp() - interval '5 s') " +
  "AS namesake";
/** How long a node waits for its turn to make the tables, ms. */
const tablesMs = 3_000;
/** How long to wait before they are looked for again. */
const tablesPauseMs = 50;
/** How long it waits for the lock of a core whose lease is over, ms. */
const lockMs = 1_000;
/** The version of the schema from which on it has all that nodes need. */
const nodesVersion = 3;
/** The one from which on it has what those need that stand by. */
const leaseVersion = 2;
/** How often a node says that it is there, ms. */
const seenMs = 1_000;
/** How long the database may think about the row, ms. */
const answerMs = 2_000;

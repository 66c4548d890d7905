/**
 * One connection to PostgreSQL. One thing is asked at a time, so when the
 * connection ends there is at most one of which it is not known whether it was
 * done; nothing is ever asked again behind the caller's back.
 */
import { Socket } from "node:net";
import { Duplex } from "node:stream";
import postgres from "postgres";
import { reasonOf, StartError } from "../../../system/errors.io.ts";
import { type DatabasePlace, shownPlace } from "./database_place.ts";
import type { PostgresRow } from "./postgres_queries.ts";
import { readGivenText } from "../../../system/read_file.io.ts";

/** What may be asked with a statement; texts that are arrays, too. */
export type PostgresValue = string | number | boolean | null;

/** What the database refused; nothing of it was done. */
export class PostgresRefusal extends Error {
  override readonly name = "PostgresRefusal";
  /** SQLSTATE, five characters. */
  readonly code: string;

  constructor(place: DatabasePlace, code: string, text: string) {
    const advice = adviceOf(code);
    const why = text.replaceAll(/\s+/g, " ");
    super(
      `database ${shownPlace(place)} ` +
        (advice === undefined ? `failed: ${why}` : `${advice} (${why})`),
    );
    this.code = code;
  }
}

/** The connection ended: what was asked last may have been done, or not. */
export class PostgresLost extends Error {
  override readonly name = "PostgresLost";

  constructor(place: DatabasePlace, why: string) {
    super(`the connection to database ${shownPlace(place)} ended: ${why}`);
  }
}

/** What is to be known of a connection. */
export interface SessionOptions {
  /** Called once, when it ends. */
  readonly onEnd?: () => void;
  /** It ends when an answer takes longer, ms; 20 s by default. */
  readonly answerMs?: number;
  /** Called when others notify a channel that is listened to. */
  readonly onNotice?: () => void;
}

/** A connection. */
export class PostgresSession {
  readonly #place: DatabasePlace;
  readonly #stream: Duplex;
  readonly #sql: ReturnType<typeof postgres>;
  readonly #onEnd: () => void;
  readonly #answerMs: number;
  #last: Promise<unknown> = Promise.resolve();
  /** Why it can be asked nothing any more. */
  #ended: string | undefined;

  /** Use {@link PostgresSession.open}. */
  constructor(
    place: DatabasePlace,
    stream: Duplex,
    {
      onEnd = () => {},
      answerMs = standardAnswerMs,
      onNotice = () => {},
    }: SessionOptions = {},
  ) {
    this.#place = place;
    this.#stream = stream;
    // The driver does not listen yet.
    stream.on("error", (error) => this.#end(reasonOf(error)));
    // Where it is encrypted, its end closes nothing by itself.
    stream.once("end", () => this.#end("it was closed by the database"));
    this.#onEnd = onEnd;
    this.#answerMs = answerMs;
    this.#sql = postgres(
      {
        host: place.host,
        port: place.port,
        database: place.name,
        user: place.user,
        ...place.password === undefined ? {} : { password: place.password },
        // All are named, or the driver would look for them in the environment.
        max: 1,
        // The stream that it is given is encrypted where that is wanted.
        ssl: false,
        sslnegotiation: null,
        idle_timeout: 0,
        connect_timeout: answerMs / 1000,
        max_lifetime: null,
        max_pipeline: 1,
        backoff: false,
        keep_alive: 30,
        prepare: true,
        debug: false,
        fetch_types: false,
        publications: "",
        target_session_attrs: undefined,
        no_subscribe: true,
        onnotice: () => {},
        onnotify: onNotice,
        onclose: () => this.#end("it was closed by the database"),
        types: {
          count: { to: 20, from: [20], serialize: String, parse: Number },
        },
        socket: () => stream,
        connection: settings,
      } as unknown as Parameters<typeof postgres>[0],
    );
  }

  /**
   * Connects.
   *
   * @throws {PostgresRefusal} when the database lets nobody in.
   * @throws {StartError} when it cannot be reached, or is not who it should be.
   */
  static async open(
    place: DatabasePlace,
    options: SessionOptions = {},
  ): Promise<PostgresSession> {
    const connecting = place.tls
      ? connectTls
      : place.host.startsWith("/")
      ? connectLocal
      : connect;
    const stream = await connecting(place);
    const session = new PostgresSession(place, stream, options);
    try {
      await session.query("SELECT 1");
      return session;
    } catch (error) {
      session.close();
      if (error instanceof PostgresRefusal) throw error;
      throw unreachable(place, error);
    }
  }

  /** True until the connection ends. */
  get isOpen(): boolean {
    return this.#ended === undefined;
  }

  /**
   * Carries out one statement, which is prepared at its first use.
   *
   * @throws {PostgresRefusal} when it is refused.
   * @throws {PostgresLost} when the connection ends, or no answer comes.
   */
  query(text: string, values: PostgresValue[] = []): Promise<PostgresRow[]> {
    return this.#ask(
      this.#answerMs,
      () =>
        this.#sql.unsafe(
          text,
          values,
          { prepare: true, simple: false } as object,
        ),
    );
  }

  /**
   * Carries out one statement that finds very much, and hands it over a page at a
   * time, each of which may take some minutes. Throws as {@link query} does.
   *
   * @param take Gets each page; false for no more of them.
   */
  async pages(
    text: string,
    take: (rows: readonly PostgresRow[]) => boolean,
  ): Promise<void> {
    await this.#ask(
      longAnswerMs,
      (answered) =>
        this.#sql.unsafe(text, [], { prepare: true, simple: false } as object)
          .cursor(pageRows, (rows) => {
            answered();
            return take(rows) ? undefined : this.#sql.CLOSE;
          }),
    );
  }

  /**
   * Carries out several statements, separated by `;`, as one transaction and in
   * one round trip. Throws as {@link query} does.
   */
  async run(script: string): Promise<void> {
    await this.#ask(this.#answerMs, () => this.#sql.unsafe(script));
  }

  /** Ends the connection at once. */
  close(): void {
    this.#end("it is closed");
  }

  #ask(answerMs: number, what: Asking): Promise<PostgresRow[]> {
    const asked = this.#last.then(() => this.#askNow(answerMs, what));
    this.#last = asked.catch(() => {});
    return asked;
  }

  async #askNow(answerMs: number, what: Asking): Promise<PostgresRow[]> {
    if (this.#ended !== undefined) {
      throw new PostgresLost(this.#place, this.#ended);
    }
    const seconds = answerMs / 1000;
    const wait = () =>
      setTimeout(
        () => this.#end(`it did not answer for ${seconds} seconds`),
        answerMs,
      );
    let timer = wait();
    const answered = () => {
      clearTimeout(timer);
      timer = wait();
    };
    try {
      const rows = await what(answered);
      return [...rows as PostgresRow[]];
    } catch (error) {
      const { code, severity } = error as Record<string, unknown>;
      const isRefusal = error instanceof postgres.PostgresError &&
        severity !== "FATAL" && severity !== "PANIC";
      if (isRefusal || isNoEntry(String(code))) {
        throw new PostgresRefusal(
          this.#place,
          String(code),
          (error as Error).message,
        );
      }
      const why = this.#ended ?? reasonOf(error);
      this.#end(why);
      throw new PostgresLost(this.#place, why);
    } finally {
      clearTimeout(timer);
    }
  }

  #end(why: string): void {
    if (this.#ended !== undefined) return;
    this.#ended = why;
    this.#sql.end({ timeout: 0 }).catch(() => {});
    this.#stream.destroy();
    this.#onEnd();
  }
}

/** @param answered To be called when a part of the answer is there. */
type Asking = (answered: () => void) => PromiseLike<unknown>;

function connect(place: DatabasePlace): Promise<Duplex> {
  const { host, port } = place;
  return new Promise((resolve, reject) => {
    const socket = new Socket();
    const fail = (error: unknown) => {
      clearTimeout(timer);
      socket.destroy();
      reject(unreachable(place, error));
    };
    const timer = setTimeout(
      () => fail(new Error(`no answer for ${connectMs / 1000} seconds`)),
      connectMs,
    );
    socket.once("error", fail);
    socket.once("connect", () => {
      clearTimeout(timer);
      socket.off("error", fail);
      socket.setNoDelay(true);
      resolve(socket);
    });
    socket.connect(port, host);
  });
}

/**
 * As {@link connect}, to a socket in a folder of this machine. Not by `node:net`,
 * which closes the descriptor of such a socket twice: the second time it is that
 * of whatever another thread has opened in between, a database for example.
 */
async function connectLocal(place: DatabasePlace): Promise<Duplex> {
  const path = `${place.host}/.s.PGSQL.${place.port}`;
  try {
    const connection = await Deno.connect({ transport: "unix", path });
    return Duplex.fromWeb(connection as unknown as WebPair);
  } catch (error) {
    throw unreachable(place, error);
  }
}

/** As {@link connect}, to who shows a valid certificate for the name. */
async function connectTls(place: DatabasePlace): Promise<Duplex> {
  const { host: hostname, port } = place;
  const caCerts = await readAuthority(place);
  let connection: Deno.TcpConn | Deno.TlsConn | undefined;
  const timer = setTimeout(() => connection?.close(), connectMs);
  try {
    const signal = AbortSignal.timeout(connectMs);
    const plain = await Deno.connect({ hostname, port, signal });
    connection = plain;
    plain.setNoDelay(true);
    plain.setKeepAlive(true);
    await plain.write(tlsRequest);
    const answer = new Uint8Array(1);
    await plain.read(answer);
    if (answer[0] !== tlsAccepted) throw new Error("it takes no TLS");
    const secure = await Deno.startTls(plain, { hostname, caCerts });
    connection = secure;
    await secure.handshake();
    return Duplex.fromWeb(secure as unknown as WebPair);
  } catch (error) {
    try {
      connection?.close();
    } catch {
      // It is closed.
    }
    throw unreachable(place, error);
  } finally {
    clearTimeout(timer);
  }
}

type WebPair = Parameters<typeof Duplex.fromWeb>[0];

async function readAuthority(
  { authority }: DatabasePlace,
): Promise<string[]> {
  if (authority === undefined) return [];
  try {
    return [await readGivenText(authority)];
  } catch (error) {
    throw new StartError(
      `cannot read sslrootcert "${authority}" of --database: ${
        reasonOf(error)
      }`,
    );
  }
}

function unreachable(place: DatabasePlace, error: unknown): StartError {
  const code = String((error as { code?: unknown }).code);
  const why = error instanceof PostgresLost
    ? error.message.slice(error.message.indexOf("ended: ") + 7)
    : socketReasons[code] ?? reasonOf(error);
  return new StartError(
    `cannot reach database ${shownPlace(place)}: ${why}`,
  );
}

/** A refusal to let somebody in comes as the end of the connection. */
function isNoEntry(code: string): boolean {
  return /^(28|3D)|^(53300|57P03|42501)$/.test(code);
}

/** What to do about what the database refused. */
function adviceOf(code: string): string | undefined {
  return advices.find(([pattern]) => pattern.test(code))?.[1];
}

const advices: readonly (readonly [RegExp, string])[] = [
  [/^28/, "lets nobody in with this user and password"],
  [/^3D000/, "does not exist; make it with createdb"],
  [/^42501/, "belongs to another role; make its user the owner"],
  [/^53100/, "cannot grow: its disk is full; free some space"],
  [/^53300/, "has no connection left; raise its max_connections"],
  [/^55P03/, "is locked by another program; end what holds the lock"],
  [/^57P03/, "does not take connections yet"],
  [/^25006/, "can only be read: it is a standby, or was made read-only"],
];

const nobodyThere = "nothing listens there; is PostgreSQL started?";
const socketReasons: Record<string, string> = {
  ECONNREFUSED: nobodyThere,
  ENOENT: nobodyThere,
  ENOTFOUND: "there is no machine of that name",
  EACCES: "permission denied",
};

/** What each connection begins with. */
const settings = Object.fromEntries([
  ["application_name", "parley-server"],
  ["standard_conforming_strings", "on"],
  ["default_transaction_isolation", "read committed"],
  // What another program locks that it should not must not hang everybody.
  ["lock_timeout", "5s"],
  // Every question is a search in an index; compiling it would take longer.
  ["jit", "off"],
  ["enable_seqscan", "off"],
]);

/** `SSLRequest` of PostgreSQL's protocol, and the answer to go on. */
const tlsRequest = new Uint8Array([0, 0, 0, 8, 4, 210, 22, 47]);
const tlsAccepted = "S".charCodeAt(0);
/** How long it may take until somebody is there, ms. */
const connectMs = 5_000;
/** Of a page. */
const pageRows = 2_000;
/** How long the database may think about one question, ms. */
const standardAnswerMs = 20_000;
/** The same about one that finds very much, for each page of it, ms. */
const longAnswerMs = 120_000;

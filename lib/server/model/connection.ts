/**
 * One TCP connection as the core sees it, from accept to close: its framing,
 * how far it has come (hello, login, session), and its way out.
 */
import type { WireError } from "../../wire/errors.ts";
import { encodeFrame, frameText } from "../../wire/frame.ts";
import { limits } from "../../wire/limits.ts";
import { LatestLog } from "../../base/latest_log.ts";
import { LineDecoder } from "../../base/line_decoder.ts";
import { event } from "../../wire/server_frame.ts";
import type { ScramServer } from "../../security/scram_server.ts";
import { OutgoingQueue, SharedFrames } from "./outgoing_queue.ts";
import type { ConnectionId, RemoteAddress } from "./actions.ts";
import type { Session } from "./session.ts";
import type { SeenClaim } from "./timeline.ts";
import type { User } from "./user.ts";

/** What a client says of itself at a login and when it comes back. */
export interface ClientDetails {
  /** Where it takes datagrams; 0 for nowhere. */
  readonly udpPort: number;
  /** Ed25519 public key, if it has one. */
  readonly identity?: string | undefined;
  /** Which installation it is; absent for one that knows of none. */
  readonly device?: {
    readonly id: string;
    readonly name: string;
    /** What else it may be, where the user had another name. */
    readonly also?: readonly string[] | undefined;
  } | undefined;
  /** True for a command beside the user's sessions; see {@link Device}. */
  readonly visit?: boolean | undefined;
  /** True when it may end another session where there are too many. */
  readonly takeOver?: boolean | undefined;
}

/** A proof of a password that has begun; lives as long as its connection wants it. */
export interface LoginExchange {
  /** Whose password; the name need not exist. */
  readonly name: string;
  readonly scram: ScramServer;
  /** True once it was answered for good. */
  over: boolean;
}

/** A login on its way through SCRAM. */
export interface PendingLogin {
  readonly exchange: LoginExchange;
  readonly client: ClientDetails;
  /** The proof, when it waits for a key derivation. */
  waiting?: { readonly scram: string; readonly reply: EntryReply };
}

/** A change of password on its way through SCRAM. */
export interface PasswordProof {
  readonly exchange: LoginExchange;
  /** The proof of the old password, when it waits for a key derivation. */
  waiting?: { readonly id: number | undefined; readonly scram: string };
  /** The old password was proved; for one change. */
  isProved?: boolean;
}

/** Another name that a user wants. */
export interface RenameRequest {
  readonly id?: number | undefined;
  readonly name: string;
}

/** How the reply to `proof` or `resume` is to be made. */
export interface EntryReply {
  readonly id: number | undefined;
  /** The server's final SCRAM message; absent for `resume`. */
  readonly scram?: string;
  /** What the client has seen. */
  readonly claim: SeenClaim;
  /** Which device it says it is. */
  readonly device?: string | undefined;
}

/** A connection and what the core knows about it. */
export class Connection {
  readonly id: ConnectionId;
  readonly remote: RemoteAddress;
  readonly queue = new OutgoingQueue();
  readonly lines = new LineDecoder(limits.frameBytesBeforeLogin);
  /** Monotonic ms. */
  readonly openedAt: number;
  /** When the last byte came, monotonic ms. */
  lastHeard: number;
  /** When something was last sent, monotonic ms. */
  lastSent: number;
  /** Protocol version agreed on by hello; 0 before. */
  version = 0;
  /** True when its client knows that a user may have several devices. */
  hasDevices = false;
  /** True when its client wants to know what was delivered. */
  hasDelivered = false;
  /** True when its client can take folders and several files at once. */
  hasTrees = false;
  /** True when its client can take what has no size yet. */
  hasStreams = false;
  /** True while its client can take calls. */
  takesCalls = false;
  /** True when its client knows of offers that are kept for later. */
  hasLater = false;
  /** Its client can begin anew on it; see event `restart`. */
  restarts = false;
  /** The login under way, from `login` to the end of `proof`. */
  login: PendingLogin | undefined;
  /** The change of password under way, from `password-start` on. */
  passwordChange: PasswordProof | undefined;
  /** Another name that was asked for, while it waits for a key derivation. */
  rename: RenameRequest | undefined;
  /** True while a successful login waits to be stored. */
  entering = false;
  session: Session | undefined;
  /** True until the client has shown that it got the token of its resumption. */
  confirmsToken = false;
  /** Requests that wait for the store. */
  pending = 0;
  /** True once anything came. */
  heard = false;
  /** Malformed lines since the last good one. */
  badFrames = 0;
  /** True once nothing more is to be sent or read. */
  closing = false;
  /** True once the shell was asked to close the connection. */
  hungUp = false;
  /** True when {@link Outbox} lists this connection. */
  listed = false;
  /** What it gets with others, while that is all. */
  shared: SharedFrames | undefined;
  /** How far it has read the news that many are told; see {@link Outbox}. */
  newsFrom = Infinity;
  /** When its turn for them was last, monotonic ms. */
  newsAt = -Infinity;
  readonly #outbox: Outbox;

  constructor(
    id: ConnectionId,
    remote: RemoteAddress,
    outbox: Outbox,
    now: number,
  ) {
    this.id = id;
    this.remote = remote;
    this.#outbox = outbox;
    this.openedAt = now;
    this.lastHeard = now;
    this.lastSent = now;
  }

  /**
   * Queues a frame, encoded or, when it is for this connection alone, as text; a
   * reader too slow for it will be disconnected.
   */
  send(frame: Uint8Array | string): void {
    // Nothing overtakes what it is told with many others.
    if (this.newsFrom < this.#outbox.newsEnd) this.#outbox.bringNews(this);
    if (this.shared !== undefined) this.queueShared();
    if (this.#push(frame) && !this.listed) this.#outbox.note(this);
  }

  /** The same of a frame that others get as well. */
  sendShared(frame: Uint8Array): void {
    const outbox = this.#outbox;
    const { shared } = this;
    if (shared === undefined) {
      const isFree = outbox.shares && !this.listed && !this.closing &&
        this.queue.bytes === 0 && this.newsFrom >= outbox.newsEnd;
      if (!isFree) return this.send(frame);
      this.shared = outbox.share(this, frame);
    } else if (shared.bytes >= mostShared) this.send(frame);
    else this.shared = shared.then(frame);
  }

  /** Puts what it would get with others into its queue, for what follows. */
  queueShared(): void {
    const { shared } = this;
    this.shared = undefined;
    if (shared === undefined) return;
    if (shared.frames.every((frame) => this.#queue(frame)) && !this.listed) {
      this.#outbox.note(this);
    }
  }

  /** Answers a request with success, unless it wanted no answer. */
  reply(id: number | undefined, ok: object): void {
    if (id !== undefined) this.send(frameText({ re: id, ok }));
  }

  /** Answers a request, or a line that is none, with an error. */
  refuse(id: number | undefined, error: WireError): void {
    this.send(encodeFrame(id === undefined ? { error } : { re: id, error }));
  }

  /** Queues a `bye`, over the limit if need be; nothing follows it. */
  sayBye(error: WireError): void {
    this.queueShared();
    this.queue.pushLast(encodeFrame(event("bye", error)));
    this.#outbox.note(this);
    this.closing = true;
  }

  #push(frame: Uint8Array | string): boolean {
    return !this.closing && this.#queue(frame);
  }

  #queue(frame: Uint8Array | string): boolean {
    if (this.queue.push(frame)) return true;
    if (!this.closing) this.#outbox.noteOverflow(this);
    this.closing = true;
    return false;
  }
}

// Which connections have something to write. A delivery to a thousand members
// costs one queue push each; a connection is listed once however many frames it
// gets before the shell asks. What a crowd is told of each of its members would be
// the square of it: so that is kept once, in a log that each connection has a
// position in, and comes into its queue when its turn has come, or before anything
// else does.

/** The connections with new frames, and those that could not take one. */
export class Outbox {
  #listed: Connection[] = [];
  #overflowed: Connection[] = [];
  readonly #news = new LatestLog<User>(newsBytes);
  /** Those that have something shared, if it was not queued since. */
  #sharing: Connection[] = [];
  /** What was shared last, of one frame. */
  #lastShared: SharedFrames | undefined;
  /** True when what many get is to be told together; not by default. */
  shares = false;
  /** Who reads the news; whose turn was longest ago comes first. */
  readonly #readers = new Set<Connection>();
  /** When there was first something to read, monotonic ms. */
  #newsSince = 0;
  /** When the next readers have their turn, monotonic ms. */
  #newsAt = Infinity;
  /** News of how many are kept until it is looked who has read them. */
  #mostNews = fewNews;

  /** Lists a connection whose queue got a frame. */
  note(connection: Connection): void {
    if (connection.listed) return;
    connection.listed = true;
    this.#listed.push(connection);
  }

  /** Lists a connection whose queue was full. */
  noteOverflow(connection: Connection): void {
    this.#overflowed.push(connection);
  }

  /** A connection gets this first, and others as well. */
  share(connection: Connection, frame: Uint8Array): SharedFrames {
    this.#sharing.push(connection);
    const last = this.#lastShared;
    if (last?.frames[0] === frame) return last;
    return this.#lastShared = new SharedFrames([frame]);
  }

  /** What connections get together, since the last call; see {@link take}. */
  takeShared(now: number): SharedFrames[] {
    const all: SharedFrames[] = [];
    const sharing = this.#sharing;
    if (sharing.length === 0) return all;
    this.#sharing = [];
    this.#lastShared = undefined;
    for (const connection of sharing) {
      const { shared } = connection;
      if (shared === undefined) continue;
      connection.shared = undefined;
      connection.lastSent = now;
      if (shared.connections.length === 0) all.push(shared);
      shared.connections.push(connection.id);
    }
    return all;
  }

  /** The position of who has read all news. */
  get newsEnd(): number {
    return this.#news.end;
  }

  /**
   * From now on a connection reads the news.
   *
   * @param from Where it begins; with what comes now by default.
   */
  addReader(connection: Connection, from: number = this.#news.end): void {
    connection.newsFrom = from;
    this.#readers.add(connection);
  }

  /** It reads no more; how far it has read. */
  removeReader(connection: Connection): number {
    const { newsFrom } = connection;
    connection.newsFrom = Infinity;
    this.#readers.delete(connection);
    return newsFrom;
  }

  /**
   * Tells all readers something of a user, which can wait a moment. Who has not
   * read what was said of that user before reads this alone.
   *
   * @param hiddenFrom Users who are not told.
   * @param now Monotonic ms.
   */
  tellReaders(
    subject: User,
    frame: Uint8Array,
    hiddenFrom: ReadonlySet<User> | undefined,
    now: number,
  ): void {
    if (this.#news.size >= this.#mostNews) this.#trimNews();
    this.#news.add(subject, frame, hiddenFrom);
    if (this.#newsAt < Infinity) return;
    this.#newsSince = now;
    this.#newsAt = now + newsMs;
  }

  /** Puts what a reader has not read into its queue, unless that is too full. */
  bringNews(connection: Connection): void {
    const { session, queue, newsFrom } = connection;
    if (session === undefined || queue.bytes > newsBytes) return;
    connection.queueShared();
    const { user } = session;
    const { bytes, next } = this.#news.read(newsFrom, user);
    connection.newsFrom = next;
    if (bytes !== undefined && queue.push(bytes)) this.note(connection);
  }

  /** When to {@link take} the next news, monotonic ms; else `Infinity`. */
  get timeout(): number {
    return this.#newsAt;
  }

  /** The connections that got frames since the last call. */
  take(now: number): ConnectionId[] {
    if (now >= this.#newsAt) this.#takeTurns(now);
    const listed = this.#listed;
    if (listed.length === 0) return [];
    this.#listed = [];
    return listed.map((connection) => {
      connection.listed = false;
      connection.lastSent = now;
      return connection.id;
    });
  }

  /** The next connection whose queue was full. */
  takeOverflow(): Connection | undefined {
    return this.#overflowed.pop();
  }

  /** Only some at a time: nobody waits until thousands are written to. */
  #takeTurns(now: number): void {
    let turns = newsTurns;
    let left = this.#readers.size;
    let isOver = true;
    for (const reader of this.#readers) {
      if (left-- === 0) break;
      if (reader.newsFrom < this.#news.end) {
        const due = Math.max(reader.newsAt, this.#newsSince) + newsMs;
        this.#newsAt = turns > 0 ? due : now + newsPauseMs;
        if (this.#newsAt > now) return;
        // Who does not take what is there is told how things are by then.
        if (reader.queue.bytes === 0) this.bringNews(reader);
        reader.newsAt = now;
        turns--;
        if (reader.newsFrom < this.#news.end) isOver = false;
      }
      this.#readers.delete(reader);
      this.#readers.add(reader);
    }
    this.#newsAt = isOver ? Infinity : now + newsMs;
    if (isOver) this.#trimNews();
  }

  #trimNews(): void {
    let read = this.#news.end;
    for (const { newsFrom } of this.#readers) read = Math.min(read, newsFrom);
    this.#news.trim(read);
    this.#mostNews = Math.max(fewNews, 2 * this.#news.size);
  }
}

/** How long news wait for others before they are read, ms. */
const newsMs = 100;
/** Readers that have their turn at a time. */
const newsTurns = 64;
/** The pause before the next ones, ms. */
const newsPauseMs = 5;
/** Bytes of news that a connection gets at a time. */
const newsBytes = limits.outgoingBytes / 4;
const fewNews = 1024;
/** Bytes that a connection gets with others at a time. */
const mostShared = 64 * 1024;

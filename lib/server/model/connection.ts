/**
 * One TCP connection as the core sees it, from accept to close: its framing,
 * how far it has come (hello, login, session), and its way out.
 */
import type { WireError } from "../../wire/errors.ts";
import { encodeFrame, frameText } from "../../wire/frame.ts";
import { limits } from "../../wire/limits.ts";
import { LineDecoder } from "../../base/line_decoder.ts";
import { event } from "../../wire/server_frame.ts";
import type { ScramServer } from "../../security/scram_server.ts";
import { OutgoingQueue } from "./outgoing_queue.ts";
import type { ConnectionId, RemoteAddress } from "./actions.ts";
import type { Session } from "./session.ts";
import type { SeenClaim } from "./timeline.ts";

/** What a client says of itself at a login and when it comes back. */
export interface ClientDetails {
  /** Where it takes datagrams; 0 for nowhere. */
  readonly udpPort: number;
  /** Ed25519 public key, if it has one. */
  readonly identity?: string | undefined;
  /** Which installation it is; absent for one that knows of none. */
  readonly device?: { readonly id: string; readonly name: string } | undefined;
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
  /** True when it lists it for later. */
  listedLater = false;
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
    if (this.#push(frame) && !this.listed) this.#outbox.note(this);
  }

  /**
   * The same for a frame that can wait a moment for others.
   *
   * @param now Monotonic ms.
   */
  sendLater(frame: Uint8Array | string, now: number): void {
    if (this.#push(frame)) this.#outbox.noteLater(this, now);
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
    this.queue.pushLast(encodeFrame(event("bye", error)));
    this.#outbox.note(this);
    this.closing = true;
  }

  #push(frame: Uint8Array | string): boolean {
    if (this.closing) return false;
    if (this.queue.push(frame)) return true;
    this.closing = true;
    this.#outbox.noteOverflow(this);
    return false;
  }
}

// Which connections have something to write. A delivery to a thousand members
// costs one queue push each; a connection is listed once however many frames it
// gets before the shell asks. What can wait a moment is written with what comes
// next, or a little later: in a storm of logins everybody is told of each, which
// would be the square of them in writes.

/** The connections with new frames, and those that could not take one. */
export class Outbox {
  #listed: Connection[] = [];
  #overflowed: Connection[] = [];
  /** Those whose frames can wait, and until when, monotonic ms, in that order. */
  #later: { readonly connection: Connection; readonly due: number }[] = [];
  #laterAt = Infinity;

  /** Lists a connection whose queue got a frame. */
  note(connection: Connection): void {
    if (connection.listed) return;
    connection.listed = true;
    this.#listed.push(connection);
  }

  /**
   * Lists a connection whose queue got a frame that can wait.
   *
   * @param now Monotonic ms.
   */
  noteLater(connection: Connection, now: number): void {
    if (connection.listed || connection.listedLater) return;
    connection.listedLater = true;
    const due = now + laterMs;
    this.#later.push({ connection, due });
    this.#laterAt = Math.min(this.#laterAt, due);
  }

  /** When to {@link take} what could wait, monotonic ms; else `Infinity`. */
  get timeout(): number {
    return this.#laterAt;
  }

  /** Lists a connection whose queue was full. */
  noteOverflow(connection: Connection): void {
    this.#overflowed.push(connection);
  }

  /** The connections that got frames since the last call. */
  take(now: number): ConnectionId[] {
    if (now >= this.#laterAt) this.#takeLater(now);
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
  #takeLater(now: number): void {
    let left = laterWrites;
    let taken = 0;
    for (;; taken++) {
      const first = this.#later[taken];
      if (first === undefined) {
        this.#laterAt = Infinity;
        break;
      }
      this.#laterAt = left > 0 ? first.due : now + laterPauseMs;
      if (this.#laterAt > now) break;
      first.connection.listedLater = false;
      // What was queued may have gone with something else.
      if (first.connection.queue.bytes === 0) continue;
      this.note(first.connection);
      left--;
    }
    this.#later.splice(0, taken);
  }
}

/** How long what can wait does so before its turn comes, ms. */
const laterMs = 100;
/** Connections that are written to at a time of what can wait. */
const laterWrites = 64;
/** The pause before the next ones, ms. */
const laterPauseMs = 5;

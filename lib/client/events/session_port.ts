/**
 * The seam between the client's session with the server (pure) and the private
 * sessions (TCP sockets between clients). The former makes and answers the
 * offers, the latter makes the connections and carries the texts. Commands go
 * down through {@link SessionPort}, everything that happens comes back as a
 * {@link SessionEvent}. `id` is the offer's 64-bit id, 16 hexadecimal digits.
 */
import type { WireAddress } from "../../wire/request.ts";

/** Which side of the offer somebody is. */
export type PrivateRole = "offerer" | "answerer";

/** The other side, as its offer or answer and the server describe it. */
export interface SessionPeer {
  /** User name. */
  readonly user: string;
  /** X25519 public key, base64url. */
  readonly key: string;
  /** Where it can be reached, TCP. */
  readonly addresses: readonly WireAddress[];
}

/** What can be asked of the private sessions. None of these throws. */
export interface SessionPort {
  /**
   * Makes key and listener for a session to be offered or to be accepted;
   * answered by `session-ready` or `session-failed`. When nothing comes of the
   * offer, `closeSession` frees both.
   */
  prepareSession(id: string): void;
  /**
   * Both sides agreed: makes the connection; answered by `session-open` or
   * `session-failed`, at the latest after 10 s. The offerer calls it when the
   * answer comes, the answerer when it sends its answer.
   *
   * @param self This side's user name, as the server has it.
   */
  openSession(
    id: string,
    role: PrivateRole,
    peer: SessionPeer,
    self: string,
  ): void;
  /** Sends a text; `session-text-refused` follows when that cannot be done. */
  sendText(id: string, text: string): void;
  /**
   * Ends a session in any state, for both sides, after what was sent before; no
   * event follows.
   */
  closeSession(id: string): void;
  /** Ends all, telling the other sides, and frees the sockets; within 2 s. */
  close(): Promise<void>;
}

/** Why an open session ended. */
export type SessionCloseReason =
  | "peer" // the other side ended it
  | "lost" // the connection broke, or nothing came for 30 s
  | "failed"; // what came was not what the other side sent

/** What the private sessions tell. */
export type SessionEvent =
  | {
    readonly event: "session-ready";
    readonly id: string;
    /** This side's public key for the offer or the answer, base64url. */
    readonly key: string;
    /** This side's addresses, for the same; at most 16. */
    readonly addresses: readonly WireAddress[];
  }
  | { readonly event: "session-open"; readonly id: string }
  | {
    readonly event: "session-text";
    readonly id: string;
    /** Checked as every text is; printable. */
    readonly text: string;
  }
  | {
    readonly event: "session-text-refused";
    readonly id: string;
    readonly text: string;
    /** One line for people. */
    readonly message: string;
  }
  | {
    readonly event: "session-closed";
    readonly id: string;
    readonly reason: SessionCloseReason;
    /** One line for people. */
    readonly message: string;
    /** Texts of this side whose arrival was not confirmed. */
    readonly unconfirmed: number;
  }
  | {
    /** There will be no session; nothing was sent, on any other way either. */
    readonly event: "session-failed";
    readonly id: string;
    readonly failure: "unreachable" | "failed";
    /** One line for this side's user; it may name addresses. */
    readonly message: string;
  };

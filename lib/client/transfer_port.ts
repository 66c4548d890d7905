/**
 * The seam between the client's session (pure) and the transfer service (UDP
 * sockets, files). The session decides who sends what to whom and talks to the
 * server; the service moves the bytes. Commands go down through
 * {@link TransferPort}, everything that happens comes back as a
 * {@link TransferEvent}. `id` is the offer's 64-bit id, 16 hexadecimal digits.
 */
import type { WireAddress } from "../protocol/request.ts";

/** What the other side said of itself in its offer or answer. */
export interface TransferPeer {
  /** X25519 public key, base64url. */
  readonly key: string;
  /** Where it can be reached, most promising first. */
  readonly addresses: readonly WireAddress[];
}

/** A file as an offer describes it. */
export interface OfferedFile {
  readonly name: string;
  /** Bytes. */
  readonly size: number;
  /** Tells whether two offers are of the same file, for resuming. */
  readonly fingerprint?: string;
}

/** What the session can ask of the transfer service. None of these throws. */
export interface TransferPort {
  /** Opens a file to send; answered by `offer-ready` or `failed`. */
  prepareOffer(id: string, path: string): void;
  /** The receiver accepted: starts sending. `resume` is from its answer. */
  startSending(id: string, peer: TransferPeer, resume?: string): void;
  /** Makes room for a file offered by `from`; `answer-ready` or `failed`. */
  prepareAnswer(
    id: string,
    from: string,
    file: OfferedFile,
    peer: TransferPeer,
  ): void;
  /** Stops a transfer in any state, on this side; no event follows. */
  cancel(id: string): void;
  /** Stops all, removes nothing that can be resumed, frees sockets and files. */
  close(): Promise<void>;
}

/** Why a transfer did not happen or ended. */
export type TransferFailure =
  | "unreadable" // the file to send: missing, a folder, no permission
  | "changed" // the file to send changed while it was sent
  | "disk" // the receiver has too little room or cannot write
  | "unreachable" // no datagram of the other side came
  | "integrity" // the whole file did not match its hash
  | "cancelled" // the other side stopped it
  | "internal";

/** What the service tells the session. */
export type TransferEvent =
  | {
    readonly event: "offer-ready";
    readonly id: string;
    readonly file: OfferedFile;
    readonly key: string;
    readonly addresses: readonly WireAddress[];
  }
  | {
    readonly event: "answer-ready";
    readonly id: string;
    readonly key: string;
    readonly addresses: readonly WireAddress[];
    /** What is already here of this file, for the sender. */
    readonly resume?: string;
  }
  | {
    /** At most some ten times a second. */
    readonly event: "progress";
    readonly id: string;
    /** Bytes of the file that the receiver has. */
    readonly bytes: number;
    readonly size: number;
    /** Bytes a second, smoothed. */
    readonly rate: number;
  }
  | {
    /** The receiver has the whole file, checked, under its final name. */
    readonly event: "done";
    readonly id: string;
    readonly bytes: number;
    /** Those of them that were there before this transfer began. */
    readonly resumed?: number;
    /** From the first datagram to the verified end, ms. */
    readonly ms: number;
    /** Whole-file SHA-256, hexadecimal. */
    readonly digest: string;
    /** The receiver's final path; absent at the sender. */
    readonly path?: string;
  }
  | {
    readonly event: "failed";
    readonly id: string;
    readonly failure: TransferFailure;
    /** One line for people. */
    readonly message: string;
  };

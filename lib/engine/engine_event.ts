import type { CloseReason } from "./packets/packet.ts";

/** What a {@link Sender} or {@link Receiver} tells its shell. */
export type EngineEvent =
  /** A path was found, or another one is used from now on. */
  | { readonly type: "connected"; readonly path: number; readonly rtt: number }
  /**
   * Receiver: every byte was handed out and written, and the digest, which was
   * computed here, is the one the sender announced; store the file under its
   * name, then call `handleStored`.
   */
  | { readonly type: "verified"; readonly digest: Uint8Array }
  /** Sender: the receiver has stored the file. Receiver: the sender knows. */
  | { readonly type: "done"; readonly digest: Uint8Array }
  /** Receiver: the stream ends here, after so many bytes. */
  | { readonly type: "sized"; readonly size: number }
  /** Sender: the receiver waits for room on its disk, or no longer does. */
  | { readonly type: "paused"; readonly isPaused: boolean }
  /** The other side's user has it wait, or no longer. */
  | { readonly type: "held"; readonly isHeld: boolean }
  /** The other side ended it. */
  | { readonly type: "closed"; readonly reason: CloseReason }
  /** Nothing valid came from the other side for too long. */
  | { readonly type: "unreachable"; readonly wasConnected: boolean }
  /** The data cannot be made to match: a block or a digest fails. */
  | { readonly type: "corrupt" };

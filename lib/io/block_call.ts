/**
 * What travels between a {@link BlockThread} and its worker. Each call names a
 * job, one end of one transfer; calls are answered one by one, in order.
 */
import type { OpenedBlock } from "../transfer/file_opener.ts";
import type { FileDigests, FileKey } from "../transfer/file_sealer.ts";

/** Memory that changes threads. */
type Bytes = Uint8Array<ArrayBuffer>;

/** A call; `seal` and `open` are answered. */
export type BlockCall =
  | {
    readonly call: "start";
    readonly job: number;
    readonly kind: "seal" | "open";
    readonly fileKey: FileKey;
  }
  | {
    readonly call: "skip";
    readonly job: number;
    readonly checks: Uint32Array;
  }
  | {
    readonly call: "seal";
    readonly job: number;
    readonly parts: readonly SealPart[];
  }
  | {
    readonly call: "open";
    readonly job: number;
    readonly block: number;
    readonly bytes: Bytes;
  }
  | { readonly call: "end"; readonly job: number };

/** A block that is to be sealed. */
export interface SealPart {
  readonly plaintext: Uint8Array;
  /** Where the sealed block goes; may begin with the memory of `plaintext`. */
  readonly target: Bytes;
}

/** Consecutive blocks that were sealed. */
export interface SealReply {
  /** In the memory of their targets. */
  readonly blocks: readonly Uint8Array[];
  /** With the last block of the file. */
  readonly digests: FileDigests | undefined;
}

/** What became of a sealed block. */
export type OpenReply =
  | {
    /** The blocks whose turn came, in the memory in which they came. */
    readonly opened: readonly OpenedBlock[];
  }
  | {
    /** Memory of a block that is forged. */
    readonly forged: Bytes;
  };

/** The answer to the oldest call that is not answered. */
export type BlockReply = SealReply | OpenReply | { readonly error: string };

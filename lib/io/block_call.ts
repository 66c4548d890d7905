/**
 * What travels between a {@link BlockThread} and its worker. Each call names a
 * job, one end of one transfer; calls are answered one by one, in order.
 */
import type { SealedBlock } from "../transfer/block_sealer.ts";
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
  | { readonly call: "seal"; readonly job: number; readonly bytes: Bytes }
  | {
    readonly call: "open";
    readonly job: number;
    readonly block: number;
    readonly bytes: Bytes;
  }
  | { readonly call: "end"; readonly job: number };

/** Consecutive blocks that were sealed. */
export interface SealReply {
  readonly blocks: readonly SealedBlock[];
  /** With the last block of the file. */
  readonly digests: FileDigests | undefined;
  /** Memory that came with the call. */
  readonly spare: Bytes;
}

/** What became of a sealed block. */
export interface OpenReply {
  /** The blocks whose turn came; undefined when it is forged. */
  readonly opened: readonly OpenedBlock[] | undefined;
  /** Memory that came with the call. */
  readonly spare: Bytes;
}

/** The answer to the oldest call that is not answered. */
export type BlockReply = SealReply | OpenReply | { readonly error: string };

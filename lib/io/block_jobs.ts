import type { SealedBlock } from "../transfer/block_sealer.ts";
import { FileOpener } from "../transfer/file_opener.ts";
import { FileSealer } from "../transfer/file_sealer.ts";
import { transferLimits } from "../transfer/transfer_limits.ts";
import type { BlockCall, BlockReply } from "./block_call.ts";

/**
 * Seals and opens blocks of any number of files, as it is told: the work of a
 * {@link BlockThread}, on whatever thread.
 */
export class BlockJobs {
  readonly #sealers = new Map<number, FileSealer>();
  readonly #openers = new Map<number, FileOpener>();

  /** Does what is asked; undefined where that needs no answer. */
  handle(call: BlockCall): BlockReply | undefined {
    switch (call.call) {
      case "start":
        if (call.kind === "seal") {
          this.#sealers.set(call.job, new FileSealer(call.fileKey));
        } else this.#openers.set(call.job, new FileOpener(call.fileKey));
        return undefined;
      case "skip":
        // Of an unknown job nothing is said: nobody waits for an answer.
        this.#sealers.get(call.job)?.skip(call.checks);
        return undefined;
      case "seal":
        return seal(sealer(this.#sealers, call.job), call.bytes);
      case "open": {
        const opener = this.#openers.get(call.job);
        if (opener === undefined) throw unknownJob(call.job);
        const opened = opener.open(call.block, call.bytes);
        return { opened, spare: call.bytes };
      }
      case "end":
        this.#sealers.delete(call.job);
        this.#openers.delete(call.job);
        return undefined;
    }
  }
}

/** All blocks of `bytes` are whole, but for the last of the file. */
function seal(
  sealer: FileSealer,
  bytes: Uint8Array<ArrayBuffer>,
): BlockReply {
  const { blockBytes } = transferLimits;
  const blocks: SealedBlock[] = [];
  for (let at = 0; at < bytes.length; at += blockBytes) {
    blocks.push(sealer.seal(bytes.subarray(at, at + blockBytes)));
  }
  return { blocks, digests: sealer.digests(), spare: bytes };
}

function sealer(sealers: Map<number, FileSealer>, job: number): FileSealer {
  const found = sealers.get(job);
  if (found === undefined) throw unknownJob(job);
  return found;
}

function unknownJob(job: number): RangeError {
  return new RangeError(`There is no job ${job}`);
}

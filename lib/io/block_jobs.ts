import { FileOpener } from "../transfer/file_opener.ts";
import { FileSealer } from "../transfer/file_sealer.ts";
import type { BlockCall, BlockReply, SealPart } from "./block_call.ts";

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
        return seal(sealer(this.#sealers, call.job), call.parts);
      case "open": {
        const opener = this.#openers.get(call.job);
        if (opener === undefined) throw unknownJob(call.job);
        const opened = opener.open(call.block, call.bytes);
        return opened === undefined ? { forged: call.bytes } : { opened };
      }
      case "end":
        this.#sealers.delete(call.job);
        this.#openers.delete(call.job);
        return undefined;
    }
  }
}

function seal(sealer: FileSealer, parts: readonly SealPart[]): BlockReply {
  const blocks = parts.map(({ plaintext, target }) =>
    sealer.seal(plaintext, target)
  );
  return { blocks, digests: sealer.digests() };
}

function sealer(sealers: Map<number, FileSealer>, job: number): FileSealer {
  const found = sealers.get(job);
  if (found === undefined) throw unknownJob(job);
  return found;
}

function unknownJob(job: number): RangeError {
  return new RangeError(`There is no job ${job}`);
}

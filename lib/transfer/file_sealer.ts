/**
 * Turns the plaintext of a file into sealed blocks, in order, and computes its
 * digest on the way. Apart from the {@link Sender}, because it is what costs
 * most: a shell may run it in a thread of its own.
 */
import { BlockSealer } from "./block_sealer.ts";
import { ContentDigest } from "./content_digest.ts";
import { blockCount } from "./transfer_limits.ts";

/** What a {@link FileSealer} or a FileOpener is made from. */
export interface FileKey {
  /** Of the blocks, 32 bytes. */
  readonly key: Uint8Array;
  /** The transfer's id, 8 bytes. */
  readonly id: Uint8Array;
  /** The file's size, bytes. */
  readonly size: number;
  /** The first block that this transfer carries. */
  readonly firstBlock: number;
}

/** What the receiver checks the file by. */
export interface FileDigests {
  /** {@link ContentDigest} of the whole file. */
  readonly file: Uint8Array;
  /** {@link ContentDigest} of what this transfer carries of it. */
  readonly part: Uint8Array;
}

/** Seals one file for one receiver. */
export class FileSealer {
  readonly #sealer: BlockSealer;
  readonly #blocks: number;
  readonly #file = new ContentDigest();
  /** Undefined when the transfer carries the whole file. */
  readonly #part: ContentDigest | undefined;
  #next: number;

  constructor({ key, id, size, firstBlock }: FileKey) {
    this.#sealer = new BlockSealer(key, id, size);
    this.#blocks = blockCount(size);
    this.#part = firstBlock > 0 ? new ContentDigest() : undefined;
    this.#next = firstBlock;
  }

  /**
   * Takes the CRC-32s of all blocks before the first, which the receiver has,
   * into the digest of the file.
   */
  skip(checks: Uint32Array): void {
    for (const check of checks) this.#file.add(check);
  }

  /** Seals the next block into `target`; see {@link BlockSealer.seal}. */
  seal<T extends Uint8Array>(plaintext: Uint8Array, target: T): T {
    const check = this.#file.update(plaintext);
    this.#part?.add(check);
    return this.#sealer.seal(this.#next++, plaintext, target);
  }

  /** Once every block is sealed; undefined until then. */
  digests(): FileDigests | undefined {
    if (this.#next < this.#blocks) return undefined;
    const file = this.#file.digest();
    return { file, part: this.#part?.digest() ?? file };
  }
}

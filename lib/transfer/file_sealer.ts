/**
 * Turns the plaintext of a file into sealed blocks, in order, and hashes it on
 * the way. Apart from the {@link Sender}, because it is what costs most: a shell
 * may run it in a thread of its own.
 */
import { createHash, type Hash } from "node:crypto";
import { BlockSealer, type SealedBlock } from "./block_sealer.ts";
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
  /** SHA-256 of the whole file. */
  readonly file: Uint8Array;
  /** SHA-256 of what this transfer carries of it. */
  readonly part: Uint8Array;
}

/** Seals one file for one receiver. */
export class FileSealer {
  readonly #sealer: BlockSealer;
  readonly #blocks: number;
  readonly #fileHash = createHash("sha256");
  /** Undefined when the transfer carries the whole file. */
  readonly #partHash: Hash | undefined;
  #next: number;

  constructor({ key, id, size, firstBlock }: FileKey) {
    this.#sealer = new BlockSealer(key, id, size);
    this.#blocks = blockCount(size);
    this.#partHash = firstBlock > 0 ? createHash("sha256") : undefined;
    this.#next = firstBlock;
  }

  /** Hashes what comes before the first block; the receiver has it. */
  skip(plaintext: Uint8Array): void {
    this.#fileHash.update(plaintext);
  }

  /** Seals the next block. */
  seal(plaintext: Uint8Array): SealedBlock {
    this.#fileHash.update(plaintext);
    this.#partHash?.update(plaintext);
    return this.#sealer.seal(this.#next++, plaintext);
  }

  /** Once every block is sealed; undefined until then. To be called once. */
  digests(): FileDigests | undefined {
    if (this.#next < this.#blocks) return undefined;
    const file = new Uint8Array(this.#fileHash.digest());
    const part = this.#partHash?.digest();
    return { file, part: part === undefined ? file : new Uint8Array(part) };
  }
}

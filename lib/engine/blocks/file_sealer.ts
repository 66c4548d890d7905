/**
 * Turns the plaintext of a file into sealed blocks, in the order in which they
 * are sent, and computes its digest on the way. Apart from the {@link Sender},
 * because it is what costs most: a shell may run it in a thread of its own.
 */
import { BlockSealer } from "./block_sealer.ts";
import { BlockChecks } from "./block_checks.ts";
import { blockCheck } from "./content_digest.ts";
import { blockCount } from "../packets/limits.ts";

/** What a {@link FileSealer} or a FileOpener is made from. */
export interface FileKey {
  /** Of the blocks, 32 bytes. */
  readonly key: Uint8Array;
  /** The transfer's id, 8 bytes. */
  readonly id: Uint8Array;
  /** The file's size, bytes; of a stream the most that it can be. */
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
  #blocks: number;
  readonly #firstBlock: number;
  readonly #checks = new BlockChecks();
  /** Position of the next block in the order of sending. */
  #next: number;

  constructor({ key, id, size, firstBlock }: FileKey) {
    this.#sealer = new BlockSealer(key, id, size);
    this.#blocks = blockCount(size);
    this.#firstBlock = firstBlock;
    this.#next = firstBlock;
  }

  /**
   * Takes the CRC-32s of all blocks before the first, which the receiver has,
   * into the digest of the file.
   */
  skip(checks: Uint32Array): void {
    for (const check of checks) this.#checks.push(check);
  }

  /**
   * Seals the next block into `target`; see {@link BlockSealer.seal}.
   *
   * @param block Its number; by default they come in order.
   */
  seal<T extends Uint8Array>(
    plaintext: Uint8Array,
    target: T,
    block: number = this.#next,
  ): T {
    this.#checks.set(block, blockCheck(plaintext));
    this.#next++;
    return this.#sealer.seal(block, plaintext, target);
  }

  /** What was sealed last is the end of the file. */
  end(): void {
    this.#blocks = this.#next;
  }

  /** Once every block is sealed; undefined until then. */
  digests(): FileDigests | undefined {
    if (this.#next < this.#blocks) return undefined;
    const file = this.#checks.digest();
    const first = this.#firstBlock;
    return { file, part: first > 0 ? this.#checks.digest(first) : file };
  }
}

// Turns sealed blocks, which come in any order, into plaintext in the order in
// which they were sent, and computes their CRC-32s on the way. Apart from the
// {@link Receiver}, because it is what costs most: a shell may run it in a thread
// of its own.

/** A block in its turn. */
export interface OpenedBlock {
  readonly plaintext: Uint8Array;
  /** Its CRC-32, as in a ContentDigest. */
  readonly check: number;
}

/** Opens one file. */
export class FileOpener {
  readonly #sealer: BlockSealer;
  /** Opened blocks whose turn has not come; the window bounds them. */
  readonly #early = new Map<number, Uint8Array>();
  #next: number;

  constructor({ key, id, size, firstBlock }: FileKey) {
    this.#sealer = new BlockSealer(key, id, size);
    this.#next = firstBlock;
  }

  /**
   * Opens a block that was not opened before, in the memory it is in, which is
   * taken over until its turn comes.
   *
   * @param position Where it stands in the order of sending.
   * @param block Its number, where that is another.
   * @returns The blocks whose turn has come with it, often only this one;
   * undefined when it is forged or damaged.
   */
  open(
    position: number,
    sealed: Uint8Array,
    block: number = position,
  ): OpenedBlock[] | undefined {
    const plaintext = this.#sealer.open(block, sealed);
    if (plaintext === undefined) return undefined;
    this.#early.set(position, plaintext);
    const opened: OpenedBlock[] = [];
    for (;;) {
      const next = this.#early.get(this.#next);
      if (next === undefined) return opened;
      this.#early.delete(this.#next++);
      opened.push({ plaintext: next, check: blockCheck(next) });
    }
  }
}

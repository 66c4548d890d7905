/**
 * The sealed blocks a sender holds: from the first that the receiver has not
 * opened to the last that was read. Sealed bytes are kept until then, so a
 * retransmission never reads or seals again.
 */
import type { BlockPool } from "./block_pool.ts";
import { transferLimits } from "./transfer_limits.ts";

/** A bounded window of sealed blocks, by block number. */
export class SendWindow {
  readonly #slots: (Uint8Array | undefined)[];
  readonly #pool: BlockPool;
  #base: number;
  #end: number;

  /**
   * @param firstBlock Number of the first block that will be sent.
   * @param pool Gets the memory of blocks that are no longer needed.
   */
  constructor(firstBlock: number, pool: BlockPool) {
    this.#pool = pool;
    this.#slots = new Array(transferLimits.windowBlocks).fill(undefined);
    this.#base = firstBlock;
    this.#end = firstBlock;
  }

  /** First block that is held. */
  get base(): number {
    return this.#base;
  }

  /** One past the last block that is held. */
  get end(): number {
    return this.#end;
  }

  /** Adds block number {@link end}; there must be room. */
  push(sealed: Uint8Array): void {
    this.#slots[this.#end % this.#slots.length] = sealed;
    this.#end++;
  }

  /** Forgets blocks below `base`. */
  release(base: number): void {
    for (; this.#base < Math.min(base, this.#end); this.#base++) {
      this.#pool.give(this.#slot(this.#base));
      this.#slots[this.#base % this.#slots.length] = undefined;
    }
  }

  /** True when `block` is held. */
  has(block: number): boolean {
    return block >= this.#base && block < this.#end;
  }

  /** Bytes of a held block with its tag. */
  sealedBytes(block: number): number {
    return this.#slot(block).length;
  }

  /** Copies a slice of a held block to `out` at `at`. */
  copySlice(
    block: number,
    offset: number,
    length: number,
    out: Uint8Array,
    at: number,
  ): void {
    out.set(this.#slot(block).subarray(offset, offset + length), at);
  }

  #slot(block: number): Uint8Array {
    const slot = this.#slots[block % this.#slots.length];
    if (slot === undefined || !this.has(block)) {
      throw new RangeError(`Block ${block} is not held`);
    }
    return slot;
  }
}

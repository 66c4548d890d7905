/**
 * The sealed blocks a sender holds, numbered by their positions in the order in
 * which they are sent: from the first that the receiver has not opened to the last
 * that was read. Sealed bytes are kept until then, so a retransmission never reads
 * or seals again.
 */
import { transferLimits } from "./packets/limits.ts";
import { staggeredBytes } from "./blocks/staggered_bytes.ts";

/** A bounded window of sealed blocks, by their positions. */
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

// Memory for the blocks of one transfer. Fresh memory costs as much as sealing
// what is in it, so what one block no longer needs, the next one gets. One that
// is taken and never given back is merely lost to the pool.

/** Memory of blocks that nobody uses at present. */
export class BlockPool {
  readonly #blockBytes: number;
  readonly #spare: Uint8Array<ArrayBuffer>[] = [];
  #isEnded = false;

  /** @param blockBytes Of the largest sealed block that is to find room. */
  constructor(blockBytes: number = sealedBlockBytes) {
    this.#blockBytes = Math.min(blockBytes, sealedBlockBytes);
  }

  /** Room for the largest sealed block; what is in it is left over. */
  take(): Uint8Array<ArrayBuffer> {
    return this.#spare.pop() ?? staggeredBytes(this.#blockBytes, "block");
  }

  /** Takes back what {@link take} gave, whole or any part of it. */
  give(bytes: Uint8Array): void {
    const { buffer } = bytes;
    const place = buffer.byteLength - this.#blockBytes;
    // Memory from elsewhere, as in tests, and what went to another thread.
    const isOurs = buffer instanceof ArrayBuffer && place === blockPlace;
    if (!isOurs) return;
    if (this.#isEnded) buffer.transfer(0);
    else if (this.#spare.length < transferLimits.windowBlocks) {
      this.#spare.push(new Uint8Array(buffer, place));
    }
  }

  /**
   * The transfer has ended: what nobody uses is given back to the system, at once,
   * as the collector would wait for that of many transfers.
   */
  end(): void {
    this.#isEnded = true;
    for (const { buffer } of this.#spare.splice(0)) buffer.transfer(0);
  }
}

/** Bytes of the largest sealed block. */
export const sealedBlockBytes = transferLimits.blockBytes +
  transferLimits.tagBytes;
const blockPlace = staggeredBytes(0, "block").buffer.byteLength;

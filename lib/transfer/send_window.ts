/**
 * The sealed blocks a sender holds: from the first that the receiver has not
 * opened to the last that was read. Sealed bytes are kept until then, so a
 * retransmission never reads or seals again.
 */
import type { SealedBlock } from "./block_sealer.ts";
import { free } from "./bytes.ts";
import { transferLimits } from "./transfer_limits.ts";

/** A bounded window of sealed blocks, by block number. */
export class SendWindow {
  readonly #slots: (SealedBlock | undefined)[];
  #base: number;
  #end: number;

  /** @param firstBlock Number of the first block that will be sent. */
  constructor(firstBlock: number) {
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
  push(sealed: SealedBlock): void {
    this.#slots[this.#end % this.#slots.length] = sealed;
    this.#end++;
  }

  /** Forgets blocks below `base`. */
  release(base: number): void {
    for (; this.#base < Math.min(base, this.#end); this.#base++) {
      free(this.#slot(this.#base).ciphertext);
      this.#slots[this.#base % this.#slots.length] = undefined;
    }
  }

  /** True when `block` is held. */
  has(block: number): boolean {
    return block >= this.#base && block < this.#end;
  }

  /** Bytes of a held block with its tag. */
  sealedBytes(block: number): number {
    return this.#slot(block).ciphertext.length + transferLimits.tagBytes;
  }

  /** Copies a slice of a held block to `out` at `at`. */
  copySlice(
    block: number,
    offset: number,
    length: number,
    out: Uint8Array,
    at: number,
  ): void {
    const { ciphertext, tag } = this.#slot(block);
    const end = offset + length;
    const split = Math.min(end, ciphertext.length);
    if (offset < split) out.set(ciphertext.subarray(offset, split), at);
    if (end > ciphertext.length) {
      const from = Math.max(offset, ciphertext.length);
      out.set(
        tag.subarray(from - ciphertext.length, end - ciphertext.length),
        at + from - offset,
      );
    }
  }

  #slot(block: number): SealedBlock {
    const slot = this.#slots[block % this.#slots.length];
    if (slot === undefined || !this.has(block)) {
      throw new RangeError(`Block ${block} is not held`);
    }
    return slot;
  }
}

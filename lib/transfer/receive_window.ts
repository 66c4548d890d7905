/**
 * The blocks a receiver is collecting: slices go to their place in the sealed
 * block; a block whose last byte came is opened; opened blocks are handed out in
 * order. Holds at most a window of blocks whatever the sender does.
 */
import type { BlockSealer } from "./block_sealer.ts";
import { RangeSet } from "./range_set.ts";
import { blockCount, blockLength, transferLimits } from "./transfer_limits.ts";

/** What a slice was good for. */
export type SliceOutcome = "stored" | "known" | "completed" | "refused";

interface Slot {
  /** Sealed bytes; undefined when none has come or the block is opened. */
  sealed: Uint8Array | undefined;
  readonly received: RangeSet;
  bytes: number;
  plaintext: Uint8Array | undefined;
  /** How often the tag failed. */
  failures: number;
}

/** A bounded window of blocks that are being received. */
export class ReceiveWindow {
  readonly #sealer: BlockSealer;
  readonly #size: number;
  readonly #blocks: number;
  readonly #slots: Slot[] = [];
  readonly #spare: Uint8Array[] = [];
  /** Blocks below were opened. */
  #base: number;
  /** Blocks below were handed out. */
  #taken: number;
  /** Blocks below were written: their memory is free. */
  #written: number;

  /**
   * @param size The file's size, bytes.
   * @param firstBlock The first block that is not yet here.
   */
  constructor(sealer: BlockSealer, size: number, firstBlock: number) {
    this.#sealer = sealer;
    this.#size = size;
    this.#blocks = blockCount(size);
    this.#base = firstBlock;
    this.#taken = firstBlock;
    this.#written = firstBlock;
    for (let i = 0; i < transferLimits.windowBlocks; i++) {
      this.#slots.push({
        sealed: undefined,
        received: new RangeSet(sliceRanges),
        bytes: 0,
        plaintext: undefined,
        failures: 0,
      });
    }
  }

  /** Every block below this one is opened. */
  get base(): number {
    return this.#base;
  }

  /** Every block below this one is written. */
  get written(): number {
    return this.#written;
  }

  /** Blocks below this one have a place. */
  get limit(): number {
    return Math.min(this.#written + transferLimits.windowBlocks, this.#blocks);
  }

  /** How often the block's tag has failed; 0 for one that is not collected. */
  failures(block: number): number {
    return block < this.#base || block >= this.limit
      ? 0
      : this.#slot(block).failures;
  }

  /** True when `block` is opened. */
  isOpened(block: number): boolean {
    return block < this.#base ||
      (block < this.limit && this.#slot(block).plaintext !== undefined);
  }

  /** Puts a slice of a sealed block in its place. */
  add(block: number, offset: number, slice: Uint8Array): SliceOutcome {
    if (block < this.#base) return "known";
    if (block >= this.limit || slice.length === 0) return "refused";
    const sealedBytes = blockLength(block, this.#size) +
      transferLimits.tagBytes;
    const end = offset + slice.length;
    if (end > sealedBytes) return "refused";
    const slot = this.#slot(block);
    if (slot.plaintext !== undefined) return "known";
    const added = slot.received.add(offset, end);
    if (added < 0) return "refused";
    if (added === 0) return "known";
    slot.sealed ??= this.#spare.pop() ?? new Uint8Array(maxSealedBytes);
    slot.sealed.set(slice, offset);
    slot.bytes += added;
    if (slot.bytes < sealedBytes) return "stored";
    this.#open(block, slot, sealedBytes);
    return "completed";
  }

  /** The next opened block in order, or undefined; its number is `taken - 1`. */
  take(): Uint8Array | undefined {
    if (this.#taken >= this.#base) return undefined;
    return this.#slot(this.#taken++).plaintext;
  }

  /** Number of the next block that {@link take} hands out. */
  get taken(): number {
    return this.#taken;
  }

  /** The oldest block handed out is written: its place is free. */
  handleWritten(): void {
    const slot = this.#slot(this.#written);
    slot.plaintext = undefined;
    slot.failures = 0;
    this.#written++;
  }

  #open(block: number, slot: Slot, sealedBytes: number): void {
    const sealed = slot.sealed!;
    slot.plaintext = this.#sealer.open(block, sealed.subarray(0, sealedBytes));
    slot.received.clear();
    slot.bytes = 0;
    if (slot.plaintext === undefined) {
      slot.failures++;
      return;
    }
    slot.sealed = undefined;
    if (this.#spare.length < maxSpare) this.#spare.push(sealed);
    while (
      this.#base < this.limit &&
      this.#slot(this.#base).plaintext !== undefined
    ) this.#base++;
  }

  #slot(block: number): Slot {
    return this.#slots[block % this.#slots.length]!;
  }
}

const maxSealedBytes = transferLimits.blockBytes + transferLimits.tagBytes;
/** Datagrams of the smallest size with every second one missing. */
const sliceRanges = 128;
const maxSpare = 4;

/**
 * The blocks a receiver is collecting: slices go to their place in the sealed
 * block; a block whose last byte came is handed out to be opened; opened blocks
 * come back in order and are handed out to be written. Holds at most a window of
 * blocks whatever the sender does.
 */
import { BlockPool } from "./send_window.ts";
import type { OpenedBlock } from "./blocks/file_sealer.ts";
import { RangeSet } from "./packets/range_set.ts";
import { blockCount, blockLength, transferLimits } from "./packets/limits.ts";

/** What a slice was good for. */
export type SliceOutcome = "stored" | "known" | "completed" | "refused";

/** A block whose last byte has come. */
export interface CompleteBlock {
  readonly block: number;
  /** With its tag. */
  readonly sealed: Uint8Array<ArrayBuffer>;
}

interface Slot {
  /** Sealed bytes; undefined when none has come or the block is complete. */
  sealed: Uint8Array<ArrayBuffer> | undefined;
  readonly received: RangeSet;
  bytes: number;
  /** All has come and it was not found to be forged. */
  isComplete: boolean;
  opened: OpenedBlock | undefined;
  /** How often the tag failed. */
  failures: number;
}

/** A bounded window of blocks that are being received. */
export class ReceiveWindow {
  #size: number;
  #blocks: number;
  readonly #slots: Slot[] = [];
  readonly #pool = new BlockPool();
  readonly #complete: CompleteBlock[] = [];
  /** Blocks below were opened. */
  #base: number;
  /** Blocks below were handed out. */
  #taken: number;
  /** Blocks below were written: their memory is free. */
  #written: number;

  /**
   * @param size The file's size, bytes; of a stream the most that it can be.
   * @param firstBlock The first block that is not yet here.
   */
  constructor(size: number, firstBlock: number) {
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
        isComplete: false,
        opened: undefined,
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

  /** Puts a slice of a sealed block in its place. */
  add(block: number, offset: number, slice: Uint8Array): SliceOutcome {
    if (block < this.#base) return "known";
    if (block >= this.limit || slice.length === 0) return "refused";
    const sealedBytes = blockLength(block, this.#size) +
      transferLimits.tagBytes;
    const end = offset + slice.length;
    if (end > sealedBytes) return "refused";
    const slot = this.#slot(block);
    if (slot.isComplete) return "known";
    const added = slot.received.add(offset, end);
    if (added < 0) return "refused";
    if (added === 0) return "known";
    slot.sealed ??= this.#pool.take();
    slot.sealed.set(slice, offset);
    slot.bytes += added;
    return this.#takeWhole(block) ? "completed" : "stored";
  }

  /**
   * The file, of which only the most was known that it could be, ends after
   * `size` bytes.
   *
   * @returns False when more of it came already.
   */
  end(size: number): boolean {
    const collected = this.#written + this.#slots.length;
    this.#size = size;
    this.#blocks = blockCount(size);
    for (let block = this.#blocks; block < collected; block++) {
      if (block < this.#base || this.#hasSome(block)) return false;
    }
    const last = this.#blocks - 1;
    const isShort = size % transferLimits.blockBytes !== 0;
    if (!isShort || last >= collected) return true;
    if (last < this.#base || this.#slot(last).isComplete) return false;
    this.#takeWhole(last);
    return true;
  }

  /** The next block to open, in the order in which they became complete. */
  takeComplete(): CompleteBlock | undefined {
    return this.#complete.shift();
  }

  /** Block number {@link base} is opened. */
  handleOpened(opened: OpenedBlock): void {
    this.#slot(this.#base++).opened = opened;
  }

  /** A complete block, in `memory`, is forged: it is collected again. */
  handleForged(block: number, memory: Uint8Array): void {
    this.#pool.give(memory);
    const slot = this.#slot(block);
    slot.isComplete = false;
    slot.failures++;
  }

  /** The next opened block in order, or undefined. */
  take(): Uint8Array | undefined {
    if (this.#taken >= this.#base) return undefined;
    return this.#slot(this.#taken++).opened?.plaintext;
  }

  /** Number of the next block that {@link take} hands out. */
  get taken(): number {
    return this.#taken;
  }

  /**
   * The oldest block handed out is written: its place is free.
   *
   * @returns Its CRC-32.
   */
  handleWritten(): number {
    const slot = this.#slot(this.#written);
    if (slot.opened === undefined) {
      throw new RangeError("No block is being written");
    }
    const { plaintext, check } = slot.opened;
    this.#pool.give(plaintext);
    slot.opened = undefined;
    slot.isComplete = false;
    slot.failures = 0;
    this.#written++;
    return check;
  }

  /** Hands out a block of which all has come to be opened. */
  #takeWhole(block: number): boolean {
    const slot = this.#slot(block);
    const sealedBytes = blockLength(block, this.#size) +
      transferLimits.tagBytes;
    if (slot.sealed === undefined || slot.bytes < sealedBytes) return false;
    const sealed = slot.sealed.subarray(0, sealedBytes);
    this.#complete.push({ block, sealed });
    slot.isComplete = true;
    slot.sealed = undefined;
    slot.received.clear();
    slot.bytes = 0;
    return true;
  }

  #hasSome(block: number): boolean {
    const { isComplete, bytes } = this.#slot(block);
    return isComplete || bytes > 0;
  }

  #slot(block: number): Slot {
    return this.#slots[block % this.#slots.length]!;
  }
}

/** Datagrams of the smallest size with every second one missing. */
const sliceRanges = 128;

/**
 * The blocks a receiver is collecting, by their positions in the order in which
 * they are sent: slices go to their place in the sealed block; a block whose last
 * byte came is handed out to be opened; opened blocks come back in order and are
 * handed out to be written. Holds at most a window of blocks whatever the sender
 * does.
 */
import { BlockPool } from "./send_window.ts";
import { BlockOrder } from "./block_order.ts";
import type { OpenedBlock } from "./blocks/file_sealer.ts";
import { RangeSet } from "./packets/range_set.ts";
import { blockCount, blockLength, transferLimits } from "./packets/limits.ts";

/** What a slice was good for. */
export type SliceOutcome = "stored" | "known" | "completed" | "refused";

/** A block whose last byte has come. */
export interface CompleteBlock {
  readonly position: number;
  /** Its number in the file. */
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
  readonly #order: BlockOrder;
  readonly #slots: Slot[] = [];
  readonly #pool: BlockPool;
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
   * @param order Of the blocks; that of the file by default.
   * @param pool Where their memory comes from, and goes when it is not needed.
   */
  constructor(
    size: number,
    firstBlock: number,
    order: BlockOrder = new BlockOrder(firstBlock, blockCount(size)),
    pool: BlockPool = new BlockPool(),
  ) {
    this.#size = size;
    this.#pool = pool;
    this.#order = order;
    this.#blocks = blockCount(size);
    this.#base = firstBlock;
    this.#taken = firstBlock;
    this.#written = firstBlock;
    const slots = Math.min(transferLimits.windowBlocks, this.#blocks);
    for (let i = 0; i < slots; i++) {
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
  failures(position: number): number {
    return position < this.#base || position >= this.limit
      ? 0
      : this.#slot(position).failures;
  }

  /** Puts a slice of a sealed block in its place. */
  add(position: number, offset: number, slice: Uint8Array): SliceOutcome {
    if (position < this.#base) return "known";
    if (position >= this.limit || slice.length === 0) return "refused";
    const sealedBytes = this.#sealedBytes(position);
    const end = offset + slice.length;
    if (end > sealedBytes) return "refused";
    const slot = this.#slot(position);
    if (slot.isComplete) return "known";
    const added = slot.received.add(offset, end);
    if (added < 0) return "refused";
    if (added === 0) return "known";
    slot.sealed ??= this.#pool.take();
    slot.sealed.set(slice, offset);
    slot.bytes += added;
    return this.#takeWhole(position) ? "completed" : "stored";
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

  /** True when nothing came of what stands at `position` or later. */
  isUntouched(position: number): boolean {
    if (position < this.#base) return false;
    for (let each = position; each < this.limit; each++) {
      if (this.#hasSome(each)) return false;
    }
    return true;
  }

  /** The next block to open, in the order in which they became complete. */
  takeComplete(): CompleteBlock | undefined {
    return this.#complete.shift();
  }

  /** The block at position {@link base} is opened. */
  handleOpened(opened: OpenedBlock): void {
    this.#slot(this.#base++).opened = opened;
  }

  /** The complete block at `position`, in `memory`, is forged: it is collected again. */
  handleForged(position: number, memory: Uint8Array): void {
    this.#pool.give(memory);
    const slot = this.#slot(position);
    slot.isComplete = false;
    slot.failures++;
  }

  /** The next opened block in order, or undefined. */
  take(): Uint8Array | undefined {
    if (this.#taken >= this.#base) return undefined;
    return this.#slot(this.#taken++).opened?.plaintext;
  }

  /** Position of the next block that {@link take} hands out. */
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
  #takeWhole(position: number): boolean {
    const slot = this.#slot(position);
    const sealedBytes = this.#sealedBytes(position);
    if (slot.sealed === undefined || slot.bytes < sealedBytes) return false;
    const sealed = slot.sealed.subarray(0, sealedBytes);
    const block = this.#order.blockAt(position);
    this.#complete.push({ position, block, sealed });
    slot.isComplete = true;
    slot.sealed = undefined;
    slot.received.clear();
    slot.bytes = 0;
    return true;
  }

  /** Bytes of the sealed block at a position. */
  #sealedBytes(position: number): number {
    const block = this.#order.blockAt(position);
    return blockLength(block, this.#size) + transferLimits.tagBytes;
  }

  #hasSome(position: number): boolean {
    const { isComplete, bytes } = this.#slot(position);
    return isComplete || bytes > 0;
  }

  #slot(position: number): Slot {
    return this.#slots[position % this.#slots.length]!;
  }
}

/** Datagrams of the smallest size with every second one missing. */
const sliceRanges = 128;

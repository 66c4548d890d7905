import { larger } from "../../base/bytes.ts";
import { transferLimits } from "../packets/limits.ts";
import { RangeSet } from "../packets/range_set.ts";
import { digestOfChecks } from "./content_digest.ts";

/**
 * The CRC-32s of a file's blocks, from its first one on: what is known of a file
 * that is coming in, in whatever order it comes, four bytes for each 256 KiB of
 * it. Every digest of the file or of a stretch of it follows from them, and so
 * does whether a block on the disk is the one that was written.
 */
export class BlockChecks {
  #checks: Uint32Array;
  #length: number;
  /** Blocks beyond these that are known; absent where none ever were. */
  #ahead: RangeSet | undefined;

  /** @param checks Of the first blocks; copied. */
  constructor(checks: Uint32Array = none) {
    this.#checks = checks.length === 0 ? none : checks.slice();
    this.#length = checks.length;
  }

  /** How many blocks are known from the first one on. */
  get length(): number {
    return this.#length;
  }

  /** Adds the next block's. */
  push(check: number): void {
    this.set(this.#length, check);
  }

  /** Adds that of block number `block`, which is not known. */
  set(block: number, check: number): void {
    this.#grow(block);
    this.#checks[block] = check;
    if (block === this.#length && this.#ahead === undefined) {
      this.#length++;
      return;
    }
    this.#ahead ??= new RangeSet(transferLimits.apartRanges);
    this.#ahead.add(block, block + 1);
    if (this.#ahead.start(0) > this.#length) return;
    this.#length = this.#ahead.end(0);
    this.#ahead.dropLowest();
  }

  /** The CRC-32 of a block; undefined for one that is not known. */
  at(block: number): number | undefined {
    const isKnown = block < this.#length ||
      this.#ahead?.covers(block, block + 1) === true;
    return isKnown ? this.#checks[block] : undefined;
  }

  /** Forgets all from block `length` on. */
  cut(length: number): void {
    this.#length = Math.min(this.#length, length);
  }

  /** Those from block `first` to the one before `end`; valid until a push. */
  slice(first: number, end: number = this.#length): Uint32Array {
    return this.#checks.subarray(first, Math.min(end, this.#length));
  }

  #grow(block: number): void {
    if (block < this.#checks.length) return;
    const room = Math.max(leastRoom, 2 * this.#checks.length, block + 1);
    this.#checks = larger(this.#checks, room);
  }

  /** The ContentDigest of the blocks from `first` to the last one. */
  digest(first = 0): Uint8Array {
    return digestOfChecks(this.slice(first));
  }
}

const none = new Uint32Array(0);
/** Most files are small, and there may be many. */
const leastRoom = 4;

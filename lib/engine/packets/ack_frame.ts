/**
 * The body of an acknowledgement: what arrived, how long the newest waited,
 * how far the file is, how far the sender may go, and which blocks must be sent
 * again because their tag failed. One object is reused for all of them.
 *
 *     largest u48 | delay µs u32 | flags u8 | base u32 | limit u32
 *     | ranges u8 | refetches u8
 *     | first length u32 | (gap u32 | length u32) per further range, downwards
 *     | (block u32 | count u8) per refetch
 */
import { readU32, readU48, writeU32, writeU48 } from "../../base/bytes.ts";
import type { RangeSet } from "./range_set.ts";
import { transferLimits } from "./limits.ts";

/** A decoded acknowledgement, and the means to write one. */
export class AckFrame {
  /** Highest packet number received, -1 for none. */
  largest = -1;
  /** How long the receiver held back the answer to it, ms. */
  delay = 0;
  /** The receiver knows the file's digest. */
  finReceived = false;
  /** The receiver waits for room on its disk. */
  isPaused = false;
  /** Every block below this one has been opened. */
  base = 0;
  /** Blocks below this one may be sent. */
  limit = 0;
  /** Number of ranges in {@link starts} and {@link ends}, highest first. */
  rangeCount = 0;
  readonly starts = new Float64Array(transferLimits.ackRanges);
  /** One past the last number of each range. */
  readonly ends = new Float64Array(transferLimits.ackRanges);
  refetchCount = 0;
  readonly refetchBlocks = new Float64Array(transferLimits.ackRefetches);
  /** How often the block of the same index has failed so far, 1–255. */
  readonly refetchTimes = new Uint8Array(transferLimits.ackRefetches);

  /** Takes the highest ranges of `received`. */
  setRanges(received: RangeSet): void {
    const count = Math.min(received.count, transferLimits.ackRanges);
    this.rangeCount = count;
    for (let i = 0; i < count; i++) {
      this.starts[i] = received.start(received.count - 1 - i);
      this.ends[i] = received.end(received.count - 1 - i);
    }
    this.largest = count === 0 ? -1 : this.ends[0]! - 1;
  }

  /** True when packet `number` is acknowledged. */
  includes(number: number): boolean {
    // The lowest range that ends above it.
    let low = 0;
    let high = this.rangeCount;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (number < this.ends[middle]!) low = middle + 1;
      else high = middle;
    }
    return low > 0 && number >= this.starts[low - 1]!;
  }

  /** Writes the body to `out` at `at` and returns its length. */
  encode(out: Uint8Array, at: number): number {
    const start = at;
    writeU48(out, at, this.largest + 1);
    writeU32(out, at + 6, Math.min(Math.round(this.delay * 1000), 2 ** 32 - 1));
    out[at + 10] = (this.finReceived ? 1 : 0) | (this.isPaused ? 2 : 0);
    writeU32(out, at + 11, this.base);
    writeU32(out, at + 15, this.limit);
    out[at + 19] = this.rangeCount;
    out[at + 20] = this.refetchCount;
    at += fixedBytes;
    for (let i = 0; i < this.rangeCount; i++) {
      if (i > 0) {
        writeU32(out, at, this.starts[i - 1]! - this.ends[i]!);
        at += 4;
      }
      writeU32(out, at, this.ends[i]! - this.starts[i]!);
      at += 4;
    }
    for (let i = 0; i < this.refetchCount; i++) {
      writeU32(out, at, this.refetchBlocks[i]!);
      out[at + 4] = this.refetchTimes[i]!;
      at += 5;
    }
    return at - start;
  }

  /** Reads a body; false, and nothing to be used, when it is malformed. */
  decode(body: Uint8Array): boolean {
    if (body.length < fixedBytes) return false;
    this.largest = readU48(body, 0) - 1;
    this.delay = readU32(body, 6) / 1000;
    this.finReceived = (body[10]! & 1) !== 0;
    this.isPaused = (body[10]! & 2) !== 0;
    this.base = readU32(body, 11);
    this.limit = readU32(body, 15);
    this.rangeCount = body[19]!;
    this.refetchCount = body[20]!;
    const expected = fixedBytes + Math.max(0, 8 * this.rangeCount - 4) +
      5 * this.refetchCount;
    if (
      body.length !== expected || this.limit < this.base ||
      this.rangeCount > transferLimits.ackRanges ||
      this.refetchCount > transferLimits.ackRefetches ||
      (this.rangeCount === 0) !== (this.largest < 0)
    ) return false;
    return this.#decodeRanges(body) && this.#decodeRefetches(body);
  }

  #decodeRanges(body: Uint8Array): boolean {
    let at = fixedBytes;
    let end = this.largest + 1;
    for (let i = 0; i < this.rangeCount; i++) {
      if (i > 0) {
        const gap = readU32(body, at);
        if (gap === 0) return false;
        end = this.starts[i - 1]! - gap;
        at += 4;
      }
      const length = readU32(body, at);
      at += 4;
      if (length === 0 || length > end) return false;
      this.starts[i] = end - length;
      this.ends[i] = end;
    }
    return true;
  }

  #decodeRefetches(body: Uint8Array): boolean {
    let at = body.length - 5 * this.refetchCount;
    for (let i = 0; i < this.refetchCount; i++) {
      this.refetchBlocks[i] = readU32(body, at);
      this.refetchTimes[i] = body[at + 4]!;
      at += 5;
    }
    return true;
  }
}

/** Longest body: what a datagram must have room for besides the header. */
export const maxAckBytes = 21 + 8 * transferLimits.ackRanges +
  5 * transferLimits.ackRefetches;

const fixedBytes = 21;

/**
 * A set of integers kept as disjoint, non-adjacent half-open ranges in
 * ascending order, in two typed arrays of fixed capacity. Used for received
 * packet numbers and for the received bytes of a block, both of which are a few
 * ranges at any time however many numbers they hold.
 */
export class RangeSet {
  readonly #starts: Float64Array;
  readonly #ends: Float64Array;
  #count = 0;

  /** @param capacity Most ranges it can hold. */
  constructor(capacity: number) {
    this.#starts = new Float64Array(capacity + 1);
    this.#ends = new Float64Array(capacity + 1);
  }

  /** Number of ranges. */
  get count(): number {
    return this.#count;
  }

  /** Most ranges it can hold. */
  get capacity(): number {
    return this.#starts.length - 1;
  }

  /** First number of the range at `index`, counted from the lowest. */
  start(index: number): number {
    return this.#starts[index]!;
  }

  /** One past the last number of the range at `index`. */
  end(index: number): number {
    return this.#ends[index]!;
  }

  clear(): void {
    this.#count = 0;
  }

  /** True when every number of `[start, end)` is in the set. */
  covers(start: number, end: number): boolean {
    const index = this.#firstEndingAt(start + 1);
    return index < this.#count && this.#starts[index]! <= start &&
      this.#ends[index]! >= end;
  }

  /**
   * Adds `[start, end)`. A set that is full refuses what would need one range
   * more.
   *
   * @returns How many numbers are new, or -1 when it was refused.
   */
  add(start: number, end: number): number {
    if (end <= start) return 0;
    // Ranges from `first` to before `last` touch or overlap the new one.
    const first = this.#firstEndingAt(start);
    let last = first;
    let present = 0;
    while (last < this.#count && this.#starts[last]! <= end) {
      present += Math.min(end, this.#ends[last]!) -
        Math.max(start, this.#starts[last]!);
      last++;
    }
    if (last === first) {
      if (this.#count === this.capacity) return -1;
      this.#starts.copyWithin(first + 1, first, this.#count);
      this.#ends.copyWithin(first + 1, first, this.#count);
      this.#starts[first] = start;
      this.#ends[first] = end;
      this.#count++;
      return end - start;
    }
    this.#starts[first] = Math.min(start, this.#starts[first]!);
    this.#ends[first] = Math.max(end, this.#ends[last - 1]!);
    this.#remove(first + 1, last);
    return end - start - present;
  }

  /** Forgets the lowest range. */
  dropLowest(): void {
    if (this.#count > 0) this.#remove(0, 1);
  }

  #remove(from: number, to: number): void {
    if (from === to) return;
    this.#starts.copyWithin(from, to, this.#count);
    this.#ends.copyWithin(from, to, this.#count);
    this.#count -= to - from;
  }

  /** Index of the first range whose end is `at` or beyond. */
  #firstEndingAt(at: number): number {
    // What arrives in order touches the last range.
    let high = this.#count;
    if (high > 0 && this.#ends[high - 1]! < at) return high;
    let low = 0;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#ends[middle]! < at) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

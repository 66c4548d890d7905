/**
 * A rate that lasts, of which some may go at once: tokens are taken for what is
 * done and come back with time, up to what the bucket holds. All times are
 * monotonic ms.
 */
export class TokenBucket {
  readonly #perMs: number;
  readonly #capacity: number;
  #tokens: number;
  /** When the tokens were counted. */
  #at: number;

  /** Begins full. @param perMs Tokens that come back in a millisecond. */
  constructor(perMs: number, capacity: number, now: number) {
    this.#perMs = perMs;
    this.#capacity = capacity;
    this.#tokens = capacity;
    this.#at = now;
  }

  /**
   * Takes tokens, at most as many as the bucket holds when it is full.
   *
   * @returns 0 when there were enough; else in how many ms there will be, and
   * none is taken.
   */
  take(count: number, now: number): number {
    this.#fill(now);
    if (this.#tokens < count) return (count - this.#tokens) / this.#perMs;
    this.#tokens -= count;
    return 0;
  }

  /** Puts back what was taken for nothing. */
  give(count: number): void {
    this.#tokens = Math.min(this.#tokens + count, this.#capacity);
  }

  #fill(now: number): void {
    const earned = (now - this.#at) * this.#perMs;
    this.#tokens = Math.min(this.#tokens + earned, this.#capacity);
    this.#at = now;
  }
}

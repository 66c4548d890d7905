/**
 * Keeps everything that one client sends within a rate: whoever wants to send a
 * datagram reserves it and is told how long to wait. Places are given in the
 * order of the requests, so transfers that always want to send share evenly.
 */
export class SendLimit {
  #rate = 0;
  /** When what was reserved so far has left, monotonic ms. */
  #freeAt = -Infinity;

  /** Bytes a second; 0 for no limit. */
  get rate(): number {
    return this.#rate;
  }

  /** Sets another rate; what was reserved keeps its place. */
  set(rate: number): void {
    this.#rate = rate;
    this.#freeAt = -Infinity;
  }

  /** Reserves `bytes`; returns how long to wait before they may leave, ms. */
  reserve(bytes: number, now: number): number {
    if (this.#rate === 0) return 0;
    const start = Math.max(this.#freeAt, now - burstMs);
    this.#freeAt = start + bytes * 1000 / this.#rate;
    return Math.max(0, start - now);
  }
}

/** What may be caught up after a pause: timers fire late. */
const burstMs = 10;

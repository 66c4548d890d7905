/**
 * Spreads datagrams over time (RFC 9002 §7.7): a token bucket that fills at the
 * congestion controller's rate. Timers fire a millisecond or two late, so what
 * accumulates meanwhile may go out together, but never more than a receiver's
 * socket buffer holds.
 */
export class Pacer {
  #rate = Infinity;
  #tokens = 0;
  #filledAt = -Infinity;
  readonly #mostBytes: number;
  #burstBytes: number;

  /** @param burstBytes Most bytes sent at once. */
  constructor(burstBytes: number) {
    this.#mostBytes = burstBytes;
    this.#burstBytes = burstBytes;
  }

  /** A socket buffer holds fewer bytes in small datagrams than in large ones. */
  setDatagramBytes(bytes: number): void {
    this.#burstBytes = Math.min(this.#mostBytes, burstDatagrams * bytes);
  }

  /** Sets the rate, bytes per ms. */
  setRate(now: number, rate: number): void {
    if (this.#filledAt !== -Infinity) this.#fill(now);
    this.#rate = rate;
  }

  /** When a datagram may leave, ms: `now` or later. */
  readyAt(now: number): number {
    this.#fill(now);
    // Overdrawn buckets are allowed: a datagram may be larger than a burst.
    if (this.#tokens > 0 || this.#rate === Infinity) return now;
    return now + (1 - this.#tokens) / this.#rate;
  }

  handleSent(bytes: number): void {
    this.#tokens -= bytes;
  }

  #fill(now: number): void {
    const elapsed = now - this.#filledAt;
    if (elapsed <= 0) return;
    this.#filledAt = now;
    const burst = Math.min(
      this.#burstBytes,
      Math.max(this.#rate * timerMs, minBurstBytes),
    );
    const filled = elapsed === Infinity ? burst : elapsed * this.#rate;
    this.#tokens = Math.min(this.#tokens + filled, burst);
  }
}

/** What a timer of the shell may be late. */
const timerMs = 2.5;
/** Two thirds of what fits into the usual receive buffer. */
const burstDatagrams = 64;
const minBurstBytes = 4 * 1200;

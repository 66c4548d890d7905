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
  #datagramBytes = Infinity;
  #subflows = 1;
  #burstBytes: number;

  /** @param burstBytes Most bytes sent at once to one socket. */
  constructor(burstBytes: number) {
    this.#mostBytes = burstBytes;
    this.#burstBytes = burstBytes;
  }

  /** A socket buffer holds fewer bytes in small datagrams than in large ones. */
  setDatagramBytes(bytes: number): void {
    this.#datagramBytes = bytes;
    this.#setBurst();
  }

  /** What is sent goes to so many sockets of the receiver in turn. */
  setSubflows(count: number): void {
    this.#subflows = count;
    this.#setBurst();
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

  #setBurst(): void {
    const bytes = Math.min(
      this.#mostBytes,
      burstDatagrams * this.#datagramBytes,
    );
    this.#burstBytes = this.#subflows * bytes;
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

/**
 * Spreads datagrams over time (RFC 9002 §7.7): a token bucket that fills at the
 * congestion controller's rate. Timers fire a millisecond or two late, on a busy
 * machine ten or twenty, so what was due meanwhile may go out together, but never
 * more than the receiver's socket buffers hold; where the queue in front of a line
 * holds less than those, and overflows, as much as one of them. What goes beyond
 * that is told, since it is no fault of the path's that it was not sent.
 */
export class Pacer {
  #rate = Infinity;
  #tokens = 0;
  #filledAt = -Infinity;
  readonly #mostBytes: number;
  #datagramBytes = 1200;
  #subflows = 1;
  /** Of the bytes sent of late, 0–1. */
  #lossShare = 0;
  /** A datagram waits for its turn. */
  #isAwaited = false;
  #isBehind = false;

  /** @param mostBytes Most bytes sent at once to one socket. */
  constructor(mostBytes: number) {
    this.#mostBytes = mostBytes;
  }

  /** A socket buffer holds fewer bytes in small datagrams than in large ones. */
  setDatagramBytes(bytes: number): void {
    this.#datagramBytes = bytes;
  }

  /** What is sent goes to so many sockets in turn. */
  setSubflows(count: number): void {
    this.#subflows = count;
  }

  /** So many more bytes have come, and been lost, less those that were only late. */
  handleSettled(acked: number, lost: number): void {
    const share = this.#lossShare +
      (lost - this.#lossShare * (acked + lost)) / settledBytes;
    this.#lossShare = Math.min(Math.max(share, 0), 1);
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
    this.#isAwaited = true;
    return now + (1 - this.#tokens) / this.#rate;
  }

  handleSent(bytes: number): void {
    this.#tokens -= bytes;
    this.#isAwaited = false;
  }

  /** None waits any more: there is nothing to send, or no room for it. */
  handleIdle(): void {
    this.#isAwaited = false;
  }

  /** True once after a datagram waited so long that the rate cannot be kept. */
  takeBehind(): boolean {
    const isBehind = this.#isBehind;
    this.#isBehind = false;
    return isBehind;
  }

  /** What the sockets of the receiver hold of what comes at once. */
  get #burstBytes(): number {
    const bytes = burstDatagrams * this.#datagramBytes;
    const loss = (this.#lossShare - littleLoss) / (muchLoss - littleLoss);
    const calm = 1 - Math.min(Math.max(loss, 0), 1);
    const sockets = 1 + calm * (this.#subflows - 1);
    return sockets * Math.min(this.#mostBytes, bytes);
  }

  #fill(now: number): void {
    const elapsed = now - this.#filledAt;
    if (elapsed <= 0) return;
    this.#filledAt = now;
    const burst = Math.min(
      this.#burstBytes,
      this.#isAwaited
        ? Infinity
        : Math.max(this.#rate * timerMs, minBurstBytes),
    );
    const filled = elapsed === Infinity ? burst : elapsed * this.#rate;
    this.#isBehind ||= this.#isAwaited && this.#tokens + filled > burst;
    this.#tokens = Math.min(this.#tokens + filled, burst);
  }
}

/** What a timer of the shell may be late where nothing waits for it. */
const timerMs = 2.5;
/** Two thirds of what fits into the usual receive buffer. */
const burstDatagrams = 64;
const minBurstBytes = 4 * 1200;
/** Shares of the bytes; between the two what goes out together becomes less. */
const littleLoss = 0.01;
const muchLoss = 0.03;
/** What got lost is forgotten with so many that came. */
const settledBytes = 8 * 1024 * 1024;

/**
 * How much later than those sent after it a packet may arrive before it counts
 * as lost (RFC 8985 §6.2, §7.1). At first an eighth of a round trip, as in RFC
 * 9002, and three packets; once packets are seen to overtake each other their
 * number tells nothing, and time alone decides: as much as was needed of late,
 * some more, and at most a round trip. What came late and was waited for keeps
 * the window open; what was taken for lost and came after all opens it. After so
 * many recoveries without either it is as narrow as at first.
 */
export class ReorderWindow {
  /** The longest waits of the present period and of the one before, ms. */
  #needed = 0;
  #neededBefore = 0;
  #recoveries = 0;
  #recoveredAt = -Infinity;

  /** True when packets have overtaken each other of late. */
  get isOpen(): boolean {
    return this.#longest > 0;
  }

  /** What a packet may be late, ms, where a round trip takes `rtt` ms. */
  ms(rtt: number): number {
    const usual = rtt / 8;
    if (!this.isOpen) return usual;
    const needed = this.#longest + Math.max(usual, leastMarginMs);
    return Math.min(needed, Math.max(rtt, shortMs));
  }

  /** A packet arrived `ms` after it was due, when later ones had come. */
  handleLate(ms: number): void {
    this.#needed = Math.max(this.#needed, ms, leastNeededMs);
  }

  /** What was sent at `sentAt` is taken for lost `now`, ms. */
  handleLost(sentAt: number, now: number): void {
    // What was sent before it was known belongs to the same recovery.
    if (sentAt <= this.#recoveredAt) return;
    this.#recoveredAt = now;
    if (++this.#recoveries < periodRecoveries) return;
    this.#recoveries = 0;
    this.#neededBefore = this.#needed;
    this.#needed = 0;
  }

  get #longest(): number {
    return Math.max(this.#needed, this.#neededBefore);
  }
}

/** How many recoveries what was needed is remembered, at least. */
const periodRecoveries = 16;
/** Of a short path no more than this is waited for, though it is more. */
const shortMs = 20;
const leastMarginMs = 0.5;
/** Late it was, if not by the clock. */
const leastNeededMs = 0.01;

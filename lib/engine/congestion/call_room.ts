/**
 * How much of the rate that it has found a sender uses beside a call. Several
 * transfers that each keep to their rate keep a queue together, in which the call
 * would wait and lose: as long as one does not empty in a whole round, each sends
 * less, and more again once it does (as RFC 6817 has it).
 */
export class CallRoom {
  #share = 1;
  /** The shortest round trip of this round, ms. */
  #shortest = Infinity;

  /** 1 for all of it. */
  get share(): number {
    return this.#share;
  }

  /** True while others keep the queue filled whatever this one leaves. */
  get isUseless(): boolean {
    return this.#share <= leastShare;
  }

  /** A round trip of `rtt` ms, 0 for none. */
  handleRtt(rtt: number): void {
    if (rtt > 0) this.#shortest = Math.min(this.#shortest, rtt);
  }

  /** A round is over; without a queue a round trip takes `minRtt` ms. */
  handleRound(minRtt: number): void {
    const queueMs = this.#shortest - minRtt;
    this.#shortest = Infinity;
    if (!(queueMs < Infinity)) return;
    const isQueue = queueMs > Math.max(leastQueueMs, queueShare * minRtt);
    this.#share = isQueue
      ? Math.max(leastShare, this.#share * decrease)
      : Math.min(1, this.#share + increase);
  }
}

/** What ends that are busy look like. */
const leastQueueMs = 3;
const queueShare = 0.1;
const decrease = 0.9;
const increase = 0.02;
/** Others who do not yield are not yielded to any further. */
const leastShare = 0.4;

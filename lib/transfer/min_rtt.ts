/**
 * The smallest round trip of a path, which is that without a queue. Routes
 * change, so it is forgotten after ten seconds, and later where others keep the
 * queue filled. It must be looked for, with little in flight, when it was not
 * seen for so long, or when for a shorter time nothing near it was: a queue may
 * have been there all the while, and one that was there from the start hides how
 * short the path is.
 */
export class MinRtt {
  #ms = Infinity;
  #seenAt = 0;
  #nearAt = 0;
  #patienceMs = firstQueueMs;

  /** ms; Infinity before the first. */
  get ms(): number {
    return this.#ms;
  }

  /**
   * Takes a round trip of `rtt` ms, 0 for none.
   *
   * @param isContended Others keep the queue filled.
   * @returns True when the smallest must be looked for now.
   */
  update(rtt: number, now: number, isContended = false): boolean {
    if (rtt <= 0) return false;
    const isFirst = this.#ms === Infinity;
    const lastsMs = isContended ? contendedMs : staleMs;
    const isStale = now - this.#seenAt > lastsMs;
    if (rtt <= this.#ms || isStale) {
      this.#ms = rtt;
      this.#seenAt = now;
    }
    if (rtt <= nearFactor * this.#ms + nearMs) this.#nearAt = now;
    if (isStale && !isFirst) return true;
    if (now - this.#nearAt <= this.#patienceMs) return false;
    this.#nearAt = now;
    this.#patienceMs = Math.min(patienceGrowth * this.#patienceMs, staleMs);
    return true;
  }

  /** It was looked for; what was seen meanwhile stands. */
  handleProbed(now: number, isContended = false): void {
    if (!isContended) this.#seenAt = now;
  }
}

const staleMs = 10_000;
const contendedMs = 60_000;
const nearFactor = 1.125;
const nearMs = 1;
/** How long a queue may be there at first without a look at what it hides. */
const firstQueueMs = 2_000;
const patienceGrowth = 1.5;

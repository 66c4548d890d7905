/**
 * Tells when a sender that doubles its rate has filled the path, as BBR does:
 * when the rate has not grown by a quarter for three rounds. A program that has
 * yet to be compiled is as slow as a full path for a tenth of a second or so,
 * which is many rounds of a short path: so there it must have stood still for
 * longer, unless much gets lost. Also, a program becomes faster while nothing
 * more is asked of it, and then the path was not full.
 */
export class FullPipe {
  #rate = 0;
  #rounds = 0;
  /** When the rate grew last, ms. */
  #grownAt = 0;

  /** True when the path is taken to be full. */
  get isFull(): boolean {
    return this.#rounds >= fullRounds;
  }

  /**
   * A round of doubling is over.
   *
   * @param rate The highest that was measured so far.
   * @param outcome Two overloaded rounds are enough.
   * @param now Monotonic time, ms.
   */
  handleRound(rate: number, outcome: RoundOutcome, now: number): void {
    if (this.#hasGrown(rate)) {
      this.#rate = rate;
      this.#rounds = 0;
      this.#grownAt = now;
      return;
    }
    if (outcome === "overloaded") {
      this.#rounds = fullRounds;
      return;
    }
    const mayBeSlow = outcome === "clean" && now - this.#grownAt < coldMs;
    const most = mayBeSlow ? fullRounds - 1 : fullRounds;
    this.#rounds = Math.min(this.#rounds + 1, most);
  }

  /** A later round is over; true when the path was not full after all. */
  reopen(rate: number): boolean {
    if (!this.#hasGrown(rate)) return false;
    this.#rounds = 0;
    return true;
  }

  #hasGrown(rate: number): boolean {
    return rate >= growth * this.#rate;
  }
}

/** How a round of doubling went: lossy when it lost a tenth. */
export type RoundOutcome = "clean" | "lossy" | "overloaded";

const growth = 1.25;
const fullRounds = 3;
/** How long a program that is being compiled may be no faster, ms. */
const coldMs = 120;

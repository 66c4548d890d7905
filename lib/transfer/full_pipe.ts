/**
 * Tells when a sender that doubles its rate has filled the path, as BBR does:
 * when the rate has not grown by a quarter for three rounds. A program that has
 * yet to be compiled is as slow as a full path. But it becomes faster while
 * nothing more is asked of it, and then the path was not full.
 */
export class FullPipe {
  #rate = 0;
  #rounds = 0;

  /** True when the path is taken to be full. */
  get isFull(): boolean {
    return this.#rounds >= fullRounds;
  }

  /**
   * A round of doubling is over.
   *
   * @param rate The highest that was measured so far.
   * @param isOverloaded The round lost too much: two such rounds are enough.
   */
  handleRound(rate: number, isOverloaded: boolean): void {
    if (this.#hasGrown(rate)) {
      this.#rate = rate;
      this.#rounds = 0;
      return;
    }
    this.#rounds = isOverloaded ? fullRounds : this.#rounds + 1;
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

const growth = 1.25;
const fullRounds = 3;

/** The N of `/accept N`: counts the offers of a run, of all kinds, from 1. */
export class OfferNumbers {
  #next = 1;

  /** A number that nothing has. */
  take(): number {
    return this.#next++;
  }
}

/**
 * Tells when more fragmented datagrams get lost than may: for too long a few one
 * by one, or so many at once that the receiving system can hold no more of what
 * is incomplete. As time goes by with fewer losses, earlier ones are forgiven.
 */
export class LossExcess {
  /** Lost datagrams beyond the share that may get lost, all and those apart. */
  #all = 0;
  #apart = 0;

  /**
   * Some of `size` bytes were sent and some were found lost.
   *
   * @param isApart They were lost by themselves, not with others in a buffer
   * that overflowed.
   * @returns True when it is too much; it is forgotten then.
   */
  add(sent: number, lost: number, isApart: boolean, size: number): boolean {
    const apart = isApart ? 1 : 0;
    this.#all = Math.max(this.#all + lost - overflowShare * sent, 0);
    this.#apart = Math.max(this.#apart + apart - apartShare * sent, 0);
    const isTooMuch = Math.max(this.#all, this.#apart) * size > mostBytes;
    if (isTooMuch) this.clear();
    return isTooMuch;
  }

  /** Forgets what was lost. */
  clear(): void {
    this.#all = 0;
    this.#apart = 0;
  }
}

/** Share of fragmented datagrams that may get lost one by one. */
const apartShare = 0.015;
/** Of all: more is no overflow, but a system that joins none any more. */
const overflowShare = 0.4;
/** Lost beyond that: most of what systems keep for incomplete datagrams. */
const mostBytes = 3 * 1024 * 1024;

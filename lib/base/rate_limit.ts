/** Counts events per key within each second; what it holds is bounded. */
export class RateLimit {
  readonly #perSecond: number;
  readonly #counts = new Map<string, number>();
  #second = -1;

  constructor(perSecond: number) {
    this.#perSecond = perSecond;
  }

  /** True when one more event of `key` is within the limit. */
  take(key: string, now: number): boolean {
    const second = Math.floor(now / 1000);
    if (second !== this.#second) {
      this.#second = second;
      this.#counts.clear();
    }
    const count = this.#counts.get(key) ?? 0;
    const isRoom = count > 0 || this.#counts.size < mostKeys;
    if (count >= this.#perSecond || !isRoom) return false;
    this.#counts.set(key, count + 1);
    return true;
  }
}

const mostKeys = 65_536;

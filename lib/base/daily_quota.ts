/**
 * How much each may use in a day (UTC). Kept in memory: a restart begins a new
 * count, and so does a clock that is set to another day.
 */
export class DailyQuota<Key> {
  /** What each may use; `Infinity` for any amount. */
  readonly perDay: number;
  readonly #used = new Map<Key, number>();
  #day = -1;

  constructor(perDay: number) {
    this.perDay = perDay;
  }

  /**
   * What is left for `key`.
   *
   * @param wall ms since 1970 UTC.
   */
  left(key: Key, wall: number): number {
    const day = dayOf(wall);
    if (day !== this.#day) {
      this.#day = day;
      this.#used.clear();
    }
    return this.perDay - (this.#used.get(key) ?? 0);
  }

  /** Counts `amount`; false, and nothing is counted, when it is too much. */
  take(key: Key, amount: number, wall: number): boolean {
    const left = this.left(key, wall);
    if (amount > left) return false;
    if (left !== Infinity) this.#used.set(key, this.perDay - left + amount);
    return true;
  }

  /** When the count begins anew, ms since 1970 UTC. */
  nextAt(wall: number): number {
    return (dayOf(wall) + 1) * dayMs;
  }
}

function dayOf(wall: number): number {
  return Math.floor(wall / dayMs);
}

const dayMs = 86_400_000;

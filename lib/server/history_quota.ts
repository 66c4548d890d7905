import type { Instant } from "../protocol/instant.ts";
import type { User } from "./user.ts";

/**
 * How many messages one user may add to the history in a day (UTC), so that
 * nobody fills the disk alone. Kept in memory: a restart begins a new count.
 */
export class HistoryQuota {
  /** Messages a day; 0 for any number. */
  readonly perDay: number;
  readonly #used = new Map<User, number>();
  #day = -1;

  constructor(perDay: number) {
    this.perDay = perDay;
  }

  /** Counts messages; false when they are too many. */
  take(user: User, messages: number, { wall }: Instant): boolean {
    if (this.perDay === 0) return true;
    const day = Math.floor(wall / dayMs);
    if (day !== this.#day) {
      this.#day = day;
      this.#used.clear();
    }
    const used = (this.#used.get(user) ?? 0) + messages;
    if (used > this.perDay) return false;
    this.#used.set(user, used);
    return true;
  }
}

const dayMs = 86_400_000;

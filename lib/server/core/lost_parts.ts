/**
 * Parts of calls that were lost a moment ago: the two who had one are in their
 * call still, and may connect anew, for as long as their clients try to.
 */
import { limits } from "../../wire/limits.ts";
import type { Offer } from "../model/offer_table.ts";
import type { User } from "../model/user.ts";

/** What was lost within {@link limits.lostCallMs}. All times are monotonic ms. */
export class LostParts {
  /** By offer, the oldest first. */
  readonly #byId = new Map<string, { part: Offer; until: number }>();

  /** A part that was accepted is lost; it takes the place of older ones. */
  keep(part: Offer, now: number): void {
    this.#forgetOld(now);
    const made = [...this.#byId.values()].map(({ part }) => part)
      .filter(({ from }) => from.user === part.from.user);
    for (const each of made) {
      if (each.call?.id === part.call?.id && each.to === part.to) {
        this.#byId.delete(each.id);
      }
    }
    if (made.length >= limits.offersPerUser) this.#byId.delete(made[0]!.id);
    this.#byId.set(part.id, { part, until: now + limits.lostCallMs });
  }

  /** The one of this offer. */
  find(id: string, now: number): Offer | undefined {
    this.#forgetOld(now);
    return this.#byId.get(id)?.part;
  }

  /** One of the two has left the call. */
  remove({ id }: Offer): void {
    this.#byId.delete(id);
  }

  /** Those of a user, whoever made the offer. */
  of(user: User, now: number): Offer[] {
    this.#forgetOld(now);
    return [...this.#byId.values()].map(({ part }) => part)
      .filter(({ from, to }) => from.user === user || to === user);
  }

  #forgetOld(now: number): void {
    for (const [id, { until }] of this.#byId) {
      if (until > now) return;
      this.#byId.delete(id);
    }
  }
}

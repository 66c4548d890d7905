/**
 * How fast one user may send: a token bucket for each, which fills at the rate
 * that lasts and holds some seconds of it, so that a fast typist, or a script
 * with a file of lines, notices nothing.
 *
 * A request that comes too early is refused with the time to wait, and so is
 * every later one until then: a client that had several on their way sends them
 * again in their order, and none of them overtakes another.
 */
import { limits } from "../protocol/limits.ts";
import type { User } from "./user.ts";

interface Bucket {
  tokens: number;
  /** When the tokens were counted, monotonic ms. */
  at: number;
  /** Until when nothing is taken, monotonic ms. */
  closedUntil: number;
}

/** The buckets of all users. */
export class RequestRate {
  readonly #perSecond: number;
  readonly #capacity: number;
  readonly #buckets = new WeakMap<User, Bucket>();

  /** @param perSecond Requests a second that last; 0 for no limit. */
  constructor(perSecond: number) {
    this.#perSecond = perSecond;
    this.#capacity = Math.max(
      perSecond * limits.messageBurstSeconds,
      // The largest request must fit.
      limits.messageReceivers,
    );
  }

  /**
   * Counts a request.
   *
   * @param cost How much it counts, at most {@link limits.messageReceivers}.
   * @param now Monotonic ms.
   * @returns 0 when it may be handled, else how long to wait, ms.
   */
  take(user: User, cost: number, now: number): number {
    if (this.#perSecond === 0) return 0;
    const bucket = this.#bucket(user, now);
    if (now < bucket.closedUntil) return Math.ceil(bucket.closedUntil - now);
    const earned = (now - bucket.at) * this.#perSecond / 1000;
    bucket.tokens = Math.min(bucket.tokens + earned, this.#capacity);
    bucket.at = now;
    if (bucket.tokens >= cost) {
      bucket.tokens -= cost;
      return 0;
    }
    const missing = (cost - bucket.tokens) * 1000 / this.#perSecond;
    const wait = Math.ceil(Math.max(missing, leastWaitMs));
    bucket.closedUntil = now + wait;
    return wait;
  }

  #bucket(user: User, now: number): Bucket {
    let bucket = this.#buckets.get(user);
    if (bucket === undefined) {
      bucket = { tokens: this.#capacity, at: now, closedUntil: 0 };
      this.#buckets.set(user, bucket);
    }
    return bucket;
  }
}

/** Longer than what a client had on its way takes to arrive, ms. */
const leastWaitMs = 1000;

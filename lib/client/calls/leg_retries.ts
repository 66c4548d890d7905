/**
 * When a member of a call is tried again with whom the connection was lost, but
 * who is still there for others: soon at first, then less often, and at last not
 * any more. Of the two one asks, and the other waits for that.
 */

/** What is known of one member. */
interface Retry {
  /** How often they were asked since it held. */
  tries: number;
  /** When it was lost, or they were asked, last, monotonic ms. */
  at: number;
  /** Since when they are heard. */
  openSince: number | undefined;
  /** They were asked though nobody had just come in. */
  isAgain: boolean;
  /** There is a reason not to ask. */
  isOver: boolean;
  /** Nobody says that they are there. */
  isAway: boolean;
}

/** The tries of one call. All times are monotonic ms. */
export class LegRetries {
  readonly #byUser = new Map<string, Retry>();
  /** When anybody was asked, of the last times, oldest first. */
  readonly #asked: number[] = [];

  /** When to ask somebody, who may be due; `Infinity` for not again. */
  dueAt(user: string): number {
    const retry = this.#byUser.get(user);
    const wait = retry?.isOver ? undefined : waitsMs[retry?.tries ?? 0];
    if (wait === undefined) return Infinity;
    return Math.max((retry?.at ?? -Infinity) + wait, this.#nextAt);
  }

  /** Until when to wait for somebody who asks. */
  waitsUntil(user: string): number {
    const retry = this.#byUser.get(user);
    if (retry === undefined || retry.isOver) return -Infinity;
    return retry.at + mostWaitMs;
  }

  /** Who is there, as others say. */
  handleListed(users: ReadonlySet<string>): void {
    for (const [user, retry] of this.#byUser) {
      if (!users.has(user)) {
        retry.isAway = true;
      } else if (retry.isAway) {
        // Who has come in again is another matter, but not as often as one likes.
        retry.isAway = retry.isOver = false;
        retry.tries = Math.min(retry.tries, waitsMs.length - 1);
        if (retry.tries === 0) retry.at = -Infinity;
      }
    }
  }

  /** They were asked. */
  handleTried(user: string, now: number): void {
    const retry = this.#of(user);
    retry.isAgain = retry.at > -Infinity;
    retry.tries++;
    retry.at = now;
    this.#asked.push(now);
    if (this.#asked.length > mostAsked) this.#asked.shift();
  }

  /** They are heard. */
  handleOpen(user: string, now: number): void {
    const retry = this.#of(user);
    retry.openSince = now;
    // Who had just come in was not tried again.
    if (!retry.isAgain) retry.tries = 0;
  }

  /** What led to them is over; `isOver` for a reason not to ask again. */
  handleLost(user: string, isOver: boolean, now: number): void {
    const retry = this.#of(user);
    const { openSince = Infinity } = retry;
    if (now - openSince >= heldMs) retry.tries = 0;
    retry.openSince = undefined;
    retry.at = now;
    retry.isOver = isOver;
  }

  /** A person wants them to be asked: all begins anew. */
  forget(user: string): void {
    this.#byUser.delete(user);
  }

  /** Somebody has another name. */
  rename(from: string, to: string): void {
    const retry = this.#byUser.get(from);
    this.#byUser.delete(from);
    if (retry !== undefined) this.#byUser.set(to, retry);
  }

  /** When anybody may be asked. */
  get #nextAt(): number {
    const [oldest = 0] = this.#asked;
    return this.#asked.length < mostAsked ? -Infinity : oldest + askedMs;
  }

  #of(user: string): Retry {
    for (const [other, { isAway }] of this.#byUser) {
      if (this.#byUser.size < mostUsers) break;
      if (isAway && other !== user) this.#byUser.delete(other);
    }
    const blank = { tries: 0, at: -Infinity, openSince: undefined };
    const retry = this.#byUser.get(user) ??
      { ...blank, isAgain: false, isOver: false, isAway: false };
    this.#byUser.set(user, retry);
    return retry;
  }
}

/** How long after the last time somebody is asked, ms. */
const waitsMs = [1_000, 2_000, 4_000, 8_000, 8_000];
/** Who asks does so within this, ms. */
const mostWaitMs = 20_000;
/** What held for so long is no unsteady connection, ms. */
const heldMs = 60_000;
/** Names come from others, who decide neither how many are kept */
const mostUsers = 64;
/** nor how often somebody is asked: so often in so many ms. */
const mostAsked = 40;
const askedMs = 400_000;

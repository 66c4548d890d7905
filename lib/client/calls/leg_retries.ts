/**
 * When a member of a call is tried again with whom the connection was lost: soon
 * at first, then less often, and at last not any more. Who was there is kept for a
 * minute, also when nobody else says that they are: it may be this side that lost
 * all others. Of the two one asks, and the other waits for that.
 */

/** What is known of one member. */
interface Retry {
  /** How often they were asked since it held. */
  tries: number;
  /** When it was lost, or they were asked, last, monotonic ms. */
  at: number;
  /** Since when they are heard. */
  openSince: number | undefined;
  /** They are in the call, and were not lost since that was known. */
  wasThere: boolean;
  /** Who was there and was lost is in the call until then, monotonic ms. */
  keptUntil: number;
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
    const { tries, at, isOver, keptUntil } = this.#byUser.get(user) ?? unknown;
    if (isOver || tries >= mostTries) return Infinity;
    const wait = waitsMs[tries];
    const due = Math.max(at + (wait ?? longestWaitMs), this.#nextAt);
    return wait === undefined && due > keptUntil ? Infinity : due;
  }

  /** Until when to wait for somebody who asks. */
  waitsUntil(user: string): number {
    const { at, isOver, keptUntil } = this.#byUser.get(user) ?? unknown;
    return isOver ? -Infinity : Math.max(at + mostWaitMs, keptUntil);
  }

  /** Until when somebody is in the call whom nobody hears. */
  keptUntil(user: string): number {
    const { isOver, keptUntil } = this.#byUser.get(user) ?? unknown;
    return isOver ? -Infinity : keptUntil;
  }

  /** They are in the call: when they are lost, they are kept. */
  handleThere(user: string): void {
    this.#of(user).wasThere = true;
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
    retry.wasThere = true;
    // Who had just come in was not tried again.
    if (!retry.isAgain) retry.tries = 0;
  }

  /**
   * What led to them is over; `isOver` for a reason not to ask again.
   *
   * @param isAway They were away from the server before that: their client has
   * ended, or is about to come back to both.
   */
  handleLost(
    user: string,
    isOver: boolean,
    now: number,
    isAway = false,
  ): void {
    const retry = this.#of(user);
    const { openSince = Infinity } = retry;
    if (now - openSince >= heldMs) retry.tries = 0;
    if (retry.wasThere && !isOver) {
      retry.keptUntil = now + (isAway ? awayMs : keptMs);
    }
    retry.wasThere = false;
    retry.openSince = undefined;
    retry.at = now;
    retry.isOver = isOver;
  }

  /** They have left: nobody waits for them. */
  handleLeft(user: string): void {
    this.#of(user).keptUntil = -Infinity;
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
    for (const [other, { isAway, keptUntil }] of this.#byUser) {
      if (this.#byUser.size < mostUsers) break;
      const isNobody = isAway && keptUntil === -Infinity;
      if (isNobody && other !== user) this.#byUser.delete(other);
    }
    const retry = this.#byUser.get(user) ?? { ...unknown };
    this.#byUser.set(user, retry);
    return retry;
  }
}

/** Of whom nothing is known yet. */
const unknown: Readonly<Retry> = {
  ...{ tries: 0, at: -Infinity, openSince: undefined },
  ...{ wasThere: false, keptUntil: -Infinity },
  ...{ isAgain: false, isOver: false, isAway: false },
};

/** How long after the last time somebody is asked, ms; */
const waitsMs = [1_000, 2_000, 4_000, 8_000, 8_000];
/** and after all these, who is kept. */
const longestWaitMs = 8_000;
/** How long that is, ms: a network that is changed, or a cable. */
const keptMs = 60_000;
/** The same of one who was away from the server before, ms. */
const awayMs = 20_000;
/** How often somebody is asked with whom it does not hold. */
const mostTries = 20;
/** Who asks does so within this, ms. */
const mostWaitMs = 20_000;
/** What held for so long is no unsteady connection, ms. */
const heldMs = 60_000;
/** Names come from others, who decide neither how many are kept */
const mostUsers = 64;
/** nor how often somebody is asked: so often in so many ms. */
const mostAsked = 80;
const askedMs = 400_000;

/**
 * Remembers which messages came, so that one that is delivered again after a
 * lost connection is shown once, and when to acknowledge them: the first at
 * once, so that a client that is killed has said what it showed, then, while
 * many come, many at a time. What was shown is also remembered outside
 * ({@link SeenMemory}), for a client that is killed before it can say so.
 */

/** Whose messages: message ids rise within one database, for one user. */
export interface InboxOwner {
  /** `store` of the server's hello. */
  readonly store: string;
  readonly user: string;
}

/** Where the highest id that was shown outlives the program. */
export interface SeenMemory {
  /** The id that was written last; `undefined` when there is none. */
  read(owner: InboxOwner): number | undefined;
  /** Everything up to `id` was shown. */
  write(owner: InboxOwner, id: number): void;
}

/** The messages of one user, as they come. */
export class Inbox {
  readonly #memory: SeenMemory | undefined;
  #owner: InboxOwner | undefined;
  #seen: number | undefined;
  /** What the memory has. */
  #remembered: number | undefined;
  #acknowledged = 0;
  #due: number | undefined;
  /** The next acknowledgement goes no sooner than this. */
  #notBefore = -Infinity;

  /** @param memory Without it, what was shown is forgotten with the program. */
  constructor(memory?: SeenMemory) {
    this.#memory = memory;
  }

  /**
   * Says whose messages come from now on.
   *
   * @returns The highest id that this user was shown; `undefined` for none.
   */
  open(owner: InboxOwner): number | undefined {
    const { store, user } = this.#owner ?? {};
    if (store !== owner.store || user !== owner.user) {
      this.#owner = owner;
      this.#seen = this.#memory?.read(owner);
      this.#remembered = this.#seen;
      this.#acknowledged = 0;
    }
    return this.#seen;
  }

  /** The user has another name; the messages are the same. */
  handleRenamed(user: string): void {
    if (this.#owner !== undefined) this.#owner = { ...this.#owner, user };
  }

  /** Everything that came was shown: worth remembering, before it is confirmed. */
  handleShown(): void {
    const seen = this.#seen;
    if (this.#owner === undefined || seen === this.#remembered) return;
    this.#remembered = seen;
    if (seen !== undefined) this.#memory?.write(this.#owner, seen);
  }

  /**
   * Takes the id of a message.
   *
   * @param now Monotonic ms.
   * @returns False when it came before.
   */
  handleMessage(id: number, now: number): boolean {
    this.#due ??= Math.max(now, this.#notBefore);
    if (this.#seen !== undefined && id <= this.#seen) {
      // It comes again because the acknowledgement was lost.
      this.#acknowledged = Math.min(this.#acknowledged, id - 1);
      return false;
    }
    this.#seen = id;
    return true;
  }

  /**
   * The id to acknowledge now, all before it included, if any.
   *
   * @param now Monotonic ms.
   */
  pollAcknowledge(now: number): number | undefined {
    this.#due = undefined;
    this.#notBefore = now + betweenMs;
    if (this.#seen === undefined || this.#seen <= this.#acknowledged) {
      return undefined;
    }
    this.#acknowledged = this.#seen;
    return this.#seen;
  }

  /** The connection is gone; `seen` tells the next one what came. */
  handleDisconnected(): void {
    this.#due = undefined;
  }

  /** When {@link pollAcknowledge} is due, monotonic ms. */
  pollTimeout(): number | undefined {
    return this.#due;
  }
}

/**
 * Least time between two acknowledgements, ms. It is short because under TLS the
 * server's system holds back a small write until the one before is acknowledged
 * (RFC 896), and without anything to send, systems do that only after 40 ms.
 */
const betweenMs = 5;

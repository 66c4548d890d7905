/**
 * Remembers which messages came, so that one that is delivered again after a
 * lost connection is shown once, and when to acknowledge them: the first at
 * once, so that a client that is killed has said what it showed, then, while
 * many come, many at a time.
 */
export class Inbox {
  #seen: number | undefined;
  #acknowledged = 0;
  #due: number | undefined;
  /** The next acknowledgement goes no sooner than this. */
  #notBefore = -Infinity;

  /** Highest message id that came; `undefined` before the first. */
  get seen(): number | undefined {
    return this.#seen;
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

/**
 * Which connections have something to write. A delivery to a thousand members
 * costs one queue push each; a connection is listed once however many frames it
 * gets before the shell asks. What can wait a moment is written with what comes
 * next, or a little later: in a storm of logins everybody is told of each, which
 * would be the square of them in writes.
 */
import type { Connection } from "./connection.ts";
import type { ConnectionId } from "./server_action.ts";

/** The connections with new frames, and those that could not take one. */
export class Outbox {
  #listed: Connection[] = [];
  #overflowed: Connection[] = [];
  /** Those whose frames can wait, and until when, monotonic ms. */
  #later: Connection[] = [];
  #laterAt = Infinity;

  /** Lists a connection whose queue got a frame. */
  note(connection: Connection): void {
    if (connection.listed) return;
    connection.listed = true;
    this.#listed.push(connection);
  }

  /**
   * Lists a connection whose queue got a frame that can wait.
   *
   * @param now Monotonic ms.
   */
  noteLater(connection: Connection, now: number): void {
    if (connection.listed || connection.listedLater) return;
    connection.listedLater = true;
    this.#later.push(connection);
    if (this.#laterAt === Infinity) this.#laterAt = now + laterMs;
  }

  /** When to {@link take} what could wait, monotonic ms; else `Infinity`. */
  get timeout(): number {
    return this.#laterAt;
  }

  /** Lists a connection whose queue was full. */
  noteOverflow(connection: Connection): void {
    this.#overflowed.push(connection);
  }

  /** The connections that got frames since the last call. */
  take(now: number): ConnectionId[] {
    if (now >= this.#laterAt) this.#takeLater();
    const listed = this.#listed;
    if (listed.length === 0) return [];
    this.#listed = [];
    return listed.map((connection) => {
      connection.listed = false;
      connection.lastSent = now;
      return connection.id;
    });
  }

  /** The next connection whose queue was full. */
  takeOverflow(): Connection | undefined {
    return this.#overflowed.pop();
  }

  #takeLater(): void {
    for (const connection of this.#later) {
      connection.listedLater = false;
      // What was queued may have gone with something else.
      if (connection.queue.bytes > 0) this.note(connection);
    }
    this.#later = [];
    this.#laterAt = Infinity;
  }
}

/** How long what can wait does so at most, ms. */
const laterMs = 100;

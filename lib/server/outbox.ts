/**
 * Which connections have something to write. A delivery to a thousand members
 * costs one queue push each; a connection is listed once however many frames it
 * gets before the shell asks.
 */
import type { Connection } from "./connection.ts";
import type { ConnectionId } from "./server_action.ts";

/** The connections with new frames, and those that could not take one. */
export class Outbox {
  #listed: Connection[] = [];
  #overflowed: Connection[] = [];

  /** Lists a connection whose queue got a frame. */
  note(connection: Connection): void {
    if (connection.listed) return;
    connection.listed = true;
    this.#listed.push(connection);
  }

  /** Lists a connection whose queue was full. */
  noteOverflow(connection: Connection): void {
    this.#overflowed.push(connection);
  }

  /** The connections that got frames since the last call. */
  take(now: number): ConnectionId[] {
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
}

import { networkOf } from "../protocol/ip_address.ts";
import { limits } from "../protocol/limits.ts";
import type { Connection } from "./connection.ts";

/**
 * Counts the connections that are not logged in, which are few by rule. Where
 * there are too many, the one that has been there longest makes room for the
 * new one if it had time enough to log in: else a few connections that do
 * nothing would keep everybody out.
 */
export class Newcomers {
  /** By network, and in each the oldest first. */
  readonly #byNetwork = new Map<string, Set<Connection>>();
  /** All, the oldest first. */
  readonly #connections = new Set<Connection>();
  readonly #perAddress: number;

  /** @param perAddress Connections that one address may have among them. */
  constructor(perAddress: number = limits.unauthenticatedPerAddress) {
    this.#perAddress = perAddress;
  }

  /**
   * Lets a connection in, or not.
   *
   * @param now Monotonic ms.
   * @returns Who has to go: nobody, an older connection, or this one.
   */
  add(connection: Connection, now: number): Connection | undefined {
    const network = networkOf(connection.remote.ip);
    const ofNetwork = this.#byNetwork.get(network) ?? new Set();
    const crowded = ofNetwork.size >= this.#perAddress
      ? ofNetwork
      : this.#connections.size >= limits.unauthenticated
      ? this.#connections
      : undefined;
    const goes = crowded && oldest(crowded);
    if (crowded !== undefined) {
      if (goes === undefined || now - goes.openedAt < limits.makeRoomMs) {
        return connection;
      }
      this.remove(goes);
    }
    ofNetwork.add(connection);
    this.#byNetwork.set(network, ofNetwork);
    this.#connections.add(connection);
    return goes;
  }

  /** The connection is logged in, or closed. */
  remove(connection: Connection): void {
    if (!this.#connections.delete(connection)) return;
    const network = networkOf(connection.remote.ip);
    const ofNetwork = this.#byNetwork.get(network);
    ofNetwork?.delete(connection);
    if (ofNetwork?.size === 0) this.#byNetwork.delete(network);
  }
}

/** The one that came first, of those that do not wait for the server itself. */
function oldest(connections: Iterable<Connection>): Connection | undefined {
  for (const each of connections) {
    if (!each.entering && each.login?.waiting === undefined) return each;
  }
  return undefined;
}

import { limits } from "../protocol/limits.ts";
import type { Connection } from "./connection.ts";

/** Counts the connections that are not logged in, which are few by rule. */
export class Newcomers {
  readonly #connections = new Set<Connection>();
  readonly #byAddress = new Map<string, number>();
  readonly #perAddress: number;

  /** @param perAddress Connections that one address may have among them. */
  constructor(perAddress: number = limits.unauthenticatedPerAddress) {
    this.#perAddress = perAddress;
  }

  /** Lets a connection in; false when there are too many. */
  add(connection: Connection): boolean {
    const { ip } = connection.remote;
    const ofAddress = this.#byAddress.get(ip) ?? 0;
    if (
      ofAddress >= this.#perAddress ||
      this.#connections.size >= limits.unauthenticated
    ) return false;
    this.#connections.add(connection);
    this.#byAddress.set(ip, ofAddress + 1);
    return true;
  }

  /** The connection is logged in, or closed. */
  remove(connection: Connection): void {
    if (!this.#connections.delete(connection)) return;
    const { ip } = connection.remote;
    const left = (this.#byAddress.get(ip) ?? 1) - 1;
    if (left > 0) this.#byAddress.set(ip, left);
    else this.#byAddress.delete(ip);
  }
}

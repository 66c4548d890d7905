/**
 * How fast one user may send: a token bucket for each, which fills at the rate
 * that lasts and holds some seconds of it, so that a fast typist, or a script
 * with a file of lines, notices nothing.
 *
 * A request that comes too early is refused with the time to wait, and so is
 * every later one until then: a client that had several on their way sends them
 * again in their order, and none of them overtakes another.
 */
import { limits } from "../../wire/limits.ts";
import type { User } from "../model/user.ts";
import { TokenBucket } from "../../base/token_bucket.ts";
import { networkOf } from "../../base/ip_address.ts";
import type { Connection } from "../model/connection.ts";

interface Pace {
  readonly bucket: TokenBucket;
  /** Until when nothing is taken, monotonic ms. */
  closedUntil: number;
}

/** How fast all users are. */
export class RequestRate {
  readonly #perSecond: number;
  readonly #capacity: number;
  readonly #paces = new WeakMap<User, Pace>();

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
    const pace = this.#pace(user, now);
    if (now < pace.closedUntil) return Math.ceil(pace.closedUntil - now);
    const missing = pace.bucket.take(cost, now);
    if (missing === 0) return 0;
    const wait = Math.ceil(Math.max(missing, leastWaitMs));
    pace.closedUntil = now + wait;
    return wait;
  }

  #pace(user: User, now: number): Pace {
    let pace = this.#paces.get(user);
    if (pace === undefined) {
      const bucket = new TokenBucket(
        this.#perSecond / 1000,
        this.#capacity,
        now,
      );
      pace = { bucket, closedUntil: 0 };
      this.#paces.set(user, pace);
    }
    return pace;
  }
}

/** Longer than what a client had on its way takes to arrive, ms. */
const leastWaitMs = 1000;

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
  readonly #most: number;

  /**
   * @param perAddress Connections that one address may have among them.
   * @param most Connections in all.
   */
  constructor(
    perAddress: number = limits.unauthenticatedPerAddress,
    most: number = limits.unauthenticated,
  ) {
    this.#perAddress = perAddress;
    this.#most = most;
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
      : this.#connections.size >= this.#most
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

/**
 * How many connections that are not logged in a server may have that can open
 * `files` more: strangers are to leave half of them to people, after what the
 * server needs itself. Even where that is next to nothing some may log in.
 */
export function newcomersWithin(files: number): number {
  const shared = Math.floor((files - limits.reservedFiles) / 2);
  return Math.min(
    limits.unauthenticated,
    Math.max(limits.unauthenticatedPerAddress, shared),
  );
}

/**
 * How many connections a server may have that can open `files` more: with none
 * left it could write no log, and see no other password. Even where that is next
 * to nothing it is twice what {@link newcomersWithin} leaves to strangers: where
 * they alone made it full, nobody would come in for whom one of them makes room.
 */
export function connectionsWithin(files: number): number {
  return files >= enoughFiles
    ? Infinity
    : Math.max(2 * limits.unauthenticatedPerAddress, files - limits.ownFiles);
}

/** From how many files on there is no need to save any. */
export const enoughFiles = 2 * limits.unauthenticated + limits.reservedFiles;

/** The one that came first, of those that do not wait for the server itself. */
function oldest(connections: Iterable<Connection>): Connection | undefined {
  for (const each of connections) {
    if (!each.entering && each.login?.waiting === undefined) return each;
  }
  return undefined;
}

// Failed logins by address, beside the lockout by name: whoever tries one
// password with many names, or many names at all, is slowed down. Each login
// takes a token of its address as it begins and gives it back when it succeeds;
// tokens come back with time.
//
// Others behind the same address are not to suffer: a name that has logged in
// from there before is let through, to its own lockout.

/** What is left to each address. */
export class FailedLogins {
  readonly #perMinute: number;
  /** The one longest without a login first. */
  readonly #addresses = new Map<string, TokenBucket>();
  /** Names that logged in, with their address; the oldest first. */
  readonly #known = new Set<string>();

  /** @param perMinute Failures of one address in a minute; 0 for no limit. */
  constructor(perMinute: number) {
    this.#perMinute = perMinute;
  }

  /** Addresses remembered. */
  get size(): number {
    return this.#addresses.size;
  }

  /**
   * A login of `name` begins.
   *
   * @param address As `networkOf` gives it.
   * @param now Monotonic ms.
   * @returns 0 when it may go on, else how long to wait, ms.
   */
  take(address: string, name: string, now: number): number {
    if (this.#perMinute === 0 || this.#known.has(pair(address, name))) return 0;
    const bucket = this.#addresses.get(address) ??
      new TokenBucket(this.#perMinute / minuteMs, this.#perMinute, now);
    remember(this.#addresses, address, bucket);
    return Math.ceil(bucket.take(1, now));
  }

  /** The login of `name` succeeded. */
  handleSuccess(address: string, name: string): void {
    if (this.#perMinute === 0) return;
    const key = pair(address, name);
    if (!this.#known.has(key)) this.#addresses.get(address)?.give(1);
    this.#known.delete(key);
    this.#known.add(key);
    if (this.#known.size > limits.failingAddresses) dropFirst(this.#known);
  }
}

function pair(address: string, name: string): string {
  return `${address} ${name}`;
}

/** Puts an entry at the end and keeps the map within its bounds. */
function remember<V>(map: Map<string, V>, key: string, value: V): void {
  map.delete(key);
  map.set(key, value);
  if (map.size > limits.failingAddresses) dropFirst(map);
}

function dropFirst(
  keys: { keys(): Iterator<string>; delete(key: string): boolean },
): void {
  const first = keys.keys().next().value;
  if (first !== undefined) keys.delete(first);
}

const minuteMs = 60_000;

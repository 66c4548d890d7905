/**
 * Failed logins by address, beside the lockout by name: whoever tries one
 * password with many names, or many names at all, is slowed down. Each login
 * takes a token of its address as it begins and gives it back when it succeeds;
 * tokens come back with time.
 *
 * Others behind the same address are not to suffer: a name that has logged in
 * from there before is let through, to its own lockout.
 */
import { limits } from "../protocol/limits.ts";

interface Tokens {
  count: number;
  /** When they were counted, monotonic ms. */
  at: number;
}

/** What is left to each address. */
export class FailedLogins {
  readonly #perMinute: number;
  /** The one longest without a login first. */
  readonly #addresses = new Map<string, Tokens>();
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
    const tokens = this.#addresses.get(address) ??
      { count: this.#perMinute, at: now };
    const earned = (now - tokens.at) * this.#perMinute / minuteMs;
    tokens.count = Math.min(tokens.count + earned, this.#perMinute);
    tokens.at = now;
    remember(this.#addresses, address, tokens);
    if (tokens.count < 1) {
      return Math.ceil((1 - tokens.count) * minuteMs / this.#perMinute);
    }
    tokens.count--;
    return 0;
  }

  /** The login of `name` succeeded. */
  handleSuccess(address: string, name: string): void {
    if (this.#perMinute === 0) return;
    const tokens = this.#addresses.get(address);
    const key = pair(address, name);
    if (tokens !== undefined && !this.#known.has(key)) {
      tokens.count = Math.min(tokens.count + 1, this.#perMinute);
    }
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

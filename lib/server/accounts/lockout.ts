/**
 * Counts consecutive failed logins by name, over all connections and addresses,
 * and locks a name for a while when there were too many.
 *
 * Names that have an account are always remembered: they are as many as there
 * are accounts. Of other names, which anybody can make up, the table holds a
 * bounded number: when it is full the one that failed longest ago is forgotten,
 * if possible one that is not locked. All of it outlives the server: what changed
 * is taken for the store, and put back at the start.
 */
import type { Instant } from "../../base/ports.ts";
import type { StoredFailures } from "../model/store.ts";

interface Entry {
  failures: number;
  /** Monotonic ms; `undefined` while not locked. */
  blockedUntil: number | undefined;
}

/** What a {@link Lockout} is made of. */
export interface LockoutOptions {
  /** Consecutive failures that lock a name. */
  readonly attempts: number;
  /** How long it stays locked, ms. */
  readonly blockMs: number;
  /** Names without an account to remember; 10,000 by default. */
  readonly capacity?: number;
}

/** What follows from a failed login. */
export interface FailureVerdict {
  /** How many more lock the name; 0 when it is locked now. */
  readonly attempts: number;
  /** How long it is locked, ms; 0 while it is not. */
  readonly wait: number;
}

/** Failed logins by name. Times are monotonic ms. */
export class Lockout {
  readonly #attempts: number;
  readonly #blockMs: number;
  readonly #capacity: number;
  /** Names of accounts. */
  readonly #known = new Map<string, Entry>();
  /** Other names, the one that failed longest ago first. */
  readonly #unknown = new Map<string, Entry>();
  /** Names of which something else is to be stored than before. */
  readonly #changed = new Set<string>();

  constructor(options: LockoutOptions) {
    this.#attempts = options.attempts;
    this.#blockMs = options.blockMs;
    this.#capacity = options.capacity ?? 10_000;
  }

  /** Names remembered that have no account. */
  get unknownNames(): number {
    return this.#unknown.size;
  }

  /** For how long `name` is still locked, ms; 0 when it is not. */
  blockedFor(name: string, now: number): number {
    const until = this.#current(name, now)?.blockedUntil;
    return until === undefined ? 0 : until - now;
  }

  /** Counts a failure. A name that is locked stays so and not longer. */
  handleFailure(name: string, isKnown: boolean, now: number): FailureVerdict {
    const entry = this.#current(name, now) ??
      { failures: 0, blockedUntil: undefined };
    if (entry.blockedUntil !== undefined) {
      return { attempts: 0, wait: entry.blockedUntil - now };
    }
    entry.failures++;
    const attempts = Math.max(0, this.#attempts - entry.failures);
    if (attempts === 0) entry.blockedUntil = now + this.#blockMs;
    this.#forget(name);
    (isKnown ? this.#known : this.#unknown).set(name, entry);
    this.#changed.add(name);
    if (this.#unknown.size > this.#capacity) this.#evict(now);
    return { attempts, wait: attempts === 0 ? this.#blockMs : 0 };
  }

  /**
   * Takes up what the store knew when the server started.
   *
   * @param names.nameOf The name by which one is counted; earlier versions
   * counted each spelling for itself.
   */
  restore(
    stored: readonly StoredFailures[],
    names: {
      nameOf(name: string): string;
      isKnown(name: string): boolean;
    },
    { mono, wall }: Instant,
  ): void {
    for (const { name: spelled, failures, until } of stored) {
      const name = names.nameOf(spelled);
      if (name !== spelled) this.#changed.add(spelled).add(name);
      // Whatever the clock says now, no lock is longer than locks are.
      const left = Math.min((until ?? wall) - wall, this.#blockMs);
      const blockedUntil = until === undefined ? undefined : mono + left;
      if (until !== undefined && left <= 0) {
        this.#changed.add(name);
        continue;
      }
      const entry = { failures, blockedUntil };
      const other = this.#current(name, mono);
      if (other !== undefined && !isWorse(entry, other)) continue;
      (names.isKnown(name) ? this.#known : this.#unknown).set(name, entry);
      if (this.#unknown.size > this.#capacity) this.#evict(mono);
    }
  }

  /** The names of which something else is to be stored since the last call. */
  takeChanged(): string[] {
    const names = [...this.#changed];
    this.#changed.clear();
    return names;
  }

  /** A name as it is to be stored now; without failures, nothing is. */
  toStored(name: string, { mono, wall }: Instant): StoredFailures {
    const { failures = 0, blockedUntil } = this.#current(name, mono) ?? {};
    return blockedUntil === undefined
      ? { name, failures }
      : { name, failures, until: wall + Math.ceil(blockedUntil - mono) };
  }

  /** A login succeeded: the count starts afresh. */
  handleSuccess(name: string): void {
    this.#forget(name);
  }

  /** Forgets lock and count; `true` when there was either. */
  unlock(name: string): boolean {
    return this.#forget(name);
  }

  /** The account is gone: nothing of it is kept any more. */
  handleRemoved(name: string): void {
    if (this.#known.delete(name)) this.#changed.add(name);
  }

  /** The entry of `name`; one whose lock has ended is forgotten. */
  #current(name: string, now: number): Entry | undefined {
    const entry = this.#known.get(name) ?? this.#unknown.get(name);
    const until = entry?.blockedUntil;
    if (until === undefined || now < until) return entry;
    this.#forget(name);
    return undefined;
  }

  #forget(name: string): boolean {
    const wasKnown = this.#known.delete(name);
    const isForgotten = this.#unknown.delete(name) || wasKnown;
    if (isForgotten) this.#changed.add(name);
    return isForgotten;
  }

  #evict(now: number): void {
    let searched = 0;
    for (const [name, { blockedUntil }] of this.#unknown) {
      if (blockedUntil === undefined || blockedUntil <= now) {
        this.#forget(name);
        return;
      }
      // Locked names at the front mean a flood: no long search at each failure.
      if (++searched === maxSearch) break;
    }
    const oldest = this.#unknown.keys().next().value;
    if (oldest !== undefined) this.#forget(oldest);
  }
}

function isWorse(one: Entry, other: Entry): boolean {
  const { blockedUntil = 0, failures } = one;
  const { blockedUntil: until = 0 } = other;
  return blockedUntil === until
    ? failures > other.failures
    : blockedUntil > until;
}

const maxSearch = 100;

/**
 * Counts consecutive failed logins by name, over all connections and addresses,
 * and locks a name for a while when there were too many (SPEC.md §2).
 *
 * Names that have an account are always remembered: they are as many as there
 * are accounts. Of other names, which anybody can make up, the table holds a
 * bounded number: when it is full the one that failed longest ago is forgotten,
 * if possible one that is not locked.
 */

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

/** Failed logins by name. Times are monotonic ms. */
export class Lockout {
  readonly #attempts: number;
  readonly #blockMs: number;
  readonly #capacity: number;
  /** Names of accounts. */
  readonly #known = new Map<string, Entry>();
  /** Other names, the one that failed longest ago first. */
  readonly #unknown = new Map<string, Entry>();

  constructor(options: LockoutOptions) {
    this.#attempts = options.attempts;
    this.#blockMs = options.blockMs;
    this.#capacity = options.capacity ?? 10_000;
  }

  /** Names remembered that have no account. */
  get unknownNames(): number {
    return this.#unknown.size;
  }

  /** True while `name` is locked. */
  isBlocked(name: string, now: number): boolean {
    return this.#current(name, now)?.blockedUntil !== undefined;
  }

  /**
   * Counts a failure; `true` when it locked the name. One that is locked
   * already stays so and is not locked longer.
   */
  handleFailure(name: string, isKnown: boolean, now: number): boolean {
    const entry = this.#current(name, now) ??
      { failures: 0, blockedUntil: undefined };
    if (entry.blockedUntil !== undefined) return false;
    entry.failures++;
    const blocks = entry.failures >= this.#attempts;
    if (blocks) entry.blockedUntil = now + this.#blockMs;
    this.#forget(name);
    (isKnown ? this.#known : this.#unknown).set(name, entry);
    if (this.#unknown.size > this.#capacity) this.#evict(now);
    return blocks;
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
    this.#known.delete(name);
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
    return this.#unknown.delete(name) || wasKnown;
  }

  #evict(now: number): void {
    let searched = 0;
    for (const [name, { blockedUntil }] of this.#unknown) {
      if (blockedUntil === undefined || blockedUntil <= now) {
        this.#unknown.delete(name);
        return;
      }
      // Locked names at the front mean a flood: no long search at each failure.
      if (++searched === maxSearch) break;
    }
    const oldest = this.#unknown.keys().next().value;
    if (oldest !== undefined) this.#unknown.delete(oldest);
  }
}

const maxSearch = 100;

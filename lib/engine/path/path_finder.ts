/**
 * Finds an address at which the other side answers, out of all it named: every
 * address is probed at once, again after a growing pause; both sides do so, which
 * also opens the way through address translators. The first that answers is
 * used, until a better one does. When none has answered for a while, the relay
 * is tried as well. A path is a number that the shell gives to an address.
 *
 * Which of several paths is used is for one end, the sender, to choose; the
 * other follows where the data comes from. Both sides answer probes in any
 * state, so probes also tell whether the other side still lives, keep address
 * translators from forgetting, and carry the padding for finding the datagram
 * size.
 */
import { transferLimits } from "../packets/limits.ts";

/** How paths compare; all alike and no relay by default. */
export interface PathOptions {
  /** Lower is better; those of one rank compete by round-trip time. */
  readonly rankOf?: (path: number) => number;
  /** The path through the server. */
  readonly relay?: number;
  /** Without a direct path for this long, it is tried, ms; 3,000 by default. */
  readonly relayAfterMs?: number;
  /** True for the end that chooses among several paths. Default false. */
  readonly chooses?: boolean;
}

/** Path finding of one end. */
export class PathFinder {
  readonly #paths: number[] = [];
  readonly #rankOf: (path: number) => number;
  readonly #relay: number;
  readonly #relayAfterMs: number;
  readonly #chooses: boolean;
  readonly #validated = new Set<number>();
  /** Smallest round trip of each path that answered a probe, ms. */
  readonly #roundTrips = new Map<number, number>();
  /** When a path became known, if another was in use then, ms. */
  readonly #addedAt = new Map<number, number>();
  readonly #tokenSentAt = new Float64Array(tokens);
  readonly #tokenPath = new Int32Array(tokens);
  #nextToken = 1;
  #active = -1;
  #hasMoved = false;
  #activeHeardAt = -Infinity;
  /** The path in use does not answer, though it has not been silent for long. */
  #isSuspect = false;
  #heardAt: number;
  /** Next in turn of a round of probes. */
  #roundIndex = 0;
  #round = 0;
  #roundAt: number;
  #keepAliveAt = Infinity;
  #challenged = -1;
  #challengeAt = -Infinity;
  #startedAt: number;
  /** When this end last ran, and since when it has without a break. */
  #ranAt: number;
  #awakeSince: number;
  /** The other side sleeps, as far as is known. */
  #isAwaited = false;

  constructor(
    paths: readonly number[],
    now: number,
    options: PathOptions = {},
  ) {
    this.#rankOf = options.rankOf ?? (() => 0);
    this.#relay = options.relay ?? -1;
    this.#relayAfterMs = options.relayAfterMs ?? transferLimits.relayAfterMs;
    this.#chooses = options.chooses ?? false;
    this.#heardAt = now;
    this.#startedAt = now;
    this.#ranAt = now;
    this.#awakeSince = now;
    this.#roundAt = now;
    for (const path of paths) this.add(path, now);
  }

  /** The path in use, -1 while there is none. */
  get active(): number {
    return this.#active;
  }

  /** True when the path in use leads through the server. */
  get isRelayed(): boolean {
    return this.#relay >= 0 && this.active === this.#relay;
  }

  /** When an authentic control datagram came last, ms; at first, the start. */
  get heardAt(): number {
    return this.#heardAt;
  }

  /**
   * Since when this end has run without a break, ms. Before, it could not hear
   * anything: what came meanwhile is read only after its timers.
   */
  get awakeSince(): number {
    return this.#awakeSince;
  }

  /** When the other side is given up, ms. */
  get giveUpAt(): number {
    const heardAt = Math.max(this.#heardAt, this.#awakeSince);
    if (this.#active < 0) return this.#awakeSince + transferLimits.connectMs;
    const { awayMs, idleMs } = transferLimits;
    return heardAt + (this.#isAwaited ? awayMs : idleMs);
  }

  /** This end runs: after a break it may have slept. */
  handleTimeout(now: number): void {
    if (now - this.#ranAt >= transferLimits.sleepMs) this.#awakeSince = now;
    this.#ranAt = now;
  }

  /** The other side sleeps, and is waited for until it is heard. */
  handleAsleep(): void {
    this.#isAwaited = true;
  }

  /** The other side may be at `path`, too. */
  add(path: number, now: number): void {
    const isRoom = this.#paths.length < transferLimits.paths;
    const isKnown = this.#paths.includes(path) || path === this.#relay;
    if (!isRoom || isKnown || path < 0) return;
    this.#paths.push(path);
    // The other side may have moved there, whatever is in use now.
    if (this.#active >= 0) this.#addedAt.set(path, now);
    this.#round = 0;
    this.#roundAt = Math.min(this.#roundAt, now);
  }

  /** True when the other side is known to be at `path`. */
  isValidated(path: number): boolean {
    return this.#validated.has(path);
  }

  /** Smallest round trip measured by probes, ms; 0 while there is none. */
  minRoundTrip(path: number): number {
    return this.#roundTrips.get(path) ?? 0;
  }

  /** True when the path in use changed since the last call. */
  takeMoved(): boolean {
    const hasMoved = this.#hasMoved;
    this.#hasMoved = false;
    return hasMoved;
  }

  /**
   * An authentic datagram came from `path`. True when this changed the path in
   * use: the first one, or one that took the place of a path gone silent.
   */
  handleHeard(path: number, now: number): boolean {
    this.#heardAt = now;
    this.#isAwaited = false;
    this.#keepAliveAt = now + transferLimits.keepAliveMs;
    if (path === this.#active) {
      this.#activeHeardAt = now;
      this.#isSuspect = false;
      return false;
    }
    if (!this.#validated.has(path)) {
      if (this.#validated.size >= 2 * transferLimits.paths) return false;
      this.#validated.add(path);
    }
    if (this.#active >= 0 && !this.#isSilent(now)) return false;
    this.#use(path, now);
    return true;
  }

  /** A probe over `path` was answered; the end that chooses may move there. */
  handleRoundTrip(path: number, roundTrip: number, now: number): void {
    const known = this.#roundTrips.get(path) ?? Infinity;
    if (
      this.#roundTrips.size >= 2 * transferLimits.paths && known === Infinity
    ) {
      return;
    }
    this.#roundTrips.set(path, Math.min(roundTrip, known));
    if (this.#chooses && this.#isBetter(path)) this.#use(path, now);
  }

  /**
   * What was sent is not answered: the other side, or this one, may be elsewhere
   * now. Asks everywhere at once, and uses whatever answers.
   */
  handleUnanswered(now: number): void {
    const isLong = now - this.#activeHeardAt >= suspectMs;
    if (this.#active < 0 || this.#isSuspect || !isLong) return;
    this.#isSuspect = true;
    this.#round = 0;
    this.#roundIndex = 0;
    this.#roundAt = now;
  }

  /**
   * Data with an authentic header came from `path`: it is used from now on if
   * the other side is known to be there, else that is asked first, because data
   * can be heard and sent again by someone else.
   */
  handleData(path: number, now: number): void {
    if (path === this.#active) return;
    if (this.#validated.has(path)) this.#use(path, this.#activeHeardAt);
    else if (now >= this.#challengeAt) {
      this.#challengeAt = now + challengePauseMs;
      this.#challenged = path;
    }
  }

  /**
   * The path to probe now, -1 for none. Drain it: after the last one the
   * deadline moves on.
   */
  pollProbe(now: number): number {
    const challenged = this.#challenged;
    this.#challenged = -1;
    if (challenged >= 0) return challenged;
    if (this.#active >= 0 && now >= this.#keepAliveAt) {
      this.#keepAliveAt = now + this.#pace(now, transferLimits.keepAliveMs);
      // When this is not answered, the next round asks everywhere.
      this.#round = Math.min(this.#round, silentRound);
      this.#roundAt = Math.min(this.#roundAt, now);
      return this.#active;
    }
    if (now < this.#roundAt) return -1;
    while (this.#roundIndex <= this.#paths.length) {
      const index = this.#roundIndex++;
      const path = index < this.#paths.length
        ? this.#paths[index]!
        : this.#mayRelay(now)
        ? this.#relay
        : -1;
      if (path >= 0 && this.#isOfInterest(path, now)) return path;
    }
    this.#roundIndex = 0;
    this.#roundAt = this.#nextRoundAt(now);
    return -1;
  }

  /** When {@link pollProbe} has something, ms. */
  deadline(): number {
    if (this.#challenged >= 0) return -Infinity;
    return this.#active >= 0
      ? Math.min(this.#keepAliveAt, this.#roundAt)
      : this.#roundAt;
  }

  /** A fresh token for a probe that leaves now over `path`. */
  issueToken(path: number, now: number): number {
    const token = this.#nextToken++;
    this.#tokenSentAt[token % tokens] = now;
    this.#tokenPath[token % tokens] = path;
    return token;
  }

  /** Round trip of an answered probe, ms; -1 for a token that is not ours. */
  roundTrip(token: number, path: number, now: number): number {
    const isKnown = token < this.#nextToken && token > 0 &&
      token > this.#nextToken - 1 - tokens &&
      this.#tokenPath[token % tokens] === path;
    return isKnown ? now - this.#tokenSentAt[token % tokens]! : -1;
  }

  #use(path: number, heardAt: number): void {
    if (path === this.#active) return;
    this.#active = path;
    this.#activeHeardAt = heardAt;
    this.#isSuspect = false;
    this.#hasMoved = true;
    // A worse one than hoped for: look again now and then.
    if (this.#roundAt === Infinity) this.#roundAt = heardAt + recheckMs;
  }

  /** Ranks decide; of one rank only a clearly shorter way is worth a move. */
  #isBetter(path: number): boolean {
    if (path === this.#active) return false;
    if (this.#active < 0) return true;
    const rank = this.#rankOf(path) - this.#rankOf(this.#active);
    if (rank !== 0) return rank < 0;
    const current = this.#roundTrips.get(this.#active);
    return current !== undefined &&
      this.minRoundTrip(path) + leastGainMs < 0.7 * current;
  }

  /** Whether a round of probes has reason to ask at `path`. */
  #isOfInterest(path: number, now: number): boolean {
    if (this.#active < 0) return true;
    if (this.#isSilent(now)) return true;
    if (path === this.#active) return !this.#roundTrips.has(path);
    const rank = this.#rankOf(path) - this.#rankOf(this.#active);
    if (rank < 0) return true;
    const isAsked = this.#roundTrips.has(path);
    const addedAt = this.#addedAt.get(path) ?? -Infinity;
    if (now - addedAt < settleMs && !isAsked) return true;
    const isEarly = now - this.#startedAt < settleMs;
    return rank === 0 && isEarly && !isAsked;
  }

  #nextRoundAt(now: number): number {
    const pause = Math.min(firstPauseMs * 1.5 ** this.#round++, maxPauseMs);
    const newest = Math.max(this.#startedAt, ...this.#addedAt.values());
    const isEarly = now - newest < settleMs;
    if (this.#active < 0 || isEarly || this.#isSilent(now)) {
      return now + this.#pace(now, pause);
    }
    const mayImprove = this.#paths.some((path) =>
      this.#rankOf(path) < this.#rankOf(this.#active)
    );
    return mayImprove ? now + Math.max(pause, recheckMs) : Infinity;
  }

  /** Who has been silent for long is asked less often. */
  #pace(now: number, pause: number): number {
    const isLong = now - this.#heardAt > longMs && this.#active >= 0;
    return isLong ? Math.max(pause, longPauseMs) : pause;
  }

  #mayRelay(now: number): boolean {
    const since = this.#active < 0 ? this.#startedAt : this.#activeHeardAt;
    return this.#relay >= 0 && now - since >= this.#relayAfterMs;
  }

  /** Nothing came over the path in use for longer than a live one is quiet. */
  #isSilent(now: number): boolean {
    return this.#isSuspect ||
      now - this.#activeHeardAt > transferLimits.silentMs;
  }
}

const tokens = 128;
const firstPauseMs = 30;
const maxPauseMs = 1_000;
/** Where the growing pauses start when the path in use has gone silent. */
const silentRound = 5;
const challengePauseMs = 50;
/** A silence in which it is asked less often, and how often then. */
const longMs = 60_000;
const longPauseMs = 4_000;
/** A path that was heard this recently only lost what was sent. */
const suspectMs = 300;
/** How long paths that are no worse are looked for after the start. */
const settleMs = 2_000;
/** How often better ones are looked for later. */
const recheckMs = 5_000;
const leastGainMs = 1;

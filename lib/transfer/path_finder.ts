/**
 * Finds an address at which the other side answers, out of all it named: every
 * address is probed at once, again after a growing pause; both sides do so, which
 * also opens the way through address translators. The first that answers is
 * used. A path is a number that the shell gives to an address.
 *
 * Both sides answer probes in any state, so probes also tell whether the other
 * side still lives and carry the padding for finding the datagram size.
 */
import { transferLimits } from "./transfer_limits.ts";

/** Path finding of one end. */
export class PathFinder {
  readonly #paths: number[] = [];
  readonly #validated = new Set<number>();
  readonly #tokenSentAt = new Float64Array(tokens);
  readonly #tokenPath = new Int32Array(tokens);
  #nextToken = 1;
  #active = -1;
  #activeHeardAt = -Infinity;
  #heardAt: number;
  #probeIndex = 0;
  #probeRound = 0;
  #probeAt: number;
  #keepAliveAt = Infinity;
  #challenged = -1;
  #challengeAt = -Infinity;
  readonly #startedAt: number;

  constructor(paths: readonly number[], now: number) {
    for (const path of paths) this.#add(path);
    this.#heardAt = now;
    this.#startedAt = now;
    this.#probeAt = now;
  }

  /** The path in use, -1 while there is none. */
  get active(): number {
    return this.#active;
  }

  /** When an authentic control datagram came last, ms; at first, the start. */
  get heardAt(): number {
    return this.#heardAt;
  }

  /** When the other side is given up, ms. */
  get giveUpAt(): number {
    return this.#active < 0
      ? this.#startedAt + transferLimits.connectMs
      : this.#heardAt + transferLimits.idleMs;
  }

  /** True when the other side is known to be at `path`. */
  isValidated(path: number): boolean {
    return this.#validated.has(path);
  }

  /**
   * An authentic datagram came from `path`. True when this changed the path in
   * use: the first one, or one that took the place of a path gone silent.
   */
  handleHeard(path: number, now: number): boolean {
    this.#heardAt = now;
    this.#keepAliveAt = now + transferLimits.keepAliveMs;
    if (path === this.#active) {
      this.#activeHeardAt = now;
      return false;
    }
    if (!this.#validated.has(path)) {
      if (this.#validated.size >= 2 * transferLimits.paths) return false;
      this.#validated.add(path);
    }
    const isSilent = now - this.#activeHeardAt > transferLimits.keepAliveMs;
    if (this.#active >= 0 && !isSilent) return false;
    this.#active = path;
    this.#activeHeardAt = now;
    return true;
  }

  /**
   * Data with an authentic header came from `path`: it is used from now on if
   * the other side is known to be there, else that is asked first, because data
   * can be heard and sent again by someone else.
   */
  handleData(path: number, now: number): void {
    if (path === this.#active || this.#validated.has(path)) {
      this.#active = path;
    } else if (now >= this.#challengeAt) {
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
    if (this.#active >= 0) {
      if (now < this.#keepAliveAt) return -1;
      this.#keepAliveAt = now + transferLimits.keepAliveMs / 2;
      return this.#nextOfAll();
    }
    if (now < this.#probeAt) return -1;
    if (this.#probeIndex < this.#paths.length) {
      return this.#paths[this.#probeIndex++]!;
    }
    this.#probeIndex = 0;
    const pause = Math.min(firstPauseMs * 1.5 ** this.#probeRound, maxPauseMs);
    this.#probeRound++;
    this.#probeAt = now + pause;
    return -1;
  }

  /** When {@link pollProbe} has something, ms. */
  deadline(): number {
    if (this.#challenged >= 0) return -Infinity;
    return this.#active >= 0 ? this.#keepAliveAt : this.#probeAt;
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

  #add(path: number): void {
    const isRoom = this.#paths.length < transferLimits.paths;
    if (isRoom && !this.#paths.includes(path)) this.#paths.push(path);
  }

  /** The path in use, and when it has been silent long, each other in turn. */
  #nextOfAll(): number {
    this.#probeIndex++;
    if (this.#probeIndex % 2 === 1 || this.#paths.length === 0) {
      return this.#active;
    }
    const others = this.#paths;
    return others[(this.#probeIndex >>> 1) % others.length]!;
  }
}

const tokens = 128;
const firstPauseMs = 30;
const maxPauseMs = 1_000;
const challengePauseMs = 50;

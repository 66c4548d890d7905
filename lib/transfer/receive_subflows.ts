/**
 * More sockets for one transfer, the receiver's half. The usual socket buffer
 * holds three of the largest datagrams, so on a path without delay sender and
 * receiver wait for each other after every two; each further socket lets as
 * many more be under way. The receiver introduces a socket by a probe that
 * names its subflow (after RFC 8684, where one connection has several), which
 * also opens the way through firewalls, and says in the next ones whether
 * the answers arrive. It asks again and again, so that a way that has closed is
 * noticed on both sides: see {@link SendSubflows}.
 */
import { transferLimits } from "./transfer_limits.ts";

/** The receiver's subflows besides the main one, numbered from 1. */
export class ReceiveSubflows {
  readonly #askedAt = new Float64Array(transferLimits.subflows).fill(-Infinity);
  readonly #answeredAt = new Float64Array(transferLimits.subflows)
    .fill(-Infinity);
  /** Token of the last probe of each. */
  readonly #tokens = new Float64Array(transferLimits.subflows);
  /** One was answered for the first time: the sender is to know at once. */
  readonly #isNews = new Uint8Array(transferLimits.subflows);
  #wanted = 0;

  /** How many subflows the path in use gains by, besides the main one. */
  get wanted(): number {
    return this.#wanted;
  }

  setWanted(count: number): void {
    this.#wanted = count;
  }

  /** The subflow to probe now, 0 for none. */
  pollProbe(now: number): number {
    for (let subflow = 1; subflow <= this.#wanted; subflow++) {
      if (now >= this.#dueAt(subflow)) return subflow;
    }
    return 0;
  }

  /** A probe with this token leaves over the subflow. */
  handleProbe(subflow: number, token: number, now: number): void {
    this.#tokens[subflow] = token;
    this.#askedAt[subflow] = now;
    this.#isNews[subflow] = 0;
  }

  /** A probe was answered, of whichever subflow or of none. */
  handleAnswer(token: number, now: number): void {
    const subflow = this.#tokens.indexOf(token);
    if (subflow < 1) return;
    if (!this.isUsable(subflow, now)) this.#isNews[subflow] = 1;
    this.#answeredAt[subflow] = now;
  }

  /** True when datagrams of the sender are known to arrive at the subflow. */
  isUsable(subflow: number, now: number): boolean {
    return now - this.#answeredAt[subflow]! < transferLimits.subflowMs;
  }

  /** When {@link pollProbe} has something, ms. */
  deadline(): number {
    let at = Infinity;
    for (let subflow = 1; subflow <= this.#wanted; subflow++) {
      at = Math.min(at, this.#dueAt(subflow));
    }
    return at;
  }

  #dueAt(subflow: number): number {
    if (this.#isNews[subflow] === 1) return -Infinity;
    return this.#askedAt[subflow]! + transferLimits.keepAliveMs;
  }
}

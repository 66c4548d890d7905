/**
 * More sockets for one transfer, the sender's half: data goes in turn to the
 * path in use and to the receiver's further sockets, as long as the receiver
 * says that they are reached (see {@link ReceiveSubflows}). Each gets some in a
 * row, which a receiver takes in one go where one from each socket costs it a
 * turn each. One that falls silent is left out, and all are when a probe time-out
 * fires, until they are heard again: then only the main one has proved to work.
 */
import { fastArrival, transferLimits } from "../packets/limits.ts";

/** Where the data of one transfer goes. */
export class SendSubflows {
  /** Path of each subflow, -1 for one that cannot be used. */
  readonly #paths = new Int32Array(transferLimits.subflows).fill(-1);
  readonly #heardAt = new Float64Array(transferLimits.subflows);
  /** Subflows in use besides the main one. */
  #usable: number[] = [];
  #expiresAt = Infinity;
  #turn = 0;
  /** Bytes in a row to the path whose turn it is. */
  #run = 0;

  /** Sockets that share the data, with the main one: 1 or more. */
  get count(): number {
    return this.#usable.length + 1;
  }

  /** Of which {@link next} gave the path last; 0 is the main one. */
  get subflow(): number {
    return this.#turn === 0 ? 0 : this.#usable[this.#turn - 1]!;
  }

  /** The receiver is heard over a subflow and says whether it can be used. */
  handleProbe(
    subflow: number,
    isUsable: boolean,
    path: number,
    now: number,
  ): void {
    if (subflow < 1 || subflow >= transferLimits.subflows) return;
    this.#paths[subflow] = isUsable ? path : -1;
    this.#heardAt[subflow] = now;
    this.#update(now);
  }

  /** Leaves all out until they are heard again. */
  clear(): void {
    this.#paths.fill(-1);
    this.#usable = [];
    this.#turn = 0;
    this.#expiresAt = Infinity;
  }

  /** Leaves out what was not heard for long. */
  handleTimeout(now: number): void {
    if (now >= this.#expiresAt) this.#update(now);
  }

  /**
   * The path of the next datagram, of so many `bytes`, in turn; `main` is one of
   * them.
   */
  next(main: number, bytes: number): number {
    const usable = this.#usable;
    if (usable.length === 0) return main;
    this.#run += bytes;
    if (this.#run > runBytes) {
      this.#run = bytes;
      this.#turn++;
    }
    if (this.#turn > usable.length) this.#turn = 0;
    return this.#turn === 0 ? main : this.#paths[this.subflow]!;
  }

  /** When {@link handleTimeout} has something to do, ms. */
  deadline(): number {
    return this.#expiresAt;
  }

  #update(now: number): void {
    this.#usable = [];
    this.#expiresAt = Infinity;
    for (let subflow = 1; subflow < transferLimits.subflows; subflow++) {
      if (this.#paths[subflow]! < 0) continue;
      const expiresAt = this.#heardAt[subflow]! + transferLimits.subflowMs;
      if (now >= expiresAt) {
        this.#paths[subflow] = -1;
        continue;
      }
      this.#usable.push(subflow);
      this.#expiresAt = Math.min(this.#expiresAt, expiresAt);
    }
    if (this.#turn > this.#usable.length) this.#turn = 0;
  }
}

/** A third of what the usual socket buffer holds. */
const runBytes = 48 * 1024;

// More sockets for one transfer, the receiver's half. The usual socket buffer
// holds three of the largest datagrams, so on a path without delay sender and
// receiver wait for each other after every two; each further socket lets as
// many more be under way. The receiver introduces a socket by a probe that
// names its subflow (after RFC 8684, where one connection has several), which
// also opens the way through firewalls, and says in the next ones whether
// the answers arrive. While data comes it asks again and again, so that a way that
// has closed is noticed on both sides: see {@link SendSubflows}.

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
  #dataAt = -Infinity;

  /** How many subflows the path in use gains by, besides the main one. */
  get wanted(): number {
    return this.#wanted;
  }

  /** Data comes, or is about to; `count` subflows are wanted for it. */
  setWanted(count: number, now: number): void {
    this.#wanted = count;
    this.#dataAt = now;
  }

  /** The subflow to probe now, 0 for none. */
  pollProbe(now: number): number {
    if (now - this.#dataAt >= transferLimits.subflowMs) this.#wanted = 0;
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

/**
 * Whether data comes so fast that one socket holds but a few milliseconds of it,
 * which a busy machine is late now and then. What came so once will again.
 */
export class ArrivalRate {
  #since = -Infinity;
  #bytes = 0;
  #isFast = false;

  get isFast(): boolean {
    return this.#isFast;
  }

  /** So many bytes came. */
  handleData(bytes: number, now: number): void {
    if (this.#isFast) return;
    this.#bytes += bytes;
    const elapsed = now - this.#since;
    if (elapsed < rateMs) return;
    // What was waiting while nothing was read came no faster for that.
    this.#isFast = elapsed < 2 * rateMs && this.#bytes >= fastArrival * elapsed;
    this.#since = now;
    this.#bytes = 0;
  }
}

/** What lies between the two ends of a transfer. */
export type SubflowReach = "local" | "network" | "relay";

/**
 * How many subflows a receiver gains by, besides the main one.
 *
 * @param bytes Of the datagrams that come.
 * @param missing Blocks that have not come.
 * @param isFast They come fast: see {@link ArrivalRate}.
 */
export function wantedSubflows(
  bytes: number,
  missing: number,
  reach: SubflowReach,
  isFast: boolean,
): number {
  if (missing < leastBlocks || reach === "relay") return 0;
  if (bytes < largeBytes) {
    return reach === "network" && isFast ? fastSockets - 1 : 0;
  }
  return (reach === "local" ? transferLimits.subflows : networkSockets) - 1;
}

/** Larger than most packets; of those a socket holds few. */
const largeBytes = 2_048;
/** They are used while at least so many blocks are missing. */
const leastBlocks = 16;
/** Where a network is in between, bursts are to be shorter. */
const networkSockets = 8;
/** Together they hold a dozen milliseconds of what comes fastest. */
const fastSockets = 4;
/** How long the rate is looked at, ms. */
const rateMs = 25;

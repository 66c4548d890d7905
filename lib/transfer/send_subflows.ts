/**
 * More sockets for one transfer, the sender's half: data goes in turn to the
 * path in use and to the receiver's further sockets, as long as the receiver
 * says that they are reached (see {@link ReceiveSubflows}). Each gets some in a
 * row, which a receiver takes in one go where one from each socket costs it a
 * turn each. One that falls silent is left out, and all are when a probe time-out
 * fires, until they are heard again: then only the main one has proved to work.
 */
import { transferLimits } from "./transfer_limits.ts";

/** Where the data of one transfer goes. */
export class SendSubflows {
  /** Path of each subflow, -1 for one that cannot be used. */
  readonly #paths = new Int32Array(transferLimits.subflows).fill(-1);
  readonly #heardAt = new Float64Array(transferLimits.subflows);
  /** Paths in use besides the main one. */
  #usable: number[] = [];
  #expiresAt = Infinity;
  #turn = 0;
  /** Bytes in a row to the path whose turn it is. */
  #run = 0;

  /** Sockets that share the data, with the main one: 1 or more. */
  get count(): number {
    return this.#usable.length + 1;
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
    return this.#turn === 0 ? main : usable[this.#turn - 1]!;
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
      this.#usable.push(this.#paths[subflow]!);
      this.#expiresAt = Math.min(this.#expiresAt, expiresAt);
    }
  }
}

/** A third of what the usual socket buffer holds. */
const runBytes = 48 * 1024;

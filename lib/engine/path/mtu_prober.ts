/**
 * Finds out which datagrams arrive (after RFC 8899): padded probes of a few
 * sizes go out together, a few times, and ever more rarely as long as the largest
 * was not answered. Loss of a probe is no sign of congestion.
 */
import { transferLimits } from "../packets/limits.ts";

/** Probes for the datagram size of one path. */
export class MtuProber {
  #sizes: readonly number[] = [];
  #reached: number = transferLimits.minDatagramBytes;
  #triesLeft = 0;
  #index = 0;
  #nextAt = Infinity;
  #retryMs = retryMs;

  /** Bytes of UDP payload of the largest that is known to arrive. */
  get reached(): number {
    return this.#reached;
  }

  /** Starts over with these sizes, the smallest first. */
  start(sizes: readonly number[], now: number): void {
    this.#reached = transferLimits.minDatagramBytes;
    this.extend(sizes, now);
  }

  /** Probes these sizes from now on; what has arrived still counts. */
  extend(sizes: readonly number[], now: number): void {
    this.#sizes = sizes;
    this.#retryMs = retryMs;
    this.#begin(now);
  }

  /** Starts over with these sizes some time later: nothing arrives any more. */
  restart(sizes: readonly number[], now: number): void {
    this.#reached = transferLimits.minDatagramBytes;
    this.#sizes = sizes;
    this.#begin(now + this.#retryMs);
  }

  /** When the next probe is due, ms. */
  deadline(): number {
    return this.#nextAt;
  }

  /**
   * The size of the probe to send now, 0 for none.
   *
   * @param interval How long to wait for answers before trying again, ms.
   */
  poll(now: number, interval: number): number {
    if (now < this.#nextAt) return 0;
    while (this.#index < this.#sizes.length) {
      const size = this.#sizes[this.#index++]!;
      if (size > this.#reached) return size;
    }
    this.#index = 0;
    this.#triesLeft--;
    if (this.#reached >= (this.#sizes.at(-1) ?? 0)) this.#nextAt = Infinity;
    else if (this.#triesLeft > 0) this.#nextAt = now + interval;
    else this.#begin(now + (this.#retryMs *= 2));
    return 0;
  }

  /** A probe of this size arrived; true when it is the largest so far. */
  handleProbed(size: number): boolean {
    if (size <= this.#reached || !this.#sizes.includes(size)) return false;
    this.#reached = size;
    return true;
  }

  #begin(at: number): void {
    this.#index = 0;
    this.#triesLeft = tries;
    this.#nextAt = at;
  }
}

const tries = 3;
const retryMs = 2_000;

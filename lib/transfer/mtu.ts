/**
 * Finds the largest datagram a path carries (after RFC 8899): padded probes of
 * a few sizes go out together; the largest answered is used. Loss of a probe is
 * no sign of congestion. When data stops arriving at the size in use, the path
 * may have changed to one that swallows it: back to the smallest, and up again
 * some time later.
 */
import { transferLimits } from "./transfer_limits.ts";

/** Datagram size of one path. */
export class MtuProber {
  #size: number = transferLimits.minDatagramBytes;
  #sizes: readonly number[] = [];
  #triesLeft = 0;
  #index = 0;
  #nextAt = Infinity;

  /** Bytes of UDP payload that are known to arrive. */
  get size(): number {
    return this.#size;
  }

  /** Starts over on a new path. `isLocal`: both ends are on this machine. */
  start(now: number, isLocal: boolean): void {
    this.#size = transferLimits.minDatagramBytes;
    this.#sizes = isLocal ? localSizes : networkSizes;
    this.#begin(now);
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
  pollProbe(now: number, interval: number): number {
    if (now < this.#nextAt) return 0;
    while (this.#index < this.#sizes.length) {
      const size = this.#sizes[this.#index++]!;
      if (size > this.#size) return size;
    }
    this.#index = 0;
    this.#triesLeft--;
    const isDone = this.#triesLeft <= 0 ||
      this.#size >= (this.#sizes.at(-1) ?? 0);
    this.#nextAt = isDone ? Infinity : now + interval;
    return 0;
  }

  /** A probe of this size arrived; true when datagrams grow. */
  handleProbed(size: number): boolean {
    if (size <= this.#size || !this.#sizes.includes(size)) return false;
    this.#size = size;
    return true;
  }

  /** Nothing arrives any more at the size in use; true when that changes it. */
  handleBlackHole(now: number): boolean {
    if (this.#size === transferLimits.minDatagramBytes) return false;
    this.#size = transferLimits.minDatagramBytes;
    this.#begin(now + retryMs);
    return true;
  }

  #begin(at: number): void {
    this.#index = 0;
    this.#triesLeft = tries;
    this.#nextAt = at;
  }
}

const tries = 3;
const retryMs = 5_000;
/** Ethernet with and without IPv6 headers or a tunnel around it. */
export const networkSizes: readonly number[] = [1372, 1452, 1472];
const localSizes = [1452, 8_952, 26_244, 65_507];

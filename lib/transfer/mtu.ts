/**
 * Finds the largest datagram a path carries (after RFC 8899): padded probes of
 * a few sizes go out together; the largest answered is used. Loss of a probe is
 * no sign of congestion. Where the other end is near, datagrams larger than a
 * packet are tried, too: the system cuts them into fragments for a fraction of
 * what sending as many datagrams costs. They get smaller where more than a few
 * get lost for a while: one lost fragment loses all, and what has come of the
 * others fills the receiving system's memory for half a minute, or until the 16
 * bits that number datagrams come round. When data stops arriving at the size in
 * use, the path may have changed to one that swallows it: back to the smallest,
 * and up again some time later.
 */
import { transferLimits } from "./transfer_limits.ts";

/** Datagram size of one path. */
export class MtuProber {
  #size: number = transferLimits.minDatagramBytes;
  #sizes: readonly number[] = [];
  /** The path ends on this machine, where nothing is cut into fragments. */
  #isLocal = false;
  #hasTriedFragments = false;
  #triesLeft = 0;
  #index = 0;
  #nextAt = Infinity;
  #retryMs = 0;
  #unansweredAt = 0;
  #sentBefore = 0;
  #lostBefore = 0;
  /** Lost datagrams beyond the share that may get lost. */
  #excessLost = 0;

  /** Bytes of UDP payload that are known to arrive. */
  get size(): number {
    return this.#size;
  }

  /** Starts over on a new path; `isLocal` when it ends on this machine. */
  start(now: number, isLocal: boolean): void {
    this.#size = transferLimits.minDatagramBytes;
    this.#sizes = isLocal ? localSizes : networkSizes;
    this.#isLocal = isLocal;
    this.#hasTriedFragments = false;
    this.#retryMs = retryMs;
    this.#begin(now);
  }

  /**
   * Tries datagrams of several packets each, once for each path. To be called
   * when the rate is known: finding it loses more than they can stand.
   */
  fragment(now: number, reach: Reach): void {
    if (this.#isLocal || this.#hasTriedFragments) return;
    this.#hasTriedFragments = true;
    this.#sizes = [...networkSizes, ...fragmentedSizes[reach]];
    this.#retryMs = retryMs;
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
    if (this.#size >= (this.#sizes.at(-1) ?? 0)) this.#nextAt = Infinity;
    else if (this.#triesLeft > 0) this.#nextAt = now + interval;
    else this.#begin(now + (this.#retryMs *= 2));
    return 0;
  }

  /** A probe of this size arrived; true when datagrams grow. */
  handleProbed(size: number): boolean {
    if (size <= this.#size || !this.#sizes.includes(size)) return false;
    this.#size = size;
    return true;
  }

  /**
   * `sent` and `lost` data datagrams so far; true when they shrink to fewer
   * packets each because too many get lost. A few may get lost at once, as when
   * the receiver's buffer overflows.
   */
  handleLoss(sent: number, lost: number): boolean {
    const allowed = maxLossShare * (sent - this.#sentBefore);
    const excess = this.#excessLost + lost - this.#lostBefore - allowed;
    const isFragmented = !this.#isLocal && this.#size > packetBytes;
    this.#sentBefore = sent;
    this.#lostBefore = lost;
    this.#excessLost = isFragmented ? Math.max(excess, 0) : 0;
    if (this.#excessLost * this.#size <= maxExcessBytes) return false;
    this.#excessLost = 0;
    this.#sizes = this.#sizes.filter((size) => size < this.#size);
    this.#size = this.#sizes.at(-1) ?? packetBytes;
    return true;
  }

  /**
   * The sender asked `probes` times in a row whether anything arrives and was
   * not answered; true when datagrams shrink because of that.
   */
  handleUnanswered(probes: number, now: number): boolean {
    if (probes <= 1) this.#unansweredAt = now;
    // A process or a machine that stalls for a moment is no black hole.
    if (probes < blackHoleProbes || now - this.#unansweredAt < blackHoleMs) {
      return false;
    }
    if (this.#size === transferLimits.minDatagramBytes) return false;
    if (!this.#isLocal) this.#sizes = networkSizes;
    this.#size = transferLimits.minDatagramBytes;
    this.#begin(now + this.#retryMs);
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
const blackHoleProbes = 3;
const blackHoleMs = 300;
/** What fits into one packet of Ethernet. */
const packetBytes = 1472;
/** Ethernet with and without IPv6 headers or a tunnel around it. */
export const networkSizes: readonly number[] = [1372, 1452, packetBytes];
/** Share of fragmented datagrams that may get lost. */
const maxLossShare = 0.015;
/** Lost beyond that: most of what systems keep for incomplete datagrams. */
const maxExcessBytes = 3 * 1024 * 1024;
const localSizes: readonly number[] = [1452, 8_952, 26_244, 65_507];
/** Full packets of Ethernet; the smaller ones over IPv6, too. */
const fragmentedSizes = {
  /** 2 and 3 packets. */
  far: [2_888, 4_336],
  /** 6, 18 and 36. */
  near: [8_872, 26_632, 53_272],
} as const;

/** How far away those are to whom fragments go. */
export type Reach = keyof typeof fragmentedSizes;

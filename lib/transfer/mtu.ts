/**
 * Finds the largest datagram a path carries (after RFC 8899): padded probes of
 * a few sizes go out together; the largest answered is used. Loss of a probe is
 * no sign of congestion. Where the other end is near, datagrams larger than a
 * packet are tried, too: the system cuts them into fragments for a fraction of
 * what sending as many datagrams costs. They get smaller where more than a few
 * are lost: one lost fragment loses them all, and what has come of an incomplete
 * datagram fills the receiving system's memory for half a minute. When data
 * stops arriving at the size in use, the path may have changed to one that
 * swallows it: back to the smallest, and up again some time later.
 */
import { transferLimits } from "./transfer_limits.ts";

/** Datagram size of one path. */
export class MtuProber {
  #size: number = transferLimits.minDatagramBytes;
  #sizes: readonly number[] = [];
  /** Sizes beyond a packet are among them, or were. */
  #mayFragment = false;
  #triesLeft = 0;
  #index = 0;
  #nextAt = Infinity;
  #retryMs = 0;
  #unansweredAt = 0;
  #sentBefore = 0;
  #lostBefore = 0;

  /** Bytes of UDP payload that are known to arrive. */
  get size(): number {
    return this.#size;
  }

  /** Starts over on a new path, which may be `near`. */
  start(now: number, nearness: Nearness): void {
    this.#size = transferLimits.minDatagramBytes;
    this.#sizes = sizesOf[nearness];
    this.#mayFragment = nearness === "near";
    this.#retryMs = retryMs;
    this.#begin(now);
  }

  /** The path turned out to be near after all: tries what that allows. */
  handleNear(now: number): void {
    if (this.#sizes !== sizesOf.far) return;
    this.#sizes = sizesOf.near;
    this.#mayFragment = true;
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
   * packets each because too many of the last ones were lost.
   *
   * @param isStarting The rate is still being found: lost ones tell nothing.
   */
  handleLoss(sent: number, lost: number, isStarting: boolean): boolean {
    const recent = sent - this.#sentBefore;
    if (recent < watchedDatagrams && !isStarting) return false;
    const share = (lost - this.#lostBefore) / recent;
    this.#sentBefore = sent;
    this.#lostBefore = lost;
    if (!this.#mayFragment || this.#size <= packetBytes) return false;
    if (isStarting || share <= maxLossShare) return false;
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
    if (this.#mayFragment) this.#sizes = networkSizes;
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
const watchedDatagrams = 1_024;
/** What fits into one packet of Ethernet. */
const packetBytes = 1472;
/** Ethernet with and without IPv6 headers or a tunnel around it. */
export const networkSizes: readonly number[] = [1372, 1452, packetBytes];
/** Of fragmented datagrams, for {@link MtuProber.handleLoss}. */
const maxLossShare = 0.015;
const sizesOf = {
  far: [...networkSizes],
  /** 6, 18 and 36 full packets of Ethernet each, over IPv4. */
  near: [...networkSizes, 8_872, 26_632, 53_272],
  local: [1452, 8_952, 26_244, 65_507],
} as const;

/** How far away the other end is: `local` means on this machine. */
export type Nearness = keyof typeof sizesOf;

/**
 * Finds the largest datagram a path carries (after RFC 8899): padded probes of
 * a few sizes go out together; the largest answered is used. Loss of a probe is
 * no sign of congestion. Where the other end is near, datagrams larger than a
 * packet are tried, too: the system cuts them into fragments for a fraction of
 * what sending as many datagrams costs. One lost fragment loses all, and what has
 * come of the others fills the receiving system's memory for a while: they are
 * smaller as long as there is much (see fragment_budget.ts), and for some time
 * where many get lost. Losses close together are those of a buffer that overflows
 * when the receiver is busy; more and smaller ones would only make that worse.
 * When data stops arriving at the size in use, the path may have changed to one
 * that swallows it: back to the smallest, and up again some time later.
 */
import type { FragmentBudget } from "./fragment_budget.ts";
import { FragmentBudgets } from "./fragment_budgets.ts";
import { transferLimits } from "./transfer_limits.ts";

/** Datagram size of one path. */
export class MtuProber {
  #size: number = transferLimits.minDatagramBytes;
  /** The largest that is known to arrive. */
  #reached: number = transferLimits.minDatagramBytes;
  readonly #budgets: FragmentBudgets;
  /** What the other end of the path holds. */
  #budget: FragmentBudget;
  /** Bytes of the file that have not been sent once. */
  #left = Infinity;
  #sizes: readonly number[] = [];
  /** The path ends on this machine, where nothing is cut into fragments. */
  #isLocal = false;
  #hasTriedFragments = false;
  /** Datagrams of several packets go to someone who is not near. */
  #isFar = false;
  #triesLeft = 0;
  #index = 0;
  #nextAt = Infinity;
  #retryMs = 0;
  #unansweredAt = 0;
  #sentBefore = 0;
  #lostBefore = 0;
  /** Lost datagrams beyond the share that may get lost, all and those apart. */
  #excess = 0;
  #excessApart = 0;
  /** The largest size that may be used until {@link #ceilingEndsAt}. */
  #ceiling = Infinity;
  #ceilingEndsAt = Infinity;
  #ceilingMs = firstCeilingMs;
  /** On this path datagrams were larger before. */
  #hasShrunk = false;

  /** @param budgets Those of all paths; by default of its own. */
  constructor(budgets: FragmentBudgets = new FragmentBudgets()) {
    this.#budgets = budgets;
    this.#budget = budgets.of(-1);
  }

  /** Bytes of UDP payload that are known to arrive. */
  get size(): number {
    return this.#size;
  }

  /** Starts over on a path; `isLocal` when it ends on this machine. */
  start(now: number, isLocal: boolean, path: number): void {
    this.#reset();
    this.#budget = this.#budgets.of(path);
    this.#sizes = isLocal ? localSizes : networkSizes;
    this.#isLocal = isLocal;
    this.#hasTriedFragments = false;
    this.#hasShrunk = false;
    this.#retryMs = retryMs;
    this.#ceiling = Infinity;
    this.#ceilingMs = firstCeilingMs;
    this.#begin(now);
  }

  /**
   * Tries datagrams of several packets each, once for each path. To be called
   * when the rate is known, or known to be high: finding it out needs them, too,
   * where single packets take more of the processor than there is.
   */
  fragment(now: number, reach: Reach): void {
    if (this.#isLocal || this.#hasTriedFragments) return;
    this.#hasTriedFragments = true;
    this.#isFar = reach === "far";
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
      if (size > this.#reached) return size;
    }
    this.#index = 0;
    this.#triesLeft--;
    if (this.#reached >= (this.#sizes.at(-1) ?? 0)) this.#nextAt = Infinity;
    else if (this.#triesLeft > 0) this.#nextAt = now + interval;
    else this.#begin(now + (this.#retryMs *= 2));
    return 0;
  }

  /** A probe of this size arrived; true when datagrams grow. */
  handleProbed(size: number): boolean {
    if (size <= this.#reached || !this.#sizes.includes(size)) return false;
    this.#reached = size;
    return this.#choose();
  }

  /**
   * `sent` and `lost` data datagrams so far; true when the size changes: it
   * shrinks when too many get lost, or a few for too long, and may grow again. A
   * few may get lost at once, as when the receiver's buffer overflows.
   *
   * @param left Bytes of the file that have not been sent once.
   */
  handleLoss(sent: number, lost: number, now: number, left: number): boolean {
    const newlySent = sent - this.#sentBefore;
    const newlyLost = lost - this.#lostBefore;
    this.#sentBefore = sent;
    this.#lostBefore = lost;
    this.#left = left;
    if (this.#isLocal || this.#reached <= packetBytes) return false;
    const size = this.#size;
    const isApart = this.#budget.handleSent(newlySent, newlyLost, size, now);
    if (this.#isTooMuchLost(newlySent, newlyLost, isApart)) this.#lower(now);
    if (now >= this.#ceilingEndsAt) this.#ceiling = Infinity;
    return this.#choose();
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
    this.#unansweredAt = now;
    if (!this.#isLocal && this.#size > packetBytes) {
      // Most likely the other system has no room for more incomplete ones.
      this.#avoid(packetBytes + 1, now);
      return this.#choose();
    }
    if (!this.#isLocal) this.#sizes = networkSizes;
    this.#reset();
    this.#begin(now + this.#retryMs);
    return true;
  }

  #isTooMuchLost(sent: number, lost: number, isApart: boolean): boolean {
    const excess = this.#excess + lost - overflowShare * sent;
    const apart = this.#excessApart + (isApart ? 1 : 0) - maxLossShare * sent;
    const isFragmented = this.#size > packetBytes;
    this.#excess = isFragmented ? Math.max(excess, 0) : 0;
    this.#excessApart = isFragmented ? Math.max(apart, 0) : 0;
    return Math.max(this.#excess, this.#excessApart) * this.#size >
      maxExcessBytes;
  }

  /** Uses the next smaller size, for longer every time. */
  #lower(now: number): void {
    this.#excess = 0;
    this.#excessApart = 0;
    this.#avoid(this.#size, now);
  }

  /** Uses only sizes below this one for a while. */
  #avoid(size: number, now: number): void {
    this.#ceiling = size - 1;
    this.#ceilingEndsAt = now + this.#ceilingMs;
    const smallest = this.#sizes.find((each) => each > packetBytes) ?? Infinity;
    if (size <= smallest) this.#ceilingMs *= 2;
  }

  #reset(): void {
    this.#size = transferLimits.minDatagramBytes;
    this.#reached = this.#size;
  }

  /** The largest that arrives and may be used; true when it is another one. */
  #choose(): boolean {
    const before = this.#size;
    const most = Math.min(this.#reached, this.#ceiling);
    const chosen = this.#sizes.findLast((size) =>
      size <= most && this.#isAffordable(size)
    );
    this.#size = chosen ?? this.#reached;
    this.#hasShrunk ||= this.#size < before;
    return this.#size !== before;
  }

  #isAffordable(size: number): boolean {
    const most = this.#isFar ? mostHeld.get(size) : undefined;
    if (most === undefined) return true;
    const { bytes } = this.#budget;
    // Not to and fro: it grows again only when much of what was held is gone.
    if (this.#hasShrunk && size > this.#size) return bytes < regrowShare * most;
    // Nothing need be kept for what comes when all that comes is known.
    const rest = this.#budget.expected(this.#left, size);
    return bytes < most || bytes + rest < mostHeldAtEnd;
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
/** Share of fragmented datagrams that may get lost one by one. */
const maxLossShare = 0.015;
/** Of all: more is no overflow, but a system that joins none any more. */
const overflowShare = 0.4;
/** What is incomplete is forgotten after half a minute. */
const firstCeilingMs = 35_000;
/** Lost beyond that: most of what systems keep for incomplete datagrams. */
const maxExcessBytes = 3 * 1024 * 1024;
const localSizes: readonly number[] = [1452, 8_952, 26_244, 65_507];
/** Full packets of Ethernet; the smaller ones over IPv6, too. */
const fragmentedSizes = {
  /** 2, 3 and 6 packets. */
  far: [2_888, 4_336, 8_872],
  /** 6, 18 and 36. */
  near: [8_872, 26_632, 53_272],
} as const;

/**
 * How much the receiving system may hold, bytes, for such datagrams to be sent
 * to those who are far; those who are near lose next to nothing but in buffers
 * that overflow.
 */
const mostHeld = new Map([
  [2_888, 3.8 * 1024 * 1024],
  [4_336, 3.4 * 1024 * 1024],
  [8_872, 2.8 * 1024 * 1024],
]);
const regrowShare = 0.6;
/** The same when the file has been sent. */
const mostHeldAtEnd = 3.8 * 1024 * 1024;

/** How far away those are to whom fragments go. */
export type Reach = keyof typeof fragmentedSizes;

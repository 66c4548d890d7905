/**
 * The size of a transfer's datagrams: the largest that arrives (see
 * mtu_prober.ts) and may be used. Where the other end is near, datagrams larger
 * than a packet are tried, too: the system cuts them into fragments for
 * a fraction of what sending as many datagrams costs. One lost fragment loses
 * all, and what has come of the others fills the receiving system's memory for
 * a while: they are smaller as long as there is much (see fragments.ts),
 * and for some time where many get lost. Losses close together are those of
 * a buffer that overflows when the receiver is busy; more and smaller ones would
 * only make that worse. When data stops arriving at the size in use, the path may
 * have changed to one that swallows it: back to the smallest, and up again some
 * time later.
 */
import {
  fragmentedSizes,
  localSizes,
  networkSizes,
  packetBytes,
  type Reach,
  transferLimits,
} from "../packets/limits.ts";
import {
  type FragmentBudget,
  FragmentBudgets,
  largeBytes,
  LossExcess,
} from "./fragments.ts";
import { MtuProber } from "./mtu_prober.ts";

/** Datagram size of one transfer, on one path after the other. */
export class DatagramSize {
  readonly #prober = new MtuProber();
  readonly #excess = new LossExcess();
  readonly #budgets: FragmentBudgets;
  /** What the other end of the path holds. */
  #budget: FragmentBudget;
  #bytes: number = transferLimits.minDatagramBytes;
  #sizes: readonly number[] = [];
  /** The path ends on this machine, where nothing is cut into fragments. */
  #isLocal = false;
  #hasTriedFragments = false;
  /** Datagrams of several packets go to someone who is not near. */
  #isFar = false;
  /** Bytes of the file that have not been sent once. */
  #left = Infinity;
  /** Bytes sent on this path, about. */
  #sentBytes = 0;
  #unansweredAt = 0;
  #sentBefore = 0;
  #lostBefore = 0;
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

  /** Bytes of UDP payload to send in one datagram. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Starts over on a path; `isLocal` when it ends on this machine. */
  start(now: number, isLocal: boolean, path: number): void {
    this.#bytes = transferLimits.minDatagramBytes;
    this.#budget = this.#budgets.of(path);
    this.#sizes = isLocal ? localSizes : networkSizes;
    this.#isLocal = isLocal;
    this.#hasTriedFragments = false;
    this.#hasShrunk = false;
    this.#sentBytes = 0;
    this.#ceiling = Infinity;
    this.#ceilingMs = firstCeilingMs;
    this.#prober.start(this.#sizes, now);
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
    this.#prober.extend(this.#sizes, now);
  }

  /** When the next probe is due, ms. */
  deadline(): number {
    return this.#prober.deadline();
  }

  /** The size of the probe to send now, 0 for none; see {@link MtuProber.poll}. */
  pollProbe(now: number, interval: number): number {
    return this.#prober.poll(now, interval);
  }

  /** A probe of this size arrived; true when datagrams grow. */
  handleProbed(size: number): boolean {
    return this.#prober.handleProbed(size) && this.#choose();
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
    const size = this.#bytes;
    this.#sentBytes += newlySent * size;
    if (this.#isLocal || this.#prober.reached <= packetBytes) return false;
    const isApart = this.#budget.handleSent(newlySent, newlyLost, size, now);
    if (size <= packetBytes) this.#excess.clear();
    else if (
      this.#excess.add(newlySent, newlyLost, isApart, size, this.#isFar)
    ) {
      // The next smaller one.
      this.#avoid(size, now);
    }
    if (now >= this.#ceilingEndsAt) this.#ceiling = Infinity;
    return this.#choose();
  }

  /** Datagrams of several packets do not arrive; true when they shrink. */
  handleSwallowed(now: number): boolean {
    if (this.#isLocal || this.#bytes <= packetBytes) return false;
    this.#avoid(packetBytes + 1, now);
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
    if (this.#bytes === transferLimits.minDatagramBytes) return false;
    this.#unansweredAt = now;
    // Most likely the other system has no room for more incomplete ones.
    if (this.handleSwallowed(now)) return true;
    if (!this.#isLocal) this.#sizes = networkSizes;
    this.#bytes = transferLimits.minDatagramBytes;
    this.#prober.restart(this.#sizes, now);
    return true;
  }

  /** Uses only sizes below this one for a while, for longer every time. */
  #avoid(size: number, now: number): void {
    this.#ceiling = size - 1;
    this.#ceilingEndsAt = now + this.#ceilingMs;
    const smallest = this.#sizes.find((each) => each > packetBytes) ?? Infinity;
    if (size <= smallest) this.#ceilingMs *= 2;
  }

  /** The largest that arrives and may be used; true when it is another one. */
  #choose(): boolean {
    const before = this.#bytes;
    const { reached } = this.#prober;
    const most = Math.min(reached, this.#ceiling);
    const chosen = this.#sizes.findLast((size) =>
      size <= most && this.#isAffordable(size)
    );
    this.#bytes = chosen ?? reached;
    this.#hasShrunk ||= this.#bytes < before;
    return this.#bytes !== before;
  }

  #isAffordable(size: number): boolean {
    const most = this.#isFar ? mostHeld.get(size) : undefined;
    if (most === undefined) return true;
    if (size >= largeBytes && this.#sentBytes < settledBytes) return false;
    const { bytes } = this.#budget;
    // Not to and fro: it grows again only when much of what was held is gone.
    if (this.#hasShrunk && size > this.#bytes) {
      return bytes < regrowShare * most;
    }
    if (bytes < most) return true;
    // Nothing need be kept for what comes when all that comes is known.
    const rest = this.#budget.expected(this.#left, size);
    return bytes + rest < mostHeldAtEnd;
  }
}

const blackHoleProbes = 3;
const blackHoleMs = 300;
/** What is incomplete is forgotten after half a minute. */
const firstCeilingMs = 35_000;
/**
 * How much the receiving system may hold, bytes, for such datagrams to be sent
 * to those who are far; those who are near lose next to nothing but in buffers
 * that overflow.
 */
const mostHeld = new Map<number, number>([
  [2_888, 3.5 * 1024 * 1024],
  [4_336, 3.2 * 1024 * 1024],
  [8_872, 2.8 * 1024 * 1024],
  [largeBytes, 0.9 * 1024 * 1024],
]);
/** The same, of any of them, when the file has been sent. */
const mostHeldAtEnd = 3.5 * 1024 * 1024;
const regrowShare = 0.6;
/** So much is sent before the largest go to someone far: finding the rate loses many. */
const settledBytes = 64 * 1024 * 1024;

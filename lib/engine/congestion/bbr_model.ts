import type { AckSample } from "./controller.ts";
import { packetsOf } from "../packets/limits.ts";

/**
 * Tells when a sender that doubles its rate has filled the path, as BBR does:
 * when the rate has not grown by a quarter for three rounds. A program that has
 * yet to be compiled is as slow as a full path for a tenth of a second or so,
 * which is many rounds of a short path: so there it must have stood still for
 * longer, unless much gets lost. Also, a program becomes faster while nothing
 * more is asked of it, and then the path was not full.
 */
export class FullPipe {
  #rate = 0;
  #rounds = 0;
  /** When the rate grew last, ms. */
  #grownAt = 0;

  /** True when the path is taken to be full. */
  get isFull(): boolean {
    return this.#rounds >= fullRounds;
  }

  /**
   * A round of doubling is over.
   *
   * @param rate The highest that was measured so far.
   * @param outcome Two overloaded rounds are enough.
   * @param now Monotonic time, ms.
   */
  handleRound(rate: number, outcome: RoundOutcome, now: number): void {
    if (this.#hasGrown(rate)) {
      this.#rate = rate;
      this.#rounds = 0;
      this.#grownAt = now;
      return;
    }
    if (outcome === "overloaded") {
      this.#rounds = fullRounds;
      return;
    }
    const mayBeSlow = outcome === "clean" && now - this.#grownAt < coldMs;
    const most = mayBeSlow ? fullRounds - 1 : fullRounds;
    this.#rounds = Math.min(this.#rounds + 1, most);
  }

  /** A later round is over; true when the path was not full after all. */
  reopen(rate: number): boolean {
    if (!this.#hasGrown(rate)) return false;
    this.#rounds = 0;
    return true;
  }

  #hasGrown(rate: number): boolean {
    return rate >= growth * this.#rate;
  }
}

/** How a round of doubling went: lossy when it lost a tenth. */
export type RoundOutcome = "clean" | "lossy" | "overloaded";

const growth = 1.25;
const fullRounds = 3;
/** How long a program that is being compiled may be no faster, ms. */
const coldMs = 120;

/**
 * The highest rate that a path delivered in the last ten rounds. A flight over
 * a short path takes so little time that an acknowledgement noticed a bit late or
 * early makes a tenth or two of difference, and the highest of many is too high by
 * that. So what came in three rounds and more counts there, where it is less.
 */
export class MaxRate {
  /** Of each of the last rounds. */
  readonly #rates = new Float64Array(rateRounds);
  /** When each of them began, ms, and what was delivered by then. */
  readonly #begunAt = new Float64Array(rateRounds).fill(-Infinity);
  readonly #delivered = new Float64Array(rateRounds);
  #round = 0;
  /** The last in which the sender limited the rate. */
  #limitedRound = 0;
  #perMs = 0;
  #isSure = false;

  /** Bytes per ms; 0 before the first. */
  get perMs(): number {
    return this.#perMs;
  }

  /** It was measured for so long that errors of the clock are little. */
  get isSure(): boolean {
    return this.#isSure;
  }

  /** A round begins with this acknowledgement. */
  handleRound({ now, delivered }: AckSample): void {
    this.#round++;
    const slot = this.#round % rateRounds;
    this.#rates[slot] = 0;
    this.#begunAt[slot] = now;
    this.#delivered[slot] = delivered;
  }

  /** @param minRtt ms; Infinity as long as the rate is being found. */
  update(sample: AckSample, minRtt: number): void {
    const { isAppLimited } = sample;
    if (isAppLimited) this.#limitedRound = this.#round;
    const isSlow = this.#round - this.#limitedRound <= sureRounds;
    this.#isSure = !isSlow && minRtt > leastSureMs && minRtt < mostSureMs;
    const rate = this.#isSure
      ? Math.min(sample.rate, this.#sureRate(sample))
      : sample.rate;
    const isUsable = rate > 0 && (!isAppLimited || rate >= this.#perMs);
    const slot = this.#round % rateRounds;
    if (isUsable && rate > this.#rates[slot]!) this.#rates[slot] = rate;
    let max = 0;
    for (let i = 0; i < rateRounds; i++) max = Math.max(max, this.#rates[i]!);
    // Rounds without a usable sample (nothing to send) do not lower it.
    if (max > 0) this.#perMs = max;
  }

  /** Over the last whole rounds and what there is of the present one. */
  #sureRate({ now, delivered }: AckSample): number {
    const slot = (this.#round - sureRounds) % rateRounds;
    return (delivered - this.#delivered[slot]!) / (now - this.#begunAt[slot]!);
  }
}

const rateRounds = 10;
const sureRounds = 3;
/** A round trip between these takes an acknowledgement a part of itself late. */
const leastSureMs = 1;
const mostSureMs = 10;

/**
 * The smallest round trip of a path, which is that without a queue. Routes
 * change, so it is forgotten after ten seconds, and later where others keep the
 * queue filled. It must be looked for, with little in flight, when it was not
 * seen for so long, or when for a shorter time nothing near it was: a queue may
 * have been there all the while, and one that was there from the start hides how
 * short the path is.
 */
export class MinRtt {
  #ms = Infinity;
  #seenAt = 0;
  #nearAt = 0;
  #patienceMs = firstQueueMs;

  /** ms; Infinity before the first. */
  get ms(): number {
    return this.#ms;
  }

  /**
   * Takes a round trip of `rtt` ms, 0 for none.
   *
   * @param isContended Others keep the queue filled.
   * @returns True when the smallest must be looked for now.
   */
  update(rtt: number, now: number, isContended = false): boolean {
    if (rtt <= 0) return false;
    const isFirst = this.#ms === Infinity;
    const lastsMs = isContended ? contendedMs : staleMs;
    const isStale = now - this.#seenAt > lastsMs;
    if (rtt <= this.#ms || isStale) this.#ms = rtt;
    // By the clock's error more is the same.
    if (rtt <= sameFactor * this.#ms) this.#seenAt = now;
    if (rtt <= nearFactor * this.#ms + nearMs) this.#nearAt = now;
    if (isStale && !isFirst) return true;
    if (now - this.#nearAt <= this.#patienceMs) return false;
    this.#nearAt = now;
    this.#patienceMs = Math.min(patienceGrowth * this.#patienceMs, staleMs);
    return true;
  }

  /** It was looked for; what was seen meanwhile stands. */
  handleProbed(now: number, isContended = false): void {
    if (!isContended) this.#seenAt = now;
  }
}

const staleMs = 10_000;
const contendedMs = 60_000;
const sameFactor = 1.03;
const nearFactor = 1.125;
const nearMs = 1;
/** How long a queue may be there at first without a look at what it hides. */
const firstQueueMs = 2_000;
const patienceGrowth = 1.5;

/**
 * How much of what a transfer has in flight may wait in queues on the way while
 * no one else is seen to fill them; see competing_window.ts for when one is.
 * Little is enough not to lose ground before that. Where queues overflow all the
 * time, someone takes whatever is left to them, as TCP with BBR does, and does
 * not give way; then only what waits keeps a share. Nobody waits long for a
 * transfer that has the line to itself. Measured by `deno task bench:fairness`
 * and in the simulator.
 *
 * @param minRtt Round trip without the queue, ms.
 * @param lossShare Of what was sent of late.
 * @param pathBytes What the path holds. Where that is little, so are the queues
 * mostly, and TCP with CUBIC loses much in them: it would be left nothing.
 * @param longestQueueMs The longest wait in them of late, ms: of such a path this
 * takes little more than half, or where that is short others would lose all the
 * time.
 * @returns The time that what waits takes to go through, ms.
 */
export function queueAllowance(
  minRtt: number,
  lossShare: number,
  pathBytes: number,
  longestQueueMs: number,
): number {
  const hardness = lossHardness(lossShare);
  const leastMs = Math.min(
    calmShare * minRtt,
    Math.max(leastShare * minRtt, leastWaitMs),
  );
  const wide = (pathBytes - narrowBytes) / (wideBytes - narrowBytes);
  const width = Math.min(Math.max(wide, 0), 1);
  const mostShare = narrowShare + width * (wideShare - narrowShare);
  const mostMs = Math.min(mostShare * minRtt, Math.max(maxWaitMs, leastMs));
  const ownMs = width < 1 ? ownShare * longestQueueMs / (1 - width) : Infinity;
  return Math.min(
    leastMs + hardness * (mostMs - leastMs),
    Math.max(ownMs, leastWaitMs),
  );
}

/** How much more than little gets lost: 0 for little, 1 for much. */
export function lossHardness(lossShare: number): number {
  const loss = (lossShare - littleLoss) / (muchLoss - littleLoss);
  return Math.min(Math.max(loss, 0), 1);
}

/**
 * Of what the path holds, where little gets lost: many a queue in front of a short
 * path holds little more.
 */
export const calmShare = 0.8;

/** Shares; between the two the allowance grows from the least to the most. */
const littleLoss = 0.003;
const muchLoss = 0.01;
/** In round trips; more of a short one, which the ends' own delays lengthen. */
const leastShare = 0.35;
/** Of the longest queue, on a path that holds next to nothing. */
const ownShare = 0.6;
const narrowShare = 0.6;
const wideShare = 1.25;
const narrowBytes = 96 * 1024;
const wideBytes = 192 * 1024;
const leastWaitMs = 4;
const maxWaitMs = 50;

/**
 * What was acknowledged and lost in the present round, and what the last ones
 * were like: averages with weights that fade over some sixteen rounds.
 */
export class RoundAverages {
  #acked = 0;
  #lost = 0;
  #limited = 0;
  #lossShare = 0;
  #limitedShare = 0;
  #rtt = 0;

  /** Bytes lost in the present round, less what was thought so and came. */
  get lost(): number {
    return Math.max(this.#lost, 0);
  }

  /** Bytes acknowledged or lost in the present round. */
  get total(): number {
    return this.#acked + this.lost;
  }

  /** Average share of the packets that were lost, 0–1. */
  get lossShare(): number {
    return this.#lossShare;
  }

  /** Average share of the bytes that came while the sender limited the rate, 0–1. */
  get limitedShare(): number {
    return this.#limitedShare;
  }

  /** Average round trip, ms; 0 before the first. */
  get rtt(): number {
    return this.#rtt;
  }

  add({ acked, lost, recovered, isAppLimited }: AckSample): void {
    this.#acked += acked;
    if (isAppLimited) this.#limited += acked;
    this.#lost += lost - recovered;
  }

  /**
   * The round is over, with a last round trip of `rtt` ms or 0.
   *
   * @param datagramBytes A datagram of several packets is lost with any of them.
   * @param isStarting Finding the rate loses more than keeping it.
   */
  update(rtt: number, datagramBytes: number, isStarting: boolean): void {
    if (!isStarting) {
      const share = this.total > 0 ? this.#lost / this.total : 0;
      const packetShare = share / packetsOf(datagramBytes);
      // Less than nothing in a round that makes up for the ones before.
      const lossShare = this.#lossShare +
        (packetShare - this.#lossShare) / rounds;
      this.#lossShare = Math.max(lossShare, 0);
    }
    const limited = this.#acked > 0 ? this.#limited / this.#acked : 0;
    this.#limitedShare += (limited - this.#limitedShare) / rounds;
    if (rtt <= 0) return;
    if (this.#rtt === 0) this.#rtt = rtt;
    this.#rtt += (rtt - this.#rtt) / rounds;
  }

  /** Round trips so far cannot be compared with those from `rtt` ms on. */
  restartRtt(rtt: number): void {
    this.#rtt = rtt;
  }

  /** The next round begins. */
  restart(): void {
    this.#acked = 0;
    this.#lost = 0;
    this.#limited = 0;
  }
}

const rounds = 16;

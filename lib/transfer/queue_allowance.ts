/**
 * How much of what a transfer has in flight may wait in queues on the way. What
 * two flows that fill the same queue keep there decides which share of the line
 * each gets, and a little more or less takes all or gives all away; so it
 * depends on whom the queue is shared with, and that shows in it. Measured by
 * `deno task bench:fairness` and in the simulator.
 */

/**
 * What may wait, as the time it takes to go through, ms. A queue in which little
 * gets lost is shared with those who give way when it overflows, as TCP with
 * CUBIC does. One that overflows all the time, or is longer than a round trip,
 * is shared with those who would take all that is left to them; the more they
 * fill of a deep one, the more it takes to keep a share. Nobody waits long for
 * a transfer that has the line to itself.
 *
 * @param minRtt Round trip without the queue, ms.
 * @param recentRtt Average round trip of late, ms.
 * @param lossShare Of what was sent of late.
 */
export function queueAllowance(
  minRtt: number,
  recentRtt: number,
  lossShare: number,
): number {
  const loss = (lossShare - littleLoss) / (muchLoss - littleLoss);
  const delay = recentRtt / minRtt - 2;
  const hardness = Math.min(Math.max(loss, delay, 0), 1);
  const waitMs = minWaitMs + hardness * (maxWaitMs - minWaitMs);
  const ownMs = Math.min(minRtt, Math.max(waitMs, minRtt / 4));
  // No queue of those who measure as this does grows so long.
  const deepMs = delay > deepDelay ? deepGain * recentRtt - minRtt : 0;
  return Math.max(ownMs, Math.min(deepMs, deepest * minRtt));
}

/** Shares; between the two the allowance grows from the least to the most. */
const littleLoss = 0.003;
const muchLoss = 0.01;
/** With a quarter of the round trip where that is more, and at most all of it. */
const minWaitMs = 28;
const maxWaitMs = 42;
/** What waits longer than so many round trips beyond the first is deep. */
const deepDelay = 1.5;
/** In flight there, in what its round trip takes: a share that still grows. */
const deepGain = 1.05;
/** Most that waits in a deep queue, in round trips. */
const deepest = 4;

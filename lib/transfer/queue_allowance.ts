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
 * @returns The time that what waits takes to go through, ms.
 */
export function queueAllowance(
  minRtt: number,
  lossShare: number,
  pathBytes: number,
): number {
  const loss = (lossShare - littleLoss) / (muchLoss - littleLoss);
  const hardness = Math.min(Math.max(loss, 0), 1);
  const leastMs = Math.min(minRtt, Math.max(leastShare * minRtt, leastWaitMs));
  const wide = (pathBytes - narrowBytes) / (wideBytes - narrowBytes);
  const width = Math.min(Math.max(wide, 0), 1);
  const mostShare = narrowShare + width * (wideShare - narrowShare);
  const mostMs = Math.min(mostShare * minRtt, Math.max(maxWaitMs, leastMs));
  return leastMs + hardness * (mostMs - leastMs);
}

/** Shares; between the two the allowance grows from the least to the most. */
const littleLoss = 0.003;
const muchLoss = 0.01;
/** In round trips; more of a short one, which the ends' own delays lengthen. */
const leastShare = 0.35;
const narrowShare = 0.6;
const wideShare = 1.25;
const narrowBytes = 96 * 1024;
const wideBytes = 192 * 1024;
const leastWaitMs = 4;
const maxWaitMs = 50;

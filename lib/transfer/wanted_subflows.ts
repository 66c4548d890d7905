import { transferLimits } from "./transfer_limits.ts";

/** What lies between the two ends of a transfer. */
export type SubflowReach = "local" | "network" | "relay";

/**
 * How many subflows a receiver gains by, besides the main one.
 *
 * @param bytes Of the datagrams that come.
 * @param missing Blocks that have not come.
 */
export function wantedSubflows(
  bytes: number,
  missing: number,
  reach: SubflowReach,
): number {
  if (bytes < largeBytes || missing < leastBlocks) return 0;
  if (reach === "relay") return 0;
  return (reach === "local" ? transferLimits.subflows : networkSockets) - 1;
}

/** Further sockets are of use for datagrams larger than most packets. */
const largeBytes = 2_048;
/** They are used while at least so many blocks are missing. */
const leastBlocks = 16;
/** Where a network is in between, bursts are to be shorter. */
const networkSockets = 8;

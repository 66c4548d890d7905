import type { Reach } from "./datagram_sizes.ts";

/** What is known of a path to decide by. */
export interface FragmentPath {
  /** Smallest round trip, ms. */
  readonly minRtt: number;
  /** Bytes per ms. */
  readonly pacingRate: number;
  /** The rate is still being found, and the pacing far ahead of it. */
  readonly isStarting: boolean;
  /** Packets overtake each other, so the smallest round trip tells little. */
  readonly isReordered: boolean;
}

/**
 * How far the other end is that datagrams of several packets may go to;
 * undefined when they may not, or not yet.
 */
export function fragmentReach(path: FragmentPath): Reach | undefined {
  const { minRtt, pacingRate, isStarting, isReordered } = path;
  if (isReordered) return undefined;
  if (isStarting && pacingRate < startingRate) return undefined;
  if (minRtt <= nearMs) return "near";
  return minRtt <= farMs && pacingRate >= fastRate ? "far" : undefined;
}

/** A round trip this short tells of a network without much in between. */
const nearMs = 2;
/** Further away, fragments are worth it for fast paths only: ms, bytes/ms. */
const farMs = 10;
const fastRate = 25_000;
/** More than a line of 100 Mbit/s is ever paced at when it is being found. */
const startingRate = 45_000;

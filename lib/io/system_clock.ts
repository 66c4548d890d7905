import type { Instant } from "../protocol/instant.ts";

/** The present moment of the system's clocks. */
export function systemClock(): Instant {
  return { mono: performance.now(), wall: Date.now() };
}

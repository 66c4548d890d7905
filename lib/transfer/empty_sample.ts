import type { AckSample } from "./congestion.ts";

/** A sample of an acknowledgement that tells nothing yet. */
export function emptySample(): AckSample {
  return {
    now: 0,
    acked: 0,
    lost: 0,
    recovered: 0,
    inFlight: 0,
    priorInFlight: 0,
    delivered: 0,
    priorDelivered: 0,
    rate: 0,
    isAppLimited: false,
    rtt: 0,
    lostSentAt: 0,
  };
}

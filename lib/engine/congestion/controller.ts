/**
 * How a sender decides how much may be under way: the seam at which congestion
 * controllers are swapped. All times in ms, sizes in bytes of data datagrams'
 * slices, rates in bytes per ms.
 */

/** What one acknowledgement tells; one object is reused for all. */
export interface AckSample {
  now: number;
  /** Bytes newly acknowledged. */
  acked: number;
  /** Bytes newly declared lost. */
  lost: number;
  /** Bytes of those that were declared lost, and arrived after all. */
  recovered: number;
  /** Bytes still in flight. */
  inFlight: number;
  /** Bytes in flight before this acknowledgement. */
  priorInFlight: number;
  /** Bytes acknowledged since the start. */
  delivered: number;
  /** Those when the newest acknowledged packet was sent. */
  priorDelivered: number;
  /** Delivery rate over that packet's flight; 0 when it cannot be told. */
  rate: number;
  /**
   * The sender had nothing to send then, or was too slow: the rate is only a lower
   * bound.
   */
  isAppLimited: boolean;
  /** Round trip of this acknowledgement without the peer's delay; 0 if none. */
  rtt: number;
  /** The newest lost packet was sent then; 0 when none was lost. */
  lostSentAt: number;
}

/** A congestion controller. */
export interface CongestionController {
  /** Bytes that may be in flight. */
  readonly window: number;
  /** Bytes per ms that may be sent; Infinity when only the window limits. */
  readonly pacingRate: number;
  /** For showing: what it is doing. */
  readonly phase: string;
  /** The size of datagrams changed, or is known for the first time. */
  setDatagramBytes(bytes: number): void;
  /** What is sent goes to so many sockets of the receiver in turn. */
  setSubflows(count: number): void;
  /**
   * A call goes the same way, or no longer: room is to be left for it, and no
   * queue made in which it would wait.
   */
  setYielding(isYielding: boolean): void;
  /** A first round-trip time, from finding the path, before any data. */
  handleFirstRtt(rtt: number): void;
  handleSent(now: number, bytes: number, inFlight: number): void;
  handleAck(sample: AckSample): void;
  /**
   * The round trips told from now on are of another kind than those so far: those
   * of most packets, where some overtake others, and not of each, or the other way
   * round. They cannot be compared; the first of them is `rtt` ms.
   */
  handleOtherRtt(rtt: number, now: number): void;
  /** Nothing came back for several probe time-outs (RFC 9002 §7.6). */
  handlePersistentCongestion(now: number): void;
}

/** Makes one for a path, which may end on this machine. */
export type ControllerMaker = (isLocal: boolean) => CongestionController;

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

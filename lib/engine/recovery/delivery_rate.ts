/**
 * Estimates how fast the path delivers (draft-cheng-iccrg-delivery-rate-
 * estimation): over the flight of each packet, the bytes acknowledged divided
 * by the longer of the time it took to send them and to hear of them.
 */
import type { SentPackets } from "./sent_packets.ts";
import type { AckSample } from "../congestion/controller.ts";

/** The connection-wide side of the estimate; the rest is in SentPackets. */
export class DeliveryRate {
  #delivered = 0;
  #deliveredAt = 0;
  #firstSentAt = 0;
  #appLimitedUntil = 0;
  #newest = -1;
  #ahead = 0;
  /** Of the rates of late, each counting half of the next one. */
  #mean = 0;

  /** Bytes acknowledged since the start. */
  get delivered(): number {
    return this.#delivered;
  }

  /** Records in `sent` the packet that leaves now and returns its number. */
  handleSent(
    sent: SentPackets,
    now: number,
    block: number,
    offset: number,
    length: number,
  ): number {
    if (sent.packetsInFlight === 0) {
      this.#firstSentAt = now;
      this.#deliveredAt = now;
    }
    return sent.add(
      now,
      block,
      offset,
      length,
      this.#delivered,
      this.#deliveredAt,
      this.#firstSentAt,
      this.#appLimitedUntil > this.#delivered,
    );
  }

  /** The sender ran out of things to send with room in the window. */
  handleAppLimited(inFlight: number): void {
    this.#appLimitedUntil = Math.max(this.#delivered + inFlight, 1);
  }

  /**
   * Packet `number` was acknowledged; its record is still that of its sending.
   *
   * @param ahead By how many ms it came sooner than most do, because it overtook
   * them or its acknowledgement did: that is no speed of the path's.
   */
  handleAcked(
    sent: SentPackets,
    number: number,
    now: number,
    ahead = 0,
  ): void {
    this.#delivered += sent.length(number);
    this.#deliveredAt = now;
    if (number <= this.#newest) return;
    // One that is far ahead would end the round long before its time.
    if (ahead > mostAhead * (now - sent.sentAt(number) + ahead)) return;
    this.#newest = number;
    this.#ahead = ahead;
  }

  /**
   * Completes `sample` after all packets of an acknowledgement.
   *
   * @param isShaken Packets overtake each other: then what one acknowledgement
   * tells too much the next tells too little, and the mean is told.
   */
  finish(
    sent: SentPackets,
    minRtt: number,
    sample: AckSample,
    isShaken = false,
  ): void {
    sample.delivered = this.#delivered;
    const newest = this.#newest;
    this.#newest = -1;
    sample.rate = 0;
    sample.isAppLimited = true;
    sample.priorDelivered = -1;
    if (newest < 0) return;
    const sentAt = sent.sentAt(newest);
    const sendElapsed = sentAt - sent.firstSentAt(newest);
    const ackElapsed = this.#deliveredAt - sent.deliveredAt(newest) +
      this.#ahead;
    this.#firstSentAt = sentAt;
    sample.priorDelivered = sent.delivered(newest);
    sample.isAppLimited = sent.isAppLimited(newest);
    const elapsed = Math.max(sendElapsed, ackElapsed);
    // Shorter than a round trip only when acknowledgements were bunched.
    if (elapsed < minRtt || elapsed <= 0) return;
    const rate = (this.#delivered - sample.priorDelivered) / elapsed;
    this.#mean = isShaken && this.#mean > 0 ? (this.#mean + rate) / 2 : rate;
    sample.rate = this.#mean;
  }
}

/** In round trips, of a packet that is to tell the rate. */
const mostAhead = 0.2;

/**
 * When a receiver acknowledges (RFC 9000 §13.2): after so many datagrams or
 * bytes, at once when something is missing or came twice, and otherwise a
 * fraction of a round trip later. Datagrams of several sockets come in whatever
 * order those are read: there a gap means nothing yet. On a fast path on which a
 * few overtake all others most come late; then it means as little. More
 * acknowledgements would only take time there that both ends need for the data,
 * and on a fast path that is not very short fewer are enough.
 */
import type { Rtt } from "./recovery/rtt.ts";
import { fastArrival, packetBytes, transferLimits } from "./packets/limits.ts";

/** The time of a receiver's next acknowledgement. */
export class AckSchedule {
  readonly #rtt: Rtt;
  #largest = -1;
  #largestAt = 0;
  /** Datagrams of the present period, those of them that came late, its start. */
  #count = 0;
  #late = 0;
  #periodAt = 0;
  /** All of the last period came fast. */
  #isFast = false;
  /** Many of it came late, too. */
  #isShuffled = false;
  /** What came last takes more than one packet. */
  #isLarge = false;
  /** Weight and bytes of what arrived since the last acknowledgement. */
  #unacked = 0;
  #unackedBytes = 0;
  #dueAt = Infinity;

  constructor(rtt: Rtt) {
    this.#rtt = rtt;
  }

  /** Largest packet number that arrived, -1 before the first. */
  get largest(): number {
    return this.#largest;
  }

  /** When that arrived, ms; 0 before the first. */
  get largestAt(): number {
    return this.#largestAt;
  }

  /** When the next acknowledgement is to leave, ms. */
  get dueAt(): number {
    return this.#dueAt;
  }

  /**
   * A data datagram of `bytes` came.
   *
   * @param isKnown It brought nothing new.
   * @param isSpread Data comes over several sockets.
   */
  handleData(
    number: number,
    bytes: number,
    isKnown: boolean,
    isSpread: boolean,
    now: number,
  ): void {
    this.#isLarge = bytes > packetBytes;
    const isLate = number < this.#largest;
    this.#watchOrder(isLate, now);
    // A gap or a repetition is news the sender waits for.
    const isGap = number > this.#largest + 1 && !isSpread && !this.#isShuffled;
    const isFilled = isLate && !isSpread && !this.#isShuffled;
    const usualWeight = isFilled ? filledWeight : 1;
    this.#unacked += isGap || isKnown ? oddWeight : usualWeight;
    this.#unackedBytes += bytes;
    if (number > this.#largest) {
      this.#largest = number;
      this.#largestAt = now;
    }
    const mostBytes = this.#rtt.min < nearMs ? nearAckBytes : ackBytes;
    const most = this.#isSparse ? sparseAckEvery : ackEvery;
    const isMuch = this.#unacked >= most ||
      (this.#unackedBytes >= mostBytes && this.#unacked >= 2);
    if (isMuch) this.#dueAt = now;
    else if (this.#dueAt === Infinity) this.#dueAt = now + this.#delay();
  }

  /** There is news that must not wait. */
  hurry(now: number): void {
    this.#dueAt = now;
  }

  /** An acknowledgement of everything leaves. */
  handleSent(): void {
    this.#unacked = 0;
    this.#unackedBytes = 0;
    this.#dueAt = Infinity;
  }

  #watchOrder(isLate: boolean, now: number): void {
    if (isLate) this.#late++;
    if (++this.#count < periodDatagrams) return;
    this.#isFast = now - this.#periodAt < fastMs;
    this.#isShuffled = this.#isFast && this.#late > manyLate;
    this.#count = 0;
    this.#late = 0;
    this.#periodAt = now;
  }

  /**
   * Not where datagrams are large: then they are few, and their sender would wait.
   * The shortest round trip of a shuffled path is that of those that overtake.
   */
  get #isSparse(): boolean {
    if (this.#isLarge) return false;
    return this.#isShuffled || (this.#isFast && this.#rtt.min >= nearMs);
  }

  #delay(): number {
    const least = this.#isSparse ? sparseAckDelayMs : minAckDelayMs;
    if (!this.#rtt.isMeasured) return least;
    return Math.min(
      Math.max(this.#rtt.min / 4, least),
      transferLimits.maxAckDelayMs,
    );
  }
}

/** Datagrams, and bytes, after which an acknowledgement leaves at once. */
const ackEvery = 16;
const ackBytes = 256 * 1024;
/** The same on a fast path. */
const sparseAckEvery = 32;
/** On a path shorter than this, ms, less than that fits into the sockets. */
const nearMs = 2;
const nearAckBytes = 64 * 1024;
/** What a datagram out of the ordinary counts for. */
const oddWeight = 8;
/** One that fills a gap: where many do, the sender waits for them anyway. */
const filledWeight = 4;
const periodDatagrams = 64;
const manyLate = periodDatagrams / 4;
/** So many packets of Ethernet in this time, ms, are fast. */
const fastMs = periodDatagrams * packetBytes / fastArrival;
const minAckDelayMs = 1;
const sparseAckDelayMs = 2;

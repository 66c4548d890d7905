/**
 * Decides which packets are lost and when to probe, after RFC 9002 §6: by
 * packet threshold, by time threshold, and by a probe time-out with exponential
 * back-off. Where packets overtake each other time alone decides, and more of it
 * (see reorder_window.ts), so a path that reorders does not look like one that
 * loses. One that leads to several sockets always reorders: they are read one
 * after another.
 */
import { ReorderWindow } from "./reorder_window.ts";
import type { Rtt } from "./rtt.ts";
import { packetState, type SentPackets } from "./sent_packets.ts";
import { transferLimits } from "../packets/limits.ts";

/** Loss detection of one sender. */
export class LossDetector {
  readonly #sent: SentPackets;
  readonly #rtt: Rtt;
  #largestAcked = -1;
  #reorderWindow = new ReorderWindow();
  #isSpread = false;
  #lossTime = Infinity;
  #lastSentAt = 0;
  #probeCount = 0;

  constructor(sent: SentPackets, rtt: Rtt) {
    this.#sent = sent;
    this.#rtt = rtt;
  }

  /** Highest number acknowledged, -1 for none. */
  get largestAcked(): number {
    return this.#largestAcked;
  }

  /** Probe time-outs since the last acknowledgement. */
  get probeCount(): number {
    return this.#probeCount;
  }

  /** What was sent so far went another way: its silence tells nothing. */
  restart(now: number): void {
    this.#lossTime = Infinity;
    this.#lastSentAt = now;
    this.#probeCount = 0;
    this.#reorderWindow = new ReorderWindow();
  }

  /** The other side lives: the next probe need not wait for its back-off. */
  endBackOff(): void {
    this.#probeCount = 0;
  }

  /** What is sent goes to so many sockets. */
  setSubflows(count: number): void {
    this.#isSpread = count > 1;
  }

  handleSent(now: number): void {
    this.#lastSentAt = now;
  }

  /** Something new was acknowledged. */
  handleAcked(largest: number): void {
    this.#largestAcked = Math.max(this.#largestAcked, largest);
    this.#probeCount = 0;
  }

  /**
   * A packet was acknowledged after one that was sent later to the same socket, or
   * after it had been declared lost.
   */
  handleLate(number: number, now: number): void {
    const dueAt = this.#sent.sentAt(number) + this.#roundTrip;
    this.#reorderWindow.handleLate(now - dueAt);
  }

  /** Declares lost what is; calls `onLost` for each, in order. */
  detect(now: number, onLost: (number: number) => void): void {
    this.#lossTime = Infinity;
    const rtt = this.#roundTrip;
    const delay = Math.max(rtt + this.#reorderWindow.ms(rtt), granularityMs);
    const most = this.#packetThreshold;
    const sent = this.#sent;
    for (let number = sent.oldest; number < this.#largestAcked; number++) {
      if (sent.state(number) !== packetState.inFlight) continue;
      const deadline = sent.sentAt(number) + delay;
      const isLost = deadline <= now ||
        this.#largestAcked - number >= most;
      if (!isLost) {
        // Later ones were sent later and are closer to the largest.
        this.#lossTime = deadline;
        return;
      }
      sent.settle(number, packetState.lost);
      this.#reorderWindow.handleLost(sent.sentAt(number), now);
      onLost(number);
    }
  }

  /** When {@link detect} or a probe is due, ms; Infinity when neither is. */
  deadline(): number {
    if (this.#lossTime !== Infinity) return this.#lossTime;
    return this.#probeDeadline();
  }

  /** True when a probe is due; then its back-off doubles. */
  takeProbe(now: number): boolean {
    if (this.#lossTime !== Infinity || now < this.#probeDeadline()) {
      return false;
    }
    this.#probeCount++;
    return true;
  }

  /** How far behind the largest that arrived a packet is lost. */
  get #packetThreshold(): number {
    if (this.#reorderWindow.isOpen) return Infinity;
    return this.#isSpread ? spreadThreshold : packetThreshold;
  }

  get #roundTrip(): number {
    return Math.max(this.#rtt.latest, this.#rtt.smoothed);
  }

  #probeDeadline(): number {
    if (this.#sent.packetsInFlight === 0) return Infinity;
    const timeout = this.#rtt.probeTimeout(transferLimits.maxAckDelayMs);
    const backOff = 2 ** Math.min(this.#probeCount, maxBackOff);
    return this.#lastSentAt + Math.min(timeout * backOff, maxProbeMs);
  }
}

const granularityMs = 1;
const packetThreshold = 3;
/** What waits in the sockets that are read last; mostly time decides there. */
const spreadThreshold = 64;
const maxBackOff = 10;
/** So that a path that comes back is found within this time. */
const maxProbeMs = 2_000;

/**
 * CUBIC (RFC 9438) behind the engine's interface, to measure {@link Bbr}
 * against, with a loss tolerance: rounds that lose no larger share than that do
 * not slow it down. Starts with HyStart's delay test (RFC 9406), in short.
 */
import type {
  AckSample,
  CongestionController,
} from "../../lib/engine/congestion/controller.ts";

/** A loss-based congestion controller. */
export class Cubic implements CongestionController {
  readonly #tolerance: number;
  #datagramBytes = 1200;
  /** All windows in datagrams, as in the RFC. */
  #window = initialWindow;
  #threshold = Infinity;
  #largest = 0;
  /** What Reno would have reached in the meantime. */
  #friendly = 0;
  #epochAt = 0;
  #isEpochOpen = false;
  /** Losses of what was sent before this were answered already, ms. */
  #recoveryAt = -1;
  #minRtt = Infinity;
  #smoothedRtt = 0;
  #roundEnd = 0;
  #roundAcked = 0;
  #roundLost = 0;

  /** @param tolerance Share of a round's bytes, 0–1. */
  constructor(tolerance = 0) {
    this.#tolerance = tolerance;
  }

  get window(): number {
    return this.#window * this.#datagramBytes;
  }

  get pacingRate(): number {
    if (this.#smoothedRtt === 0) return Infinity;
    const gain = this.#isSlowStart ? 2 : 1.25;
    return gain * this.window / this.#smoothedRtt;
  }

  get phase(): string {
    return this.#isSlowStart ? "slow-start" : "avoidance";
  }

  setDatagramBytes(bytes: number): void {
    this.#window *= this.#datagramBytes / bytes;
    this.#datagramBytes = bytes;
  }

  setSubflows(): void {}

  setYielding(): void {}

  handleFirstRtt(rtt: number): void {
    this.#smoothedRtt = Math.max(rtt, 0.1);
  }

  handleSent(): void {}

  handleOtherRtt(): void {}

  handleAck(sample: AckSample): void {
    this.#updateRtt(sample.rtt);
    this.#roundAcked += sample.acked;
    this.#roundLost += sample.lost;
    if (sample.lost > 0) this.#handleLoss(sample);
    if (sample.acked > 0 && !this.#isIdle(sample)) this.#grow(sample);
    if (sample.priorDelivered < this.#roundEnd) return;
    this.#roundEnd = sample.delivered;
    this.#roundAcked = 0;
    this.#roundLost = 0;
  }

  handlePersistentCongestion(): void {
    this.#threshold = Math.max(this.#window * decrease, leastWindow);
    this.#window = leastWindow;
    this.#isEpochOpen = false;
  }

  get #isSlowStart(): boolean {
    return this.#window < this.#threshold;
  }

  /** The window was not what held the sender back. */
  #isIdle({ isAppLimited, priorInFlight }: AckSample): boolean {
    return isAppLimited && priorInFlight < this.window / 2;
  }

  #updateRtt(rtt: number): void {
    if (rtt <= 0) return;
    this.#minRtt = Math.min(this.#minRtt, rtt);
    this.#smoothedRtt = this.#smoothedRtt === 0
      ? rtt
      : this.#smoothedRtt + (rtt - this.#smoothedRtt) / 8;
    const slack = Math.min(Math.max(this.#minRtt / 8, 4), 16);
    const isQueueing = rtt >= this.#minRtt + slack;
    if (this.#isSlowStart && isQueueing && this.#window >= 4 * initialWindow) {
      this.#threshold = this.#window;
    }
  }

  #handleLoss({ now, lostSentAt }: AckSample): void {
    const total = this.#roundAcked + this.#roundLost;
    const isTolerable = this.#roundLost <= this.#tolerance * total ||
      (this.#tolerance > 0 && this.#roundLost < 4 * this.#datagramBytes);
    if (lostSentAt <= this.#recoveryAt || isTolerable) return;
    this.#recoveryAt = now;
    // Fast convergence: one who is losing ground leaves more to the others.
    this.#largest = this.#window < this.#largest
      ? this.#window * (1 + decrease) / 2
      : this.#window;
    this.#window = Math.max(this.#window * decrease, leastWindow);
    this.#threshold = this.#window;
    this.#isEpochOpen = false;
  }

  #grow({ now, acked }: AckSample): void {
    const segments = acked / this.#datagramBytes;
    if (this.#isSlowStart) {
      this.#window += segments;
      return;
    }
    if (!this.#isEpochOpen) {
      this.#isEpochOpen = true;
      this.#epochAt = now;
      this.#friendly = this.#window;
      this.#largest = Math.max(this.#largest, this.#window);
    }
    const start = this.#largest * decrease;
    const k = Math.cbrt((this.#largest - start) / steepness);
    const seconds = (now - this.#epochAt + this.#smoothedRtt) / 1000;
    const cubic = steepness * (seconds - k) ** 3 + this.#largest;
    const target = Math.min(Math.max(cubic, this.#window), 1.5 * this.#window);
    this.#friendly += friendlyGain * segments / this.#window;
    this.#window += (target - this.#window) / this.#window * segments;
    this.#window = Math.max(this.#window, this.#friendly);
  }
}

const initialWindow = 10;
const leastWindow = 2;
const decrease = 0.7;
const steepness = 0.4;
const friendlyGain = 3 * (1 - decrease) / (1 + decrease);

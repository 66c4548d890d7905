/**
 * What may be in flight beside those who fill a queue until it overflows, as TCP
 * with CUBIC does. A sender that keeps to what the path holds without a queue
 * would be left with less and less there. Others are noticed by a queue that
 * does not empty although this sender regularly lets its own part of it run out;
 * then the window grows and shrinks as CUBIC's does (RFC 9438), so that both
 * come to the same, whatever the queue holds. Unlike there, only what is lost
 * while the queue is long counts: other losses come from the path itself.
 */
import type { AckSample } from "./controller.ts";
import { LossEpisode } from "./loss_episode.ts";

/** What is known of the path besides an acknowledgement. */
export interface CompetingPath {
  /** Round trip without a queue, ms. */
  readonly minRtt: number;
  /** Average round trip of late, ms. */
  readonly recentRtt: number;
  /**
   * Whether the sender still looks for its rate, keeps to it, or has little in
   * flight to see what the path is like without it.
   */
  readonly stage: "seeking" | "settled" | "looking";
}

/** Window of a sender that others compete with. */
export class CompetingWindow {
  #bytes = 0;
  #activeAt = -Infinity;
  /** When the queue was last nearly empty, ms. */
  #emptyAt = -1;
  /** The longest round trip of late, ms. */
  #longestRtt = 0;
  #longestAt = 0;
  /** All windows below in segments, as in the RFC. */
  #window = 0;
  #largest = 0;
  /** What Reno would have reached in the meantime. */
  #friendly = 0;
  #epochAt = 0;
  /** How long after that the largest window is reached again, s. */
  #plateauAt = 0;
  readonly #episode = new LossEpisode();
  /** The windows before it. */
  #windowBefore = 0;
  #largestBefore = 0;

  /** Bytes; 0 while nobody competes. */
  get bytes(): number {
    return this.#bytes;
  }

  /** The longest round trip of late, ms; 0 before the first. */
  get longestRtt(): number {
    return this.#longestRtt;
  }

  /** To be called for every acknowledgement. */
  handleAck(sample: AckSample, path: CompetingPath): void {
    const { now, rtt } = sample;
    if (path.stage === "seeking") return;
    if (this.#emptyAt < 0) this.#emptyAt = now;
    if (rtt > 0) this.#updateRtt(rtt, now, path);
    // Others may have gone, or take what is left to them then: see #begin.
    if (path.stage === "looking") return;
    const patienceMs = Math.max(patienceRtts * path.minRtt, leastPatienceMs);
    if (now - this.#emptyAt <= patienceMs) {
      this.#bytes = 0;
      return;
    }
    if (this.#bytes === 0) this.#begin(sample);
    this.#activeAt = now;
    this.#handleLoss(sample, path);
    this.#grow(sample, path);
    this.#bytes = this.#window * segmentBytes;
  }

  #updateRtt(rtt: number, now: number, path: CompetingPath): void {
    const slackMs = Math.max(emptyShare * path.minRtt + clockMs, busyMs);
    if (rtt <= path.minRtt + slackMs) this.#emptyAt = now;
    if (rtt >= this.#longestRtt || now - this.#longestAt > longestMs) {
      this.#longestRtt = rtt;
      this.#longestAt = now;
    }
  }

  /** The window of a moment ago stands: others were there all the while. */
  #begin({ now, priorInFlight }: AckSample): void {
    const isResumed = now - this.#activeAt < resumeMs;
    this.#window = Math.max(
      priorInFlight / segmentBytes,
      isResumed ? this.#window : leastWindow,
    );
    this.#largest = this.#window;
    this.#startEpoch(now);
  }

  #startEpoch(now: number): void {
    const missing = Math.max(this.#largest - this.#window, 0);
    this.#plateauAt = Math.cbrt(missing / steepness);
    this.#epochAt = now;
    this.#friendly = this.#window;
  }

  #handleLoss(sample: AckSample, path: CompetingPath): void {
    if (this.#episode.isNew(sample)) this.#answerLoss(sample, path);
    else if (this.#episode.update(sample)) {
      this.#window = Math.max(this.#window, this.#windowBefore);
      this.#largest = this.#largestBefore;
      this.#startEpoch(sample.now);
    }
  }

  #answerLoss(sample: AckSample, path: CompetingPath): void {
    const { now, rtt } = sample;
    const queueMs = this.#longestRtt - path.minRtt;
    if (rtt < path.minRtt + fullShare * queueMs) return;
    this.#episode.begin(sample);
    this.#windowBefore = this.#window;
    this.#largestBefore = this.#largest;
    // Fast convergence: one who is losing ground leaves more to the others.
    this.#largest = this.#window < this.#largest
      ? this.#window * (1 + decrease) / 2
      : this.#window;
    this.#window = Math.max(this.#window * decrease, leastWindow);
    this.#startEpoch(now);
  }

  #grow({ now, acked }: AckSample, path: CompetingPath): void {
    const segments = acked / segmentBytes;
    const seconds = (now - this.#epochAt + path.recentRtt) / 1000;
    const cubic = steepness * (seconds - this.#plateauAt) ** 3 + this.#largest;
    const target = Math.min(Math.max(cubic, this.#window), 1.5 * this.#window);
    this.#friendly += friendlyGain * segments / this.#window;
    this.#window += (target - this.#window) / this.#window * segments;
    this.#window = Math.max(this.#window, this.#friendly);
  }
}

/** A round trip longer by at most this share and error: no queue. */
const emptyShare = 0.2;
const clockMs = 1;
/** Ends that are busy answer so late. */
const busyMs = 5;
/** How long a queue must be there: more than two cycles of probing. */
const patienceRtts = 12;
const leastPatienceMs = 400;
/** How long the longest round trip is remembered. */
const longestMs = 10_000;
/** How long the window is kept when the queue empties. */
const resumeMs = 5_000;
/** A queue as full as this, of what it was, may have overflowed. */
const fullShare = 0.6;
const leastWindow = 4;
/** Of the others, whatever the size of this sender's datagrams. */
const segmentBytes = 1_448;
/**
 * Of RFC 9438: β, C and α. There β is 0.7; what is given up while the smallest
 * round trip is looked for makes up for the difference.
 */
const decrease = 0.8;
const steepness = 0.4;
const friendlyGain = 3 * (1 - decrease) / (1 + decrease);

/**
 * A model-based congestion controller in the manner of BBR (Cardwell et al.,
 * "BBR: Congestion-Based Congestion Control", and draft-ietf-ccwg-bbr): it
 * measures the rate the path delivers and its round-trip time, sends at that
 * rate, and keeps up to two of their products in flight. Single losses do not
 * slow it down; a round that loses much bounds what is in flight. Beside those
 * who fill the queue it does as they do: see competing_window.ts. Measured
 * against CUBIC by `deno task bench:congestion`, beside TCP by
 * `deno task bench:fairness`.
 */
import { type CompetingPath, CompetingWindow } from "./competing_window.ts";
import type { AckSample, CongestionController } from "./controller.ts";
import {
  calmShare,
  FullPipe,
  lossHardness,
  MaxRate,
  MinRtt,
  queueAllowance,
  RoundAverages,
} from "./bbr_model.ts";
import { CallRoom } from "./call_room.ts";
import { transferLimits } from "../packets/limits.ts";

/** BBR-like congestion controller. */
export class Bbr implements CongestionController {
  #phase: "startup" | "drain" | "probe-rate" | "probe-rtt" = "startup";
  #datagramBytes = 1200;
  #subflows = 1;
  #window = initialPackets * 1200;
  #pacingRate = Infinity;
  readonly #rate = new MaxRate();
  #minRtt = new MinRtt();
  readonly #competing = new CompetingWindow();
  /** Measured before any data was sent. */
  #firstRtt = Infinity;
  #round = 0;
  #roundEnd = 0;
  readonly #rounds = new RoundAverages();
  readonly #fullPipe = new FullPipe();
  #cycle = 0;
  #cycleAt = 0;
  #probeGain = cycleGains[0]!;
  /** The highest rate when the last probing began. */
  #unprobedRate = Infinity;
  #probeRttEnd = 0;
  #inFlightBound = Infinity;
  /** The bound before the last overload, and what of it has yet to come. */
  #boundBefore = Infinity;
  #excess = 0;
  /** The last round lost too much. */
  #isOverloaded = false;
  #isConserving = false;
  #isYielding = false;
  /** Of its rate that a sender beside a call uses, by the queue that it sees. */
  readonly #room = new CallRoom();

  get window(): number {
    if (this.#isConserving) return minPackets * this.#datagramBytes;
    return this.#window;
  }

  get pacingRate(): number {
    return this.#pacingRate;
  }

  get phase(): string {
    return this.#phase;
  }

  setDatagramBytes(bytes: number): void {
    this.#datagramBytes = bytes;
    if (this.#rate.perMs > 0) return;
    this.#window = Math.min(
      initialPackets * bytes,
      Math.max(maxInitialBytes, 2 * bytes),
      this.#socketBound(),
    );
  }

  setSubflows(count: number): void {
    this.#subflows = count;
  }

  setYielding(isYielding: boolean): void {
    this.#isYielding = isYielding;
    this.#cycle = Math.min(this.#cycle, this.#gains.length - 1);
  }

  handleFirstRtt(rtt: number): void {
    if (this.#rate.perMs > 0) return;
    this.#firstRtt = rtt;
    this.#pacingRate = startupGain * this.#window / Math.max(rtt, 0.1);
  }

  handleSent(): void {}

  handleAck(sample: AckSample): void {
    this.#isConserving = false;
    const isRoundStart = this.#updateRound(sample);
    const isSteady = this.#isFound && !this.#isRttLong;
    this.#rate.update(sample, isSteady ? this.#minRtt.ms : Infinity);
    if (sample.recovered > 0) this.#handleRecovered(sample.recovered);
    const { rtt, now } = sample;
    const isRttStale = this.#minRtt.update(rtt, now, this.#isContended);
    if (isRoundStart) {
      const isStarting = this.#phase === "startup";
      this.#rounds.update(rtt, this.#datagramBytes, isStarting);
      this.#checkFullPipe(sample);
      this.#room.handleRound(this.#minRtt.ms);
    }
    this.#room.handleRtt(rtt);
    this.#updatePhase(sample, isRttStale);
    this.#setWindowAndRate(sample);
    if (isRoundStart) this.#rounds.restart();
  }

  handleOtherRtt(rtt: number, now: number): void {
    this.#minRtt = new MinRtt();
    this.#minRtt.update(rtt, now);
    this.#rounds.restartRtt(rtt);
    this.#firstRtt = Infinity;
  }

  handlePersistentCongestion(): void {
    this.#isConserving = true;
  }

  /** Others keep the queue filled. */
  get #isContended(): boolean {
    return this.#competing.bytes > 0;
  }

  /** The rate is kept, or less, and not being found. */
  get #isFound(): boolean {
    return this.#phase === "drain" || this.#phase === "probe-rate";
  }

  /**
   * The usual round trip is much longer than the path, as between busy machines,
   * which notice late what comes. The window, made for the path, then limits what
   * several flights take, and a rate measured over them would fall and fall.
   */
  get #isRttLong(): boolean {
    return this.#rounds.rtt > longRttFactor * this.#minRtt.ms + longRttMs;
  }

  /** Pacing gains of the steps while the rate is kept. */
  get #gains(): readonly number[] {
    return this.#isYielding ? yieldingGains : cycleGains;
  }

  /**
   * Beside a call only with those who keep the queue filled however little is
   * sent: the call waits for them anyway.
   */
  get #mayCompete(): boolean {
    return !this.#isYielding || this.#room.isUseless;
  }

  get #stage(): CompetingPath["stage"] {
    if (this.#phase === "probe-rate") return "settled";
    return this.#phase === "probe-rtt" ? "looking" : "seeking";
  }

  /** Bytes that fill the path once, times `gain`. */
  #bytesFor(gain: number): number {
    if (this.#minRtt.ms === Infinity) return this.#window;
    return gain * this.#rate.perMs * this.#minRtt.ms;
  }

  #updateRound(sample: AckSample): boolean {
    this.#rounds.add(sample);
    if (sample.priorDelivered < this.#roundEnd) return false;
    this.#roundEnd = sample.delivered;
    this.#round++;
    this.#rate.handleRound(sample);
    return true;
  }

  /** At the end of a round: is the rate found? */
  #checkFullPipe(sample: AckSample): void {
    const { lost, total } = this.#rounds;
    const isOverloaded = lost > maxLossShare * total &&
      lost >= 8 * this.#datagramBytes;
    this.#isOverloaded = isOverloaded;
    if (isOverloaded) {
      this.#boundBefore = this.#inFlightBound;
      this.#excess = lost - maxLossShare * total;
      this.#inFlightBound = Math.max(
        this.#bytesFor(1),
        boundShare * Math.min(sample.priorInFlight, this.#inFlightBound),
      );
    }
    if (
      this.#isFound && !isOverloaded && this.#fullPipe.reopen(this.#rate.perMs)
    ) {
      this.#phase = "startup";
    }
    if (this.#phase !== "startup") return;
    if (sample.isAppLimited && !isOverloaded) return;
    const outcome = lost > lossyShare * total ? "lossy" : "clean";
    this.#fullPipe.handleRound(
      this.#rate.perMs,
      isOverloaded ? "overloaded" : outcome,
      sample.now,
    );
    if (this.#fullPipe.isFull) this.#phase = "drain";
  }

  /** What was thought lost was late: was there an overload without it? */
  #handleRecovered(bytes: number): void {
    if (this.#excess <= 0) return;
    this.#excess -= bytes;
    if (this.#excess > 0) return;
    this.#inFlightBound = Math.max(this.#inFlightBound, this.#boundBefore);
    this.#isOverloaded = false;
  }

  #updatePhase(sample: AckSample, isRttStale: boolean): void {
    const now = sample.now;
    const lowWindow = this.#probeRttWindow() + this.#datagramBytes;
    // So low that a queue of others shows, which others may have left behind.
    if (this.#phase === "drain" && sample.inFlight <= lowWindow) {
      this.#enterProbeRate(now);
    }
    if (this.#phase === "probe-rate") this.#updateCycle(sample);
    if (isRttStale && this.#phase !== "probe-rtt") {
      this.#phase = "probe-rtt";
      this.#probeRttEnd = 0;
    }
    if (this.#phase !== "probe-rtt") return;
    if (this.#probeRttEnd === 0 && sample.inFlight <= lowWindow) {
      this.#probeRttEnd = now + probeRttMs;
    }
    if (this.#probeRttEnd > 0 && now >= this.#probeRttEnd) {
      this.#minRtt.handleProbed(now, this.#isContended);
      if (this.#fullPipe.isFull) this.#enterProbeRate(now);
      else this.#phase = "startup";
    }
  }

  #enterProbeRate(now: number): void {
    this.#phase = "probe-rate";
    // Start anywhere but at the draining step; the round number is as good as
    // random and keeps several transfers from probing together.
    this.#cycle = this.#round % (this.#gains.length - 1) + 1;
    if (this.#cycle === 1) this.#cycle = 2;
    this.#cycleAt = now;
  }

  #updateCycle(sample: AckSample): void {
    const elapsed = sample.now - this.#cycleAt;
    const gain = this.#cycleGain();
    let isOver = elapsed > this.#minRtt.ms;
    if (gain > 1) {
      isOver &&= sample.lost > 0 || sample.priorInFlight >=
          Math.min(this.#bytesFor(gain), this.#inFlightBound) ||
        elapsed > longestStep * this.#minRtt.ms;
    } else if (gain < 1) {
      // Until this sender's part of the queue is gone: if there still is one
      // then, it is that of others.
      isOver &&= this.#isContended || elapsed > longestStep * this.#minRtt.ms;
      isOver ||= sample.inFlight <= this.#drainedBytes();
    }
    if (!isOver) return;
    if (gain > 1 && !this.#isOverloaded) this.#inFlightBound *= gain;
    this.#cycle = this.#nextCycle();
    this.#cycleAt = sample.now;
  }

  /**
   * In flight when the queue is gone: what fills the path, and what the ends hold
   * back for a moment, or the line would idle.
   */
  #drainedBytes(): number {
    const endsMs = Math.min(endsShare * this.#minRtt.ms, bunchMs / 2);
    return this.#bytesFor(1) + this.#rate.perMs * endsMs;
  }

  /**
   * Where sending more has just brought more, it is tried again at once and
   * harder, so that whoever started too low or came late is soon where others
   * are. Those who have a third of a line already gain less than that.
   */
  #nextCycle(): number {
    const next = (this.#cycle + 1) % this.#gains.length;
    if (this.#isYielding) return next;
    const grown = this.#rate.perMs >= gainfulGrowth * this.#unprobedRate;
    const isGainful = this.#cycle === resultStep && grown;
    if (next > 0 && !isGainful) return next;
    this.#probeGain = isGainful ? repeatGain : cycleGains[0]!;
    this.#unprobedRate = this.#rate.perMs;
    return 0;
  }

  #cycleGain(): number {
    const isUsualProbe = this.#cycle === 0 && !this.#isYielding;
    return isUsualProbe ? this.#probeGain : this.#gains[this.#cycle]!;
  }

  /**
   * The highest of many measured rates is too high by the error of the clock,
   * which would keep the queue of a short path full. Not where this machine was
   * too slow to send all that it might have sent: that leaves no queue, and less
   * than the rate every time would soon be measured as less. Where something gets
   * lost there is one, and it overflows.
   */
  #certainty(): number {
    if (this.#cycle === 0 || this.#rate.isSure) return 1;
    const rtt = Math.max(this.#minRtt.ms, shortestTimedMs);
    const { limitedShare, lossShare } = this.#rounds;
    const overflow = Math.min(lossShare / overflowLossShare, 1);
    const error = Math.max(1 - 2 * limitedShare, overflow);
    return rtt / (rtt + error * timingErrorMs);
  }

  /** Probing shows what the line carries, of which the rest is a share. */
  #yieldingShare(): number {
    return this.#isYielding && this.#cycle > 0 ? this.#room.share : 1;
  }

  #probeRttWindow(): number {
    return Math.max(this.#bytesFor(0.5), minPackets * this.#datagramBytes);
  }

  #setWindowAndRate(sample: AckSample): void {
    const floor = minPackets * this.#datagramBytes;
    if (this.#rate.perMs === 0) {
      this.#window = Math.min(
        this.#window + sample.acked,
        this.#socketBound(),
      );
      return;
    }
    this.#competing.handleAck(sample, {
      minRtt: this.#minRtt.ms,
      recentRtt: this.#rounds.rtt,
      stage: this.#stage,
    });
    const gain = this.#pacingGain();
    this.#pacingRate = Math.max(gain * this.#rate.perMs, floor / maxFloorMs);
    if (this.#phase === "probe-rtt") {
      this.#window = this.#probeRttWindow();
      return;
    }
    const model = this.#phase === "startup"
      ? this.#startupWindow(sample)
      : this.#modelWindow();
    const competing = this.#mayCompete ? this.#competing.bytes : 0;
    if (competing > model) {
      this.#pacingRate = competingGain * competing / this.#rounds.rtt;
    }
    const target = Math.max(model, competing);
    this.#window = Math.max(
      Math.min(target, this.#inFlightBound, this.#socketBound()),
      2 * this.#datagramBytes,
    );
  }

  #startupWindow({ acked }: AckSample): number {
    const gain = this.#isYielding ? yieldingStartupGain : startupWindowGain;
    const target = this.#bytesFor(gain) + this.#extraBytes();
    return Math.max(target, Math.min(this.#window + acked, maxInitialBytes));
  }

  #modelWindow(): number {
    return this.#bytesFor(1) + this.#waitingBytes();
  }

  /** What may be in flight beyond what fills the path. */
  #waitingBytes(): number {
    if (this.#isYielding) return this.#extraBytes();
    const queueMs = queueAllowance(
      this.#minRtt.ms,
      this.#rounds.lossShare,
      this.#bytesFor(1),
      Math.max(this.#competing.longestRtt - this.#minRtt.ms, 0),
    );
    const queue = this.#rate.perMs * queueMs;
    const extra = this.#extraBytes();
    const waiting = Math.min(
      queue + extra,
      mostWaiting * Math.max(queue, extra),
    );
    if (!this.#rate.isSure) return waiting;
    const calm = Math.max(queue, extra, this.#bytesFor(calmShare));
    return Math.min(
      waiting,
      (1 + lossHardness(this.#rounds.lossShare)) * calm,
    );
  }

  /**
   * What acknowledgements that come in bunches hold back: less than that in
   * flight and the receiver would wait for more while the sender waits for it.
   */
  #extraBytes(): number {
    return Math.max(
      Math.min(
        bunchDatagrams * this.#datagramBytes,
        maxBunchBytes,
        this.#rate.perMs * longestBunchMs,
      ),
      extraDatagrams * this.#datagramBytes,
      Math.min(this.#rate.perMs * bunchMs, maxExtraBytes),
    );
  }

  /**
   * On a path without delay all that is in flight waits in the receiver's
   * sockets, and what these cannot hold is lost.
   */
  #socketBound(): number {
    if (Math.min(this.#minRtt.ms, this.#firstRtt) > shortRttMs) return Infinity;
    const bytes = this.#datagramBytes;
    return this.#subflows * Math.min(
      socketDatagrams * bytes,
      Math.max(socketBytes - bytes, bytes + 1),
    );
  }

  #pacingGain(): number {
    switch (this.#phase) {
      case "startup":
        return this.#isYielding ? yieldingStartupGain : startupGain;
      case "drain":
        return 1 / startupGain;
      case "probe-rate":
        return this.#cycleGain() * this.#certainty() * this.#yieldingShare();
      case "probe-rtt":
        return 1;
    }
  }
}

/** 2/ln 2: the least gain that doubles the rate every round. */
const startupGain = 2.885;
/** What is in flight while starting: more would only overflow the queue. */
const startupWindowGain = 2;
/** Lets the window, not the rate, decide beside others. */
const competingGain = 1.2;
/** On top, for ends that wake up, and acknowledge, once in about this time. */
const bunchMs = 3;
/** Both together, in shares of the larger one: on a short path they overlap. */
const mostWaiting = 1.25;
const extraDatagrams = 3;
/** More than a receiver lets come together before it acknowledges. */
const bunchDatagrams = 20;
const maxBunchBytes = 64 * 1024;
/** On a slow line it acknowledges earlier, at the latest after this time. */
const longestBunchMs = transferLimits.maxAckDelayMs + bunchMs;
const maxExtraBytes = 384 * 1024;
const cycleGains = [1.25, 0.75, 1, 1, 1, 1, 1, 1];
/** By the end of this step what came of probing is known. */
const resultStep = 2;
/**
 * Beside a call: a tenth is left free, and what probing leaves in the queue is
 * little and soon gone. Probed more often, as the rate is seen only then.
 */
const yieldingGains = [1.15, 0.7, 0.9, 0.9, 0.9];
/** The rate grows by half in a round, and so may what waits at the end. */
const yieldingStartupGain = 1.5;
/** Of a round trip; what ends hold back on a path of some length. */
const endsShare = 0.35;
/** In round trips. */
const longestStep = 4;
const gainfulGrowth = 1.15;
const repeatGain = 1.6;
/** An acknowledgement is noticed a bit early or late, between other work. */
const timingErrorMs = 0.3;
const shortestTimedMs = 2;
/** Of the packets: at more a queue overflows, or the path loses some anyway. */
const overflowLossShare = 0.0003;
const longRttFactor = 1.2;
const longRttMs = 0.6;
const probeRttMs = 200;
const initialPackets = 16;
const maxInitialBytes = 64 * 1024;
const minPackets = 4;
/** A path this short, ms, holds next to nothing itself. */
const shortRttMs = 1;
/** What the usual socket buffer holds, less what may come besides. */
const socketDatagrams = 80;
const socketBytes = 128 * 1024;
/** The slowest rate sends the smallest window in this time, ms. */
const maxFloorMs = 1_000;
/** A round that loses more than this share is an overload, not noise. */
const maxLossShare = 0.25;
/** More than a path loses without being full. */
const lossyShare = 0.1;
/** What remains of the bytes in flight after an overload. */
const boundShare = 0.85;

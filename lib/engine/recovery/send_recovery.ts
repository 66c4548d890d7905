/**
 * The sender's recovery and rate (RFC 9002): what was sent, what
 * became of it, and whether more may leave now. Puts the parts together: sent
 * packets, loss detection, delivery rate, congestion controller, pacer.
 */
import type { AckFrame } from "../packets/ack_frame.ts";
import {
  type CongestionController,
  type ControllerMaker,
  emptySample,
} from "../congestion/controller.ts";
import { DeliveryRate } from "./delivery_rate.ts";
import { LossDetector } from "./loss_detector.ts";
import { Pacer } from "./pacer.ts";
import type { Rtt } from "./rtt.ts";
import { packetState, SentPackets } from "./sent_packets.ts";
import { transferLimits } from "../packets/limits.ts";
import { UsualRtt } from "./usual_rtt.ts";

/** Recovery and rate of one sender. */
export class SendRecovery {
  readonly sent = new SentPackets();
  readonly #rtt: Rtt;
  readonly #makeController: ControllerMaker;
  #controller: CongestionController;
  readonly #resend: (number: number) => void;
  readonly #rate = new DeliveryRate();
  readonly #pacer = new Pacer(burstBytes);
  readonly #loss: LossDetector;
  #usualRtt = new UsualRtt();
  /** The controller is told those. */
  #isUsualTold = false;
  readonly #sample = emptySample();
  /** Lost or superseded packets that may still turn out to have arrived. */
  readonly #givenUp: number[] = [];
  #pacedUntil = Infinity;
  #lostPackets = 0;
  /** Highest number acknowledged of each of the receiver's sockets, -1 for none. */
  readonly #largest = new Float64Array(transferLimits.subflows).fill(-1);
  /** The same before the present acknowledgement. */
  readonly #largestBefore = this.#largest.slice();
  /** Packets below this number were sent over a path that is no longer used. */
  #firstOfPath = 0;
  /** The present acknowledgement is late, or tells of a packet that came late. */
  #isLate = false;
  #isStarted = false;
  #subflows = 1;
  #isYielding = false;

  /**
   * @param makeController Called for every path that is used.
   * @param resend Called with the number of each packet to be repeated.
   */
  constructor(
    rtt: Rtt,
    makeController: ControllerMaker,
    resend: (number: number) => void,
  ) {
    this.#rtt = rtt;
    this.#makeController = makeController;
    this.#controller = makeController(false);
    this.#resend = resend;
    this.#loss = new LossDetector(this.sent, rtt);
  }

  /** True when several probes in a row were not answered (RFC 9002 §7.6). */
  get isPersistentlyLost(): boolean {
    return this.#loss.probeCount >= persistentProbes;
  }

  /** Probes since the last acknowledgement. */
  get probeCount(): number {
    return this.#loss.probeCount;
  }

  /** Packets that were lost so far, without those that were only late. */
  get lostPackets(): number {
    return this.#lostPackets;
  }

  /** True while the rate is still being found. */
  get isStarting(): boolean {
    return this.#controller.phase === "startup";
  }

  /** True where packets overtake each other. */
  get isReordered(): boolean {
    return this.#usualRtt.isReordered;
  }

  /** Bytes per ms. */
  get pacingRate(): number {
    return this.#controller.pacingRate;
  }

  /** Numbers for showing and for benchmarks. */
  stats() {
    return {
      rtt: this.#rtt.smoothed,
      minRtt: this.#rtt.min,
      sentPackets: this.sent.next,
      lostPackets: this.#lostPackets,
      window: this.#controller.window,
      inFlight: this.sent.bytesInFlight,
      pacingRate: this.pacingRate,
      phase: this.#controller.phase,
      probes: this.#loss.probeCount,
    };
  }

  /**
   * A path was found, or another one is used from now on; its round-trip time
   * may be known, and its datagrams have so many `bytes` for now.
   *
   * @param isLocal Its other end is on this machine.
   */
  start(now: number, bytes: number, isLocal: boolean): void {
    if (this.#isStarted) this.#restart(now);
    this.#isStarted = true;
    this.#controller = this.#makeController(isLocal);
    this.#controller.setSubflows(this.#subflows);
    this.#controller.setYielding(this.#isYielding);
    this.setDatagramBytes(bytes);
    if (this.#rtt.isMeasured) {
      this.#controller.handleFirstRtt(this.#rtt.smoothed);
    }
    this.#pacer.setRate(now, this.#controller.pacingRate);
  }

  /**
   * Something authentic came. After an outage the path is likely to carry data
   * again, which is tried at once.
   */
  handleHeard(): void {
    if (this.isPersistentlyLost) this.#loss.endBackOff();
  }

  setDatagramBytes(bytes: number): void {
    this.#controller.setDatagramBytes(bytes);
    this.#pacer.setDatagramBytes(bytes);
  }

  /** What is sent goes to so many sockets of the receiver in turn. */
  setSubflows(count: number): void {
    if (count === this.#subflows) return;
    this.#subflows = count;
    this.#loss.setSubflows(count);
    this.#pacer.setSubflows(count);
    this.#controller.setSubflows(count);
  }

  /** Something that must not wait shares the path, or no longer. */
  setYielding(isYielding: boolean): void {
    if (isYielding === this.#isYielding) return;
    this.#isYielding = isYielding;
    this.#controller.setYielding(isYielding);
  }

  /** True when the congestion window has room for a packet. */
  hasRoom(): boolean {
    this.#pacedUntil = Infinity;
    const hasRoom = !this.sent.isFull &&
      this.sent.bytesInFlight < this.#controller.window;
    if (!hasRoom) this.#pacer.handleIdle();
    return hasRoom;
  }

  /** There was room but nothing to send. */
  handleAppLimited(): void {
    this.#pacer.handleIdle();
    this.#rate.handleAppLimited(this.sent.bytesInFlight);
  }

  /** True when the next packet must wait for its turn: see {@link deadline}. */
  isPaced(now: number): boolean {
    const readyAt = this.#pacer.readyAt(now);
    // What this machine was too busy to send tells nothing of the path.
    if (this.#pacer.takeBehind()) {
      this.#rate.handleAppLimited(this.sent.bytesInFlight);
    }
    if (readyAt <= now) return false;
    // What may be in flight at all may also leave at once; then waiting, which
    // takes a timer a millisecond or two, would leave a fast path idle.
    const { window, pacingRate } = this.#controller;
    const isTimerTooSlow = pacingRate * timerMs > window;
    const mostBytes = this.#subflows * burstBytes;
    if (isTimerTooSlow && window <= mostBytes) return false;
    this.#pacedUntil = readyAt;
    return true;
  }

  /**
   * A slice leaves now; returns its packet number.
   *
   * @param socket Of the receiver's, to which it goes; 0, by default, is the main one.
   */
  handleSent(
    now: number,
    block: number,
    offset: number,
    length: number,
    socket = 0,
  ): number {
    const number = this.#rate.handleSent(
      this.sent,
      now,
      block,
      offset,
      length,
    );
    this.sent.setSocket(number, socket);
    this.#loss.handleSent(now);
    this.#pacer.handleSent(length);
    this.#controller.handleSent(now, length, this.sent.bytesInFlight);
    return number;
  }

  /** An acknowledgement came; its largest must be below `sent.next`. */
  handleAck(ack: AckFrame, now: number): void {
    const sample = this.#sample;
    sample.now = now;
    sample.rtt = 0;
    sample.priorInFlight = this.sent.bytesInFlight;
    sample.recovered = 0;
    sample.acked = this.#settleAcked(ack, now);
    this.#detectLoss(now);
  }

  /** Returns how many probes must leave now, window or not: 0 to 2. */
  handleTimeout(now: number): number {
    if (this.#loss.deadline() <= now) {
      const sample = this.#sample;
      sample.now = now;
      sample.rtt = 0;
      sample.priorInFlight = this.sent.bytesInFlight;
      sample.recovered = 0;
      sample.acked = 0;
      this.#detectLoss(now);
    }
    if (!this.#loss.takeProbe(now)) return 0;
    let probes = 0;
    while (probes < 2 && this.sent.packetsInFlight > 0) {
      this.#supersede(this.sent.oldest);
      probes++;
    }
    this.#loss.handleSent(now);
    // RFC 9002 §7.6: several probes in a row were not answered.
    if (this.isPersistentlyLost) {
      this.#controller.handlePersistentCongestion(now);
    }
    return probes;
  }

  /** When a timeout or a paced packet is due, ms. */
  deadline(): number {
    return Math.min(this.#loss.deadline(), this.#pacedUntil);
  }

  /**
   * The rate of another path is found anew (RFC 9000 §9.4). What the old one
   * swallowed is sent again, what it may still deliver is waited for.
   */
  #restart(now: number): void {
    const sent = this.sent;
    const isOldDead = this.#loss.probeCount > 0;
    for (let n = sent.oldest; isOldDead && n < sent.next; n++) {
      if (sent.state(n) === packetState.inFlight) this.#supersede(n);
    }
    this.#firstOfPath = sent.next;
    this.#loss.restart(now);
    this.#usualRtt = new UsualRtt();
    this.#isUsualTold = false;
  }

  /** What the packet carried is sent again, though it may have arrived. */
  #supersede(number: number): void {
    this.sent.settle(number, packetState.superseded);
    this.#givenUp.push(number);
    this.#resend(number);
  }

  /** Settles what `ack` acknowledges; returns the bytes that are new. */
  #settleAcked(ack: AckFrame, now: number): number {
    const sent = this.sent;
    const { oldest } = sent;
    const isLargestNew = ack.largest >= oldest &&
      sent.state(ack.largest) === packetState.inFlight;
    this.#largestBefore.set(this.#largest);
    this.#isLate = ack.largest < this.#loss.largestAcked;
    let acked = this.#settleLate(ack, now);
    for (let i = 0; i < ack.rangeCount; i++) {
      const end = ack.ends[i]!;
      if (end <= oldest) break;
      for (let n = Math.max(ack.starts[i]!, oldest); n < end; n++) {
        if (sent.state(n) !== packetState.inFlight) continue;
        if (this.#isOvertaken(n)) {
          this.#loss.handleLate(n, now);
          this.#isLate = true;
        }
        acked += this.#settle(n, now);
      }
    }
    if (acked > 0) this.#loss.handleAcked(ack.largest);
    if (isLargestNew && ack.largest >= this.#firstOfPath) {
      const rtt = now - sent.sentAt(ack.largest);
      this.#rtt.update(
        rtt,
        Math.min(ack.delay, transferLimits.maxAckDelayMs),
      );
      this.#sample.rtt = Math.max(rtt - ack.delay, granularityMs);
    }
    this.#updateUsualRtt(now);
    return acked;
  }

  /**
   * True for a packet before which one arrived that was sent later to the same
   * socket: what goes to several is read in any order.
   */
  #isOvertaken(number: number): boolean {
    return number >= this.#firstOfPath &&
      number < this.#largestBefore[this.sent.socket(number)]!;
  }

  /** Where packets overtake each other, the round trip of most is told. */
  #updateUsualRtt(now: number): void {
    const usual = this.#usualRtt;
    usual.handleAck(this.#isLate);
    const isTold = usual.ms > 0;
    if (isTold) this.#sample.rtt = usual.ms;
    if (isTold === this.#isUsualTold) return;
    this.#isUsualTold = isTold;
    this.#controller.handleOtherRtt(usual.ms || this.#rtt.latest, now);
  }

  /** The same for what was given up, most of it below the oldest in flight. */
  #settleLate(ack: AckFrame, now: number): number {
    const sent = this.sent;
    const floor = Math.max(sent.floor, sent.oldest - lateAckNumbers);
    const givenUp = this.#givenUp;
    let acked = 0;
    let kept = 0;
    for (const number of givenUp) {
      if (number < floor) continue;
      if (!ack.includes(number)) {
        givenUp[kept++] = number;
        continue;
      }
      if (sent.state(number) === packetState.lost) {
        this.#handleSpurious(number, now);
      }
      acked += this.#settle(number, now);
    }
    givenUp.length = kept;
    return acked;
  }

  /** What was declared lost has arrived: that is undone. */
  #handleSpurious(number: number, now: number): void {
    this.#lostPackets--;
    if (number < this.#firstOfPath) return;
    this.#isLate ||= this.#isOvertaken(number);
    this.#loss.handleLate(number, now);
    this.#sample.recovered += this.sent.length(number);
  }

  /** A packet arrived; returns its bytes, 0 for one of an earlier path. */
  #settle(number: number, now: number): number {
    const sent = this.sent;
    const isOfPath = number >= this.#firstOfPath;
    if (isOfPath) {
      const usual = this.#usualRtt;
      const rtt = now - sent.sentAt(number);
      if (usual.isReordered) usual.add(number, rtt, sent.next, now);
      this.#rate.handleAcked(sent, number, now, usual.ahead(rtt));
    }
    const socket = sent.socket(number);
    this.#largest[socket] = Math.max(this.#largest[socket]!, number);
    sent.settle(number, packetState.acked);
    return isOfPath ? sent.length(number) : 0;
  }

  #detectLoss(now: number): void {
    const sample = this.#sample;
    sample.lost = 0;
    sample.lostSentAt = 0;
    this.#loss.detect(now, this.#onLost);
    sample.inFlight = this.sent.bytesInFlight;
    // A mean would be behind a rate that doubles.
    const isShaken = this.#isUsualTold && !this.isStarting;
    this.#rate.finish(this.sent, this.#rtt.min, sample, isShaken);
    this.#pacer.handleSettled(sample.acked, sample.lost - sample.recovered);
    this.#controller.handleAck(sample);
    // What was held back on purpose tells no more than what was not there.
    if (this.#controller.phase === "probe-rtt") {
      this.#rate.handleAppLimited(sample.inFlight);
    }
    this.#pacer.setRate(now, this.#controller.pacingRate);
  }

  readonly #onLost = (number: number): void => {
    this.#lostPackets++;
    this.#givenUp.push(number);
    this.#resend(number);
    if (number < this.#firstOfPath) return;
    this.#sample.lost += this.sent.length(number);
    this.#sample.lostSentAt = this.sent.sentAt(number);
  };
}

/** What the smallest usual socket buffer holds, with some room. */
const burstBytes = 128 * 1024;
/** How soon a timer of the shell fires at best. */
const timerMs = 1;
/** How far behind the oldest packet in flight a late arrival is noticed. */
const lateAckNumbers = 2048;
const persistentProbes = 3;
const granularityMs = 0.01;

/**
 * The sending end of a transfer, without sockets, files or
 * clock. After every call of a `handle*` method the shell drains, in this
 * order: {@link Sender.pollTransmit} until it returns 0,
 * {@link Sender.pollRead} until -1, {@link Sender.pollEvent} until undefined;
 * then it arms one timer for {@link Sender.pollTimeout}. Calling
 * {@link Sender.handleTimeout} too early does no harm.
 */
import { timingSafeEqual } from "node:crypto";
import { AckFrame } from "./packets/ack_frame.ts";
import { BlockOrder } from "./block_order.ts";
import { BlockPool, SendWindow } from "./send_window.ts";
import {
  type CloseReason,
  controlHeaderBytes,
  dataHeaderBytes,
  packetType,
  writeHeader,
  writeSlicePlace,
} from "./packets/packet.ts";
import {
  ControlChannel,
  type EndOptions,
  type PathInfo,
} from "./control_channel.ts";
import { encodeFin, type Fin } from "./packets/fin_frame.ts";
import {
  type FragmentBudgets,
  FragmentCheck,
  fragmentReach,
} from "./path/fragments.ts";
import { HeaderMac } from "./packets/header_mac.ts";
import { DatagramSize } from "./path/datagram_size.ts";
import { blockCount, packetBytes, transferLimits } from "./packets/limits.ts";
import { SendRecovery } from "./recovery/send_recovery.ts";
import { SliceQueue } from "./slice_queue.ts";
import type { EngineEvent } from "./engine_event.ts";
import type {
  CongestionController,
  ControllerMaker,
} from "./congestion/controller.ts";
import { Bbr } from "./congestion/bbr.ts";
import { LocalController } from "./congestion/local_controller.ts";

/** Sends one file to one receiver. */
export class Sender {
  readonly #id: Uint8Array;
  /** Infinity while it is not known where the file ends. */
  #blocks: number;
  readonly #channel: ControlChannel;
  readonly #headerMac: HeaderMac;
  readonly #localPaths: readonly number[];
  readonly #size: DatagramSize;
  readonly #recovery: SendRecovery;
  readonly #check: FragmentCheck;
  readonly #window: SendWindow;
  readonly #slices: SliceQueue;
  readonly #ack = new AckFrame();
  readonly #events: EngineEvent[] = [];
  #state: "connecting" | "sending" | "finished" = "connecting";
  #fin: Fin | undefined;
  readonly #firstBlock: number;
  readonly #batchBlocks: number;
  readonly #canReorder: boolean;
  readonly #order: BlockOrder;
  /** From here on the receiver may not know yet in which order it goes on. */
  #newFrom = Infinity;
  /** When the order may be changed again, ms. */
  #reorderAt = -Infinity;
  /** A position in the order of sending. */
  #nextRead: number;
  #limit: number;
  #probesDue = 0;
  /** The path in use ends on this machine. */
  #isLocal = false;
  #isPaused = false;
  #finAt = Infinity;
  #finTries = 0;
  /** The file ends where the receiver does not expect it. */
  #isEndNews = false;
  #isFinReceived = false;
  #doneAcksDue = 0;
  #endsAt = Infinity;

  constructor(options: SenderOptions) {
    const firstBlock = options.firstBlock ?? 0;
    this.#id = options.id;
    this.#blocks = options.isStream ? Infinity : blockCount(options.size);
    this.#channel = new ControlChannel(options, "sender");
    this.#headerMac = new HeaderMac(options.keys.header);
    this.#localPaths = options.localPaths ?? [];
    this.#size = new DatagramSize(options.budgets);
    this.#recovery = new SendRecovery(
      this.#channel.rtt,
      options.makeController ?? controllerFor,
      (number) => this.#slices.repeat(number),
    );
    this.#window = new SendWindow(firstBlock, options.pool ?? new BlockPool());
    const { sent } = this.#recovery;
    this.#check = new FragmentCheck(sent);
    this.#slices = new SliceQueue(sent, this.#window, firstBlock);
    this.#batchBlocks = options.batchBlocks ?? transferLimits.batchBlocks;
    this.#canReorder = options.canReorder === true;
    this.#order = new BlockOrder(firstBlock, this.#blocks);
    this.#firstBlock = firstBlock;
    this.#nextRead = firstBlock;
    this.#limit = firstBlock + transferLimits.windowBlocks;
  }

  /** Where the datagram that was written last must go. */
  get transmitPath(): number {
    return this.#channel.path;
  }

  /** How the receiver is reached. */
  get pathInfo(): PathInfo {
    return this.#channel.pathInfo;
  }

  /** The receiver may be at `path`, too. */
  addPath(path: number, now: number): void {
    this.#channel.paths.add(path, now);
  }

  /** Every block below this one was opened by the receiver. */
  get base(): number {
    return this.#window.base;
  }

  /** True when nothing more will be sent or expected: it can be dropped. */
  get isDrained(): boolean {
    return this.#endsAt === -Infinity;
  }

  /**
   * This side's user has it wait, or no longer; it goes on when the other side's
   * has not, either.
   *
   * @returns False when the other side does not know of that.
   */
  setHeld(isHeld: boolean, now: number): boolean {
    if (!this.#channel.hold.isKnown) return false;
    this.#channel.hold.set(isHeld, now);
    return true;
  }

  /** This side's user is in a call, or no longer: what is sent leaves it room. */
  setInCall(isInCall: boolean, now: number): void {
    this.#channel.hold.setInCall(isInCall, now);
  }

  /** Numbers for showing and for benchmarks. */
  stats() {
    return { ...this.#recovery.stats(), datagramBytes: this.#size.bytes };
  }

  /**
   * Returns false when nothing came of it: there is nothing to drain then.
   *
   * @param isEarly It came before there was anybody to get it.
   */
  handleDatagram(
    bytes: Uint8Array,
    path: number,
    now: number,
    isEarly = false,
  ): boolean {
    if (this.isDrained || !this.#channel.isOurs(bytes)) return false;
    const type = bytes[0]!;
    if (type === packetType.data) return false;
    const body = this.#channel.handle(bytes, path, now, isEarly);
    if (body === undefined) return false;
    if (!this.#channel.isClosing) this.#handleControl(type, body, now);
    return true;
  }

  /**
   * The oldest block that {@link pollRead} asked for and that was not handed in
   * yet, sealed by a FileSealer.
   */
  handleSealed(sealed: Uint8Array): void {
    this.#window.push(sealed);
  }

  /**
   * What was read last is the end of a stream, which has so many blocks. What
   * was asked for beyond them is not handed in.
   */
  handleEnd(blocks: number): void {
    this.#blocks = blocks;
    this.#isEndNews = true;
  }

  /** Every block is sealed: what the receiver checks the file by. */
  handleFin(fin: Fin, now: number): void {
    this.#fin = fin;
    this.#finAt = now;
  }

  /** The other side sleeps, as far as the server knows: it is waited for. */
  handleAsleep(): void {
    this.#channel.paths.handleAsleep();
  }

  handleTimeout(now: number): void {
    if (this.isDrained) return;
    this.#channel.paths.handleTimeout(now);
    if (now >= this.#endsAt) {
      this.#endsAt = -Infinity;
      return;
    }
    if (this.#state === "finished" || this.#channel.isClosing) return;
    if (now >= this.#channel.paths.giveUpAt) {
      const wasConnected = this.#state === "sending";
      this.#events.push({ type: "unreachable", wasConnected });
      this.#endsAt = -Infinity;
      return;
    }
    this.#takeWish(now);
    const probes = this.#recovery.handleTimeout(now);
    this.#checkFragments(now);
    this.#channel.sendSubflows.handleTimeout(now);
    if (this.#recovery.isPersistentlyLost) {
      this.#channel.paths.handleUnanswered(now);
    }
    if (probes === 0) return;
    this.#probesDue = probes;
    this.#check.restart();
    this.#channel.sendSubflows.clear();
    const { probeCount } = this.#recovery;
    this.#applySize(this.#size.handleUnanswered(probeCount, now));
  }

  /** Gives up and tells the other side, now and for a while. */
  close(reason: CloseReason, now: number): void {
    if (this.isDrained) return;
    this.#channel.close(reason);
    this.#endsAt = now + transferLimits.lingerMs;
  }

  /**
   * Number of the next block to read, -1 for none now. Each is asked for once, and up to
   * a batch of them one after another, for reading and sealing together.
   */
  pollRead(): number {
    if (this.#state !== "sending" || this.#channel.isClosing) return -1;
    const end = Math.min(
      this.#blocks,
      this.#limit,
      this.#slices.nextBlock + batchesAhead * this.#batchBlocks,
      this.#window.base + transferLimits.windowBlocks,
    );
    const isBatchStart =
      (this.#nextRead - this.#firstBlock) % this.#batchBlocks === 0;
    const batch = Math.min(this.#batchBlocks, this.#blocks - this.#nextRead);
    const least = isBatchStart ? batch : 1;
    if (batch <= 0 || end - this.#nextRead < least) return -1;
    return this.#order.blockAt(this.#nextRead++);
  }

  /**
   * Writes the next datagram to `out`, which must hold
   * {@link transferLimits.maxDatagramBytes}.
   *
   * @returns Its length, 0 when there is nothing to send now.
   */
  pollTransmit(out: Uint8Array, now: number): number {
    if (this.isDrained) return 0;
    const control = this.#channel.pollTransmit(out, now);
    if (control > 0 || this.#channel.isClosing) return control;
    if (this.#doneAcksDue > 0) {
      this.#doneAcksDue--;
      return this.#channel.send(out, packetType.doneAck, 0);
    }
    if (this.#state !== "sending") return 0;
    const { hold, paths } = this.#channel;
    const size = hold.isHeld
      ? 0
      : this.#size.pollProbe(now, 2 * this.#probeTimeout());
    if (size > 0) return this.#channel.sendProbe(out, now, paths.active, size);
    if (this.#probesDue > 0) {
      const probe = this.#pollProbe(out, now);
      if (probe > 0) return probe;
    }
    return this.#pollData(out, now) || this.#pollFin(out, now);
  }

  /** When {@link handleTimeout} or {@link pollTransmit} has work, ms. */
  pollTimeout(): number {
    if (this.isDrained) return Infinity;
    if (this.#state === "finished" || this.#channel.isClosing) {
      return this.#endsAt;
    }
    const { paths, hold } = this.#channel;
    const at = Math.min(
      this.#channel.deadline(),
      paths.giveUpAt,
      this.#endsAt,
    );
    if (this.#state !== "sending") return at;
    const data = Math.min(
      hold.isHeld ? Infinity : this.#size.deadline(),
      this.#recovery.deadline(),
      this.#channel.sendSubflows.deadline(),
    );
    const { orders } = this.#channel;
    const isWished = this.#canReorder && orders.hasHeard && orders.isAnswered;
    const wish = isWished ? this.#reorderAt : Infinity;
    return Math.min(at, data, this.#finAt, wish);
  }

  pollEvent(): EngineEvent | undefined {
    return this.#events.shift();
  }

  #handleControl(type: number, body: Uint8Array, now: number): void {
    this.#recovery.handleHeard();
    const { hold } = this.#channel;
    if (hold.takeChanged()) {
      this.#events.push({ type: "held", isHeld: hold.isPeer });
    }
    if (this.#channel.paths.takeMoved() && this.#state !== "finished") {
      this.#connect(now);
    }
    this.#takeWish(now);
    if (type === packetType.probed) this.#handleProbed();
    else if (type === packetType.ack) this.#handleAck(body, now);
    else if (type === packetType.done) this.#handleDone(body, now);
    else if (type === packetType.close && this.#state !== "finished") {
      this.#events.push({
        type: "closed",
        reason: this.#channel.closeReason(body),
      });
      this.#endsAt = -Infinity;
    }
  }

  /** Goes on in the order that the receiver wishes, when it may. */
  #takeWish(now: number): void {
    const { orders } = this.#channel;
    if (orders.isAnswered) this.#newFrom = Infinity;
    const mayChange = this.#canReorder && this.#state === "sending" &&
      orders.isAnswered && now >= this.#reorderAt;
    const wish = mayChange ? orders.takeHeard() : undefined;
    if (wish === undefined) return;
    this.#reorderAt = now + transferLimits.reorderMs;
    const position = this.#nextRead;
    const { base } = this.#window;
    if (!this.#order.change(position, wish.ranges, base)) return;
    this.#newFrom = position;
    orders.tell(position, wish.ranges, now);
  }

  /** A path was found, or another one is used from now on. */
  #connect(now: number): void {
    const isFirst = this.#state === "connecting";
    this.#channel.sendSubflows.clear();
    const { active } = this.#channel.paths;
    const isLocal = this.#localPaths.includes(active);
    if (isFirst || !(isLocal && this.#isLocal)) {
      this.#size.start(now, isLocal, active);
      this.#recovery.start(now, this.#size.bytes, isLocal);
    }
    this.#isLocal = isLocal;
    this.#state = "sending";
    this.#events.push({ type: "connected", ...this.#channel.pathInfo });
  }

  #handleProbed(): void {
    this.#applySize(this.#size.handleProbed(this.#channel.probedBytes));
    this.#channel.probedBytes = 0;
  }

  #handleAck(body: Uint8Array, now: number): void {
    const ack = this.#ack;
    if (!ack.decode(body) || ack.base > this.#window.end) return;
    if (ack.largest >= this.#recovery.sent.next) return;
    if (ack.isPaused !== this.#isPaused) {
      this.#isPaused = ack.isPaused;
      this.#events.push({ type: "paused", isPaused: ack.isPaused });
    }
    this.#isFinReceived ||= ack.finReceived;
    this.#limit = Math.max(this.#limit, ack.limit);
    this.#window.release(ack.base);
    for (let i = 0; i < ack.refetchCount; i++) this.#refetch(i);
    this.#recovery.handleAck(ack, now);
    this.#checkFragments(now);
    this.#watchSize(now);
  }

  #checkFragments(now: number): void {
    if (!this.#check.isSwallowed()) return;
    this.#applySize(this.#size.handleSwallowed(now));
  }

  /** What is paced and counted in datagrams must know when they change. */
  #applySize(isOther: boolean): void {
    if (isOther) this.#recovery.setDatagramBytes(this.#size.bytes);
  }

  #watchSize(now: number): void {
    const { sent, lostPackets, isStarting, isReordered, pacingRate } =
      this.#recovery;
    const left = this.#blocks - this.#slices.nextBlock;
    const leftBytes = left * transferLimits.blockBytes;
    this.#applySize(
      this.#size.handleLoss(sent.next, lostPackets, now, leftBytes),
    );
    const { rtt, paths } = this.#channel;
    // Not through the server, which has other work than joining fragments.
    if (paths.isRelayed) return;
    const reach = fragmentReach({
      minRtt: rtt.min,
      pacingRate,
      isStarting,
      isReordered,
    });
    if (reach !== undefined) this.#size.fragment(now, reach);
  }

  #refetch(index: number): void {
    const block = this.#ack.refetchBlocks[index]!;
    const times = this.#ack.refetchTimes[index]!;
    this.#slices.refetch(block, times);
  }

  #handleDone(stored: Uint8Array, now: number): void {
    this.#doneAcksDue = 1;
    const digest = this.#fin?.file;
    if (this.#state === "finished" || digest === undefined) return;
    this.#state = "finished";
    this.#endsAt = now + transferLimits.lingerMs;
    this.#window.release(this.#blocks);
    const isSame = stored.length === digest.length &&
      timingSafeEqual(stored, digest);
    this.#events.push(isSame ? { type: "done", digest } : { type: "corrupt" });
  }

  #pollData(out: Uint8Array, now: number): number {
    this.#recovery.setSubflows(this.#channel.sendSubflows.count);
    this.#recovery.setYielding(this.#channel.hold.isInCall);
    if (!this.#recovery.hasRoom()) return 0;
    if (this.#channel.hold.isHeld || !this.#pickSlice(this.#size.bytes)) {
      this.#recovery.handleAppLimited();
      return 0;
    }
    return this.#recovery.isPaced(now) ? 0 : this.#sendSlice(out, now);
  }

  /** Of two probes the second is one that no system need join. */
  #pollProbe(out: Uint8Array, now: number): number {
    const isLast = --this.#probesDue === 0;
    const most = isLast && !this.#isLocal ? packetBytes : Infinity;
    const { next } = this.#recovery.sent;
    if (!this.#pickSlice(Math.min(this.#size.bytes, most))) return 0;
    const length = this.#sendSlice(out, now);
    this.#check.handleProbe(next, length);
    return length;
  }

  /** @param size Of the datagram at most, bytes. */
  #pickSlice(size: number): boolean {
    const limit = Math.min(this.#limit, this.#newFrom);
    return this.#slices.pick(size - dataHeaderBytes, limit);
  }

  #sendSlice(out: Uint8Array, now: number): number {
    const { block, offset, length } = this.#slices;
    const socket = this.#channel.addressData(length);
    const number = this.#recovery.handleSent(
      now,
      block,
      offset,
      length,
      socket,
    );
    writeHeader(out, packetType.data, this.#id, number);
    writeSlicePlace(out, block, offset, length, this.#headerMac);
    this.#window.copySlice(block, offset, length, out, dataHeaderBytes);
    this.#slices.advance(number);
    return dataHeaderBytes + length;
  }

  #pollFin(out: Uint8Array, now: number): number {
    if (this.#isFinReceived) this.#finAt = Infinity;
    const fin = this.#fin;
    if (now < this.#finAt || fin === undefined) return 0;
    // Who knows of no pause may be of the first version, which takes no more than
    // the digests; the file's time is told first, in case it is not.
    const isShort = this.#finTries % 2 === 1 && !this.#isEndNews &&
      !this.#channel.hold.isKnown;
    const timeout = this.#probeTimeout() * 2 ** Math.min(this.#finTries++, 6);
    this.#finAt = now + Math.min(timeout, maxFinMs);
    const body = out.subarray(controlHeaderBytes);
    const bodyBytes = encodeFin(fin, body, isShort);
    return this.#channel.send(out, packetType.fin, bodyBytes);
  }

  #probeTimeout(): number {
    return this.#channel.rtt.probeTimeout(transferLimits.maxAckDelayMs);
  }
}

/** Batches that are being sent, sealed and read. */
const batchesAhead = 3;
const maxFinMs = 2_000;

/** Options of a {@link Sender}. */
export interface SenderOptions extends EndOptions {
  /**
   * Called for every path that is used; by default it makes a {@link Bbr}, on
   * this machine a {@link LocalController}.
   */
  readonly makeController?: ControllerMaker;
  /** What all transfers of this client have left at the far ends of paths. */
  readonly budgets?: FragmentBudgets;
  /** Gets back the memory of what is handed in, when it is no longer needed. */
  readonly pool?: BlockPool;
  /**
   * How many blocks are read and sealed together, and the least that are asked
   * for one after another; {@link transferLimits.batchBlocks} by default.
   */
  readonly batchBlocks?: number;
  /** What is read can be read in any order. False by default. */
  readonly canReorder?: boolean;
}

/** The congestion controller that suits a path, local or through a network. */
export function controllerFor(isLocal: boolean): CongestionController {
  return isLocal ? new LocalController() : new Bbr();
}

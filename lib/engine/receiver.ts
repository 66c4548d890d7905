/**
 * The receiving end of a transfer, without sockets, files or
 * clock. After every call of a `handle*` method the shell drains, in this
 * order: {@link Receiver.pollTransmit} until it returns 0,
 * {@link Receiver.pollOpen} and {@link Receiver.pollWrite} until undefined,
 * {@link Receiver.pollEvent} until undefined; then it arms one timer for
 * {@link Receiver.pollTimeout}.
 *
 * Blocks are handed out to be opened as they complete, come back in order, and
 * are handed out to be written, so the checksums of what comes are computed once,
 * on its way to the disk. Those of a part that was here before come from the
 * shell, which compares the disk with them. So the digest of the whole file is
 * always this side's own; that of the sender has to be the same.
 */
import { timingSafeEqual } from "node:crypto";
import { AckFrame } from "./packets/ack_frame.ts";
import { AckSchedule } from "./ack_schedule.ts";
import { BlockOrder, type BlockRange } from "./block_order.ts";
import { BlockChecks } from "./blocks/block_checks.ts";
import {
  type CloseReason,
  controlHeaderBytes,
  dataHeaderBytes,
  isDataAuthentic,
  packetNumber,
  packetType,
  sliceOffset,
  slicePosition,
} from "./packets/packet.ts";
import {
  ControlChannel,
  type EndOptions,
  type PathInfo,
} from "./control_channel.ts";
import {
  decodeFin,
  type FileAttributes,
  type Fin,
} from "./packets/fin_frame.ts";
import { HeaderMac } from "./packets/header_mac.ts";
import { RangeSet } from "./packets/range_set.ts";
import type { OpenedBlock } from "./blocks/file_sealer.ts";
import { type CompleteBlock, ReceiveWindow } from "./receive_window.ts";
import type { BlockPool } from "./send_window.ts";
import type { EngineEvent } from "./engine_event.ts";
import { blockCount, transferLimits } from "./packets/limits.ts";
import {
  ArrivalRate,
  type SubflowReach,
  wantedSubflows,
} from "./path/subflows.ts";

/** What a {@link Receiver} is made from. */
export interface ReceiverOptions extends EndOptions {
  /** The CRC-32s of the blocks below `firstBlock`. */
  readonly kept?: Uint32Array;
  /** Where the memory of blocks comes from, and goes when it is not needed. */
  readonly pool?: BlockPool;
}

/** Receives one file from one sender. */
export class Receiver {
  /** Infinity while it is not known where the file ends. */
  #blocks: number;
  readonly #isStream: boolean;
  readonly #size: number;
  readonly #mayEndEarly: boolean;
  readonly #firstBlock: number;
  readonly #channel: ControlChannel;
  readonly #localPaths: readonly number[];
  readonly #order: BlockOrder;
  readonly #window: ReceiveWindow;
  readonly #headerMac: HeaderMac;
  readonly #received = new RangeSet(transferLimits.ackRanges);
  readonly #ack = new AckFrame();
  readonly #events: EngineEvent[] = [];
  readonly #refetches: number[] = [];
  #state: "connecting" | "receiving" | "verified" | "stored" | "finished" =
    "connecting";
  /** What the sender says of the file. */
  #announced: Fin | undefined;
  /** Of the whole file, once it is here and is what the sender announced. */
  #digest: Uint8Array | undefined;
  /** Of all that is written. */
  readonly #checks: BlockChecks;
  readonly #acks: AckSchedule;
  readonly #rate = new ArrivalRate();
  #sentLimit = 0;
  #doneAt = Infinity;
  #doneTries = 0;
  #isDoneTold = false;
  #endsAt = Infinity;

  /** @throws {RangeError} when `kept` has not one for each block kept. */
  constructor(options: ReceiverOptions) {
    this.#isStream = options.isStream === true;
    this.#size = options.size;
    this.#mayEndEarly = options.mayEndEarly === true;
    this.#blocks = this.#isStream ? Infinity : blockCount(options.size);
    this.#firstBlock = options.firstBlock ?? 0;
    this.#checks = new BlockChecks(options.kept);
    if (this.#checks.length !== this.#firstBlock) {
      throw new RangeError("Not as many checksums as blocks are kept");
    }
    this.#channel = new ControlChannel(options, "receiver");
    this.#localPaths = options.localPaths ?? [];
    this.#acks = new AckSchedule(this.#channel.rtt);
    this.#headerMac = new HeaderMac(options.keys.header);
    this.#order = new BlockOrder(this.#firstBlock, this.#blocks);
    this.#window = new ReceiveWindow(
      options.size,
      this.#firstBlock,
      this.#order,
      options.pool,
    );
  }

  /** Where the datagram that was written last must go. */
  get transmitPath(): number {
    return this.#channel.path;
  }

  /** Of which subflow's socket it must leave; 0 for the main one. */
  get transmitSubflow(): number {
    return this.#channel.subflow;
  }

  /** How the sender is reached. */
  get pathInfo(): PathInfo {
    return this.#channel.pathInfo;
  }

  /** The sender may be at `path`, too. */
  addPath(path: number, now: number): void {
    this.#channel.paths.add(path, now);
  }

  /** Every block below this position in the order of sending is opened. */
  get base(): number {
    return this.#window.base;
  }

  /** Every block below this position is written. */
  get written(): number {
    return this.#window.written;
  }

  /** Number of the block that {@link pollWrite} gives next. */
  get nextWrite(): number {
    return this.#order.blockAt(this.#window.taken);
  }

  /** Number of the block that stands at a position that is not written yet. */
  blockAt(position: number): number {
    return this.#order.blockAt(position);
  }

  /** When something authentic came last, ms. */
  get heardAt(): number {
    return Math.max(this.#acks.largestAt, this.#channel.paths.heardAt);
  }

  /** The CRC-32s of all that is written, by this transfer or before. */
  get checks(): BlockChecks {
    return this.#checks;
  }

  /** True once the sender said that its file has grown since the offer. */
  get hasGrown(): boolean {
    return this.#announced?.hasGrown === true;
  }

  /** What the sender said of the file besides its bytes, if it did. */
  get attributes(): FileAttributes | undefined {
    return this.#announced?.attributes;
  }

  /** How many the file has; Infinity while that is not known. */
  get blocks(): number {
    return this.#blocks;
  }

  /** True when nothing more will be sent or expected: it can be dropped. */
  get isDrained(): boolean {
    return this.#endsAt === -Infinity;
  }

  /**
   * Returns false when there is nothing to drain, as after most data.
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
    if (bytes[0] === packetType.data) {
      return this.#handleData(bytes, path, now);
    }
    this.#handleControl(bytes, path, now, isEarly);
    return true;
  }

  /** The block after those opened so far is opened, by a FileOpener. */
  handleOpened(opened: OpenedBlock, now: number): void {
    const index = this.#refetches.indexOf(this.#window.base);
    if (index >= 0) this.#refetches.splice(index, 1);
    this.#window.handleOpened(opened);
    if (this.#window.base === this.#blocks) this.#acks.hurry(now);
  }

  /** What {@link pollOpen} handed out for a position, in `memory`, is forged. */
  handleForged(position: number, memory: Uint8Array, now: number): void {
    this.#window.handleForged(position, memory);
    this.#acks.hurry(now);
    if (this.#window.failures(position) > transferLimits.blockRefetches) {
      this.#events.push(corrupt);
    } else if (!this.#refetches.includes(position)) {
      this.#refetches.push(position);
    }
  }

  /** The oldest block that {@link pollWrite} handed out is written. */
  handleWritten(now: number): void {
    const block = this.#order.blockAt(this.#window.written);
    this.#checks.set(block, this.#window.handleWritten());
    // Open the window before the sender runs into its end.
    const opened = this.#window.limit - this.#sentLimit;
    const isLast = this.#window.limit === this.#blocks;
    if (opened >= limitStep || (isLast && opened > 0)) this.#acks.hurry(now);
    this.#checkDigest();
  }

  /** Tells the sender that this side waits for room on its disk, or goes on. */
  setPaused(isPaused: boolean, now: number): void {
    this.#ack.isPaused = isPaused;
    this.#acks.hurry(now);
  }

  /** See {@link Sender.setHeld}. */
  setHeld(isHeld: boolean, now: number): boolean {
    if (!this.#channel.hold.isKnown) return false;
    this.#channel.hold.set(isHeld, now);
    this.#wantSubflows(0, now);
    return true;
  }

  /** See {@link Sender.setInCall}; the sender is told. */
  setInCall(isInCall: boolean, now: number): void {
    this.#channel.hold.setInCall(isInCall, now);
  }

  /**
   * Wishes that these blocks come next, in this order, and then all that is left
   * from the start up; the last wish counts. Only of a file of known size, and
   * only a sender that knows of it does so.
   */
  wish(ranges: readonly BlockRange[], now: number): void {
    if (this.#isStream || this.#mayEndEarly || ranges.length === 0) return;
    this.#channel.orders.tell(0, ranges, now);
  }

  /** The file is synced and has its final name. */
  handleStored(now: number): void {
    if (this.#state !== "verified") return;
    this.#state = "stored";
    this.#doneAt = now;
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
    const isWaiting = this.#state === "connecting" ||
      this.#state === "receiving";
    if (isWaiting && now >= this.#channel.paths.giveUpAt) {
      const wasConnected = this.#state !== "connecting";
      this.#events.push({ type: "unreachable", wasConnected });
      this.#endsAt = -Infinity;
    }
  }

  /** Gives up and tells the other side, now and for a while. */
  close(reason: CloseReason, now: number): void {
    if (this.isDrained || this.#state === "stored") return;
    this.#channel.close(reason);
    this.#endsAt = now + transferLimits.lingerMs;
  }

  /** Writes the next datagram to `out`; see {@link Sender.pollTransmit}. */
  pollTransmit(out: Uint8Array, now: number): number {
    if (this.isDrained) return 0;
    if (this.#isAckDue(now)) return this.#sendAck(out, now);
    const control = this.#channel.pollTransmit(out, now);
    if (control > 0) return control;
    if (this.#state !== "stored" || now < this.#doneAt) return 0;
    return this.#sendDone(out, now);
  }

  /**
   * The next complete block, to be opened by a FileOpener, or undefined. Its
   * memory is the shell's until it comes back, opened or forged.
   */
  pollOpen(): CompleteBlock | undefined {
    return this.#window.takeComplete();
  }

  /**
   * The next block to append to the file, or undefined. It is valid until
   * {@link handleWritten} was called for it, which must happen in order.
   */
  pollWrite(): Uint8Array | undefined {
    return this.#window.take();
  }

  /** When {@link handleTimeout} or {@link pollTransmit} has work, ms. */
  pollTimeout(): number {
    if (this.isDrained) return Infinity;
    if (this.#state === "finished" || this.#channel.isClosing) {
      return this.#endsAt;
    }
    const paths = this.#channel.paths;
    const isWaiting = this.#state === "connecting" ||
      this.#state === "receiving";
    return Math.min(
      paths.active < 0 ? Infinity : this.#acks.dueAt,
      this.#doneAt,
      this.#endsAt,
      this.#channel.deadline(),
      isWaiting ? paths.giveUpAt : Infinity,
    );
  }

  pollEvent(): EngineEvent | undefined {
    return this.#events.shift();
  }

  #handleData(bytes: Uint8Array, path: number, now: number): boolean {
    if (!isDataAuthentic(bytes, this.#headerMac)) return false;
    if (this.#channel.isClosing) {
      this.#channel.repeatClose();
      return true;
    }
    const outcome = this.#window.add(
      slicePosition(bytes),
      sliceOffset(bytes),
      bytes.subarray(dataHeaderBytes),
    );
    if (outcome === "refused") return false;
    const number = packetNumber(bytes);
    const added = this.#received.add(number, number + 1);
    if (added < 0) {
      this.#received.dropLowest();
      this.#received.add(number, number + 1);
    }
    this.#channel.handleData(path, now);
    this.#rate.handleData(bytes.length, now);
    this.#tellPath();
    this.#wantSubflows(bytes.length, now);
    // One datagram that comes twice was doubled on its way: that is no news.
    if (added === 0) return this.#events.length > 0;
    const isKnown = outcome === "known";
    const isSpread = this.#channel.receiveSubflows.wanted > 0;
    const isArmed = this.#acks.dueAt !== Infinity;
    this.#acks.handleData(number, bytes.length, isKnown, isSpread, now);
    return !isArmed || this.#acks.dueAt <= now || outcome === "completed" ||
      this.#events.length > 0;
  }

  /** Datagrams of so many bytes come, or will. */
  #wantSubflows(bytes: number, now: number): void {
    const { hold, receiveSubflows } = this.#channel;
    const missing = this.#blocks - this.#window.base;
    const { isFast } = this.#rate;
    receiveSubflows.setWanted(
      hold.isHeld ? 0 : wantedSubflows(bytes, missing, this.#reach(), isFast),
      now,
    );
  }

  #reach(): SubflowReach {
    const { isRelayed, active } = this.#channel.paths;
    if (isRelayed) return "relay";
    return this.#localPaths.includes(active) ? "local" : "network";
  }

  #handleControl(
    bytes: Uint8Array,
    path: number,
    now: number,
    isEarly: boolean,
  ): void {
    const body = this.#channel.handle(bytes, path, now, isEarly);
    if (body === undefined || this.#channel.isClosing) return;
    if (this.#state === "connecting") this.#state = "receiving";
    this.#tellPath();
    const { hold } = this.#channel;
    if (hold.takeChanged()) {
      this.#wantSubflows(0, now);
      this.#events.push({ type: "held", isHeld: hold.isPeer });
    }
    this.#takeOrder();
    if (this.#isDoneTold) this.#doneAt = now;
    const type = bytes[0]!;
    if (type === packetType.probe && this.#acks.largest >= 0) {
      // The sender may have missed that the window opened.
      this.#acks.hurry(now);
      // Else the first data as large as this would all come to one socket.
      const isPadded = bytes.length > transferLimits.minDatagramBytes;
      if (isPadded) this.#wantSubflows(bytes.length, now);
    } else if (type === packetType.fin) this.#handleFin(body, now);
    else if (type === packetType.doneAck) this.#finish();
    else if (type === packetType.close) {
      if (this.#state !== "receiving") return;
      this.#events.push({
        type: "closed",
        reason: this.#channel.closeReason(body),
      });
      this.#endsAt = -Infinity;
    }
  }

  /** The sender says in which order it goes on. */
  #takeOrder(): void {
    const told = this.#channel.orders.takeHeard();
    if (told === undefined) return;
    const { position, ranges } = told;
    const isTaken = this.#window.isUntouched(position) &&
      this.#order.change(position, ranges, this.#window.written);
    if (!isTaken) this.#events.push(corrupt);
  }

  #handleFin(body: Uint8Array, now: number): void {
    const fin = decodeFin(body);
    if (fin === undefined) return;
    if (this.#announced === undefined) {
      this.#announced = fin;
      const { size = this.#isStream ? 0 : this.#size } = fin;
      const isEarly = this.#mayEndEarly && size < this.#size;
      if (this.#isStream || isEarly) this.#endStream(size);
    }
    this.#acks.hurry(now);
    if (this.#state === "stored") this.#doneAt = now;
    this.#checkDigest();
  }

  #endStream(size: number): void {
    this.#blocks = blockCount(size);
    if (this.#window.end(size)) this.#events.push({ type: "sized", size });
    else this.#events.push(corrupt);
  }

  #tellPath(): void {
    if (!this.#channel.paths.takeMoved()) return;
    this.#events.push({ type: "connected", ...this.#channel.pathInfo });
  }

  #checkDigest(): void {
    const announced = this.#announced;
    const isComplete = this.#window.written === this.#blocks;
    if (announced === undefined || !isComplete) return;
    if (this.#state !== "receiving") return;
    this.#state = "verified";
    const digest = this.#checks.digest();
    const isSame = timingSafeEqual(digest, announced.file) &&
      timingSafeEqual(this.#checks.digest(this.#firstBlock), announced.part);
    if (!isSame) return void this.#events.push(corrupt);
    this.#digest = digest;
    this.#events.push({ type: "verified", digest });
  }

  #finish(): void {
    if (this.#state !== "stored") return;
    this.#state = "finished";
    this.#tellDone();
    this.#endsAt = -Infinity;
  }

  #tellDone(): void {
    if (this.#isDoneTold) return;
    this.#isDoneTold = true;
    this.#events.push({ type: "done", digest: this.#digest! });
  }

  #isAckDue(now: number): boolean {
    return now >= this.#acks.dueAt && this.#channel.paths.active >= 0 &&
      !this.#channel.isClosing;
  }

  #sendAck(out: Uint8Array, now: number): number {
    const ack = this.#ack;
    ack.setRanges(this.#received);
    const { largest, largestAt } = this.#acks;
    ack.delay = largest < 0 ? 0 : Math.max(0, now - largestAt);
    ack.finReceived = this.#announced !== undefined;
    ack.base = this.#window.base;
    ack.limit = this.#window.limit;
    ack.refetchCount = Math.min(
      this.#refetches.length,
      transferLimits.ackRefetches,
    );
    for (let i = 0; i < ack.refetchCount; i++) {
      ack.refetchBlocks[i] = this.#refetches[i]!;
      ack.refetchTimes[i] = this.#window.failures(this.#refetches[i]!);
    }
    this.#sentLimit = ack.limit;
    this.#acks.handleSent();
    const length = ack.encode(out, controlHeaderBytes);
    return this.#channel.send(out, packetType.ack, length);
  }

  #sendDone(out: Uint8Array, now: number): number {
    if (this.#doneTries++ === maxDoneTries) {
      // The file is here and checked; that the sender knows is a courtesy. It
      // is told again whenever it is heard, until it must have given up.
      this.#tellDone();
      this.#endsAt = now + transferLimits.idleMs;
    }
    const timeout = this.#channel.rtt.probeTimeout(0) *
      2 ** (this.#doneTries - 1);
    this.#doneAt = this.#doneTries > maxDoneTries
      ? Infinity
      : now + Math.min(timeout, maxDoneMs);
    out.set(this.#digest!, controlHeaderBytes);
    return this.#channel.send(out, packetType.done, digestBytes);
  }
}

const corrupt: EngineEvent = { type: "corrupt" };
const digestBytes = 32;
/** Blocks the window may open before the sender is told. */
const limitStep = 8;
const maxDoneTries = 8;
const maxDoneMs = 1_000;

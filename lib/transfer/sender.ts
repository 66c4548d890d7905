/**
 * The sending end of a transfer (DESIGN.md §6), without sockets, files or
 * clock. After every call of a `handle*` method the shell drains, in this
 * order: {@link Sender.pollTransmit} until it returns 0,
 * {@link Sender.pollRead} until -1, {@link Sender.pollEvent} until undefined;
 * then it arms one timer for {@link Sender.pollTimeout}. Calling
 * {@link Sender.handleTimeout} too early does no harm.
 */
import { createHash } from "node:crypto";
import { AckFrame } from "./ack_frame.ts";
import { Bbr } from "./bbr.ts";
import { BlockSealer } from "./block_sealer.ts";
import type { CloseReason } from "./close_reason.ts";
import { ControlChannel, type PathInfo } from "./control_channel.ts";
import { HeaderMac } from "./header_mac.ts";
import { MtuProber } from "./mtu.ts";
import {
  controlHeaderBytes,
  dataHeaderBytes,
  packetType,
  writeHeader,
  writeSlicePlace,
} from "./packet.ts";
import { ResendQueue } from "./resend_queue.ts";
import type { SenderOptions } from "./sender_options.ts";
import { SendRecovery } from "./send_recovery.ts";
import { SendWindow } from "./send_window.ts";
import type { EngineEvent } from "./transfer_event.ts";
import { blockCount, transferLimits } from "./transfer_limits.ts";

/** Sends one file to one receiver. */
export class Sender {
  readonly #id: Uint8Array;
  readonly #blocks: number;
  readonly #channel: ControlChannel;
  readonly #sealer: BlockSealer;
  readonly #headerMac: HeaderMac;
  /** Over the whole file. */
  readonly #hash: ReturnType<typeof createHash>;
  /** Over what this transfer carries, when that is not the whole file. */
  readonly #partHash: ReturnType<typeof createHash> | undefined;
  readonly #localPaths: readonly number[];
  readonly #mtu = new MtuProber();
  readonly #recovery: SendRecovery;
  readonly #window: SendWindow;
  readonly #resend = new ResendQueue();
  readonly #ack = new AckFrame();
  readonly #events: EngineEvent[] = [];
  readonly #refetches = new Map<number, number>();
  #state: "connecting" | "sending" | "finished" = "connecting";
  #digest: Uint8Array | undefined;
  #partDigest: Uint8Array | undefined;
  #nextRead: number;
  #limit: number;
  #sendBlock: number;
  #sendOffset = 0;
  /** The slice that was picked has not been sent before. */
  #isNewSlice = false;
  #probesDue = 0;
  /** The path in use ends on this machine. */
  #isLocal = false;
  #isPaused = false;
  #finAt = Infinity;
  #finTries = 0;
  #isFinReceived = false;
  #doneAcksDue = 0;
  #endsAt = Infinity;

  constructor(options: SenderOptions) {
    const firstBlock = options.firstBlock ?? 0;
    this.#id = options.id;
    this.#blocks = blockCount(options.size);
    this.#channel = new ControlChannel(options, "sender");
    this.#sealer = new BlockSealer(
      options.keys.block,
      options.id,
      options.size,
    );
    this.#headerMac = new HeaderMac(options.keys.header);
    this.#hash = options.hash ?? createHash("sha256");
    this.#partHash = firstBlock > 0 ? createHash("sha256") : undefined;
    this.#localPaths = options.localPaths ?? [];
    this.#recovery = new SendRecovery(
      this.#channel.rtt,
      options.makeController ?? (() => new Bbr()),
      (number) => this.#resend.push(number),
    );
    this.#window = new SendWindow(firstBlock);
    this.#nextRead = firstBlock;
    this.#sendBlock = firstBlock;
    this.#limit = firstBlock + transferLimits.windowBlocks;
    if (firstBlock >= this.#blocks) this.#finishReading(options.now);
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

  /** Numbers for showing and for benchmarks. */
  stats() {
    return { ...this.#recovery.stats(), datagramBytes: this.#mtu.size };
  }

  handleDatagram(bytes: Uint8Array, path: number, now: number): void {
    if (this.isDrained || !this.#channel.isOurs(bytes)) return;
    const type = bytes[0]!;
    if (type === packetType.data) return;
    const body = this.#channel.handle(bytes, path, now);
    if (body === undefined || this.#channel.isClosing) return;
    this.#recovery.handleHeard();
    if (this.#channel.paths.takeMoved() && this.#state !== "finished") {
      this.#connect(now);
    }
    if (type === packetType.probed) this.#handleProbed();
    else if (type === packetType.ack) this.#handleAck(body, now);
    else if (type === packetType.done) this.#handleDone(now);
    else if (type === packetType.close && this.#state !== "finished") {
      this.#events.push({
        type: "closed",
        reason: this.#channel.closeReason(body),
      });
      this.#endsAt = -Infinity;
    }
  }

  /** The shell read block `block`, the next one {@link pollRead} asked for. */
  handleBlock(plaintext: Uint8Array, now: number): void {
    this.#hash.update(plaintext);
    this.#partHash?.update(plaintext);
    this.#window.push(this.#sealer.seal(this.#window.end, plaintext));
    if (this.#window.end === this.#blocks) this.#finishReading(now);
  }

  handleTimeout(now: number): void {
    if (this.isDrained) return;
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
    const probes = this.#recovery.handleTimeout(now);
    if (probes > 0) this.#probesDue = probes;
    if (this.#recovery.isPersistentlyLost) {
      this.#channel.paths.handleUnanswered(now);
    }
    const isBlackHole = probes > 0 && this.#recovery.isPersistentlyLost;
    if (isBlackHole && this.#mtu.handleBlackHole(now)) {
      this.#recovery.setDatagramBytes(this.#mtu.size);
    }
  }

  /** Gives up and tells the other side, now and for a while. */
  close(reason: CloseReason, now: number): void {
    if (this.isDrained) return;
    this.#channel.close(reason);
    this.#endsAt = now + transferLimits.lingerMs;
  }

  /** The next block to read, -1 for none now. Each is asked for once. */
  pollRead(): number {
    const isRoom = this.#nextRead < this.#blocks &&
      this.#nextRead < this.#limit &&
      this.#nextRead - this.#sendBlock < readAhead &&
      this.#nextRead - this.#window.base < transferLimits.windowBlocks;
    if (!isRoom || this.#state !== "sending" || this.#channel.isClosing) {
      return -1;
    }
    return this.#nextRead++;
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
    const size = this.#mtu.pollProbe(now, 2 * this.#probeTimeout());
    if (size > 0) {
      return this.#channel.sendProbe(
        out,
        now,
        this.#channel.paths.active,
        size,
      );
    }
    if (this.#probesDue > 0) {
      this.#probesDue--;
      if (this.#pickSlice()) return this.#sendSlice(out, now);
    }
    return this.#pollData(out, now) || this.#pollFin(out, now);
  }

  /** When {@link handleTimeout} or {@link pollTransmit} has work, ms. */
  pollTimeout(): number {
    if (this.isDrained) return Infinity;
    if (this.#state === "finished" || this.#channel.isClosing) {
      return this.#endsAt;
    }
    const paths = this.#channel.paths;
    let at = Math.min(paths.deadline(), paths.giveUpAt, this.#endsAt);
    if (this.#state === "sending") {
      at = Math.min(
        at,
        this.#mtu.deadline(),
        this.#recovery.deadline(),
        this.#finAt,
      );
    }
    return at;
  }

  pollEvent(): EngineEvent | undefined {
    return this.#events.shift();
  }

  /** A path was found, or another one is used from now on. */
  #connect(now: number): void {
    const path = this.#channel.paths.active;
    const isFirst = this.#state === "connecting";
    const isLocal = this.#localPaths.includes(path);
    const isAlike = !isFirst && isLocal && this.#isLocal;
    if (!isAlike) this.#mtu.start(now, isLocal);
    if (isFirst) this.#recovery.start(now);
    else if (!isAlike) {
      this.#recovery.restart(now);
      this.#recovery.setDatagramBytes(this.#mtu.size);
    }
    this.#isLocal = isLocal;
    this.#state = "sending";
    this.#events.push({ type: "connected", ...this.#channel.pathInfo });
  }

  #handleProbed(): void {
    if (this.#mtu.handleProbed(this.#channel.probedBytes)) {
      this.#recovery.setDatagramBytes(this.#mtu.size);
    }
    this.#channel.probedBytes = 0;
  }

  #handleAck(body: Uint8Array, now: number): void {
    const ack = this.#ack;
    if (!ack.decode(body) || ack.largest >= this.#recovery.sent.next) return;
    if (ack.base > this.#window.end) return;
    if (ack.isPaused !== this.#isPaused) {
      this.#isPaused = ack.isPaused;
      this.#events.push({ type: "paused", isPaused: ack.isPaused });
    }
    this.#isFinReceived ||= ack.finReceived;
    this.#limit = Math.max(this.#limit, ack.limit);
    this.#window.release(ack.base);
    for (let i = 0; i < ack.refetchCount; i++) this.#refetch(i);
    this.#recovery.handleAck(ack, now);
  }

  #refetch(index: number): void {
    const block = this.#ack.refetchBlocks[index]!;
    const times = this.#ack.refetchTimes[index]!;
    if (!this.#window.has(block)) return;
    if ((this.#refetches.get(block) ?? 0) >= times) return;
    // Only blocks of the window can be in here; older ones are forgotten.
    for (const old of this.#refetches.keys()) {
      if (!this.#window.has(old)) this.#refetches.delete(old);
    }
    this.#refetches.set(block, times);
    this.#resend.pushBlock(block);
  }

  #handleDone(now: number): void {
    this.#doneAcksDue = 1;
    if (this.#state === "finished" || this.#digest === undefined) return;
    this.#state = "finished";
    this.#endsAt = now + transferLimits.lingerMs;
    this.#window.release(this.#blocks);
    this.#events.push({ type: "done", digest: this.#digest });
  }

  #finishReading(now: number): void {
    this.#digest = this.#hash.digest();
    this.#partDigest = this.#partHash?.digest() ?? this.#digest;
    this.#finAt = now;
  }

  #pollData(out: Uint8Array, now: number): number {
    if (!this.#recovery.hasRoom()) return 0;
    if (!this.#pickSlice()) {
      this.#recovery.handleAppLimited();
      return 0;
    }
    return this.#recovery.isPaced(now) ? 0 : this.#sendSlice(out, now);
  }

  /** Chooses the next slice, of what is sent again or new, into `#resend`. */
  #pickSlice(): boolean {
    const resend = this.#resend;
    const maxBytes = this.#mtu.size - dataHeaderBytes;
    if (
      !resend.isEmpty &&
      resend.next(this.#recovery.sent, this.#window, maxBytes)
    ) {
      this.#isNewSlice = false;
      return true;
    }
    if (this.#sendBlock >= Math.min(this.#window.end, this.#limit)) {
      return false;
    }
    // Slices of one block are equally long, so that none is a tiny rest.
    const sealedBytes = this.#window.sealedBytes(this.#sendBlock);
    const slices = Math.ceil(sealedBytes / maxBytes);
    resend.block = this.#sendBlock;
    resend.offset = this.#sendOffset;
    resend.length = Math.min(
      Math.ceil(sealedBytes / slices),
      sealedBytes - this.#sendOffset,
    );
    this.#isNewSlice = true;
    return true;
  }

  #sendSlice(out: Uint8Array, now: number): number {
    const { block, offset, length } = this.#resend;
    const number = this.#recovery.handleSent(now, block, offset, length);
    writeHeader(out, packetType.data, this.#id, number);
    writeSlicePlace(out, block, offset, length, this.#headerMac);
    this.#window.copySlice(block, offset, length, out, dataHeaderBytes);
    if (!this.#isNewSlice) this.#resend.advance(this.#recovery.sent);
    else {
      this.#sendOffset += length;
      if (this.#sendOffset === this.#window.sealedBytes(block)) {
        this.#sendBlock++;
        this.#sendOffset = 0;
      }
    }
    this.#channel.path = this.#channel.paths.active;
    return dataHeaderBytes + length;
  }

  #pollFin(out: Uint8Array, now: number): number {
    if (this.#isFinReceived) this.#finAt = Infinity;
    const digest = this.#digest;
    const partDigest = this.#partDigest;
    if (now < this.#finAt || !digest || !partDigest) return 0;
    const timeout = this.#probeTimeout() * 2 ** Math.min(this.#finTries++, 6);
    this.#finAt = now + Math.min(timeout, maxFinMs);
    out.set(digest, controlHeaderBytes);
    out.set(partDigest, controlHeaderBytes + digest.length);
    const length = digest.length + partDigest.length;
    return this.#channel.send(out, packetType.fin, length);
  }

  #probeTimeout(): number {
    return this.#channel.rtt.probeTimeout(transferLimits.maxAckDelayMs);
  }
}

/** Blocks that are read and sealed before they can be sent. */
const readAhead = 4;
const maxFinMs = 2_000;

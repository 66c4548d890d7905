/** A file on its way in: joins the socket, the receiving engine and its sink. */
import { encodeHex } from "@std/encoding/hex";
import { resolve } from "@std/path";
import type {
  OfferedFile,
  TransferEvent,
  TransferFailure,
} from "../events/transfer_port.ts";
import type { WireAddress } from "../../wire/request.ts";
import {
  type CloseReason,
  transferKeyOf,
} from "../../engine/packets/packet.ts";
import type { CompleteBlock } from "../../engine/receive_window.ts";
import { Receiver } from "../../engine/receiver.ts";
import { staggeredBytes } from "../../engine/blocks/staggered_bytes.ts";
import type { TransferKeys } from "../../engine/blocks/keys.ts";
import type { EngineEvent } from "../../engine/engine_event.ts";
import { blockCount, transferLimits } from "../../engine/packets/limits.ts";
import type { BlockThread, OpenJob } from "./block_thread.io.ts";
import {
  TransferProgress,
  TransferPump,
  unreachableMessage,
} from "./transfer_end.io.ts";
import { Checkpoints } from "./checkpoints.io.ts";
import type { SinkFile, StoredFile } from "./file_sink.io.ts";
import { SinkError } from "./sink_error.io.ts";
import type { TransferPaths } from "./transfer_paths.io.ts";
import type { UdpEndpoint } from "./udp_endpoint.io.ts";
import { statfs } from "node:fs/promises";

/** What an {@link IncomingTransfer} is made from. */
export interface IncomingOptions {
  readonly id: string;
  readonly idBytes: Uint8Array;
  readonly keys: TransferKeys;
  readonly paths: TransferPaths;
  /** User name of the sender. */
  readonly from: string;
  readonly file: OfferedFile;
  readonly sink: StoredFile;
  /** Folder of the sink. */
  readonly folder: string;
  readonly endpoint: UdpEndpoint;
  readonly blocks: BlockThread;
  readonly now: () => number;
  readonly onEvent: (event: TransferEvent) => void;
}

/** Receives one file. */
export class IncomingTransfer {
  readonly #options: IncomingOptions;
  readonly #receiver: Receiver;
  readonly #opening: OpenJob;
  readonly #pump: TransferPump;
  readonly #progress: TransferProgress;
  readonly #blocks: number;
  readonly #batch = staggeredBytes(batchBytes, "file");
  #batchTimer: ReturnType<typeof setTimeout> | undefined;
  #isBatchLate = false;
  #isWriting = false;
  #isEnded = false;
  #isStored = false;
  #isStoring = false;
  /** What came is of no use for another try. */
  #isUseless = false;
  /** True while the disk is waited for. */
  #isPaused = false;
  #placeCheckedAt: number;
  readonly #disk: DiskWatch;
  readonly #checkpoints: Checkpoints;
  readonly #released = Promise.withResolvers<void>();
  /** When the other side was first heard, monotonic ms. */
  #startedAt: number | undefined;

  constructor(options: IncomingOptions) {
    this.#options = options;
    const { endpoint, paths, file, sink, now } = options;
    const firstBlock = sink.kept.length;
    this.#blocks = blockCount(file.size);
    this.#startedAt = now();
    this.#placeCheckedAt = now();
    this.#progress = new TransferProgress(options.id, file.size);
    this.#receiver = new Receiver({
      id: options.idBytes,
      keys: options.keys,
      size: file.size,
      ...paths.options,
      firstBlock,
      kept: sink.kept,
      now: now(),
    });
    this.#opening = options.blocks.openJob({
      key: options.keys.block,
      id: options.idBytes,
      size: file.size,
      firstBlock,
    });
    this.#disk = new DiskWatch(options.folder);
    this.#checkpoints = new Checkpoints(
      sink.part,
      this.#receiver.checks,
      this.#blocks,
      now(),
    );
    sink.checked.then((isRight) => isRight || this.#handleDamaged());
    this.#pump = new TransferPump(
      endpoint,
      transferKeyOf(options.idBytes),
      this.#receiver,
      now,
      (at) => this.#work(at),
      (refusal) => options.paths.handleRefused(refusal),
    );
    this.#pump.wake();
  }

  /** The sender can be reached at these addresses, too. */
  addAddresses(addresses: readonly WireAddress[]): void {
    const { paths, now } = this.#options;
    for (const path of paths.add(addresses)) {
      this.#receiver.addPath(path, now());
    }
    this.#pump.wake();
  }

  /** Stops it without an event, tells the other side, keeps what came. */
  async stop(reason: CloseReason): Promise<void> {
    this.#end();
    this.#receiver.close(reason, this.#options.now());
    await this.#pump.flush();
    await this.released;
  }

  /** The sender is gone: ends it as if that had been said. */
  abandon(): void {
    if (this.#isEnded || this.#isStoring) return;
    this.#closed("left");
    this.#receiver.close("left", this.#options.now());
    this.#pump.wake();
  }

  /** What is being received, and from whom. */
  get identity(): SinkFile {
    const { name, size, fingerprint } = this.#options.file;
    return { sender: this.#options.from, name, size, fingerprint };
  }

  /** True when it will not go on, though its file may still be open. */
  get isEnded(): boolean {
    return this.#isEnded;
  }

  /** Resolves when the file is closed, under whatever name. */
  get released(): Promise<void> {
    return this.#released.promise;
  }

  /** When something authentic came last, monotonic ms. */
  get heardAt(): number {
    return this.#receiver.heardAt;
  }

  /** The file has its name; the sender may not know yet. */
  get isStored(): boolean {
    return this.#isStored;
  }

  /** Resolves when it no longer needs the socket. */
  get drained(): Promise<void> {
    return this.#pump.drained;
  }

  /** Frees everything at once. */
  dispose(): void {
    this.#end();
    this.#pump.stop();
  }

  #work(now: number): void {
    const receiver = this.#receiver;
    this.#open();
    this.#write();
    for (let e = receiver.pollEvent(); e; e = receiver.pollEvent()) {
      this.#handle(e);
    }
    if (this.#isEnded) return;
    const progress = this.#progress.update(this.#receiver.base, now);
    if (progress !== undefined) this.#options.onEvent(progress);
    if (this.#options.paths.isDue(now)) this.#tellPath(false);
  }

  #tellPath(isEnd: boolean): void {
    const { paths, now, onEvent } = this.#options;
    const { pathInfo } = this.#receiver;
    const told = paths.update(pathInfo, undefined, now(), isEnd);
    if (told !== undefined) onEvent(told);
  }

  #open(): void {
    if (this.#isEnded) return;
    for (let b = this.#receiver.pollOpen(); b; b = this.#receiver.pollOpen()) {
      this.#openBlock(b);
    }
  }

  async #openBlock({ block, sealed }: CompleteBlock): Promise<void> {
    const { now } = this.#options;
    try {
      const reply = await this.#opening.open(block, sealed);
      if (this.#isEnded) return;
      const receiver = this.#receiver;
      if ("opened" in reply) {
        for (const each of reply.opened) receiver.handleOpened(each, now());
      } else receiver.handleForged(block, reply.forged, now());
      this.#pump.wake();
    } catch (error) {
      if (!this.#isEnded) this.#failStoring(error);
    }
  }

  #write(): void {
    if (this.#isWriting || this.#isEnded) return;
    if (!this.#isBatchReady()) return;
    let count = 0;
    let length = 0;
    while (count < batchBlocks) {
      const plaintext = this.#receiver.pollWrite();
      if (plaintext === undefined) break;
      this.#batch.set(plaintext, length);
      length += plaintext.length;
      count++;
    }
    if (count > 0) this.#writeBatch(length, count);
  }

  /**
   * A write costs a trip to another thread, so while blocks come fast some are
   * written together. A block does not wait longer than {@link batchMs}.
   */
  #isBatchReady(): boolean {
    const receiver = this.#receiver;
    const waiting = receiver.base - receiver.written;
    if (waiting === 0) return false;
    const isLast = receiver.base === this.#blocks;
    if (waiting >= batchBlocks || isLast || this.#isBatchLate) {
      clearTimeout(this.#batchTimer);
      this.#batchTimer = undefined;
      this.#isBatchLate = false;
      return true;
    }
    this.#batchTimer ??= setTimeout(() => {
      this.#batchTimer = undefined;
      this.#isBatchLate = true;
      this.#pump.wake();
    }, batchMs);
    return false;
  }

  async #writeBatch(length: number, count: number): Promise<void> {
    const { now } = this.#options;
    this.#isWriting = true;
    try {
      const bytes = this.#batch.subarray(0, length);
      const isWritten = await this.#writeWhenRoom(bytes);
      if (!isWritten) return this.#release();
      for (let i = 0; i < count; i++) this.#receiver.handleWritten(now());
      await this.#checkpoints.handleWritten(now());
      await this.#checkPlace();
      this.#isWriting = false;
      if (this.#isEnded) this.#release();
      else this.#pump.wake();
    } catch (error) {
      this.#isWriting = false;
      if (this.#isEnded) this.#release();
      else this.#failStoring(error);
    }
  }

  /**
   * A disk that is full or runs low is waited for: the sender keeps what is
   * missing. False when the transfer ended meanwhile.
   */
  async #writeWhenRoom(bytes: Uint8Array): Promise<boolean> {
    const { file, sink } = this.#options;
    const left = file.size - this.#receiver.written * blockBytes;
    for (;;) {
      while (!await this.#disk.hasRoom(bytes.length, left)) {
        if (this.#isEnded) return false;
        this.#setPaused(true);
        await new Promise((done) => setTimeout(done, roomPollMs));
      }
      try {
        await sink.write(bytes);
        this.#setPaused(false);
        return true;
      } catch (error) {
        const isFull = error instanceof SinkError && error.failure === "space";
        if (!isFull) throw error;
        this.#disk.handleFull();
      }
    }
  }

  /** What was removed meanwhile need not be sent to its end. */
  async #checkPlace(): Promise<void> {
    const { sink, now } = this.#options;
    if (now() - this.#placeCheckedAt < placeMs) return;
    this.#placeCheckedAt = now();
    await sink.checkPlace();
  }

  #setPaused(isPaused: boolean): void {
    if (isPaused === this.#isPaused || this.#isEnded) return;
    const { id, now, onEvent } = this.#options;
    this.#isPaused = isPaused;
    this.#receiver.setPaused(isPaused, now());
    this.#pump.wake();
    onEvent({ event: "paused", id, isPaused });
  }

  async #store(digest: Uint8Array): Promise<void> {
    const { id, file, sink, now, onEvent } = this.#options;
    this.#isStoring = true;
    try {
      await this.#checkpoints.stop();
      if (!await sink.checked) {
        throw new SinkError(damagedBefore(file.name), "integrity");
      }
      const path = await sink.finish(this.#receiver.checks);
      this.#released.resolve();
      const wasEnded = this.#isEnded;
      if (!wasEnded) this.#opening.end();
      this.#isEnded = true;
      this.#isStored = true;
      this.#receiver.handleStored(now());
      this.#pump.wake();
      if (wasEnded) return;
      this.#tellPath(true);
      onEvent({
        event: "done",
        id,
        bytes: file.size,
        resumed: sink.kept.length * blockBytes,
        ms: now() - (this.#startedAt ?? now()),
        digest: encodeHex(digest),
        hasGrown: this.#receiver.hasGrown,
        path: resolve(path),
      });
    } catch (error) {
      this.#isStoring = false;
      if (this.#isEnded) this.#release();
      else this.#failStoring(error);
    }
  }

  /** What was here before is not what it was; found while the rest came. */
  #handleDamaged(): void {
    if (this.#isEnded) return;
    this.#failStoring(
      new SinkError(damagedBefore(this.#options.file.name), "integrity"),
    );
  }

  #handle(event: EngineEvent): void {
    const { file, paths, now } = this.#options;
    switch (event.type) {
      case "connected":
        this.#startedAt ??= now();
        break;
      case "verified":
        this.#store(event.digest);
        break;
      case "closed":
        this.#isUseless = event.reason === "changed" ||
          event.reason === "integrity";
        this.#closed(event.reason);
        break;
      case "unreachable":
        this.#fail(
          "unreachable",
          unreachableMessage(event.wasConnected, () => paths.explain()),
        );
        break;
      case "corrupt":
        this.#isUseless = true;
        this.#receiver.close("integrity", now());
        this.#fail(
          "integrity",
          `"${file.name}" arrived damaged and was removed; ask for it again`,
        );
        break;
    }
  }

  #failStoring(error: unknown): void {
    const isKnown = error instanceof SinkError;
    const failure = isKnown ? error.failure : "internal";
    if (failure === "removed") this.#isUseless = true;
    this.#receiver.close(failure, this.#options.now());
    this.#fail(
      failure,
      isKnown
        ? error.message
        : `"${this.#options.file.name}" could not be stored`,
    );
    this.#pump.wake();
  }

  #fail(failure: TransferFailure, message: string): void {
    if (this.#isEnded) return;
    this.#end();
    this.#options.onEvent({
      event: "failed",
      id: this.#options.id,
      failure,
      message,
    });
  }

  /** The sender ended it. */
  #closed(reason: CloseReason): void {
    if (this.#isEnded) return;
    this.#end();
    const { id, onEvent } = this.#options;
    onEvent({ event: "closed", id, reason });
  }

  #end(): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    clearTimeout(this.#batchTimer);
    this.#opening.end();
    // A write under way still needs the file.
    if (!this.#isWriting && !this.#isStoring) this.#release();
  }

  async #release(): Promise<void> {
    const { sink } = this.#options;
    const isKept = !this.#isUseless && await this.#checkpoints.finish();
    if (isKept) await sink.close();
    else sink.discard();
    this.#released.resolve();
  }
}

function damagedBefore(name: string): string {
  return `What was here of "${name}" was changed on the disk; when it is sent again, it goes on before the damage`;
}

/** How often a full disk is looked at again. */
const roomPollMs = 1_000;
/** How often it is looked whether the file is still there. */
const placeMs = 1_000;
const { batchBlocks, blockBytes } = transferLimits;
const batchBytes = batchBlocks * blockBytes;
const batchMs = 20;

// Notices that a disk runs low, before a write fails if it can.

/** Watches the disk that one file of known size is written to. */
export class DiskWatch {
  readonly #folder: string;
  /** Bytes that may be written before the disk is looked at again. */
  #allowance = 0;
  #wasFull = false;

  constructor(folder: string) {
    this.#folder = folder;
  }

  /**
   * True when `bytes` may be written now.
   *
   * @param left Bytes that the file still needs, those included.
   */
  async hasRoom(bytes: number, left: number): Promise<boolean> {
    if (this.#wasFull) {
      this.#wasFull = false;
      return false;
    }
    if (this.#allowance >= bytes) {
      this.#allowance -= bytes;
      return true;
    }
    let free: number;
    try {
      const { bavail, bsize } = await statfs(this.#folder);
      free = bavail * bsize;
    } catch {
      // A disk that cannot be asked is tried.
      return true;
    }
    if (free < Math.min(left, lowBytes) + spareBytes) return false;
    this.#allowance = Math.min(free / 8, mostAllowance) - bytes;
    return true;
  }

  /**
   * A write failed all the same: others were faster, or there is a quota. The
   * next time there is no room, whatever the disk says.
   */
  handleFull(): void {
    this.#allowance = 0;
    this.#wasFull = true;
  }
}

/** With less than this left the disk is low, unless the file needs less. */
const lowBytes = 8 * 1024 * 1024;
const spareBytes = 512 * 1024;
const mostAllowance = 16 * 1024 * 1024;

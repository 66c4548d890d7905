/** A file on its way in: joins the socket, the receiving engine and its sink. */
import { encodeHex } from "@std/encoding/hex";
import { resolve } from "@std/path";
import type { OfferedFile } from "../events/transfer_port.ts";
import { type CloseReason } from "../../engine/packets/packet.ts";
import type { CompleteBlock } from "../../engine/receive_window.ts";
import { Receiver } from "../../engine/receiver.ts";
import { BlockPool } from "../../engine/send_window.ts";
import { staggeredBytes } from "../../engine/blocks/staggered_bytes.ts";
import type { EngineEvent } from "../../engine/engine_event.ts";
import { carriedSize, transferLimits } from "../../engine/packets/limits.ts";
import type { ArrivingFile } from "./arriving_file.ts";
import type { OpenJob } from "./block_thread.io.ts";
import { TransferEnd, type TransferEndOptions } from "./transfer_end.io.ts";
import { Checkpoints } from "../files/checkpoints.io.ts";
import type { SinkFile, StoredFile } from "../files/file_sink.io.ts";
import { SinkError } from "../files/sink_error.io.ts";
import { statOfSystem } from "../files/stat_of_system.io.ts";

/** What an {@link IncomingTransfer} is made from. */
export interface IncomingOptions extends TransferEndOptions {
  /** User name of the sender. */
  readonly from: string;
  readonly file: OfferedFile;
  /** Bytes that it carries; those of the file by default. */
  readonly size?: number;
  readonly sink: StoredFile;
  /** Folder of the sink. */
  readonly folder: string;
  /** For those who read it while it comes. */
  readonly arriving?: ArrivingFile<Deno.FsFile>;
}

/** Receives one file. */
export class IncomingTransfer extends TransferEnd<Receiver> {
  readonly #options: IncomingOptions;
  readonly #opening: OpenJob;
  readonly #pool: BlockPool;
  readonly #batch: Uint8Array<ArrayBuffer>;
  #batchTimer: ReturnType<typeof setTimeout> | undefined;
  #isBatchLate = false;
  #isWriting = false;
  #isStored = false;
  #isStoring = false;
  /** Bytes of a stream, once it has ended. */
  #size: number | undefined;
  /** What came is of no use for another try. */
  #isUseless = false;
  /** True while the disk is waited for. */
  #isPaused = false;
  #placeCheckedAt: number;
  readonly #disk: DiskWatch;
  readonly #checkpoints: Checkpoints;
  readonly #released = Promise.withResolvers<void>();

  constructor(options: IncomingOptions) {
    const { idBytes, keys, paths, file, sink } = options;
    const { size = carriedSize(file) } = options;
    const isStream = file.stream === true;
    const now = options.now();
    const firstBlock = sink.kept.length;
    const pool = new BlockPool(size + transferLimits.tagBytes);
    const receiver = new Receiver({
      ...{ id: idBytes, keys, size, isStream, ...paths.options, firstBlock },
      ...{ kept: sink.kept, mayEndEarly: file.tree !== undefined, now },
      pool,
    });
    super(options, receiver, size);
    this.#options = options;
    this.#pool = pool;
    this.#batch = staggeredBytes(Math.min(size, batchBytes), "file");
    this.startedAt = now;
    this.#placeCheckedAt = now;
    this.#opening = options.blocks.openJob({
      ...{ key: keys.block, id: idBytes, size, firstBlock },
    });
    this.#disk = new DiskWatch(options.folder);
    this.#checkpoints = new Checkpoints(
      sink.part,
      receiver.checks,
      receiver.blocks,
      now,
    );
    options.arriving?.handleStarted({
      now: options.now,
      checkOf: (block) => receiver.checks.at(block),
      upcoming: (count) => this.#upcoming(count),
      wish: (ranges) => {
        receiver.wish(ranges, options.now());
        this.wake();
      },
    });
    // What was here before may not be what it was: found while the rest comes.
    this.#mustBeChecked().catch((error) => {
      if (!this.isEnded) this.#failStoring(error);
    });
    this.wake();
  }

  /** Stops it without an event, tells the other side, keeps what came. */
  override async stop(reason: CloseReason): Promise<void> {
    await super.stop(reason);
    await this.released;
  }

  /** See {@link TransferEnd}; not once the file is whole. */
  override abandon(): void {
    if (!this.#isStoring) super.abandon();
  }

  /** What is being received, and from whom. */
  get identity(): SinkFile {
    const { name, size, fingerprint } = this.#options.file;
    return { sender: this.#options.from, name, size, fingerprint };
  }

  /** What is read of it while it comes; absent where nothing can be. */
  get arriving(): ArrivingFile<Deno.FsFile> | undefined {
    return this.#options.arriving;
  }

  /** Resolves when the file is closed, under whatever name. */
  get released(): Promise<void> {
    return this.#released.promise;
  }

  /** The file has its name; the sender may not know yet. */
  get isStored(): boolean {
    return this.#isStored;
  }

  override get heardAt(): number {
    return this.engine.heardAt;
  }

  /** The blocks that will be written next. */
  #upcoming(count: number): number[] {
    const { written, blocks } = this.engine;
    const length = Math.max(0, Math.min(count, blocks - written));
    return Array.from(
      { length },
      (_, index) => this.engine.blockAt(written + index),
    );
  }

  protected override move(): void {
    this.#open();
    this.#write();
  }

  #open(): void {
    if (this.isEnded) return;
    for (let b = this.engine.pollOpen(); b; b = this.engine.pollOpen()) {
      this.#openBlock(b);
    }
  }

  async #openBlock(complete: CompleteBlock): Promise<void> {
    const { position, block, sealed } = complete;
    const { now } = this.#options;
    try {
      const reply = await this.#opening.open(position, sealed, block);
      if (this.isEnded) return;
      const receiver = this.engine;
      if ("opened" in reply) {
        for (const each of reply.opened) receiver.handleOpened(each, now());
      } else receiver.handleForged(position, reply.forged, now());
      this.wake();
    } catch (error) {
      if (!this.isEnded) this.#failStoring(error);
    }
  }

  #write(): void {
    if (this.#isWriting || this.isEnded) return;
    if (!this.#isBatchReady()) return;
    const first = this.engine.nextWrite;
    let count = 0;
    let length = 0;
    // What is written together lies together.
    while (count < batchBlocks && this.engine.nextWrite === first + count) {
      const plaintext = this.engine.pollWrite();
      if (plaintext === undefined) break;
      this.#batch.set(plaintext, length);
      length += plaintext.length;
      count++;
    }
    if (count > 0) this.#writeBatch(first, length, count);
  }

  /**
   * A write costs a trip to another thread, so while blocks come fast some are
   * written together. A block does not wait longer than {@link batchMs}.
   */
  #isBatchReady(): boolean {
    const receiver = this.engine;
    const waiting = receiver.base - receiver.written;
    if (waiting === 0) return false;
    const isLast = receiver.base === receiver.blocks;
    if (waiting >= batchBlocks || isLast || this.#isBatchLate) {
      clearTimeout(this.#batchTimer);
      this.#batchTimer = undefined;
      this.#isBatchLate = false;
      return true;
    }
    this.#batchTimer ??= setTimeout(() => {
      this.#batchTimer = undefined;
      this.#isBatchLate = true;
      this.wake();
    }, batchMs);
    return false;
  }

  async #writeBatch(
    first: number,
    length: number,
    count: number,
  ): Promise<void> {
    const { now } = this.#options;
    this.#isWriting = true;
    try {
      const bytes = this.#batch.subarray(0, length);
      const isWritten = await this.#writeWhenRoom(bytes, first * blockBytes);
      if (!isWritten) return this.#release();
      for (let i = 0; i < count; i++) this.engine.handleWritten(now());
      this.#options.arriving?.handleWritten();
      await this.#checkpoints.handleWritten(now());
      await this.#checkPlace();
      this.#isWriting = false;
      if (this.isEnded) this.#release();
      else this.wake();
    } catch (error) {
      this.#isWriting = false;
      if (this.isEnded) this.#release();
      else this.#failStoring(error);
    }
  }

  /**
   * A disk that is full or runs low is waited for: the sender keeps what is
   * missing. False when the transfer ended meanwhile.
   */
  async #writeWhenRoom(bytes: Uint8Array, at: number): Promise<boolean> {
    const { file, size = carriedSize(file), sink } = this.#options;
    const left = size - this.engine.written * blockBytes;
    for (;;) {
      while (!await this.#disk.hasRoom(bytes.length, left)) {
        if (this.isEnded) return false;
        this.#setPaused(true);
        await new Promise((done) => setTimeout(done, roomPollMs));
      }
      try {
        await sink.write(bytes, at);
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
    if (isPaused === this.#isPaused || this.isEnded) return;
    const { id, now, onEvent } = this.#options;
    this.#isPaused = isPaused;
    this.engine.setPaused(isPaused, now());
    this.wake();
    onEvent({ event: "paused", id, isPaused });
  }

  async #store(digest: Uint8Array): Promise<void> {
    const { id, file, sink, now, onEvent } = this.#options;
    this.#isStoring = true;
    try {
      await this.#checkpoints.stop();
      await this.#mustBeChecked();
      const { checks, attributes } = this.engine;
      const path = await sink.finish(checks, attributes);
      if (path !== undefined) this.#options.arriving?.handleStored(path);
      this.#released.resolve();
      const wasEnded = this.isEnded;
      this.end();
      this.#isStored = true;
      this.engine.handleStored(now());
      this.wake();
      if (wasEnded) return;
      this.tellPath(true);
      onEvent({
        event: "done",
        id,
        bytes: this.#size ?? file.size,
        resumed: sink.kept.length * blockBytes,
        ms: this.elapsed,
        digest: encodeHex(digest),
        hasGrown: this.engine.hasGrown,
        ...(path === undefined ? {} : { path: resolve(path) }),
      });
    } catch (error) {
      this.#isStoring = false;
      if (this.isEnded) {
        this.#options.arriving?.handleEnded();
        this.#release();
      } else this.#failStoring(error);
    }
  }

  /** @throws {SinkError} when what was here before is damaged. */
  async #mustBeChecked(): Promise<void> {
    const { file: { name }, sink } = this.#options;
    if (!await sink.checked) throw damagedBefore(name);
  }

  protected override handle(event: EngineEvent): void {
    const { file, now } = this.#options;
    switch (event.type) {
      case "sized":
        this.#size = event.size;
        this.tellSize(event.size);
        break;
      case "verified":
        this.#store(event.digest);
        break;
      case "closed":
        this.#isUseless = event.reason === "changed" ||
          event.reason === "integrity";
        break;
      case "corrupt":
        this.#isUseless = true;
        this.engine.close("integrity", now());
        this.fail(
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
    const reason = failure === "closed" ? "cancelled" : failure;
    this.engine.close(reason, this.#options.now());
    this.fail(
      failure,
      isKnown
        ? error.message
        : `"${this.#options.file.name}" could not be stored`,
    );
    this.wake();
  }

  protected override free(): void {
    clearTimeout(this.#batchTimer);
    this.#opening.end();
    if (!this.#isWriting) this.#giveMemoryBack();
    // While it gets its name it is not known yet whether it is whole.
    if (!this.#isStoring) this.#options.arriving?.handleEnded();
    // A write under way still needs the file.
    if (!this.#isWriting && !this.#isStoring) this.#release();
  }

  /** At once, as the collector would wait for that of many transfers. */
  #giveMemoryBack(): void {
    this.#pool.end();
    if (!this.#batch.buffer.detached) this.#batch.buffer.transfer(0);
  }

  /** No write is under way any more. */
  async #release(): Promise<void> {
    this.#giveMemoryBack();
    const { sink } = this.#options;
    const isKept = !this.#isUseless && await this.#checkpoints.finish();
    if (isKept) await sink.close();
    else sink.discard();
    this.#released.resolve();
  }
}

function damagedBefore(name: string): SinkError {
  return new SinkError(
    `What was here of "${name}" was changed on the disk; when it is sent again, it goes on before the damage`,
    "integrity",
  );
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
      const { bavail, bsize } = await statOfSystem(this.#folder);
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

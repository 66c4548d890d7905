/** A file on its way out: joins its source, the sending engine and the socket. */
import { encodeHex } from "@std/encoding/hex";
import type { ReceivedPart } from "../../engine/resume_map.ts";
import type { SendLimit } from "../../engine/send_limit.ts";
import type { FileDigests } from "../../engine/blocks/file_sealer.ts";
import { Sender } from "../../engine/sender.ts";
import type { EngineEvent } from "../../engine/engine_event.ts";
import {
  blockCount,
  blockLength,
  carriedSize,
  transferLimits,
} from "../../engine/packets/limits.ts";
import { BlockPool } from "../../engine/send_window.ts";
import type { FragmentBudgets } from "../../engine/path/fragments.ts";
import type { SealJob, SealPart } from "./block_thread.io.ts";
import { TransferEnd, type TransferEndOptions } from "./transfer_end.io.ts";
import type { SentFile } from "../files/file_source.io.ts";
import { SourceError } from "../files/source_error.io.ts";

/** What an {@link OutgoingTransfer} is made from. */
export interface OutgoingOptions extends TransferEndOptions {
  readonly source: SentFile;
  /** Shared by everything that this client sends. */
  readonly limit: SendLimit;
  /** Likewise. */
  readonly budgets: FragmentBudgets;
  /** What the receiver has already. */
  readonly parts: readonly ReceivedPart[];
}

/** Sends one file. */
export class OutgoingTransfer extends TransferEnd<Sender> {
  readonly #options: OutgoingOptions;
  readonly #sealing: SealJob;
  readonly #firstBlock: number;
  readonly #pool: BlockPool;
  #arePartsChecked: boolean;
  #isReading = false;
  /** There is more in the file now than was offered. */
  #hasGrown = false;
  /** Bytes of the file; of a stream once it has ended. */
  #size: number | undefined;

  constructor(options: OutgoingOptions) {
    const { idBytes, keys, paths, source, budgets, now } = options;
    const isStream = source.file.stream === true;
    const size = carriedSize(source.file);
    const firstBlock = options.parts.at(-1)?.endBlock ?? 0;
    const pool = new BlockPool(size + transferLimits.tagBytes);
    const sealing = options.blocks.sealJob({
      ...{ key: keys.block, id: idBytes, size, firstBlock },
    });
    const sender = new Sender({
      ...{ id: idBytes, keys, size, isStream, ...paths.options, firstBlock },
      ...{ pool, budgets, batchBlocks: sealing.batchBlocks, now: now() },
      canReorder: source.isSeekable === true,
    });
    super(options, sender, size, options.limit);
    this.#options = options;
    this.#size = isStream ? undefined : size;
    this.#sealing = sealing;
    this.#firstBlock = firstBlock;
    this.#pool = pool;
    this.#arePartsChecked = firstBlock === 0;
    source.checkStart().catch((error) => this.#failReading(error));
    if (blockCount(size) === 0) this.#seal([], true);
    this.wake();
  }

  /** Numbers of the engine, for benchmarks and showing. */
  override stats(): ReturnType<Sender["stats"]> {
    return this.engine.stats();
  }

  protected override move(): void {
    this.#read();
  }

  #read(): void {
    if (this.#isReading || this.isEnded) return;
    const block = this.engine.pollRead();
    if (block >= 0) this.#readBatch(block);
  }

  /** Reads some blocks, and the next ones while those are sealed. */
  async #readBatch(first: number): Promise<void> {
    this.#isReading = true;
    try {
      if (!this.#arePartsChecked) await this.#checkParts();
      if (this.isEnded) return;
      const parts: SealPart[] = [];
      let block = first;
      let isEnd = false;
      while (block >= 0) {
        const plaintext = await this.#options.source.read(block);
        if (this.isEnded) return;
        isEnd = this.#noteEnd(block, plaintext.length);
        // Of a stream there may be nothing left.
        if (plaintext.length > 0) parts.push(this.#sealPart(block, plaintext));
        const isFull = parts.length === this.#sealing.batchBlocks;
        block = isEnd || isFull ? -1 : this.engine.pollRead();
      }
      this.#isReading = false;
      this.#seal(parts, isEnd);
      this.wake();
    } catch (error) {
      this.#failReading(error);
    }
  }

  /** True when `length` bytes were all that was left, sooner than expected. */
  #noteEnd(block: number, length: number): boolean {
    const { blockBytes } = transferLimits;
    const { source } = this.#options;
    const most = carriedSize(source.file);
    const isOpen = this.#size === undefined || source.mayEndEarly;
    if (!isOpen || length === blockLength(block, most)) return false;
    const size = this.#size = block * blockBytes + length;
    this.engine.handleEnd(blockCount(size));
    this.tellSize(size);
    return true;
  }

  /** The plaintext is valid until the next block is read. */
  #sealPart(block: number, plaintext: Uint8Array): SealPart {
    const target = this.#pool.take();
    if (this.#sealing.batchBlocks === 1) return { block, plaintext, target };
    target.set(plaintext);
    return { block, plaintext: target.subarray(0, plaintext.length), target };
  }

  async #seal(parts: readonly SealPart[], isEnd: boolean): Promise<void> {
    try {
      const { blocks, digests } = await this.#sealing.seal(parts, isEnd);
      if (this.isEnded) return;
      if (digests !== undefined) await this.#finish(digests);
      if (this.isEnded) return;
      for (const block of blocks) this.engine.handleSealed(block);
      this.wake();
    } catch (error) {
      this.#failReading(error);
    }
  }

  /** Before the last block leaves, so that no wrong file can be completed. */
  async #finish(digests: FileDigests): Promise<void> {
    const { source, now } = this.#options;
    const isWanted = () => !this.isEnded;
    const hasGrown = await source.check(digests.file, isWanted);
    if (this.isEnded) return;
    this.#hasGrown = hasGrown;
    const { attributes } = source;
    const about = { hasGrown, attributes, size: this.#size };
    this.engine.handleFin({ ...digests, ...about }, now());
  }

  #failReading(error: unknown): void {
    if (this.isEnded) return;
    const { source, now } = this.#options;
    const failure = error instanceof SourceError ? error.failure : "internal";
    const message = error instanceof SourceError
      ? error.message
      : `"${source.file.name}" could not be sent`;
    this.fail(failure, message);
    const isStream = source.file.stream === true;
    const reason = failure === "unreadable" && !isStream ? "changed" : failure;
    this.engine.close(reason, now());
    this.wake();
  }

  async #checkParts(): Promise<void> {
    const { source, parts } = this.#options;
    const checks = await source.checkParts(parts, () => !this.isEnded);
    if (checks === undefined || this.isEnded) return;
    this.#sealing.skip(checks);
    this.#arePartsChecked = true;
  }

  protected override handle(event: EngineEvent): void {
    const { id, source, onEvent } = this.#options;
    if (event.type === "paused") {
      onEvent({ event: "paused", id, isPaused: event.isPaused });
    } else if (event.type === "done") {
      this.tellPath(true);
      this.end();
      onEvent({
        event: "done",
        id,
        bytes: this.#size ?? source.file.size,
        resumed: this.#firstBlock * transferLimits.blockBytes,
        ms: this.elapsed,
        digest: encodeHex(event.digest),
        hasGrown: this.#hasGrown,
      });
    }
  }

  protected override free(): void {
    this.#sealing.end();
    this.#pool.end();
    this.#options.source.close();
  }
}

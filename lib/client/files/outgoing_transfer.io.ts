/** A file on its way out: joins its source, the sending engine and the socket. */
import { encodeHex } from "@std/encoding/hex";
import type {
  TransferEvent,
  TransferFailure,
} from "../events/transfer_port.ts";
import type { WireAddress } from "../../wire/request.ts";
import {
  type CloseReason,
  transferKeyOf,
} from "../../engine/packets/packet.ts";
import type { ReceivedPart } from "../../engine/resume_map.ts";
import type { SendLimit } from "../../engine/send_limit.ts";
import type { FileDigests } from "../../engine/blocks/file_sealer.ts";
import { Sender } from "../../engine/sender.ts";
import type { TransferKeys } from "../../engine/blocks/keys.ts";
import type { EngineEvent } from "../../engine/engine_event.ts";
import { blockCount, transferLimits } from "../../engine/packets/limits.ts";
import { BlockPool } from "../../engine/send_window.ts";
import type { FragmentBudgets } from "../../engine/path/fragments.ts";
import type { BlockThread, SealJob, SealPart } from "./block_thread.io.ts";
import {
  TransferProgress,
  TransferPump,
  unreachableMessage,
} from "./transfer_end.io.ts";
import { type SentFile, SourceError } from "./file_source.io.ts";
import type { TransferPaths } from "./transfer_paths.io.ts";
import type { UdpEndpoint } from "./udp_endpoint.io.ts";

/** What an {@link OutgoingTransfer} is made from. */
export interface OutgoingOptions {
  readonly id: string;
  readonly idBytes: Uint8Array;
  readonly keys: TransferKeys;
  readonly paths: TransferPaths;
  readonly source: SentFile;
  /** Shared by everything that this client sends. */
  readonly limit: SendLimit;
  /** Likewise. */
  readonly budgets: FragmentBudgets;
  /** What the receiver has already. */
  readonly parts: readonly ReceivedPart[];
  readonly endpoint: UdpEndpoint;
  readonly blocks: BlockThread;
  readonly now: () => number;
  readonly onEvent: (event: TransferEvent) => void;
}

/** Sends one file. */
export class OutgoingTransfer {
  readonly #options: OutgoingOptions;
  readonly #sender: Sender;
  readonly #pump: TransferPump;
  readonly #progress: TransferProgress;
  readonly #blocks: number;
  readonly #sealing: SealJob;
  readonly #firstBlock: number;
  #arePartsChecked: boolean;
  readonly #pool = new BlockPool();
  #isReading = false;
  /** There is more in the file now than was offered. */
  #hasGrown = false;
  #isEnded = false;
  /** When the other side was first heard, monotonic ms. */
  #startedAt: number | undefined;

  constructor(options: OutgoingOptions) {
    this.#options = options;
    const { endpoint, paths, source, now } = options;
    const startedAt = now();
    this.#blocks = blockCount(source.file.size);
    this.#progress = new TransferProgress(options.id, source.file.size);
    this.#firstBlock = options.parts.at(-1)?.endBlock ?? 0;
    this.#arePartsChecked = this.#firstBlock === 0;
    this.#sealing = options.blocks.sealJob({
      key: options.keys.block,
      id: options.idBytes,
      size: source.file.size,
      firstBlock: this.#firstBlock,
    });
    this.#sender = new Sender({
      id: options.idBytes,
      keys: options.keys,
      size: source.file.size,
      ...paths.options,
      firstBlock: this.#firstBlock,
      pool: this.#pool,
      budgets: options.budgets,
      batchBlocks: this.#sealing.batchBlocks,
      now: startedAt,
    });
    this.#pump = new TransferPump(
      endpoint,
      transferKeyOf(options.idBytes),
      this.#sender,
      now,
      (at) => this.#work(at),
      (refusal) => options.paths.handleRefused(refusal),
      options.limit,
    );
    source.checkStart().catch((error) => this.#failReading(error));
    if (this.#blocks === 0) this.#seal([]);
    this.#pump.wake();
  }

  /** Numbers of the engine, for benchmarks and showing. */
  stats(): ReturnType<Sender["stats"]> {
    return this.#sender.stats();
  }

  /** The receiver can be reached at these addresses, too. */
  addAddresses(addresses: readonly WireAddress[]): void {
    const { paths, now } = this.#options;
    for (const path of paths.add(addresses)) this.#sender.addPath(path, now());
    this.#pump.wake();
  }

  /** Stops it without an event and tells the other side. */
  stop(reason: CloseReason): Promise<void> {
    this.#end();
    this.#sender.close(reason, this.#options.now());
    return this.#pump.flush();
  }

  /** The receiver is gone: ends it as if that had been said. */
  abandon(): void {
    this.#closed("left");
    this.#sender.close("left", this.#options.now());
    this.#pump.wake();
  }

  /** When something authentic came last, monotonic ms. */
  get heardAt(): number {
    return this.#sender.pathInfo.heardAt;
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
    this.#read();
    for (let e = this.#sender.pollEvent(); e; e = this.#sender.pollEvent()) {
      this.#handle(e);
    }
    if (this.#isEnded) return;
    const progress = this.#progress.update(this.#sender.base, now);
    if (progress !== undefined) this.#options.onEvent(progress);
    if (this.#options.paths.isDue(now)) this.#tellPath(false);
  }

  #tellPath(isEnd: boolean): void {
    const { paths, now, onEvent } = this.#options;
    const { pathInfo } = this.#sender;
    const told = paths.update(pathInfo, this.#sender.stats(), now(), isEnd);
    if (told !== undefined) onEvent(told);
  }

  #read(): void {
    if (this.#isReading || this.#isEnded) return;
    const block = this.#sender.pollRead();
    if (block >= 0) this.#readBatch(block);
  }

  /** Reads some blocks, and the next ones while those are sealed. */
  async #readBatch(first: number): Promise<void> {
    this.#isReading = true;
    try {
      if (!this.#arePartsChecked) await this.#checkParts();
      if (this.#isEnded) return;
      const parts: SealPart[] = [];
      let block = first;
      while (block >= 0) {
        const plaintext = await this.#options.source.read(block);
        if (this.#isEnded) return;
        parts.push(this.#sealPart(plaintext));
        const isFull = parts.length === this.#sealing.batchBlocks;
        block = isFull ? -1 : this.#sender.pollRead();
      }
      this.#isReading = false;
      this.#seal(parts);
      this.#pump.wake();
    } catch (error) {
      this.#failReading(error);
    }
  }

  /** The plaintext is valid until the next block is read. */
  #sealPart(plaintext: Uint8Array): SealPart {
    const target = this.#pool.take();
    if (this.#sealing.batchBlocks === 1) return { plaintext, target };
    target.set(plaintext);
    return { plaintext: target.subarray(0, plaintext.length), target };
  }

  async #seal(parts: readonly SealPart[]): Promise<void> {
    try {
      const { blocks, digests } = await this.#sealing.seal(parts);
      if (this.#isEnded) return;
      if (digests !== undefined) await this.#finish(digests);
      if (this.#isEnded) return;
      for (const block of blocks) this.#sender.handleSealed(block);
      this.#pump.wake();
    } catch (error) {
      this.#failReading(error);
    }
  }

  /** Before the last block leaves, so that no wrong file can be completed. */
  async #finish(digests: FileDigests): Promise<void> {
    const { source, now } = this.#options;
    const isWanted = () => !this.#isEnded;
    this.#hasGrown = await source.check(digests.file, isWanted);
    if (this.#isEnded) return;
    this.#sender.handleDigests(digests, this.#hasGrown, now());
  }

  #failReading(error: unknown): void {
    if (this.#isEnded) return;
    const { source, now } = this.#options;
    const failure = error instanceof SourceError ? error.failure : "internal";
    const message = error instanceof SourceError
      ? error.message
      : `"${source.file.name}" could not be sent`;
    this.#fail(failure, message);
    this.#sender.close(failure === "internal" ? "internal" : "changed", now());
    this.#pump.wake();
  }

  async #checkParts(): Promise<void> {
    const { source, parts } = this.#options;
    const checks = await source.checkParts(parts, () => !this.#isEnded);
    if (checks === undefined || this.#isEnded) return;
    this.#sealing.skip(checks);
    this.#arePartsChecked = true;
  }

  #handle(event: EngineEvent): void {
    const { id, paths, source, now, onEvent } = this.#options;
    const { size } = source.file;
    switch (event.type) {
      case "connected":
        this.#startedAt ??= now();
        break;
      case "paused":
        onEvent({ event: "paused", id, isPaused: event.isPaused });
        break;
      case "done":
        this.#tellPath(true);
        this.#end();
        onEvent({
          event: "done",
          id,
          bytes: size,
          resumed: this.#firstBlock * transferLimits.blockBytes,
          ms: now() - (this.#startedAt ?? now()),
          digest: encodeHex(event.digest),
          hasGrown: this.#hasGrown,
        });
        break;
      case "closed":
        this.#closed(event.reason);
        break;
      case "unreachable":
        this.#fail(
          "unreachable",
          unreachableMessage(event.wasConnected, () => paths.explain()),
        );
        break;
    }
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

  /** The receiver ended it. */
  #closed(reason: CloseReason): void {
    if (this.#isEnded) return;
    this.#end();
    const { id, onEvent } = this.#options;
    onEvent({ event: "closed", id, reason });
  }

  #end(): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    this.#sealing.end();
    this.#options.source.close();
  }
}

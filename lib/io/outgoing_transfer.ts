/** A file on its way out: joins its source, the sending engine and the socket. */
import { createHash } from "node:crypto";
import { encodeHex } from "@std/encoding/hex";
import type {
  TransferEvent,
  TransferFailure,
  TransferPeer,
} from "../client/transfer_port.ts";
import type { CloseReason } from "../transfer/close_reason.ts";
import type { ReceivedPart } from "../transfer/resume_map.ts";
import { Sender } from "../transfer/sender.ts";
import type { TransferKeys } from "../transfer/transfer_keys.ts";
import type { EngineEvent } from "../transfer/transfer_event.ts";
import { blockCount, transferLimits } from "../transfer/transfer_limits.ts";
import { closedFailure, unreachableMessage } from "./transfer_messages.ts";
import { type FileSource, SourceError } from "./file_source.ts";
import { TransferProgress } from "./transfer_progress.ts";
import { TransferPump } from "./transfer_pump.ts";
import type { UdpEndpoint } from "./udp_endpoint.ts";
import { transferKeyOf } from "../transfer/packet.ts";

/** What an {@link OutgoingTransfer} is made from. */
export interface OutgoingOptions {
  readonly id: string;
  readonly idBytes: Uint8Array;
  readonly keys: TransferKeys;
  readonly peer: TransferPeer;
  readonly source: FileSource;
  /** What the receiver has already. */
  readonly parts: readonly ReceivedPart[];
  readonly endpoint: UdpEndpoint;
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
  /** Over the whole file. */
  readonly #hash = createHash("sha256");
  readonly #firstBlock: number;
  #arePartsChecked: boolean;
  #isReading = false;
  #isEnded = false;
  #startedAt: number;

  constructor(options: OutgoingOptions) {
    this.#options = options;
    const { endpoint, peer, source, now } = options;
    const local = new Set(endpoint.localAddresses().map(({ ip }) => ip));
    const paths: number[] = [];
    const localPaths: number[] = [];
    for (const address of peer.addresses) {
      const path = endpoint.path(address);
      if (path < 0) continue;
      paths.push(path);
      if (local.has(address.ip)) localPaths.push(path);
    }
    this.#blocks = blockCount(source.file.size);
    this.#startedAt = now();
    this.#progress = new TransferProgress(options.id, source.file.size);
    this.#firstBlock = options.parts.at(-1)?.endBlock ?? 0;
    this.#arePartsChecked = this.#firstBlock === 0;
    this.#sender = new Sender({
      id: options.idBytes,
      keys: options.keys,
      size: source.file.size,
      paths,
      localPaths,
      firstBlock: this.#firstBlock,
      hash: this.#hash,
      now: this.#startedAt,
    });
    this.#pump = new TransferPump(
      endpoint,
      transferKeyOf(options.idBytes),
      this.#sender,
      now,
      () => this.#work(),
    );
    this.#pump.wake();
  }

  /** Numbers of the engine, for benchmarks and showing. */
  stats(): ReturnType<Sender["stats"]> {
    return this.#sender.stats();
  }

  /** Stops it without an event and tells the other side. */
  stop(reason: CloseReason): Promise<void> {
    this.#end();
    this.#sender.close(reason, this.#options.now());
    return this.#pump.flush();
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

  #work(): void {
    this.#read();
    for (let e = this.#sender.pollEvent(); e; e = this.#sender.pollEvent()) {
      this.#handle(e);
    }
    if (this.#isEnded) return;
    const { now, onEvent } = this.#options;
    const progress = this.#progress.update(this.#sender.base, now());
    if (progress !== undefined) onEvent(progress);
  }

  #read(): void {
    if (this.#isReading || this.#isEnded) return;
    const block = this.#sender.pollRead();
    if (block >= 0) this.#readBlock(block);
  }

  async #readBlock(block: number): Promise<void> {
    const { source, now } = this.#options;
    this.#isReading = true;
    try {
      if (!this.#arePartsChecked) await this.#checkParts();
      const plaintext = await source.read(block);
      // Before the last block leaves, so that no wrong file can be completed.
      if (block === this.#blocks - 1) await source.check();
      this.#isReading = false;
      if (this.#isEnded) return;
      this.#sender.handleBlock(plaintext, now());
      this.#pump.wake();
    } catch (error) {
      this.#isReading = false;
      if (this.#isEnded) return;
      const failure = error instanceof SourceError ? error.failure : "internal";
      const message = error instanceof SourceError
        ? error.message
        : `"${source.file.name}" could not be sent`;
      this.#fail(failure, message);
      this.#sender.close(
        failure === "internal" ? "internal" : "changed",
        now(),
      );
      this.#pump.wake();
    }
  }

  async #checkParts(): Promise<void> {
    const { source, parts } = this.#options;
    await source.checkParts(parts, this.#hash, () => !this.#isEnded);
    this.#arePartsChecked = true;
  }

  #handle(event: EngineEvent): void {
    const { id, source, now, onEvent } = this.#options;
    const { name, size } = source.file;
    switch (event.type) {
      case "connected":
        this.#startedAt = now();
        break;
      case "done":
        this.#end();
        onEvent({
          event: "done",
          id,
          bytes: size,
          resumed: this.#firstBlock * transferLimits.blockBytes,
          ms: now() - this.#startedAt,
          digest: encodeHex(event.digest),
        });
        break;
      case "closed":
        this.#fail(...closedFailure(event.reason, name, "receiver"));
        break;
      case "unreachable":
        this.#fail("unreachable", unreachableMessage(event.wasConnected));
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

  #end(): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    this.#options.source.close();
  }
}

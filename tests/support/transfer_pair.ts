import { createHash } from "node:crypto";
import type { EngineEvent } from "../../lib/engine/engine_event.ts";
import type { CongestionController } from "../../lib/engine/congestion/controller.ts";
import { BlockPool } from "../../lib/engine/send_window.ts";
import {
  type FileDigests,
  FileOpener,
  FileSealer,
} from "../../lib/engine/blocks/file_sealer.ts";
import { packetNumber } from "../../lib/engine/packets/packet.ts";
import { Receiver } from "../../lib/engine/receiver.ts";
import { Sender } from "../../lib/engine/sender.ts";
import { TransferKeyPair } from "../../lib/engine/blocks/keys.ts";
import type { Fin } from "../../lib/engine/packets/fin_frame.ts";
import {
  blockCount,
  blockLength,
  carriedSize,
  transferLimits,
} from "../../lib/engine/packets/limits.ts";
import { checksOf } from "./checks_of.ts";
import { SeededRandom } from "./seeded_random.ts";
import { type LinkOptions, SimulatedLink } from "./simulated_link.ts";

/** Options of a {@link TransferPair}. */
export interface PairOptions {
  readonly seed: number;
  readonly file: Uint8Array;
  /** What both directions of the path do. */
  readonly link?: Omit<LinkOptions, "seed">;
  /** The way there, when it is shared with others. */
  readonly there?: Passage;
  /** When it begins, ms. Default 0. */
  readonly startAt?: number;
  /** What the way back does, when it differs. */
  readonly back?: Omit<LinkOptions, "seed">;
  readonly makeController?: () => CongestionController;
  readonly isLocal?: boolean;
  /** Where the file ends shows only when it is read. */
  readonly isStream?: boolean;
  /** What both ends take for the size of the file, which may end before. */
  readonly most?: number;
  /** The sender's file can be read in any order. */
  readonly canReorder?: boolean;
  /** Bytes of the file before `file`, whole blocks below `firstBlock`. */
  readonly before?: number;
  /** Blocks below are there already. */
  readonly firstBlock?: number;
  /** What the sender's file begins with, before its first block. */
  readonly skipped?: Uint8Array;
  /** The checksums of what the receiver has, when they are not those. */
  readonly kept?: Uint32Array;
  /** How long the receiver's disk takes for a block, ms. */
  readonly writeMs?: number;
  /** How long it takes to sync and rename, ms. */
  readonly storeMs?: number;
  /** Both ends wake up to so many ms late, as on a busy machine. Default 0. */
  readonly lateMs?: number;
}

/** What a pair needs of a link. */
export type Passage = Pick<
  SimulatedLink,
  "nextAt" | "send" | "receive" | "options"
>;

/**
 * A sender and a receiver joined by two simulated links, driven in virtual
 * time by jumping to the next deadline.
 */
export class TransferPair {
  readonly sender: Sender;
  readonly receiver: Receiver;
  readonly there: Passage;
  readonly back: SimulatedLink;
  readonly senderEvents: EngineEvent[] = [];
  readonly receiverEvents: EngineEvent[] = [];
  readonly id: Uint8Array;
  now = 0;
  /** The path under which the receiver sees the sender. */
  senderPath = 7;
  /** The path under which the sender sees the receiver. */
  receiverPath = 7;
  /** Which subflow each datagram of the receiver left from, by its number. */
  readonly #subflows = new Map<number, number>();
  /** An end whose machine sleeps: it does nothing, and what comes is lost. */
  asleep: "sender" | "receiver" | undefined;
  /** Steps of the loop so far. */
  steps = 0;
  /** What the receiver wrote so far. */
  readonly written: Uint8Array;
  writtenBytes = 0;
  /** Changes a datagram on its way, or drops it by returning undefined. */
  intercept: (
    bytes: Uint8Array,
    from: "sender" | "receiver",
  ) => Uint8Array | undefined = (bytes) => bytes;
  /** What the sender says of the file, when it lies. */
  changeDigests: (digests: FileDigests) => FileDigests = (digests) => digests;
  changeFin: (fin: Fin) => Fin = (fin) => fin;
  readonly #file: Uint8Array;
  readonly #before: number;
  readonly #pool = new BlockPool();
  readonly #sealer: FileSealer;
  readonly #opener: FileOpener;
  readonly #options: PairOptions;
  readonly #random: SeededRandom;
  readonly #out = new Uint8Array(transferLimits.maxDatagramBytes);
  readonly #writes: { at: number; place: number; bytes: Uint8Array }[] = [];
  /** The blocks that were written, in that order. */
  readonly blocks: number[] = [];
  #storeAt = Infinity;

  constructor(options: PairOptions) {
    this.#options = options;
    this.#file = options.file;
    this.written = new Uint8Array(options.file.length);
    this.#before = options.before ?? 0;
    this.writtenBytes = (options.firstBlock ?? 0) * transferLimits.blockBytes -
      this.#before;
    const random = this.#random = new SeededRandom(options.seed);
    this.there = options.there ??
      new SimulatedLink({ seed: options.seed, ...options.link });
    this.now = options.startAt ?? 0;
    this.back = new SimulatedLink({
      seed: options.seed + 1_000_003,
      ...(options.back ?? options.link),
    });
    const ours = new TransferKeyPair(random);
    const theirs = new TransferKeyPair(random);
    this.id = random.bytes(8);
    const common = {
      id: this.id,
      size: carriedSize({
        size: options.most ?? this.#before + options.file.length,
        ...(options.isStream ? { stream: true } : {}),
      }),
      isStream: options.isStream === true,
      mayEndEarly: options.most !== undefined,
      firstBlock: options.firstBlock ?? 0,
      paths: [7],
      localPaths: options.isLocal === true ? [7] : [],
      now: this.now,
    };
    const keys = ours.agree(theirs.publicKey, this.id, "sender");
    const fileKey = { ...common, key: keys.block };
    this.#sealer = new FileSealer(fileKey);
    this.#opener = new FileOpener(fileKey);
    const kept = options.skipped === undefined
      ? new Uint32Array(common.firstBlock)
      : checksOf(options.skipped).slice(0);
    this.#sealer.skip(kept);
    this.sender = new Sender({
      ...common,
      keys,
      pool: this.#pool,
      canReorder: options.canReorder === true,
      ...(options.makeController === undefined
        ? {}
        : { makeController: options.makeController }),
    });
    this.receiver = new Receiver({
      ...common,
      kept: options.kept ?? kept.subarray(0, common.firstBlock),
      keys: theirs.agree(ours.publicKey, this.id, "receiver"),
    });
    this.#finishSealing();
  }

  /** SHA-256 of what was written so far, hexadecimal. */
  digest(): string {
    return createHash("sha256")
      .update(this.written.subarray(0, this.writtenBytes)).digest("hex");
  }

  /** Runs until `isOver` or both ends are drained; throws after `maxMs`. */
  run(
    maxMs = 60_000,
    isOver: () => boolean = () =>
      this.sender.isDrained && this.receiver.isDrained,
  ): void {
    let same = 0;
    while (!isOver()) {
      const before = this.now;
      this.step();
      if (this.now > maxMs) throw new Error(`Not over after ${maxMs} ms`);
      same = this.now === before ? same + 1 : 0;
      if (same > maxStepsAtOnce) throw new Error(`Livelock at ${this.now} ms`);
    }
  }

  /** Handles everything that is due, then jumps to what comes next. */
  step(): void {
    this.steps++;
    this.#receive();
    if (this.asleep !== "sender") this.sender.handleTimeout(this.now);
    if (this.asleep !== "receiver") this.receiver.handleTimeout(this.now);
    this.#write();
    this.#transmit();
    this.#drainEvents();
    const next = Math.min(
      this.there.nextAt,
      this.back.nextAt,
      this.asleep === "sender" ? Infinity : this.sender.pollTimeout(),
      this.asleep === "receiver" ? Infinity : this.receiver.pollTimeout(),
      this.#writes[0]?.at ?? Infinity,
      this.#storeAt,
    );
    if (next === Infinity || next <= this.now) return;
    const { lateMs = 0 } = this.#options;
    this.now = next + (lateMs === 0 ? 0 : lateMs * this.#random.next());
  }

  #receive(): void {
    for (let i = 0; i < maxBatch; i++) {
      const bytes = this.there.receive(this.now);
      if (bytes === undefined) break;
      if (this.asleep === "receiver") continue;
      this.receiver.handleDatagram(bytes, this.senderPath, this.now);
    }
    for (let i = 0; i < maxBatch; i++) {
      const bytes = this.back.receive(this.now);
      if (bytes === undefined) break;
      if (this.asleep === "sender") continue;
      const subflow = this.#subflows.get(packetNumber(bytes)) ?? 0;
      const path = this.receiverPath + subflowPaths * subflow;
      this.sender.handleDatagram(bytes, path, this.now);
    }
  }

  #transmit(): void {
    const from = [this.sender, this.receiver] as const;
    for (const end of from) {
      const isSender = end === this.sender;
      if (this.asleep === (isSender ? "sender" : "receiver")) continue;
      for (let i = 0; i < maxBatch; i++) {
        if (isSender) this.#read();
        const length = end.pollTransmit(this.#out, this.now);
        if (length === 0) break;
        const bytes = this.intercept(
          this.#out.subarray(0, length),
          isSender ? "sender" : "receiver",
        );
        if (bytes === undefined) continue;
        const { transmitSubflow } = this.receiver;
        if (!isSender && transmitSubflow > 0) {
          this.#subflows.set(packetNumber(bytes), transmitSubflow);
        }
        (isSender ? this.there : this.back).send(bytes, this.now);
      }
    }
  }

  #read(): void {
    for (;;) {
      const block = this.sender.pollRead();
      if (block < 0) return;
      const start = block * transferLimits.blockBytes - this.#before;
      const end = start + transferLimits.blockBytes;
      const plaintext = this.#file.subarray(start, end);
      const { isStream, most = Infinity } = this.#options;
      const isOpen = isStream || most < Infinity;
      const isShort = plaintext.length < blockLength(block, most);
      if (!isOpen || plaintext.length > 0) {
        this.sender.handleSealed(
          this.#sealer.seal(plaintext, this.#pool.take(), block),
        );
      }
      if (isOpen && isShort) {
        this.sender.handleEnd(blockCount(this.#file.length));
        this.#sealer.end();
      }
      this.#finishSealing();
    }
  }

  #finishSealing(): void {
    const digests = this.#sealer.digests();
    if (digests === undefined) return;
    const size = this.#before + this.#file.length;
    const about = { hasGrown: false, attributes: undefined, size };
    const fin = { ...this.changeDigests(digests), ...about };
    this.sender.handleFin(this.changeFin(fin), this.now);
  }

  #open(): void {
    for (;;) {
      const complete = this.receiver.pollOpen();
      if (complete === undefined) return;
      const { position, block, sealed } = complete;
      const opened = this.#opener.open(position, sealed, block);
      if (opened === undefined) {
        this.receiver.handleForged(position, sealed, this.now);
      }
      for (const each of opened ?? []) {
        this.receiver.handleOpened(each, this.now);
      }
    }
  }

  #write(): void {
    const { writeMs = 0 } = this.#options;
    this.#open();
    for (;;) {
      const block = this.receiver.nextWrite;
      const bytes = this.receiver.pollWrite();
      if (bytes === undefined) break;
      const place = block * transferLimits.blockBytes - this.#before;
      this.blocks.push(block);
      const after = Math.max(this.now, this.#writes.at(-1)?.at ?? 0);
      this.#writes.push({ at: after + writeMs, place, bytes });
    }
    while (this.#writes.length > 0 && this.#writes[0]!.at <= this.now) {
      const { place, bytes } = this.#writes.shift()!;
      this.written.set(bytes, place);
      this.writtenBytes += bytes.length;
      this.receiver.handleWritten(this.now);
    }
    if (this.now >= this.#storeAt) {
      this.#storeAt = Infinity;
      this.receiver.handleStored(this.now);
    }
  }

  #drainEvents(): void {
    for (let e = this.sender.pollEvent(); e; e = this.sender.pollEvent()) {
      this.senderEvents.push(e);
    }
    for (let e = this.receiver.pollEvent(); e; e = this.receiver.pollEvent()) {
      this.receiverEvents.push(e);
      if (e.type === "verified") {
        this.#storeAt = this.now + (this.#options.storeMs ?? 0);
      }
    }
  }
}

/** `length` bytes that do not repeat with any block. */
export function testFile(length: number, seed = 1): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(length);
  const words = new Uint32Array(bytes.buffer, 0, length >>> 2);
  let state = seed >>> 0;
  for (let i = 0; i < words.length; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    words[i] = state;
  }
  for (let i = words.length * 4; i < length; i++) bytes[i] = i;
  return bytes;
}

/** Between the path of the receiver's main socket and that of subflow 1. */
export const subflowPaths = 100;
const maxBatch = 10_000;
const maxStepsAtOnce = 1_000;

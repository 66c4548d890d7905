/**
 * A file that is on its way in, for those who read it meanwhile: what they read
 * is waited for, and has the sender send it first.
 */
import type { BlockRange } from "../../engine/block_order.ts";
import { blockCount, transferLimits } from "../../engine/packets/limits.ts";
import { ReadPlan } from "./read_plan.ts";

/** What an {@link ArrivingFile} needs of its transfer. */
export interface ArrivingHost {
  /** Monotonic time, ms. */
  now(): number;
  /** The blocks that come next, if nothing else is wished; `count` at most. */
  upcoming(count: number): readonly number[];
  /** Wishes that these come next. */
  wish(ranges: readonly BlockRange[]): void;
  /** CRC-32 of a block that is written; undefined of another. */
  checkOf(block: number): number | undefined;
}

/** The file of a transfer: here, or on its way in. */
export type TransferFile<Handle> =
  | { readonly kind: "stored"; readonly path: string }
  | { readonly kind: "arriving"; readonly file: ArrivingFile<Handle> };

/** A file of which some is here. */
export class ArrivingFile<Handle> {
  readonly name: string;
  /** Bytes, of all of it. */
  readonly size: number;
  /** Opens what is here of it; undefined when that is gone. */
  readonly open: () => Promise<Handle | undefined>;
  readonly #readers = new Set<ArrivingReader>();
  #plan: ReadPlan;
  #host: ArrivingHost | undefined;
  #path: string | undefined;
  #isGone = false;

  /** @param open See {@link ArrivingFile.open}. */
  constructor(
    name: string,
    size: number,
    open: () => Promise<Handle | undefined>,
  ) {
    this.name = name;
    this.size = size;
    this.open = open;
    this.#plan = new ReadPlan(blockCount(size));
  }

  /** Where it is, once it is whole and verified. */
  get path(): string | undefined {
    return this.#path;
  }

  /** It will not become whole, at least not by this transfer. */
  get isGone(): boolean {
    return this.#isGone;
  }

  /** CRC-32 of a block that is here; undefined of another. */
  checkOf(block: number): number | undefined {
    return this.#host?.checkOf(block);
  }

  /**
   * Somebody reads it, from `start` on; when there are too many, the one who has
   * longest gets no more.
   */
  read(start: number): ArrivingReader {
    const reader = new ArrivingReader(
      Math.floor(start / transferLimits.blockBytes),
      {
        isHere: (block) => this.checkOf(block) !== undefined,
        isOver: () => this.#isGone,
        onWait: () => this.#wish(),
        onClosed: () => this.#forget(reader),
      },
    );
    this.#readers.add(reader);
    const [oldest] = this.#readers;
    if (this.#readers.size > mostReaders) oldest?.close();
    return reader;
  }

  /** The transfer begins. */
  handleStarted(host: ArrivingHost): void {
    this.#host = host;
  }

  /** More of it is written. */
  handleWritten(): void {
    for (const reader of this.#readers) reader.handleWritten();
    const host = this.#host;
    const wish = host && this.#readers.size === 0
      ? this.#plan.unread(host.now())
      : undefined;
    if (wish !== undefined) host?.wish(wish);
  }

  /** It is whole, verified, and has its name. */
  handleStored(path: string): void {
    this.#path = path;
    this.handleWritten();
  }

  /** The transfer is over; nothing more comes. */
  handleEnded(): void {
    if (this.#path !== undefined) return;
    this.#isGone = true;
    for (const reader of [...this.#readers]) reader.close();
  }

  #forget(reader: ArrivingReader): void {
    this.#readers.delete(reader);
    const now = this.#host?.now();
    if (now !== undefined) this.#plan.handleClosed(now);
  }

  /** What those who wait need is asked for first. */
  #wish(): void {
    const host = this.#host;
    if (host === undefined || this.#path !== undefined) return;
    const wanted = [...this.#readers].reverse()
      .filter(({ isWaiting }) => isWaiting).map(({ next }) => next);
    const isHere = (block: number) => host.checkOf(block) !== undefined;
    const upcoming = host.upcoming(soonBlocks);
    const wish = this.#plan.wanted({ wanted, isHere, upcoming }, host.now());
    if (wish !== undefined) host.wish(wish);
  }
}

/** What an {@link ArrivingReader} needs of its file. */
interface ReaderHost {
  isHere(block: number): boolean;
  isOver(): boolean;
  onWait(): void;
  onClosed(): void;
}

/** One who reads a file that is on its way in. */
export class ArrivingReader {
  readonly #host: ReaderHost;
  #next: number;
  #go: ((isHere: boolean) => void) | undefined;
  #isClosed = false;

  constructor(start: number, host: ReaderHost) {
    this.#next = start;
    this.#host = host;
  }

  /** The block that is read next. */
  get next(): number {
    return this.#next;
  }

  /** That is not here. */
  get isWaiting(): boolean {
    return this.#go !== undefined;
  }

  /** Resolves when `block` is here; false when it will not come, or is closed. */
  async wait(block: number): Promise<boolean> {
    this.#next = block;
    if (this.#isClosed) return false;
    if (this.#host.isHere(block)) return true;
    if (this.#host.isOver()) return false;
    const coming = Promise.withResolvers<boolean>();
    this.#go = coming.resolve;
    this.#host.onWait();
    return await coming.promise;
  }

  /** More is written. */
  handleWritten(): void {
    if (this.#go !== undefined && this.#host.isHere(this.#next)) {
      this.#end(true);
    }
  }

  /** Reads no more. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#end(false);
    this.#host.onClosed();
  }

  #end(isHere: boolean): void {
    const go = this.#go;
    this.#go = undefined;
    go?.(isHere);
  }
}

/** Most who read one file at once. */
const mostReaders = 16;
/** What comes within so many blocks need not be wished for. */
const soonBlocks = 8;

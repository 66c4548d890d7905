/**
 * What is noted of a file that is coming in, and when it is made lasting: often
 * enough that a crash costs little, seldom enough that neither slows the transfer
 * down. What is written is noted within a fraction of a second, which is enough
 * for whoever goes on after the program was killed; the disk's syncs, which are
 * for power cuts, run beside the writing, and only when too much would be lost
 * does it wait.
 */
import type { BlockChecks } from "../../engine/blocks/block_checks.ts";
import { transferLimits } from "../../engine/packets/limits.ts";
import type { PartFile } from "./part_file.io.ts";

/** What checkpoints need of a {@link PartFile}. */
export type RecordedPart = Pick<PartFile, "isResumable" | "record" | "sync">;

/** Checkpoints of one file. */
export class Checkpoints {
  readonly #part: RecordedPart;
  readonly #checks: BlockChecks;
  readonly #blocks: number;
  /** Blocks that are noted, or will be when what runs has ended. */
  #recorded: number;
  #recording: Promise<void> | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** Blocks that are synced, or will be when what runs has ended. */
  #synced: number;
  #syncedAt: number;
  #syncing: Promise<void> | undefined;

  /**
   * @param checks Of all that is written, of a file of so many `blocks`.
   * @param now Monotonic time, ms.
   */
  constructor(
    part: RecordedPart,
    checks: BlockChecks,
    blocks: number,
    now: number,
  ) {
    this.#part = part;
    this.#checks = checks;
    this.#blocks = blocks;
    this.#recorded = checks.length;
    this.#synced = checks.length;
    this.#syncedAt = now;
  }

  /**
   * More was written; notes it and makes it lasting when that is due.
   *
   * @returns What to wait for before more is written, if anything.
   */
  handleWritten(now: number): Promise<void> | undefined {
    if (!this.#part.isResumable) return undefined;
    this.#timer ??= setTimeout(() => this.#record(), recordMs);
    const blocks = this.#checks.length - this.#synced;
    if (this.#syncing !== undefined) {
      return blocks < mostBlocks ? undefined : this.#syncing;
    }
    const isLate = now - this.#syncedAt >= syncMs;
    if (blocks < stepBlocks && !isLate) return undefined;
    this.#syncedAt = now;
    this.#synced = this.#checks.length;
    this.#syncing = this.#sync();
    return undefined;
  }

  /** Notes nothing more; resolves when nothing is under way. */
  async stop(): Promise<void> {
    clearTimeout(this.#timer);
    await Promise.all([this.#recording, this.#syncing]);
  }

  /**
   * Notes and makes lasting all that is written; false when there is nothing to
   * go on with.
   */
  async finish(): Promise<boolean> {
    await this.stop();
    if (!this.#part.isResumable) return false;
    await this.#record();
    if (this.#recorded === 0) return false;
    await this.#sync();
    return true;
  }

  async #record(): Promise<void> {
    this.#timer = undefined;
    await this.#recording;
    // What ends a transfer is always sent.
    const end = Math.min(this.#checks.length, this.#blocks - 1);
    const first = this.#recorded;
    if (end <= first) return;
    this.#recorded = end;
    const checks = this.#checks.slice(first, end).slice();
    this.#recording = this.#part.record(first, checks);
    await this.#recording;
  }

  async #sync(): Promise<void> {
    // A disk that cannot do that has told, or will tell, the one who writes.
    await this.#part.sync().catch(() => {});
    this.#syncing = undefined;
  }
}

/** So much of a transfer is lost to whoever kills it. */
const recordMs = 50;
const stepBlocks = 16 * 1024 * 1024 / transferLimits.blockBytes;
/** With the 10 MiB that may be under way this stays below 64 MiB. */
const mostBlocks = 48 * 1024 * 1024 / transferLimits.blockBytes;
const syncMs = 5_000;

/**
 * When a file that is coming in is made lasting: often enough that a crash costs
 * little, seldom enough that the disk's syncs do not slow the transfer down.
 * They run beside the writing; only when too much would be lost does it wait.
 */
import type { ReceivedPart } from "../transfer/resume_map.ts";
import { transferLimits } from "../transfer/transfer_limits.ts";
import type { PartFile } from "./part_file.ts";

/** What checkpoints need of a {@link PartFile}. */
export type RecordedPart = Pick<
  PartFile,
  "parts" | "isResumable" | "isSaving" | "saved" | "save"
>;

/** Checkpoints of one file. */
export class Checkpoints {
  readonly #part: RecordedPart;
  readonly #take: () => ReceivedPart | undefined;
  /** Blocks that are recorded, or will be once the running save ends. */
  #recorded: number;
  #recordedAt: number;
  #isEmpty: boolean;

  /**
   * @param take Returns what this transfer has written so far.
   * @param now Monotonic time, ms.
   */
  constructor(
    part: RecordedPart,
    take: () => ReceivedPart | undefined,
    now: number,
  ) {
    this.#part = part;
    this.#take = take;
    this.#recorded = part.parts.at(-1)?.endBlock ?? 0;
    this.#recordedAt = now;
    this.#isEmpty = this.#recorded === 0;
  }

  /**
   * Blocks below `written` are written; records it when that is due.
   *
   * @returns What to wait for before more is written, if anything.
   */
  handleWritten(written: number, now: number): Promise<void> | undefined {
    if (!this.#part.isResumable) return undefined;
    const blocks = written - this.#recorded;
    if (this.#part.isSaving) {
      return blocks < mostBlocks ? undefined : this.#part.saved();
    }
    const isLate = now - this.#recordedAt >= intervalMs;
    if (blocks < stepBlocks && !isLate) return undefined;
    this.#recordedAt = now;
    this.#save();
    return undefined;
  }

  /** Records all that is written; false when there is nothing to go on with. */
  async finish(): Promise<boolean> {
    await this.#part.saved();
    await this.#save();
    return !this.#isEmpty;
  }

  async #save(): Promise<void> {
    const part = this.#take();
    if (part === undefined || part.endBlock === this.#recorded) return;
    this.#recorded = part.endBlock;
    this.#isEmpty = false;
    await this.#part.save(part);
  }
}

const stepBlocks = 16 * 1024 * 1024 / transferLimits.blockBytes;
/** With the 10 MiB that may be under way this stays below 64 MiB. */
const mostBlocks = 48 * 1024 * 1024 / transferLimits.blockBytes;
const intervalMs = 5_000;

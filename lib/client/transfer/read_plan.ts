/**
 * In which order a file is wished for while somebody reads it: what they wait for
 * first, once also its end, where videos may have their index, and then on from
 * where they are. When nobody reads any more, what is missing comes from the start
 * up, as that is what can be gone on with another time.
 */
import type { BlockRange } from "../../engine/block_order.ts";

/** What is known when somebody waits. */
export interface ReadNeeds {
  /** The blocks that are waited for, the latest one first. */
  readonly wanted: readonly number[];
  isHere(block: number): boolean;
  /** The blocks that come next, if nothing is wished. */
  readonly upcoming: readonly number[];
}

/** The wishes for one file. */
export class ReadPlan {
  readonly #blocks: number;
  /** The end was wished for. */
  #hasEnd = false;
  /** What came first in the last wish, and when that was, ms. */
  #last: { readonly first: number; readonly at: number } | undefined;
  /** When the last one closed that read it, ms. */
  #closedAt = Infinity;

  /** @param blocks Of the file. */
  constructor(blocks: number) {
    this.#blocks = blocks;
  }

  /**
   * Somebody waits.
   *
   * @returns What is to be wished for; undefined when it comes anyway.
   */
  wanted(
    { wanted, isHere, upcoming }: ReadNeeds,
    now: number,
  ): BlockRange[] | undefined {
    const [first, ...others] = wanted;
    if (first === undefined) return undefined;
    this.#closedAt = Infinity;
    if (this.#hasEnd && upcoming.includes(first)) return undefined;
    if (this.#isAsked(first, now)) return undefined;
    const ranges = [this.#from(first, nearBlocks)];
    const end = Math.max(0, this.#blocks - endBlocks);
    if (!this.#hasEnd && !isHere(this.#blocks - 1)) {
      ranges.push(this.#from(end, endBlocks));
    }
    this.#hasEnd = true;
    for (const other of others.slice(0, mostOthers)) {
      ranges.push(this.#from(other, nearBlocks));
    }
    ranges.push({ first, end: this.#blocks });
    this.#last = { first, at: now };
    return ranges;
  }

  /** Nobody may read any more. */
  handleClosed(now: number): void {
    this.#closedAt = now;
  }

  /**
   * Nobody reads at present.
   *
   * @returns What is to be wished for, once.
   */
  unread(now: number): BlockRange[] | undefined {
    const isOver = now - this.#closedAt >= unreadMs;
    if (!isOver || this.#last === undefined) return undefined;
    this.#closedAt = Infinity;
    this.#last = undefined;
    return [{ first: 0, end: this.#blocks }];
  }

  /** The sender may not have heard yet what was wished for a moment ago. */
  #isAsked(block: number, now: number): boolean {
    if (this.#last === undefined || now - this.#last.at >= againMs) {
      return false;
    }
    const { first } = this.#last;
    return block >= first && block < first + nearBlocks;
  }

  #from(first: number, count: number): BlockRange {
    return { first, end: Math.min(first + count, this.#blocks) };
  }
}

/** What is wished for at once where somebody waits: 4 MiB. */
const nearBlocks = 16;
/** And of the end: 2 MiB. */
const endBlocks = 8;
/** Of the others who wait. */
const mostOthers = 3;
/** For so long what was wished for is not wished for again, ms. */
const againMs = 1_000;
/** After this long nobody comes back, as a browser does that seeks, ms. */
const unreadMs = 3_000;

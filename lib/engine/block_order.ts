/**
 * In which order the blocks of a file are sent: which block stands at which
 * position. Positions are what windows, limits, acknowledgements and recovery
 * count, so these do not know of any order; a block's own number is what it is
 * sealed, read, written and checked by. Both are the same until the order is
 * changed, which both ends do alike, from a position on of which nothing was
 * sent: what was named comes next, and then all that is left, from the start up.
 */
import { RangeSet } from "./packets/range_set.ts";
import { transferLimits } from "./packets/limits.ts";

/** Blocks from `first` to the one before `end`. */
export interface BlockRange {
  readonly first: number;
  readonly end: number;
}

/** Which block stands at which position; each stands at one. */
export class BlockOrder {
  readonly #blocks: number;
  /** By their positions, without gaps; the last one has no end. */
  #runs: Run[];
  /** Blocks whose positions nobody asks for any more. */
  readonly #past = new RangeSet(transferLimits.apartRanges);

  /**
   * @param firstBlock The first block that is sent, and its position.
   * @param blocks Of the file; Infinity where that is not known, and then the
   * order cannot be changed.
   */
  constructor(firstBlock: number, blocks: number) {
    this.#blocks = blocks;
    this.#past.add(0, firstBlock);
    this.#runs = [{ position: firstBlock, block: firstBlock }];
  }

  /** The block at `position`. */
  blockAt(position: number): number {
    let index = this.#runs.length - 1;
    while (index > 0 && this.#runs[index]!.position > position) index--;
    const run = this.#runs[index]!;
    return run.block + position - run.position;
  }

  /**
   * From `position` on, what is in `wanted` comes first, in that order, as far as
   * it does not stand before.
   *
   * @param floor Positions below are not asked for any more.
   * @returns False when that would take too much memory, or makes no sense;
   * nothing is changed then.
   */
  change(
    position: number,
    wanted: readonly BlockRange[],
    floor: number,
  ): boolean {
    const start = this.#runs[0]!.position;
    const isSense = this.#blocks !== Infinity && position >= start &&
      position < this.#blocks && floor <= position;
    if (!isSense) return false;
    const { apartRanges } = transferLimits;
    const taken = new RangeSet(apartRanges);
    copy(this.#past, taken);
    const runs = this.#before(position);
    for (const { block, count } of runs) {
      if (taken.add(block, block + count) < 0) return false;
    }
    const all = { first: 0, end: this.#blocks };
    let next = position;
    for (const each of [...wanted, all]) {
      const end = Math.min(each.end, this.#blocks);
      for (const [from, to] of gaps(taken, each.first, end)) {
        if (taken.add(from, to) < 0) return false;
        runs.push({ position: next, block: from, count: to - from });
        next += to - from;
      }
    }
    this.#forget(runs, floor);
    this.#runs = runs;
    return true;
  }

  /** The runs below `position`, each with its length. */
  #before(position: number): MeasuredRun[] {
    return this.#runs.map((run, index) => {
      const end = this.#runs[index + 1]?.position ?? Infinity;
      return { ...run, count: Math.min(end, position) - run.position };
    }).filter(({ count }) => count > 0);
  }

  /** Moves those that end before `floor` to the past; one is always left. */
  #forget(runs: MeasuredRun[], floor: number): void {
    while (runs.length > 1 && runs[1]!.position <= floor) {
      const { block, count } = runs.shift()!;
      this.#past.add(block, block + count);
    }
  }
}

/** Consecutive blocks at consecutive positions. */
interface Run {
  readonly position: number;
  readonly block: number;
}

interface MeasuredRun extends Run {
  readonly count: number;
}

function copy(from: RangeSet, to: RangeSet): void {
  for (let i = 0; i < from.count; i++) to.add(from.start(i), from.end(i));
}

/** What of the numbers from `first` to the one before `end` is not in `set`. */
function gaps(set: RangeSet, first: number, end: number): [number, number][] {
  const found: [number, number][] = [];
  let at = first;
  for (let i = 0; i < set.count && at < end; i++) {
    if (set.end(i) <= at) continue;
    const to = Math.min(set.start(i), end);
    if (to > at) found.push([at, to]);
    at = set.end(i);
  }
  if (at < end) found.push([at, end]);
  return found;
}

/**
 * Work that takes long, in steps: whoever has it done may do something else
 * between two of them.
 */

/** The work; a step ends at each `yield`, and takes some milliseconds at most. */
export type Steps<Result> = Generator<void, Result, void>;

/** Takes all steps in one go. */
export function takeAll<Result>(steps: Steps<Result>): Result {
  for (;;) {
    const { done, value } = steps.next();
    if (done === true) return value;
  }
}

/** As many of the items at a time as make a step. */
export function* portions<Item>(
  items: Iterable<Item>,
): Generator<readonly Item[], void> {
  let portion: Item[] = [];
  for (const item of items) {
    portion.push(item);
    if (portion.length < itemsPerStep) continue;
    yield portion;
    portion = [];
  }
  if (portion.length > 0) yield portion;
}

const itemsPerStep = 1_000;

/** Which copy of a name is free, in few looks where there are many. */

/**
 * Yields numbers of copies that are to be looked for, and is told of each whether
 * its name is taken. Of copies without a gap it finds the first that is not there.
 *
 * @param first The lowest that may be free; all below are taken.
 * @returns One that is free, unless all of a million are taken.
 */
export function* freeCopy(first: number): Generator<number, number, boolean> {
  let taken = first - 1;
  let free = first;
  while (free < mostCopies && (yield free)) {
    taken = free;
    free = 2 * free + 1;
  }
  while (free - taken > 1) {
    const middle = Math.floor((taken + free) / 2);
    if (yield middle) taken = middle;
    else free = middle;
  }
  return free;
}

const mostCopies = 1_000_000;

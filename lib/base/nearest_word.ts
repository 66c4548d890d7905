import { levenshteinDistance } from "@std/text/levenshtein-distance";

/**
 * The one of `words` that somebody who typed `given` may have meant: begun with
 * it, or a slip or two away: in a short one a single slip, unless the first
 * letters are right. Letter case does not count.
 *
 * @returns `undefined` when none is near: a guess far away helps nobody.
 */
export function nearestWord<Word extends string>(
  given: string,
  words: Iterable<Word>,
): Word | undefined {
  const typed = given.toLowerCase();
  // Longer than any word there is to guess.
  if (typed.length > mostCharacters) return undefined;
  let nearest: Word | undefined;
  let least = Infinity;
  for (const word of words) {
    const distance = distanceOf(typed, word.toLowerCase());
    if (distance >= least) continue;
    least = distance;
    nearest = word;
  }
  return nearest;
}

/** Slips between the two; infinite when they are too many. */
function distanceOf(typed: string, word: string): number {
  if (typed === word) return 0;
  const isBegun = typed.length > 1 && word.startsWith(typed);
  const longer = Math.max(typed.length, word.length);
  const third = Math.floor(longer / 3);
  const least = typed.slice(0, 3) === word.slice(0, 3) ? 2 : 1;
  const most = Math.min(Math.max(least, third), typed.length - 1);
  if (Math.abs(typed.length - word.length) > most) {
    return isBegun ? most + 1 : Infinity;
  }
  const edits = levenshteinDistance(typed, word);
  // Two letters in each other's place are one slip.
  const slips = edits === 2 && sameLetters(typed, word) ? 1 : edits;
  if (slips <= most) return slips;
  return isBegun ? most + 1 : Infinity;
}

function sameLetters(one: string, other: string): boolean {
  return [...one].sort().join("") === [...other].sort().join("");
}

const mostCharacters = 64;

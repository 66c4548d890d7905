/** What somebody may have meant who typed a path at which there is nothing. */
import { nearestWord } from "../../base/nearest_word.ts";
import { visible } from "../../base/text.ts";
import { openMark, readArgument } from "../commands/parse.ts";

/**
 * What to say behind `does not exist`: that an option was meant, or that a
 * quotation mark is not closed; empty when neither is likely.
 *
 * @param path As the user meant it: one path, or all that was typed.
 */
export function missingPathHint(path: string): string {
  for (let position = 0;;) {
    const read = readArgument(path, position);
    if (read === undefined) return "";
    if (!read.closed) {
      const mark = visible(openMark(path, position) ?? "");
      return `; ${mark}, unless it is part of the name`;
    }
    if (/^--?\w/.test(read.value)) {
      const option = nearestWord(read.value, places.keys());
      if (option === read.value) return `; ${option} ${places.get(option)}`;
      if (option !== undefined) return `; did you mean ${option}?`;
    }
    position = read.end;
  }
}

/** Where each option of those that send goes. */
const places: ReadonlyMap<string, string> = new Map([
  ["--links", "goes before the paths"],
  ["--when-back", "goes before or behind all paths"],
  ["--name", "goes with what is piped in alone: - --name backup.tar"],
]);

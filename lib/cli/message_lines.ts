import { visible } from "../base/text.ts";

/**
 * A message's text as lines to show: without its line feeds, blanks in the place
 * of tabs, everything else that cannot be printed made visible. A text of more
 * lines than anybody reads is cut, with a line that says so.
 */
export function messageLines(text: string): string[] {
  const lines = text.split("\n");
  const shown = lines.slice(0, mostLines).map((line) =>
    visible(line.includes("\t") ? withoutTabs(line) : line)
  );
  const left = lines.length - shown.length;
  return left > 0 ? [...shown, `… ${left} more lines`] : shown;
}

/**
 * The same with `head` before the first line and the others indented, so that
 * none of them looks like a line of its own.
 *
 * @param mark What is done to each line of the text.
 */
export function linesAfter(
  head: string,
  text: string,
  mark: (line: string) => string = (line) => line,
): string[] {
  const [first = "", ...others] = messageLines(text).map(mark);
  return [head + first, ...others.map((line) => `    ${line}`)];
}

/** Blanks up to the next multiple of four characters. */
function withoutTabs(line: string): string {
  const [first = "", ...others] = line.split("\t");
  let spread = first;
  for (const part of others) {
    spread += " ".repeat(tabWidth - spread.length % tabWidth) + part;
  }
  return spread;
}

const tabWidth = 4;
const mostLines = 200;

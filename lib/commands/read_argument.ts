/** One argument of a command line and where it ended. */
export interface ReadArgument {
  readonly value: string;
  /** Index of the first character after it. */
  readonly end: number;
  /** False when it started with a quotation mark that was never closed. */
  readonly closed: boolean;
}

/**
 * Reads the argument that starts at `start` of `line`, after any blanks; one
 * that holds blanks is written in double quotation marks. Inside those `\"` and
 * `\\` stand for a quotation mark and a backslash; any other backslash is
 * itself, so that Windows paths need no doubling.
 *
 * @returns `undefined` when nothing but blanks is left.
 */
export function readArgument(
  line: string,
  start: number,
): ReadArgument | undefined {
  while (start < line.length && isSeparator(line, start)) start++;
  if (start >= line.length) return undefined;
  if (line[start] === '"') return readQuoted(line, start + 1);
  let end = start;
  while (end < line.length && !isSeparator(line, end)) end++;
  return { value: line.slice(start, end), end, closed: true };
}

/** `value` as {@link readArgument} reads it back. */
export function quoteArgument(value: string): string {
  if (value !== "" && !/[ \t"]/.test(value)) return value;
  return `"${value.replace(/\\(?=\\|"|$)|"/g, "\\$&")}"`;
}

/** True when the character at `index` separates arguments. */
export function isSeparator(line: string, index: number): boolean {
  const character = line[index];
  return character === " " || character === "\t";
}

function readQuoted(line: string, start: number): ReadArgument {
  let value = "";
  let index = start;
  while (index < line.length) {
    const character = line[index];
    const next = line[index + 1];
    if (character === '"') return { value, end: index + 1, closed: true };
    if (character === "\\" && (next === '"' || next === "\\")) {
      value += next;
      index += 2;
    } else {
      value += character;
      index++;
    }
  }
  return { value, end: index, closed: false };
}

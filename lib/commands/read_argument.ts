/** One argument of a command line and where it ended. */
export interface ReadArgument {
  readonly value: string;
  /** Index of the first character after it. */
  readonly end: number;
  /** False when it started with a quotation mark that was never closed. */
  readonly closed: boolean;
}

/**
 * Reads the argument that starts at `start` of `line`, after any blanks. One
 * that holds blanks is written as in a shell, which is also how terminals write
 * the path of a file that is dropped on them:
 *
 * - in double quotation marks, where `\"` and `\\` stand for a quotation mark
 *   and a backslash and any other backslash is itself;
 * - in single ones, where everything is itself and `'\''` stands for one;
 * - with a backslash before each blank. In such an argument, and in one that
 *   begins with `/` or `~`, a backslash before another mark hides that, too;
 *   elsewhere it is itself, so that Windows paths need no doubling; in one
 *   that begins with a drive it always is.
 *
 * @returns `undefined` when nothing but blanks is left.
 */
export function readArgument(
  line: string,
  start: number,
): ReadArgument | undefined {
  start = skipBlanks(line, start);
  if (start >= line.length) return undefined;
  if (line[start] === '"') return readQuoted(line, start + 1);
  if (line[start] === "'") return readSingleQuoted(line, start + 1);
  const isWindows = windowsRoot.test(line.slice(start, start + 3));
  let end = start;
  while (end < line.length && !isSeparator(line, end)) {
    end += !isWindows && isEscapedBlank(line, end) ? 2 : 1;
  }
  return { value: unescape(line.slice(start, end)), end, closed: true };
}

/**
 * Reads the path that the rest of `line` from `start` on is: one argument, or,
 * where it is not quoted, everything there is, with blanks and all. Blanks at
 * the end do not belong to it.
 *
 * @returns `undefined` when nothing is left, or more than one quoted argument.
 */
export function readPath(
  line: string,
  start: number,
): ReadArgument | undefined {
  start = skipBlanks(line, start);
  const first = readArgument(line, start);
  if (first === undefined) return undefined;
  const isApostrophe = line[start] === "'" && !first.closed;
  const isQuoted = /["']/.test(line[start] ?? "") && !isApostrophe;
  if (isQuoted) {
    return skipBlanks(line, first.end) < line.length ? undefined : first;
  }
  let end = line.length;
  while (isSeparator(line, end - 1) && line[end - 2] !== "\\") end--;
  return { value: unescape(line.slice(start, end)), end, closed: true };
}

/** `value` as {@link readArgument} and {@link readPath} read it back. */
export function quoteArgument(value: string): string {
  const isPlain = value !== "" && !/[ \t"]|^'|\\$|^[/~].*\\/s.test(value);
  if (isPlain) return value;
  return `"${value.replace(/\\(?=\\|"|$)|"/g, "\\$&")}"`;
}

/** True when the character at `index` separates arguments. */
export function isSeparator(line: string, index: number): boolean {
  const character = line[index];
  return character === " " || character === "\t";
}

function skipBlanks(line: string, index: number): number {
  while (index < line.length && isSeparator(line, index)) index++;
  return index;
}

function isEscapedBlank(line: string, index: number): boolean {
  return line[index] === "\\" && isSeparator(line, index + 1);
}

function unescape(word: string): string {
  const isOfShell = /^[/~]|\\[ \t]/.test(word) && !windowsRoot.test(word);
  return isOfShell ? word.replace(/\\([ \t!-/:-@[-`{-~])/g, "$1") : word;
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

function readSingleQuoted(line: string, start: number): ReadArgument {
  let value = "";
  let index = start;
  for (;;) {
    const end = line.indexOf("'", index);
    if (end < 0) {
      value += line.slice(index);
      return { value, end: line.length, closed: false };
    }
    value += line.slice(index, end);
    if (!line.startsWith("'\\''", end)) {
      return { value, end: end + 1, closed: true };
    }
    value += "'";
    index = end + 4;
  }
}

/** How a full path of Windows begins: a drive, or a share. */
const windowsRoot = /^(?:[A-Za-z]:|\\)\\/;

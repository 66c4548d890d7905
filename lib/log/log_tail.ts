/**
 * What the end of a numbered log file tells after a crash: up to where it can
 * be trusted and which number came last. A killed process leaves the beginning
 * of a line; a machine that lost power may leave zeros or old disk contents.
 */

/** The result of {@link logTail}. */
export interface LogTail {
  /** Bytes of the input to keep; what follows is torn or no text. */
  readonly keep: number;
  /** Number of the last line that has one. */
  readonly lastNumber: number | undefined;
}

/**
 * Reads the end of a log file.
 *
 * @param bytes The file's last bytes, starting at a line's beginning.
 */
export function logTail(bytes: Uint8Array): LogTail {
  let keep = bytes.lastIndexOf(lineFeed) + 1;
  let start = 0;
  for (; keep > 0; keep = start) {
    start = lineStart(bytes, keep);
    if (lineText(bytes.subarray(start, keep)) !== undefined) break;
  }
  for (let end = keep; end > 0; end = start) {
    start = lineStart(bytes, end);
    const line = lineText(bytes.subarray(start, end));
    const lastNumber = line === undefined ? undefined : logLineNumber(line);
    if (lastNumber !== undefined) return { keep, lastNumber };
  }
  return { keep, lastNumber: undefined };
}

/** The number that a log line starts with, if it is a log line. */
export function logLineNumber(line: string): number | undefined {
  const digits = numbered.exec(line)?.[1];
  if (digits === undefined) return undefined;
  const number = Number(digits);
  return Number.isSafeInteger(number) ? number : undefined;
}

/** Where the line that ends before `end` (with its line feed) starts. */
function lineStart(bytes: Uint8Array, end: number): number {
  return end < 2 ? 0 : bytes.lastIndexOf(lineFeed, end - 2) + 1;
}

/** A line as text; `undefined` when it is not UTF-8 or holds a NUL. */
function lineText(line: Uint8Array): string | undefined {
  if (line.includes(0)) return undefined;
  try {
    return strict.decode(line);
  } catch {
    return undefined;
  }
}

const lineFeed = 10;
const strict = new TextDecoder("utf-8", { fatal: true });
const numbered =
  /^([1-9][0-9]{0,15}); [0-9]{2} [A-Z][a-z]{2} [0-9]{4,} [0-9]{2}:[0-9]{2}:[0-9]{2}; /;

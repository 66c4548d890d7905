/**
 * The text logs of messages: `messagelog.txt` for private
 * messages and broadcasts, `GROUP_messagelog.txt` for each group. A text's line
 * feeds and tabs are made visible (`␊`, `␉`), so a line is a message.
 */
import { formatTime } from "../../base/time.ts";
import { logLine } from "../../base/log_line.ts";

/**
 * A line of `messagelog.txt`, with its line feed:
 * `1; 01 Jun 2026 21:39:04; yoda; obiwan; do or do not`.
 *
 * @param number Global number of the message.
 * @param at When it was sent, ms since 1970 UTC.
 * @param receiver User name; `*` or `undefined` for a broadcast.
 */
export function messageLogLine(
  number: number,
  at: number,
  sender: string,
  receiver: string | undefined,
  text: string,
): string {
  return logLine(number, formatTime(at), sender, receiver ?? "*", text);
}

/**
 * A line of a group's log, with its line feed:
 * `1; 01 Jun 2026 21:39:04; yoda; hello`.
 *
 * @param number Number of the message in its group.
 * @param at When it was sent, ms since 1970 UTC.
 */
export function groupLogLine(
  number: number,
  at: number,
  sender: string,
  text: string,
): string {
  return logLine(number, formatTime(at), sender, text);
}

/** What stands in place of a text in the line that tells of a deletion. */
export function deletionText(number: number): string {
  return `(message ${number} deleted)`;
}

/** What stands in place of the text of a deleted message. */
export const deletedText = "(deleted)";

/**
 * How a log that begins with `line` stands to a message with number 1, sent at
 * `at`: groups of one name follow each other in one file, so the log may be
 * that of an earlier or a later group. The time zone may have changed since it
 * was written, so whole quarters of an hour do not count, up to the 26
 * hours that zones can be apart.
 */
export function compareLogStart(
  line: string,
  at: number,
): "same" | "earlier" | "later" {
  const time = firstLine.exec(line)?.[1];
  // Without a first line that is known nothing speaks against it.
  if (time === undefined) return "same";
  const apart = Date.parse(time) - Math.floor(at / 1000) * 1000;
  if (Math.abs(apart) <= farthestZones && apart % quarterHour === 0) {
    return "same";
  }
  return apart < 0 ? "earlier" : "later";
}

/** The name of a group's log; `messagelog.txt` without a group. */
export function messageLogName(group: string | undefined): string {
  return group === undefined ? "messagelog.txt" : `${group}_messagelog.txt`;
}

const quarterHour = 900_000;
const farthestZones = 26 * 3_600_000;
const firstLine = /^1; ([0-9]{2} [A-Z][a-z]{2} [0-9]{4} [0-9:]{8}); /;

// What the end of a numbered log file tells after a crash: up to where it can
// be trusted and which number came last. A killed process leaves the beginning
// of a line; a machine that lost power may leave zeros or old disk contents.

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

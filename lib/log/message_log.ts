/**
 * The text logs of messages (SPEC.md §4 and §5): `messagelog.txt` for private
 * messages and broadcasts, `GROUP_messagelog.txt` for each group. A text never
 * holds a line feed (lib/protocol/text.ts), so a line is a message.
 */
import { formatTime } from "../protocol/time.ts";

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
  return `${number}; ${formatTime(at)}; ${sender}; ${
    receiver ?? "*"
  }; ${text}\n`;
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
  return `${number}; ${formatTime(at)}; ${sender}; ${text}\n`;
}

/** What stands in place of a text in the line that tells of a deletion. */
export function deletionText(number: number): string {
  return `(message ${number} deleted)`;
}

/** What stands in place of the text of a deleted message. */
export const deletedText = "(deleted)";

/** The name of a group's log; `messagelog.txt` without a group. */
export function messageLogName(group: string | undefined): string {
  return group === undefined ? "messagelog.txt" : `${group}_messagelog.txt`;
}

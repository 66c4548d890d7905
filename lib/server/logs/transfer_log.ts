/**
 * `transferlog.txt`: what users do with files, a line for each step, and a line
 * for each call. It tells what the clients say of it, and nothing of what is in
 * a file or was said.
 */
import { formatTime } from "../../base/time.ts";
import { logLine } from "../../base/log_line.ts";
import type { TransferLogEntry } from "../model/actions.ts";

/**
 * A line of the log, with its line feed:
 * `1; 01 Jun 2026 21:39:04; yoda; luke; verified; film.mp4; 80000000; lan; -`.
 * Only the name may hold a semicolon: behind it are always three fields. Of a
 * call the name is `voice` or `video`, and the size how many seconds it lasted:
 * `2; 01 Jun 2026 21:50:00; yoda; luke; call; voice; 125; direct-v4; -`.
 *
 * @param number Of the line; counted from 1 over all restarts.
 * @param at When it happened, ms since 1970 UTC.
 */
export function transferLogLine(
  number: number,
  at: number,
  entry: TransferLogEntry,
): string {
  const { sender, receiver, step, name, via = "-", reason = "-" } = entry;
  const size = entry.step === "call"
    ? Math.max(0, Math.round((at - entry.since) / 1000))
    : entry.size;
  const time = formatTime(at);
  return logLine(
    number,
    time,
    sender,
    receiver,
    step,
    name,
    size,
    via,
    reason,
  );
}

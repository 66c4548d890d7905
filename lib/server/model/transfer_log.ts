/**
 * `transferlog.txt`: what users do with files, a line for each step. It tells
 * what the clients say of it, and nothing of what is in a file.
 */
import type { EndReason } from "../../wire/end_reason.ts";
import type { PathKind } from "../../wire/path_kinds.ts";
import { formatTime } from "../../base/time.ts";
import { logLine } from "../../base/log_line.ts";

/** One step of a file on its way. */
export interface TransferLogEntry {
  /** User name of the one who sends. */
  readonly sender: string;
  /** User name of the one who receives. */
  readonly receiver: string;
  readonly step:
    | "offered"
    | "accepted"
    | "rejected"
    | "verified"
    | "failed"
    | "cancelled";
  /** The file's name, as it is offered. */
  readonly name: string;
  /** Bytes. */
  readonly size: number;
  /** How the two reach each other, when it ran. */
  readonly via?: PathKind | "unknown" | undefined;
  /** Why it was rejected or failed. */
  readonly reason?: EndReason | undefined;
}

/**
 * A line of the log, with its line feed:
 * `1; 01 Jun 2026 21:39:04; yoda; luke; verified; film.mp4; 80000000; lan; -`.
 * Only the name may hold a semicolon: behind it are always three fields.
 *
 * @param number Of the line; counted from 1 over all restarts.
 * @param at When it happened, ms since 1970 UTC.
 */
export function transferLogLine(
  number: number,
  at: number,
  entry: TransferLogEntry,
): string {
  const { sender, receiver, step, name, size, via = "-", reason = "-" } = entry;
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

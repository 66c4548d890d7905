import { formatTime } from "../protocol/time.ts";
import { logLine } from "./log_line.ts";

/** Who is on line, as `userlog.txt` shows it. */
export interface UserLogLine {
  /** Login time, ms since 1970 UTC. */
  readonly since: number;
  readonly user: string;
  readonly ip: string;
  readonly udpPort: number;
}

/**
 * The contents of `userlog.txt` (SPEC.md §3): a line for everyone on line,
 * numbered from 1, `1; 01 Jun 2026 21:30:04; yoda; 129.64.31.13; 6666`.
 */
export function userLogText(entries: readonly UserLogLine[]): string {
  let text = "";
  let number = 0;
  for (const { since, user, ip, udpPort } of entries) {
    text += logLine(++number, formatTime(since), user, ip, udpPort);
  }
  return text;
}

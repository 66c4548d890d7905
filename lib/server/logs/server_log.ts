import { formatTime } from "../../base/time.ts";
import { visible } from "../../base/text.ts";
import type { ServerLogLevel } from "../model/actions.ts";

/** How much a line of the server's log matters, the least first. */
export const serverLogLevels: readonly ServerLogLevel[] = [
  "debug",
  "info",
  "warning",
  "error",
];

/** True when a line of `level` is to be written where `least` is asked for. */
export function isLogged(
  level: ServerLogLevel,
  least: ServerLogLevel,
): boolean {
  return serverLogLevels.indexOf(level) >= serverLogLevels.indexOf(least);
}

/**
 * A line of the server's own log: `01 Jun 2026 21:39:04 warning: the disk is
 * full`; an info line has no level. Whatever a peer may have put into `text` is
 * made visible, so that a line stays one line.
 *
 * @param at ms since 1970 UTC.
 */
export function serverLogLine(
  at: number,
  level: ServerLogLevel,
  text: string,
): string {
  const label = level === "info" ? "" : `${level}: `;
  return `${formatTime(at)} ${label}${visible(text)}\n`;
}

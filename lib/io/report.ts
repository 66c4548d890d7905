import {
  isLogged,
  type ServerLogLevel,
  serverLogLine,
} from "../log/server_log.ts";
import { systemClock } from "./system_clock.ts";

/** Tells the one who runs the server something, in one line. */
export type Report = (level: ServerLogLevel, text: string) => void;

/** Where the server's log goes, and what of it. */
export interface ServerReportOptions {
  /** Less than this is left out; `info` by default. */
  readonly level?: ServerLogLevel;
  /** Counts the lines of each level, written or not. */
  readonly counts?: Map<ServerLogLevel, number>;
}

/**
 * A {@link Report} that writes the server's log to `output`. The same line is
 * not written twice within a minute: a full disk fails every request.
 */
export function serverReport(
  output: { write(text: string): void },
  options: ServerReportOptions = {},
): Report {
  const { level: least = "info", counts } = options;
  const recent = new Map<string, number>();
  return (level, text) => {
    counts?.set(level, (counts.get(level) ?? 0) + 1);
    if (!isLogged(level, least)) return;
    const { mono, wall } = systemClock();
    for (const [line, at] of recent) {
      if (mono - at >= repeatMs) recent.delete(line);
    }
    if (level === "warning" || level === "error") {
      if (recent.has(text) || recent.size >= recentLines) return;
      recent.set(text, mono);
    }
    output.write(serverLogLine(wall, level, text));
  };
}

const repeatMs = 60_000;
/** Different lines a minute; a client that can cause more hides the rest. */
const recentLines = 1000;

import { serverLogLine } from "../log/server_log.ts";
import type { ConsoleOutput } from "./console_output.ts";
import { systemClock } from "./system_clock.ts";

/** Tells the one who runs the server something, in one line. */
export type Report = (
  level: "info" | "warning" | "error",
  text: string,
) => void;

/**
 * A {@link Report} that writes the server's log to `output`. The same line is
 * not written twice within a minute: a full disk fails every request.
 */
export function serverReport(output: Pick<ConsoleOutput, "write">): Report {
  const recent = new Map<string, number>();
  return (level, text) => {
    const { mono, wall } = systemClock();
    for (const [line, at] of recent) {
      if (mono - at >= repeatMs) recent.delete(line);
    }
    if (level !== "info") {
      if (recent.has(text) || recent.size >= recentLines) return;
      recent.set(text, mono);
    }
    output.write(serverLogLine(wall, level, text));
  };
}

const repeatMs = 60_000;
/** Different lines a minute; a client that can cause more hides the rest. */
const recentLines = 1000;

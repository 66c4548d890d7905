import { sameKeyMs } from "../../cli/same_key.ts";

/**
 * Resolves when the program is asked to end (Ctrl+C, SIGTERM; Ctrl+Break on
 * Windows). Asking a second time ends it at once, as if nobody listened. SIGHUP
 * asks to read its files anew, unless it comes because the terminal that the
 * program runs on is gone.
 *
 * @param reload Reads the files anew.
 */
export function shutdownSignal(reload: () => void): Promise<void> {
  return new Promise((resolve) => {
    let isEnding = false;
    const end = () => {
      if (isEnding) return;
      isEnding = true;
      resolve();
      const timer = setTimeout(() => {
        for (const signal of signals) Deno.removeSignalListener(signal, end);
      }, sameKeyMs);
      Deno.unrefTimer(timer);
    };
    for (const signal of signals) Deno.addSignalListener(signal, end);
    if (Deno.build.os === "windows") return;
    const hadTerminal = Deno.stdin.isTerminal();
    Deno.addSignalListener("SIGHUP", () => {
      if (hadTerminal && !Deno.stdin.isTerminal()) end();
      else reload();
    });
  });
}

const signals: readonly Deno.Signal[] = Deno.build.os === "windows"
  ? ["SIGINT", "SIGBREAK"]
  : ["SIGINT", "SIGTERM"];

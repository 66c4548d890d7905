/**
 * Resolves when the program is asked to end (Ctrl+C, SIGTERM; Ctrl+Break on
 * Windows). Asking a second time ends it at once, as if nobody listened.
 */
export function shutdownSignal(): Promise<void> {
  return new Promise((resolve) => {
    const handle = () => {
      for (const signal of signals) Deno.removeSignalListener(signal, handle);
      resolve();
    };
    for (const signal of signals) Deno.addSignalListener(signal, handle);
  });
}

const signals: readonly Deno.Signal[] = Deno.build.os === "windows"
  ? ["SIGINT", "SIGBREAK"]
  : ["SIGINT", "SIGTERM", "SIGHUP"];

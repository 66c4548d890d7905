/** What an error that nobody caught does to a program: it ends in one line. */
import { visibleLines } from "../protocol/text.ts";
import { standardError } from "./console_output.ts";
import { StartError } from "./start_error.ts";
import { releaseTerminal } from "./terminal_guard.ts";

/** Gives the terminal back, says what is wrong on standard error, exits with 1. */
export function endWithError(error: unknown): never {
  releaseTerminal();
  const text = visibleLines(
    error instanceof Error ? error.message : String(error),
  );
  const known = error instanceof StartError;
  const line = known ? `${text}\n` : `Parley failed: ${text}\n`;
  standardError.write(line);
  Deno.exit(1);
}

/** From now on errors that nobody catches end the program like that. */
export function endOnUncaughtErrors(): void {
  globalThis.addEventListener("error", (event) => endWithError(event.error));
  globalThis.addEventListener("unhandledrejection", (event) => {
    endWithError(event.reason);
  });
}

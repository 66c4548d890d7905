/** What an error that nobody caught does to a program: it ends in one line. */
import { visibleLines, withoutMiddle } from "../base/text.ts";
import { standardError } from "./console_output.io.ts";
import { messageOf, StartError } from "./errors.io.ts";

/** Gives the terminal back, says what is wrong on standard error, exits with 1. */
export function endWithError(error: unknown): never {
  releaseTerminal();
  const text = visibleLines(
    withoutMiddle(messageOf(error)),
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

/**
 * The last chance to leave a terminal usable: whatever ends the program runs
 * what gives the terminal back, before its last words are printed.
 */
let giveBack: (() => void) | undefined;

/**
 * The terminal is in a state that must not outlive the program.
 *
 * @param restore Gives it back; must neither wait nor throw.
 */
export function guardTerminal(restore: () => void): void {
  giveBack = restore;
  globalThis.addEventListener("unload", releaseTerminal);
}

/** The terminal was given back in the ordinary way. */
export function unguardTerminal(): void {
  giveBack = undefined;
  globalThis.removeEventListener("unload", releaseTerminal);
}

/** Gives the terminal back now, if it is held; the program is about to end. */
function releaseTerminal(): void {
  const restore = giveBack;
  unguardTerminal();
  restore?.();
}

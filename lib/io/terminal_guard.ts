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
export function releaseTerminal(): void {
  const restore = giveBack;
  unguardTerminal();
  restore?.();
}

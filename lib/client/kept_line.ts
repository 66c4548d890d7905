/**
 * What may be kept of a line that was typed, for the arrow keys of later runs;
 * `undefined` for nothing. Nothing of a private session is kept anywhere, a
 * password that was typed where it does not belong is left out, and so is a line
 * that starts with a blank.
 */
import { findCommand } from "../commands/command_table.ts";

export function keptLine(text: string): string | undefined {
  if (text.trim() === "" || /^\s/.test(text)) return undefined;
  const [word = ""] = text.split(/\s/, 1);
  const name = word.startsWith("/") || words.has(word)
    ? findCommand(word)?.name
    : undefined;
  if (name === "private") return undefined;
  if (name === "changepassword") return word;
  return text;
}

/** Commands that hold what must not be kept and need no slash. */
const words = new Set(["private"]);

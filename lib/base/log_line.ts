import { visible } from "./text.ts";

/**
 * One line of a log out of its fields, with its line feed: `1; yoda; hello`.
 * Whatever a field holds, the line stays one line and does nothing to the
 * terminal of who reads it.
 */
export function logLine(...fields: readonly (string | number)[]): string {
  return `${visible(fields.join("; "))}\n`;
}

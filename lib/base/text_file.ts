/**
 * Text files that people edit: some editors put a byte order mark before the
 * text, and end lines with CR LF.
 */

/** The text without a byte order mark. */
export function withoutMark(text: string): string {
  return text.startsWith(byteOrderMark) ? text.slice(1) : text;
}

/** How a text ends its lines: as its first one; LF when it has none. */
export function lineEndingOf(text: string): "\n" | "\r\n" {
  return /^[^\n]*\r\n/.test(text) ? "\r\n" : "\n";
}

/** Before a text, says how it is encoded. */
export const byteOrderMark = "\ufeff";

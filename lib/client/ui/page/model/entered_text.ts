/** How what is entered in a chat is taken. */

/** The text that is said by it; `undefined` for a command. */
export function enteredText(entered: string): string | undefined {
  if (!isLine(entered)) return entered;
  return entered.startsWith("//") ? entered.slice(1) : undefined;
}

/**
 * True for what is taken as a terminal takes a line: a command, or a text with a
 * second slash before it. What has several lines is a text as it is.
 */
export function isLine(entered: string): boolean {
  return entered.startsWith("/") && !entered.includes("\n");
}

/**
 * What a message text may hold and how foreign text is shown (SPEC.md §4).
 *
 * The server refuses texts that are not {@link isPrintable}; whatever shows
 * something that came from elsewhere passes it through {@link visible} first,
 * so that nobody can draw on another's terminal.
 */

// C0, DEL and C1 controls, line and paragraph separators, and the bidirectional
// embeddings, overrides and isolates, which can make a text read as another one.
const unprintable =
  // deno-lint-ignore no-control-regex
  /[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/;
const unprintableAll = new RegExp(unprintable, "g");

/** True when `text` holds no control character and no lone surrogate. */
export function isPrintable(text: string): boolean {
  return !unprintable.test(text) && text.isWellFormed();
}

/** True when `text` has nothing but white space. */
export function isBlank(text: string): boolean {
  return text.trim() === "";
}

/** Number of characters (Unicode code points) in `text`. */
export function characters(text: string): number {
  let count = 0;
  for (const _ of text) count++;
  return count;
}

/**
 * `text` with everything unprintable made visible: C0 controls as their control
 * pictures (`␛`), the rest as `<U+009B>`; lone surrogates become `U+FFFD`.
 */
export function visible(text: string): string {
  if (isPrintable(text)) return text;
  return text.toWellFormed().replace(unprintableAll, (character) => {
    const code = character.charCodeAt(0);
    if (code < 0x20) return String.fromCharCode(0x2400 + code);
    if (code === 0x7f) return "\u2421";
    return `<U+${code.toString(16).toUpperCase().padStart(4, "0")}>`;
  });
}

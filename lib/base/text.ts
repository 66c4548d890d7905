/**
 * What a message text may hold and how foreign text is shown.
 *
 * The server refuses texts that are not {@link isText}; whatever shows
 * something that came from elsewhere passes it through {@link visible} first,
 * so that nobody can draw on another's terminal.
 */

// C0, DEL and C1 controls, line and paragraph separators, and the bidirectional
// embeddings, overrides and isolates, which can make a text read as another one,
// with the deprecated format characters behind them. What joins emoji or Persian
// letters (U+200C, U+200D) and the marks of ordinary right-to-left text stay.
const unprintable =
  // deno-lint-ignore no-control-regex
  /[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u206f]/;
const unprintableAll = new RegExp(unprintable, "g");

/** True when `text` holds no control character and no lone surrogate. */
export function isPrintable(text: string): boolean {
  return !unprintable.test(text) && text.isWellFormed();
}

/** True when `text` may be sent: printable but for line feeds and tabs. */
export function isText(text: string): boolean {
  return isPrintable(text) || isPrintable(text.replace(/[\n\t]/g, ""));
}

/** True when nothing of `text` can be seen: white space, invisible characters. */
export function isBlank(text: string): boolean {
  return /^[\s\p{Default_Ignorable_Code_Point}]*$/u.test(text);
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

/** The same for text of several lines: its line feeds stay. */
export function visibleLines(text: string): string {
  return text.split("\n").map(visible).join("\n");
}

/**
 * A line for people without the middle of it, where it is far longer than any that
 * is of use: it echoes something that somebody gave. How it begins and ends says
 * what is wrong with that.
 */
export function withoutMiddle(line: string): string {
  if (line.length <= longestLine) return line;
  return `${line.slice(0, mostEnd)}…${line.slice(-mostEnd)}`.toWellFormed();
}

/** Enough of a text to know it by, on one line. */
export function firstWords(text: string): string {
  const line = text.slice(0, 4 * mostFirst).replace(/\s+/g, " ").trim();
  const characters = [...line.toWellFormed()];
  if (characters.length <= mostFirst) return characters.join("");
  const start = characters.slice(0, mostFirst).join("");
  const end = start.lastIndexOf(" ");
  return `${end < 0 ? start : start.slice(0, end)}…`;
}

/**
 * JSON with everything unprintable in its strings as escapes: it means the same
 * and is safe to look at. Lone surrogates are escapes already.
 */
export function printableJson(json: string): string {
  if (isPrintable(json)) return json;
  return json.replace(
    unprintableAll,
    (character) =>
      `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

/** Most characters of {@link firstWords}. */
const mostFirst = 40;
/** In UTF-16 code units. */
const longestLine = 2_000;
/** What is left of each end of a longer one. */
const mostEnd = 300;

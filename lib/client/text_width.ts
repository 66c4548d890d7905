/**
 * Columns of text on a terminal. A user-perceived character (grapheme cluster)
 * is as wide as its widest part, so combining marks and joined emoji add
 * nothing.
 */
import { eastAsianWidth } from "get-east-asian-width";

/** The user-perceived characters of `text`. */
export function graphemes(text: string): string[] {
  // Building a segmenter is slow, and most text needs none.
  if (asciiOnly.test(text)) return [...text];
  segmenter ??= new Intl.Segmenter(undefined, { granularity: "grapheme" });
  return Array.from(segmenter.segment(text), ({ segment }) => segment);
}

/** Columns that `text` takes; control characters take none. */
export function textWidth(text: string): number {
  if (asciiOnly.test(text)) return text.length;
  let width = 0;
  for (const grapheme of graphemes(text)) width += graphemeWidth(grapheme);
  return width;
}

/** The longest start of `text` that fits in `columns`. */
export function clipToWidth(text: string, columns: number): string {
  let width = 0;
  let clipped = "";
  for (const grapheme of graphemes(text)) {
    width += graphemeWidth(grapheme);
    if (width > columns) break;
    clipped += grapheme;
  }
  return clipped;
}

function graphemeWidth(grapheme: string): number {
  if (emoji.test(grapheme)) return 2;
  const first = grapheme.codePointAt(0) ?? 0;
  if (zeroWidth.test(String.fromCodePoint(first))) return 0;
  return eastAsianWidth(first);
}

let segmenter: Intl.Segmenter | undefined;
const asciiOnly = /^[\x20-\x7e]*$/;
const emoji = /\p{Emoji_Presentation}|\u{fe0f}/u;
const zeroWidth = /[\p{Control}\p{Mark}\p{Default_Ignorable_Code_Point}]/u;

/**
 * Columns of text on a terminal, by user-perceived character (grapheme cluster).
 * Terminals count differently where a character is made of several, so whatever
 * is drawn goes through `placed_row.ts` as well.
 */
import stringWidth from "string-width";

/** The user-perceived characters of `text`. */
export function graphemes(text: string): string[] {
  // Most text needs no segmenter.
  if (asciiOnly.test(text)) return [...text];
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

/** The longest end of `text` that fits in `columns`. */
export function clipStartToWidth(text: string, columns: number): string {
  let width = 0;
  let clipped = "";
  for (const grapheme of graphemes(text).reverse()) {
    width += graphemeWidth(grapheme);
    if (width > columns) break;
    clipped = grapheme + clipped;
  }
  return clipped;
}

function graphemeWidth(grapheme: string): number {
  let width = widths.get(grapheme);
  if (width === undefined) {
    width = stringWidth(grapheme);
    if (widths.size >= mostWidths) widths.clear();
    widths.set(grapheme, width);
  }
  return width;
}

const segmenter = new Intl.Segmenter(undefined, { granularity: "grapheme" });
const asciiOnly = /^[\x20-\x7e]*$/;
/** Finding out is slow, and people use few. */
const widths = new Map<string, number>();
const mostWidths = 4096;

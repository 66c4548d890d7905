/**
 * Text with colours (ECMA-48 SGR sequences) on a terminal: how wide it is, and
 * how it is cut and wrapped without losing a colour.
 */
import stringWidth from "string-width";

/** `text` without its colours. */
export function withoutStyle(text: string): string {
  return text.includes("\x1b") ? text.replace(style, "") : text;
}

/** Colours and the texts between them, in order. */
export function styledParts(text: string): string[] {
  return text.match(parts) ?? [];
}

/** Columns that `text` takes. */
export function styledWidth(text: string): number {
  return textWidth(withoutStyle(text));
}

/** The longest start of `text` that fits in `columns`; colours end with it. */
export function clipStyled(text: string, columns: number): string {
  if (!text.includes("\x1b")) return clipToWidth(text, columns);
  if (styledWidth(text) <= columns) return text;
  return joined(fitting(cellsOf(text), 0, columns));
}

/**
 * `text` in rows of at most `width` columns, broken between words where that is
 * possible. Rows after the first start with `indent` spaces, or with four or
 * none where that would take more than a third of the width: a column that
 * begins there then has rows of its own.
 */
export function wrapStyled(
  text: string,
  width: number,
  indent: number,
): string[] {
  if (styledWidth(text) <= width) return [text];
  const fits = [indent, narrowIndent, 0].find((each) => each * 3 <= width);
  const margin = " ".repeat(Math.min(fits ?? 0, indent));
  const cells = cellsOf(text);
  const rows: string[] = [];
  let start = 0;
  const isBlank = (index: number) => cells[index]?.text === " ";
  if (margin.length < indent && isBlank(indent - 1) && isBlank(indent - 2)) {
    const head = joined(cells.slice(0, indent)).trimEnd();
    if (head !== "") rows.push(...wrapStyled(head, width, 0));
    start = indent;
  }
  while (start < cells.length) {
    const lead = start === 0 ? "" : margin;
    const fit = fitting(cells, start, width - lead.length);
    const end = start + Math.max(fit.length, 1);
    const cut = end >= cells.length ? end : lastBlank(cells, start, end) ?? end;
    rows.push(lead + joined(cells.slice(start, cut)));
    start = cut;
    while (end < cells.length && cells[start]?.text === " ") start++;
  }
  return rows;
}

/** Tells a row that goes on from a line of its own, where there is little room. */
const narrowIndent = 4;

/** A user-perceived character with the colours that are on for it. */
interface Cell {
  readonly text: string;
  readonly style: string;
}

function cellsOf(text: string): Cell[] {
  const cells: Cell[] = [];
  let on = "";
  for (const part of styledParts(text)) {
    if (part.startsWith("\x1b")) on = part === reset ? "" : on + part;
    else {
      for (const each of graphemes(part)) cells.push({ text: each, style: on });
    }
  }
  return cells;
}

/** As many cells from `start` on as `columns` hold. */
function fitting(
  cells: readonly Cell[],
  start: number,
  columns: number,
): Cell[] {
  let width = 0;
  let end = start;
  for (; end < cells.length; end++) {
    width += textWidth(cells[end]?.text ?? "");
    if (width > columns) break;
  }
  return cells.slice(start, end);
}

/** Where to break before `end`: after the last word that is whole. */
function lastBlank(
  cells: readonly Cell[],
  start: number,
  end: number,
): number | undefined {
  for (let index = end; index > start; index--) {
    if (cells[index]?.text === " ") return index;
  }
  return undefined;
}

function joined(cells: readonly Cell[]): string {
  let text = "";
  let on = "";
  for (const cell of cells) {
    if (cell.style !== on) {
      text += (on === "" ? "" : reset) + cell.style;
      on = cell.style;
    }
    text += cell.text;
  }
  return on === "" ? text : text + reset;
}

const reset = "\x1b[0m";
// deno-lint-ignore no-control-regex
const style = /\x1b\[[\d;]*m/g;
// deno-lint-ignore no-control-regex
const parts = /\x1b\[[\d;]*m|[^\x1b]+/g;

// Columns of text on a terminal, by user-perceived character (grapheme cluster).
// Terminals count differently where a character is made of several, so whatever
// is drawn goes through `placed_row.ts` as well.

/** The user-perceived characters of `text`. */
export function graphemes(text: string): string[] {
  // Most text needs no segmenter.
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

/** Made when it is needed: its tables take a while to load. */
let segmenter: Intl.Segmenter | undefined;
const asciiOnly = /^[\x20-\x7e]*$/;
/** Finding out is slow, and people use few. */
const widths = new Map<string, number>();
const mostWidths = 4096;

/**
 * Rows for terminals that count otherwise. Which columns a character takes is
 * agreed on only where it is a single, ordinary one; behind every other one the
 * cursor is put where the next belongs, so that a wrong guess spoils nothing but
 * that character.
 */
import {
  graphemes,
  styledParts,
  textWidth,
  withoutStyle,
} from "../../text/styled_text.ts";

/**
 * What to write for `text`, which may hold colours. The row must be empty from
 * there on, and no automatic wrap be on.
 *
 * @param column Where the text starts, from 0.
 * @param width Columns of the terminal.
 */
export function placedRow(text: string, column: number, width: number): string {
  if (isPlain(text)) return text;
  let row = "";
  let isUncertain = false;
  let wasUncertain = false;
  for (const part of styledParts(text)) {
    if (part.startsWith("\x1b")) {
      row += part;
      continue;
    }
    for (const grapheme of graphemes(part)) {
      // What takes no column must not take the place of the last character.
      if (column >= width && textWidth(grapheme) === 0) continue;
      if (isUncertain) row += toColumn(column);
      row += grapheme;
      column += textWidth(grapheme);
      isUncertain = !ordinary.test(grapheme);
      wasUncertain ||= isUncertain;
    }
  }
  // Away with what a wider character left behind the text.
  if (wasUncertain && column < width) row += `${toColumn(column)}\x1b[K`;
  return row;
}

/** True for what takes the same columns everywhere without further ado. */
export function isPlain(text: string): boolean {
  return plain.test(withoutStyle(text));
}

/** @param column From 0. */
function toColumn(column: number): string {
  return `\x1b[${column + 1}G`;
}

const plain = /^[\x20-\x7e]*$/;
/** A single letter, digit or mark of punctuation, of which all know the width. */
const ordinary =
  /^(?:[\x20-\x7e]|[[\p{L}\p{Nd}\p{P}\p{Zs}]--[\p{Extended_Pictographic}\u1100-\u11ff\ua960-\ua97c\ud7b0-\ud7fb]])$/v;

/**
 * A text with a cursor, of one line or several, and the last text that was cut from it.
 * Positions are UTF-16 indices at the borders of user-perceived characters, so
 * that arrows and Backspace never split one.
 */
import { isPrintable } from "../../../base/text.ts";
import type { KeyName } from "./key_decoder.ts";
import { clipToWidth, graphemes, textWidth } from "../../text/styled_text.ts";

/** One text that is being edited. */
export class TextBuffer {
  #text = "";
  #cursor = 0;
  /** What Ctrl-Y puts back. */
  #cut = "";
  /** The last key cut something: what is cut next joins it. */
  #isCutting = false;

  get text(): string {
    return this.#text;
  }

  get cursor(): number {
    return this.#cursor;
  }

  /** Replaces the whole text; the cursor stands at its end. */
  set(text: string): void {
    this.replace(0, this.#text.length, text);
  }

  /** Takes the whole text away; it can be put back. */
  clear(): void {
    this.#isCutting = false;
    this.#cutOut(0, this.#text.length);
    this.#isCutting = false;
  }

  /** Inserts the printable part of `text`, unless it all grew too long. */
  insert(text: string): void {
    if (!isPrintable(text)) text = [...text].filter(isPrintable).join("");
    this.#put(text);
  }

  /** Breaks the line at the cursor. */
  breakLine(): void {
    this.#put("\n");
  }

  /**
   * Moves to the line before the cursor's, or after it, into the same column.
   *
   * @returns False when there is none.
   */
  moveLine(step: -1 | 1): boolean {
    const start = this.#lineStart();
    const end = this.#lineEnd();
    const isLast = step < 0 ? start === 0 : end === this.#text.length;
    if (isLast) return false;
    const column = textWidth(this.#text.slice(start, this.#cursor));
    this.#cursor = step < 0 ? start - 1 : end + 1;
    const from = this.#lineStart();
    const line = this.#text.slice(from, this.#lineEnd());
    this.#cursor = from + clipToWidth(line, column).length;
    this.#isCutting = false;
    return true;
  }

  /** Puts `text` in the place of what is between; the cursor follows it. */
  replace(from: number, to: number, text: string): void {
    this.#isCutting = false;
    this.#text = this.#text.slice(0, from) + text + this.#text.slice(to);
    // What was put before a mark, or beside half a flag, is one with it.
    this.#cursor = this.#borderFrom(from + text.length);
  }

  /** Takes a key that moves or deletes; false when it is none of those. */
  handleKey(key: KeyName): boolean {
    switch (key) {
      case "backspace":
        this.replace(this.#left(), this.#cursor, "");
        return true;
      case "delete":
        this.replace(this.#cursor, this.#right(), "");
        return true;
      case "delete-word":
        this.#cutOut(this.#wordLeft(), this.#cursor);
        return true;
      case "delete-word-right":
        this.#cutOut(this.#cursor, this.#wordRight());
        return true;
      case "delete-to-start":
        this.#cutOut(0, this.#cursor);
        return true;
      case "delete-to-end":
        this.#cutOut(this.#cursor, this.#text.length);
        return true;
      case "yank":
        this.#put(this.#cut);
        return true;
      case "transpose":
        this.#transpose();
        return true;
    }
    const place = this.#placeOf(key);
    if (place === undefined) return false;
    this.#isCutting = false;
    this.#cursor = place;
    return true;
  }

  #placeOf(key: KeyName): number | undefined {
    switch (key) {
      case "left":
        return this.#left();
      case "right":
        return this.#right();
      case "home":
        return this.#lineStart();
      case "end":
        return this.#lineEnd();
      case "word-left":
        return this.#wordLeft();
      case "word-right":
        return this.#wordRight();
    }
    return undefined;
  }

  #put(text: string): void {
    if (this.#text.length + text.length > longestText) return;
    this.replace(this.#cursor, this.#cursor, text);
  }

  /** Of the line with the cursor. */
  #lineStart(): number {
    return this.#text.slice(0, this.#cursor).lastIndexOf("\n") + 1;
  }

  #lineEnd(): number {
    const end = this.#text.indexOf("\n", this.#cursor);
    return end < 0 ? this.#text.length : end;
  }

  #cutOut(from: number, to: number): void {
    const cut = this.#text.slice(from, to);
    const isBefore = from < this.#cursor;
    const earlier = this.#isCutting ? this.#cut : "";
    if (cut !== "") this.#cut = isBefore ? cut + earlier : earlier + cut;
    this.replace(from, to, "");
    this.#isCutting = true;
  }

  /** Swaps the characters around the cursor; at the end, the last two. */
  #transpose(): void {
    if (this.#cursor === this.#text.length) this.#cursor = this.#left();
    const from = this.#left();
    const to = this.#right();
    if (from === this.#cursor || to === this.#cursor) return;
    const first = this.#text.slice(from, this.#cursor);
    const second = this.#text.slice(this.#cursor, to);
    this.replace(from, to, second + first);
  }

  #left(): number {
    const last = graphemes(this.#text.slice(0, this.#cursor)).at(-1) ?? "";
    return this.#cursor - last.length;
  }

  #right(): number {
    const [first = ""] = graphemes(this.#text.slice(this.#cursor));
    return this.#cursor + first.length;
  }

  /** The first border of two characters at `index` or after it. */
  #borderFrom(index: number): number {
    let border = 0;
    for (const grapheme of graphemes(this.#text)) {
      if (border >= index) break;
      border += grapheme.length;
    }
    return border;
  }

  /** The last one at `index` or before it. */
  #borderUpTo(index: number): number {
    const border = this.#borderFrom(index);
    if (border === index) return index;
    const last = graphemes(this.#text.slice(0, border)).at(-1) ?? "";
    return border - last.length;
  }

  #wordLeft(): number {
    const before = this.#text.slice(0, this.#cursor);
    return this.#borderUpTo(before.replace(/\S+\s*$|\s+$/, "").length);
  }

  #wordRight(): number {
    const word = this.#text.slice(this.#cursor).match(/^\s*\S+|^\s+/)?.[0] ??
      "";
    return this.#borderFrom(this.#cursor + word.length);
  }
}

/** UTF-16 units: more than any command needs. */
const longestText = 32 * 1024;

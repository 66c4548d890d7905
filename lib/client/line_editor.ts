/**
 * The line being typed: `handleKey` changes it, `render` says what to draw.
 * Positions are UTF-16 indices at the borders of user-perceived characters, so
 * that arrows and Backspace never split one.
 */
import { isPrintable } from "../protocol/text.ts";
import { complete, type CompletionSource } from "./completer.ts";
import { LineHistory } from "./line_history.ts";
import type { Key, KeyName } from "./key_decoder.ts";
import { graphemes, textWidth } from "./text_width.ts";

/** What a key led to, beyond a changed line. */
export type EditorAction =
  | { readonly action: "line"; readonly text: string }
  | { readonly action: "interrupt" }
  | { readonly action: "end-of-input" }
  | { readonly action: "clear-screen" };

/** One row for the terminal. */
export interface RenderedLine {
  readonly text: string;
  /** Column of the cursor, from 0. */
  readonly column: number;
}

/** An editor of one line. */
export class LineEditor {
  /** What stands before the line. */
  prompt: string;
  /** True for a password: nothing of it is drawn, completed or remembered. */
  hidden = false;
  readonly #source: CompletionSource;
  readonly #history = new LineHistory();
  #text = "";
  #cursor = 0;
  #cycle:
    | { start: number; candidates: readonly string[]; index: number }
    | undefined;

  constructor(prompt: string, source: CompletionSource) {
    this.prompt = prompt;
    this.#source = source;
  }

  /** The line so far. */
  get text(): string {
    return this.#text;
  }

  /** Takes one key. */
  handleKey(key: Key): EditorAction | undefined {
    if (key.key !== "tab" && key.key !== "shift-tab") this.#cycle = undefined;
    if (key.key === "text") this.#insert(key.text);
    else if (key.key === "paste") {
      // A line is a command: several at once are for a pipe, not for a slip.
      this.#insert(key.text.replace(/[\r\n]+$/, "").replace(/\s+/g, " "));
    } else return this.#control(key.key);
    return undefined;
  }

  /** The row to draw, at most `width` columns wide. */
  render(width: number): RenderedLine {
    const prompt = textWidth(this.prompt) < width / 2 ? this.prompt : "";
    if (this.hidden) return { text: prompt, column: textWidth(prompt) };
    const room = Math.max(width - textWidth(prompt) - 1, 1);
    const cursor = textWidth(this.#text.slice(0, this.#cursor));
    // Scrolls by half a width, so that it does not move with every key.
    const step = Math.max(Math.floor(room / 2), 1);
    const scroll = cursor < room
      ? 0
      : Math.ceil((cursor - room + 1) / step) * step;
    let column = 0;
    let shown = "";
    let before = 0;
    for (const grapheme of graphemes(this.#text)) {
      const next = column + textWidth(grapheme);
      if (column >= scroll && next <= scroll + room) shown += grapheme;
      else if (column < scroll && next > scroll) before = next - scroll;
      column = next;
    }
    const text = prompt + " ".repeat(before) + shown;
    return { text, column: textWidth(prompt) + cursor - scroll };
  }

  #control(key: KeyName): EditorAction | undefined {
    switch (key) {
      case "enter":
        return this.#enter();
      case "interrupt":
      case "clear-screen":
        return { action: key };
      case "end-of-input":
        if (this.#text === "") return { action: key };
        this.#delete(this.#cursor, this.#right());
        break;
      case "tab":
        this.#complete(1);
        break;
      case "shift-tab":
        this.#complete(-1);
        break;
      case "backspace":
        this.#delete(this.#left(), this.#cursor);
        break;
      case "delete":
        this.#delete(this.#cursor, this.#right());
        break;
      case "left":
        this.#cursor = this.#left();
        break;
      case "right":
        this.#cursor = this.#right();
        break;
      case "home":
        this.#cursor = 0;
        break;
      case "end":
        this.#cursor = this.#text.length;
        break;
      case "word-left":
        this.#cursor = this.#wordLeft();
        break;
      case "word-right":
        this.#cursor = this.#wordRight();
        break;
      case "delete-word":
        this.#delete(this.#wordLeft(), this.#cursor);
        break;
      case "delete-word-right":
        this.#delete(this.#cursor, this.#wordRight());
        break;
      case "delete-to-start":
        this.#delete(0, this.#cursor);
        break;
      case "delete-to-end":
        this.#delete(this.#cursor, this.#text.length);
        break;
      case "up":
        this.#recall(this.#history.older(this.#text));
        break;
      case "down":
        this.#recall(this.#history.newer());
        break;
    }
    return undefined;
  }

  #enter(): EditorAction {
    const text = this.#text;
    this.#text = "";
    this.#cursor = 0;
    if (!this.hidden) this.#history.add(text);
    return { action: "line", text };
  }

  #insert(text: string): void {
    if (!isPrintable(text)) text = [...text].filter(isPrintable).join("");
    if (this.#text.length + text.length > longestLine) return;
    this.#replace(this.#cursor, this.#cursor, text);
  }

  #delete(from: number, to: number): void {
    this.#replace(from, to, "");
  }

  #replace(from: number, to: number, text: string): void {
    this.#text = this.#text.slice(0, from) + text + this.#text.slice(to);
    this.#cursor = from + text.length;
  }

  #recall(text: string | undefined): void {
    if (text === undefined || this.hidden) return;
    this.#text = text;
    this.#cursor = text.length;
  }

  #complete(step: 1 | -1): void {
    if (this.hidden) return;
    if (this.#cycle === undefined) {
      const before = this.#text.slice(0, this.#cursor);
      const { start, candidates } = complete(before, this.#source);
      if (candidates.length === 0) return;
      const index = step === 1 ? 0 : candidates.length - 1;
      this.#cycle = { start, candidates, index };
    } else {
      const { candidates, index } = this.#cycle;
      this.#cycle.index = (index + step + candidates.length) %
        candidates.length;
    }
    const { start, candidates, index } = this.#cycle;
    this.#replace(start, this.#cursor, candidates[index] ?? "");
    // The only one is taken: the next Tab completes what comes after it.
    if (candidates.length === 1) this.#cycle = undefined;
  }

  #left(): number {
    const last = graphemes(this.#text.slice(0, this.#cursor)).at(-1) ?? "";
    return this.#cursor - last.length;
  }

  #right(): number {
    const [first = ""] = graphemes(this.#text.slice(this.#cursor));
    return this.#cursor + first.length;
  }

  #wordLeft(): number {
    return this.#text.slice(0, this.#cursor).replace(/\S+\s*$|\s+$/, "").length;
  }

  #wordRight(): number {
    const word = this.#text.slice(this.#cursor).match(/^\s*\S+|^\s+/)?.[0] ??
      "";
    return this.#cursor + word.length;
  }
}

/** UTF-16 units: more than any command needs. */
const longestLine = 32 * 1024;

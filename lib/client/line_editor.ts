/**
 * The line being typed: `handleKey` changes it, `render` says what to draw.
 * Around the text itself (`text_buffer.ts`) it has a history with a search,
 * completion, and the question that comes before many pasted lines are sent.
 */
import { complete, type CompletionSource } from "./completer.ts";
import { CompletionCycle } from "./completion_cycle.ts";
import { HistorySearch } from "./history_search.ts";
import type { Key, KeyName } from "./key_decoder.ts";
import { LineHistory } from "./line_history.ts";
import { TextBuffer } from "./text_buffer.ts";
import { clipToWidth, graphemes, textWidth } from "./text_width.ts";

/** What a key led to, beyond a changed line. */
export type EditorAction =
  /** Entered, with what stood before it. */
  | { readonly action: "line"; readonly text: string }
  /** Pasted, and the user wants all of them sent. */
  | { readonly action: "lines"; readonly texts: readonly string[] }
  | { readonly action: "interrupt" }
  | { readonly action: "end-of-input" }
  | { readonly action: "suspend" }
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
  /** False for the answer to a question: it is no command. */
  remembers = true;
  readonly #source: CompletionSource;
  readonly #history = new LineHistory();
  readonly #buffer = new TextBuffer();
  #cycle: CompletionCycle | undefined;
  #search: HistorySearch | undefined;
  /** Lines that were pasted and about which the user is asked. */
  #pasted: readonly string[] | undefined;

  constructor(prompt: string, source: CompletionSource) {
    this.prompt = prompt;
    this.#source = source;
  }

  /** The line so far. */
  get text(): string {
    return this.#buffer.text;
  }

  /** Lines of earlier runs, oldest first, for the history. */
  load(lines: readonly string[]): void {
    this.#history.load(lines);
  }

  /** Takes one key. */
  handleKey(key: Key): EditorAction | undefined {
    if (this.#pasted !== undefined) return this.#answer(key, this.#pasted);
    if (this.#search !== undefined) {
      const step = this.#search.handleKey(key);
      if (step === "searching") return undefined;
      const { line } = this.#search;
      this.#search = undefined;
      if (step === "cancelled") return undefined;
      if (line !== undefined) this.#buffer.set(line);
    }
    if (key.key !== "tab" && key.key !== "shift-tab") this.#cycle = undefined;
    if (key.key === "text") this.#buffer.insert(key.text);
    else if (key.key === "paste") this.#paste(key.text);
    else return this.#control(key.key);
    return undefined;
  }

  /** The row to draw, at most `width` columns wide. */
  render(width: number): RenderedLine {
    if (this.#pasted !== undefined) {
      const question = pasteQuestion(this.#pasted.length);
      return renderRow(question, "", 0, width);
    }
    if (this.#search !== undefined) {
      const { prompt, line = "" } = this.#search;
      return renderRow(prompt, line, 0, width);
    }
    if (this.hidden) return renderRow(this.prompt, "", 0, width);
    const { text, cursor } = this.#buffer;
    return renderRow(this.prompt, text, cursor, width);
  }

  /** A row about the line, to be drawn under it; most of the time none. */
  hint(width: number): string | undefined {
    if (this.#pasted !== undefined) {
      const [first = ""] = this.#pasted;
      return clipToWidth(`the first: ${first}`, width);
    }
    return this.#cycle?.hint(width);
  }

  #control(key: KeyName): EditorAction | undefined {
    switch (key) {
      case "enter":
        return this.#enter();
      case "interrupt":
      case "clear-screen":
      case "suspend":
        return { action: key };
      case "end-of-input":
        if (this.text === "") return { action: key };
        this.#buffer.handleKey("delete");
        break;
      case "tab":
        this.#complete(1);
        break;
      case "shift-tab":
        this.#complete(-1);
        break;
      case "up":
        this.#recall(() => this.#history.older(this.text));
        break;
      case "down":
        this.#recall(() => this.#history.newer());
        break;
      case "search":
        if (this.#isCommandLine) {
          this.#search = new HistorySearch(this.#history);
        }
        break;
      default:
        this.#buffer.handleKey(key);
    }
    return undefined;
  }

  get #isCommandLine(): boolean {
    return this.remembers && !this.hidden;
  }

  #enter(): EditorAction {
    const { text } = this;
    this.#buffer.set("");
    if (this.#isCommandLine) this.#history.add(text);
    return { action: "line", text };
  }

  /** One line goes into the line being edited; about more the user is asked. */
  #paste(text: string): void {
    const lines = text.split(/\r\n|\r|\n/).map((line) =>
      line.replaceAll("\t", " ")
    );
    while (lines.length > 1 && lines.at(-1)?.trim() === "") lines.pop();
    const [first = "", ...others] = lines;
    if (!this.#isCommandLine || others.length === 0) {
      return this.#buffer.insert(first);
    }
    const { text: typed, cursor } = this.#buffer;
    lines[0] = typed.slice(0, cursor) + first;
    lines.push((lines.pop() ?? "") + typed.slice(cursor));
    this.#pasted = lines.filter((line) => line.trim() !== "");
  }

  /** A key while the question about pasted lines is shown. */
  #answer(key: Key, lines: readonly string[]): EditorAction | undefined {
    const isYes = key.key === "text" && /^[yY]/.test(key.text);
    const isNo = key.key === "text" && /^[nN]/.test(key.text) ||
      key.key === "interrupt" || key.key === "cancel";
    if (!isYes && !isNo) return undefined;
    this.#pasted = undefined;
    if (isYes) {
      this.#buffer.set("");
      for (const line of lines) this.#history.add(line);
    }
    // Who types fast has typed more than the answer.
    if (key.key === "text") this.#buffer.insert(key.text.slice(1));
    return isYes ? { action: "lines", texts: lines } : undefined;
  }

  #recall(find: () => string | undefined): void {
    if (!this.#isCommandLine) return;
    const text = find();
    if (text !== undefined) this.#buffer.set(text);
  }

  #complete(step: 1 | -1): void {
    if (!this.#isCommandLine) return;
    const { text, cursor } = this.#buffer;
    if (this.#cycle === undefined) {
      const { start, candidates } = complete(
        text.slice(0, cursor),
        this.#source,
      );
      if (candidates.length === 0) return;
      this.#cycle = new CompletionCycle(start, candidates, step);
    } else this.#cycle.move(step);
    const { start, current } = this.#cycle;
    this.#buffer.replace(start, cursor, current);
    // The only one is taken: the next Tab completes what comes after it.
    if (this.#cycle.isSingle) this.#cycle = undefined;
  }
}

function pasteQuestion(count: number): string {
  return count === 1 ? "send 1 line? (y/n) " : `send ${count} lines? (y/n) `;
}

/** Prompt and the part of `text` around the cursor. */
function renderRow(
  before: string,
  text: string,
  cursorIndex: number,
  width: number,
): RenderedLine {
  const prompt = textWidth(before) < width / 2 || text === "" ? before : "";
  const room = Math.max(width - textWidth(prompt) - 1, 1);
  const cursor = textWidth(text.slice(0, cursorIndex));
  // Scrolls by half a width, so that it does not move with every key.
  const step = Math.max(Math.floor(room / 2), 1);
  const scroll = cursor < room
    ? 0
    : Math.ceil((cursor - room + 1) / step) * step;
  let column = 0;
  let shown = "";
  let cut = 0;
  for (const grapheme of graphemes(text)) {
    const next = column + textWidth(grapheme);
    if (column >= scroll && next <= scroll + room) shown += grapheme;
    else if (column < scroll && next > scroll) cut = next - scroll;
    column = next;
  }
  const row = prompt + " ".repeat(cut) + shown;
  return { text: row, column: textWidth(prompt) + cursor - scroll };
}

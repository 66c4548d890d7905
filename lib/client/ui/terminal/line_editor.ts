/**
 * The line being typed, which may be a text of several: `handleKey` changes it,
 * `render` says what to draw of the line with the cursor, `around` of the others.
 * Around the text itself (`text_buffer.ts`) it has a history with a search,
 * completion, and the question that comes before many pasted lines are sent.
 */
import { characters, isText, visible } from "../../../base/text.ts";
import { limits } from "../../../wire/limits.ts";
import {
  complete,
  CompletionCycle,
  type CompletionSource,
} from "./completer.ts";
import { parseCommand } from "../../commands/parse.ts";
import { type Key, type KeyName, longestPaste } from "./key_decoder.ts";
import { ownMessage } from "./own_lines.ts";
import { TextBuffer } from "./text_buffer.ts";
import {
  clipStartToWidth,
  clipToWidth,
  graphemes,
  textWidth,
} from "../../text/styled_text.ts";

/** What a key led to, beyond a changed line. */
export type EditorAction =
  /** Entered, with what stood before it. */
  | { readonly action: "line"; readonly text: string }
  /** Pasted, and the user wants all of them sent. */
  | { readonly action: "lines"; readonly texts: readonly string[] }
  /** Pasted for the chat, and the user wants it sent: lines of one message. */
  | { readonly action: "message"; readonly text: string }
  | { readonly action: "interrupt" }
  | { readonly action: "end-of-input" }
  | { readonly action: "suspend" }
  | { readonly action: "clear-screen" };

/** One row for the terminal. */
export interface RenderedLine {
  readonly text: string;
  /** How much of it is prompt, in UTF-16 units: no character goes across. */
  readonly lead: number;
  /** Where the cursor stands in the text, in UTF-16 units. */
  readonly cursor: number;
  /** And on the terminal, from 0. */
  readonly column: number;
}

/** An editor of one line. */
export class LineEditor {
  /** What stands before the line, when there is no question. */
  #prompt: string;
  /** What the line is the answer to; absent for a command. */
  #question: OpenQuestion | undefined;
  /** Whom lines without a slash go to, as people call it. */
  chat: string | undefined;
  readonly #source: CompletionSource;
  readonly #history = new LineHistory();
  readonly #buffer = new TextBuffer();
  #cycle: CompletionCycle | undefined;
  #search: HistorySearch | undefined;
  /** Lines that were pasted and about which the user is asked. */
  #pasted: PastedLines | undefined;

  constructor(prompt: string, source: CompletionSource) {
    this.#prompt = prompt;
    this.#source = source;
  }

  /** What stands before the line now. */
  get prompt(): string {
    return this.#question?.text ?? this.#prompt;
  }

  /** What stands before the line, when there is no question. */
  set prompt(text: string) {
    this.#prompt = text;
  }

  /** The line so far. */
  get text(): string {
    return this.#buffer.text;
  }

  /** What was typed and is no answer to a question. */
  get draft(): string {
    return this.#question?.draft ?? this.#buffer.text;
  }

  /** Lines of earlier runs, oldest first, for the history. */
  load(lines: readonly string[]): void {
    this.#history.load(lines);
  }

  /**
   * The line is the answer to a question from now on; what was being typed is
   * put aside until {@link answered}.
   *
   * @param isHidden True for a password: nothing of it is drawn.
   */
  ask(question: string, isHidden: boolean): void {
    const draft = this.#question?.draft ?? this.#buffer.text;
    this.#question = { text: question, isHidden, draft };
    this.#leave();
    this.#buffer.set("");
  }

  /** The line is a command again. */
  answered(): void {
    this.#leave();
    this.#buffer.set(this.#question?.draft ?? "");
    this.#question = undefined;
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
    else if (key.key === "paste" && key.isCut) this.#pasted = tooMuch;
    else if (key.key === "paste") this.#paste(key.text);
    else return this.#control(key.key);
    return undefined;
  }

  /** The row to draw, at most `width` columns wide. */
  render(width: number): RenderedLine {
    if (this.#pasted !== undefined) {
      return renderRow(pasteQuestion(this.#pasted), "", 0, width);
    }
    if (this.#search !== undefined) {
      const { prompt, line = "" } = this.#search;
      return renderRow(prompt, visible(line), 0, width);
    }
    if (this.#question?.isHidden) return renderRow(this.prompt, "", 0, width);
    const { lines, row, column } = this.#place();
    const lead = row === 0 ? this.prompt : continued;
    return renderRow(lead, lines[row] ?? "", column, width);
  }

  /**
   * The other lines of a text of several, each at most `width` columns wide.
   *
   * @param most How many there may be, with the one that is rendered.
   */
  around(
    width: number,
    most: number,
  ): { readonly above: readonly string[]; readonly below: readonly string[] } {
    const isOther = this.#pasted !== undefined || this.#search !== undefined;
    const { lines, row } = this.#place();
    if (isOther || lines.length === 1) return { above: [], below: [] };
    const from = Math.max(
      Math.min(row - Math.floor(most / 2), lines.length - most),
      0,
    );
    const rows = lines.slice(from, from + Math.max(most, 1)).map((line, at) => {
      const text = (from + at === 0 ? this.prompt : continued) + line;
      if (textWidth(text) <= width) return text;
      return `${clipToWidth(text, width - 1)}…`;
    });
    return {
      above: rows.slice(0, row - from),
      below: rows.slice(row - from + 1),
    };
  }

  /** A row about the line, to be drawn under it; most of the time none. */
  hint(width: number): string | undefined {
    if (this.#pasted !== undefined) {
      const { lines: [first], advice } = this.#pasted;
      if (first === undefined) return advice && clipToWidth(advice, width);
      return clipToWidth(`the first: ${first.replaceAll("\t", " ")}`, width);
    }
    return this.#cycle?.hint(width);
  }

  /** The lines of the text, and where the cursor is. */
  #place() {
    const { text, cursor } = this.#buffer;
    const before = text.slice(0, cursor).split("\n");
    const column = before.at(-1)?.length ?? 0;
    return { lines: text.split("\n"), row: before.length - 1, column };
  }

  #control(key: KeyName): EditorAction | undefined {
    switch (key) {
      case "enter":
        return this.#enter();
      case "new-line":
        if (this.#isCommandLine) this.#buffer.breakLine();
        break;
      case "interrupt":
        // A question is given up with what was typed for it.
        if (this.text === "" || !this.#isCommandLine) return { action: key };
        this.#history.leave();
        this.#buffer.clear();
        break;
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
        if (this.#buffer.moveLine(-1)) break;
        this.#recall(() => this.#history.older(this.text));
        break;
      case "down":
        if (this.#buffer.moveLine(1)) break;
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
    return this.#question === undefined;
  }

  /** Away with whatever stands in the place of the line. */
  #leave(): void {
    this.#pasted = undefined;
    this.#search = undefined;
    this.#cycle = undefined;
  }

  #enter(): EditorAction {
    const text = this.text.replace(/(?:\n[^\S\n]*)+$/, "");
    this.#buffer.set("");
    if (this.#isCommandLine) this.#history.add(text);
    return { action: "line", text };
  }

  /**
   * One line goes into the line being edited; about more the user is asked. In
   * a chat what is pasted is text, whatever it looks like.
   */
  #paste(text: string): void {
    const lines = text.split(/\r\n|\r|\n/);
    while (lines.length > 1 && lines.at(-1)?.trim() === "") lines.pop();
    const { text: typed, cursor } = this.#buffer;
    const before = typed.slice(0, cursor);
    const chat = /^\s*\/(?!\/)/.test(typed) ? undefined : this.chat;
    const [first = ""] = lines;
    if (!this.#isCommandLine || lines.length === 1) {
      const isWhole = before.trim() === "" && chat !== undefined;
      const line = this.#isCommandLine && isWhole ? escaped(first) : first;
      return this.#buffer.insert(line.replaceAll("\t", " "));
    }
    lines[0] = before + first;
    lines.push((lines.pop() ?? "") + typed.slice(cursor));
    if (chat === undefined) {
      // Pasted into the text of a message, all of it is that text.
      const message = messageOf(`${before}x`) && messageOf(lines.join("\n"));
      if (message !== undefined) {
        this.#pasted = fitting(message);
        return;
      }
      const commands = lines.filter((line) => line.trim() !== "")
        .map((line) => line.replaceAll("\t", " "));
      if (commands.length > 0) this.#pasted = { lines: commands };
      return;
    }
    // What was typed before may begin with the two slashes of a text.
    if (before.trimStart().startsWith("//")) {
      lines[0] = lines[0].replace("/", "");
    }
    while (lines[0]?.trim() === "") lines.shift();
    // What was typed may be of several lines, too.
    const all = lines.join("\n").split("\n");
    if (lines.length > 0) this.#pasted = fitting({ lines: all, to: chat });
  }

  /** A key while the question about pasted lines is shown. */
  #answer(
    key: Key,
    { lines, to, command }: PastedLines,
  ): EditorAction | undefined {
    const isEmpty = lines.length === 0;
    const isYes = key.key === "text" && /^[yY]/.test(key.text) && !isEmpty ||
      // Lines that might be commands are not sent by a slip of the finger.
      key.key === "enter" && to !== undefined;
    const isNo = isEmpty && key.key !== "paste" ||
      key.key === "text" && /^[nN]/.test(key.text) ||
      key.key === "interrupt" || key.key === "cancel";
    if (!isYes && !isNo) return undefined;
    this.#pasted = undefined;
    if (isYes) {
      this.#buffer.set("");
      const entered = to === undefined ? lines : [];
      for (
        const line of [...entered, ...command === undefined ? [] : [command]]
      ) {
        this.#history.add(line);
      }
    }
    // Who types fast has typed more than the answer.
    if (key.key === "text" && !isEmpty) this.#buffer.insert(key.text.slice(1));
    if (isNo) return undefined;
    if (to === undefined) return { action: "lines", texts: lines };
    if (command !== undefined) return { action: "line", text: command };
    return { action: "message", text: printableText(lines.join("\n")) };
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

/** What is asked in the place of a command. */
interface OpenQuestion {
  readonly text: string;
  readonly isHidden: boolean;
  /** The command that was being typed. */
  readonly draft: string;
}

/** Lines about which the user is asked. */
interface PastedLines {
  readonly lines: readonly string[];
  /** Whom they go to as one message; absent when each is a line of its own. */
  readonly to?: string;
  /** The command that sends it, where it is one. */
  readonly command?: string;
  /** Of those that are not taken, which are not here: why. */
  readonly refusal?: string;
  /** And what to do instead, if anything. */
  readonly advice?: string;
}

/** The command that `text` is, if it sends one message of several lines. */
function messageOf(text: string): PastedLines | undefined {
  const command = printableText(text);
  const parsed = parseCommand(command);
  const message = "command" in parsed ? ownMessage(parsed.command) : undefined;
  if (message === undefined) return undefined;
  const { kind, to } = message;
  const names = to.map((name) => kind === "group" ? `#${name}` : name);
  const label = kind === "broadcast" ? "all" : names.join(", ");
  return { lines: message.text.split("\n"), to: visible(label), command };
}

/** Of what is incomplete nothing is taken. */
const tooMuch: PastedLines = {
  lines: [],
  refusal: `not taken: more than ${longestPaste} characters were pasted`,
};

/** Of a message that the server would refuse nothing is taken, either. */
function fitting(message: PastedLines): PastedLines {
  const count = characters(message.lines.join("\n"));
  const most = limits.textCharacters;
  if (count <= most) return message;
  return {
    lines: [],
    refusal: `not taken: ${count} characters, a message has at most ${most}`,
    advice: "put them into a file, and send that: /send USER PATH",
  };
}

function pasteQuestion({ lines, to, refusal }: PastedLines): string {
  if (refusal !== undefined) return `${refusal} (press a key) `;
  const count = lines.length === 1 ? "1 line" : `${lines.length} lines`;
  if (to === undefined) return `send ${count}? (y/n) `;
  return `send ${count} to ${to} as one message? [Y/n] `;
}

/** A line that is text, with the second slash that says so where it needs one. */
function escaped(line: string): string {
  return line.replace(/^\s*\//, "$&/");
}

function printableText(text: string): string {
  return isText(text) ? text : [...text].filter(isText).join("");
}

/** Prompt and the part of `text` around the cursor. */
function renderRow(
  before: string,
  text: string,
  cursorIndex: number,
  width: number,
): RenderedLine {
  // Of a question that is too long, how it may be answered stands at its end.
  const prompt = text === ""
    ? clipStartToWidth(before, width - 1)
    : textWidth(before) < width / 2
    ? before
    : "";
  const room = Math.max(width - textWidth(prompt) - 1, 1);
  const cursor = textWidth(text.slice(0, cursorIndex));
  // Scrolls by half a width, so that it does not move with every key.
  const step = Math.max(Math.floor(room / 2), 1);
  const scroll = cursor < room
    ? 0
    : Math.ceil((cursor - room + 1) / step) * step;
  let column = 0;
  let index = 0;
  let start: number | undefined;
  let end = 0;
  let cut = 0;
  for (const grapheme of graphemes(text)) {
    const next = column + textWidth(grapheme);
    if (column >= scroll && next <= scroll + room) {
      start ??= index;
      end = index + grapheme.length;
    } else if (column < scroll && next > scroll) cut = next - scroll;
    column = next;
    index += grapheme.length;
  }
  const from = start ?? cursorIndex;
  const lead = prompt + " ".repeat(cut);
  return {
    text: lead + text.slice(from, Math.max(from, end)),
    lead: lead.length,
    cursor: lead.length + cursorIndex - from,
    column: textWidth(prompt) + cursor - scroll,
  };
}

// The search through the history while it goes on: what Ctrl-R opens.

/** How a search goes on after a key. */
export type SearchStep =
  /** It took the key. */
  | "searching"
  /** Given up: the line is as it was before. */
  | "cancelled"
  /** The line found is taken, and the key is still to be handled. */
  | "taken";

/** One search. */
export class HistorySearch {
  readonly #history: LineHistory;
  #part = "";
  #found: { readonly index: number; readonly line: string } | undefined;
  #isFailing = false;

  constructor(history: LineHistory) {
    this.#history = history;
  }

  /** The line found; `undefined` as long as there is none. */
  get line(): string | undefined {
    return this.#found?.line;
  }

  /** What stands before the line found. */
  get prompt(): string {
    return `${this.#isFailing ? "not found" : "search"}: ${this.#part}_ > `;
  }

  handleKey(key: Key): SearchStep {
    switch (key.key) {
      case "text":
        this.#part += key.text;
        this.#find();
        return "searching";
      case "backspace":
        this.#part = [...this.#part].slice(0, -1).join("");
        this.#find();
        return "searching";
      case "search":
        this.#find(this.#found?.index);
        return "searching";
      case "cancel":
      case "interrupt":
        return "cancelled";
    }
    return "taken";
  }

  #find(before?: number): void {
    if (this.#part === "") return;
    const found = this.#history.find(this.#part, before);
    this.#isFailing = found === undefined;
    this.#found = found ?? this.#found;
  }
}

/** The lines typed, for the arrow keys and the search (Ctrl-R). */
export class LineHistory {
  #lines: string[] = [];
  /** Index of the line shown; the number of lines stands for the new one. */
  #position = 0;
  /** The new line, while an old one is shown. */
  #draft = "";

  /** Takes over lines of earlier runs, oldest first, before all others. */
  load(lines: readonly string[]): void {
    this.#lines = [...lines, ...this.#lines].slice(-mostLines);
    this.#position = this.#lines.length;
  }

  /** Remembers a line that was entered; blank and repeated ones are not kept. */
  add(line: string): void {
    if (line.trim() !== "" && line !== this.#lines.at(-1)) {
      this.#lines.push(line);
      if (this.#lines.length > mostLines) this.#lines.shift();
    }
    this.leave();
  }

  /** The new line is shown again, and is empty. */
  leave(): void {
    this.#position = this.#lines.length;
    this.#draft = "";
  }

  /** The line before the one shown; `current` is kept if it is the new one. */
  older(current: string): string | undefined {
    if (this.#position === 0) return undefined;
    if (this.#position === this.#lines.length) this.#draft = current;
    return this.#lines[--this.#position];
  }

  /** The line after the one shown; at last the new one. */
  newer(): string | undefined {
    if (this.#position >= this.#lines.length) return undefined;
    return this.#lines[++this.#position] ?? this.#draft;
  }

  /**
   * The newest line that contains `part`, whatever the case.
   *
   * @param before Only lines older than that index; all of them by default.
   * @returns `undefined` when there is none.
   */
  find(
    part: string,
    before: number = this.#lines.length,
  ): { readonly index: number; readonly line: string } | undefined {
    const wanted = part.toLowerCase();
    for (let index = before - 1; index >= 0; index--) {
      const line = this.#lines[index] ?? "";
      if (line.toLowerCase().includes(wanted)) return { index, line };
    }
    return undefined;
  }
}

const mostLines = 1000;
/** Before the second and later lines of a text. */
const continued = "  ";

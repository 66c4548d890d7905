/**
 * A full terminal: reads keys into a line editor, prints above the line being
 * typed, shows rows around it. What happens between two drawings is shown by one
 * of them, a few dozen times a second at most.
 */
import type { CompletionSource } from "./completer.ts";
import { type Key, KeyDecoder } from "./key_decoder.ts";
import type { LeaveKey } from "../../session/leaving.ts";
import type { EditorAction } from "./line_editor.ts";
import type { FeedLine } from "../../text/message_feed.ts";
import { textWidth } from "../../text/styled_text.ts";
import {
  type RowsAround,
  type TerminalSize,
  TerminalView,
} from "./terminal_view.ts";
import type { Output } from "../../../system/console_output.io.ts";
import { StdinReader } from "../../../system/stdin.io.ts";
import { TerminalMode } from "./terminal_mode.io.ts";

/** What the terminal tells and asks. */
export interface TerminalHandler {
  /** A line was entered after `prompt`; not the answer to a question. */
  line(text: string, prompt: string): void;
  /** Pasted lines are to be sent to the chat as one message. */
  message(text: string, prompt: string): void;
  /** The user wants out. */
  leave(key: LeaveKey): void;
  /** Keys were pressed, whatever they do. */
  keys(): void;
  /** The terminal is there no more. */
  gone(): void;
  /** The rows above and under the line being typed, when they are drawn. */
  rows(size: TerminalSize): RowsAround;
}

/** The user's terminal. */
export class Terminal {
  readonly #output: Output;
  readonly #handler: TerminalHandler;
  readonly #view: TerminalView;
  readonly #decoder = new KeyDecoder();
  readonly #input = new StdinReader();
  readonly #mode: TerminalMode;
  #rings = false;
  #rangAt = -Infinity;
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** Gives up keys that are half-finished. */
  #keyTimer: ReturnType<typeof setTimeout> | undefined;
  /** Prepares what takes long to prepare. */
  #idleTimer: ReturnType<typeof setTimeout> | undefined;
  #answer: ((text: string | undefined) => void) | undefined;
  #lastDraw = -Infinity;
  #isOpen = false;

  constructor(
    output: Output,
    source: CompletionSource,
    handler: TerminalHandler,
  ) {
    this.#output = output;
    this.#handler = handler;
    this.#view = new TerminalView(source);
    this.#mode = new TerminalMode(output, {
      erase: () => this.#view.erase(),
      resumed: () => {
        this.#view.forget();
        this.#redraw();
      },
      resized: () => this.#schedule(),
    });
  }

  /** Starts raw mode. */
  open(): void {
    this.#isOpen = true;
    this.#mode.open();
    this.#read();
  }

  /** Lines of earlier runs for the history, oldest first. */
  loadHistory(lines: readonly string[]): void {
    this.#view.editor.load(lines);
  }

  /** What was typed and not entered. */
  get draft(): string {
    return this.#view.editor.draft;
  }

  /**
   * What stands before the line, when there is no question.
   *
   * @param chat Whom lines without a slash go to; absent for nobody.
   */
  setPrompt(prompt: string, chat: string | undefined): void {
    this.#view.editor.prompt = prompt;
    this.#view.editor.chat = chat;
    this.update();
  }

  /** The rows around the line have changed. */
  update(): void {
    this.#schedule();
  }

  /** Prints lines above the one being typed. */
  print(lines: readonly FeedLine[]): void {
    this.#view.print(lines);
    this.#schedule();
  }

  /** Columns that a line has, and rows that there are. */
  get size(): TerminalSize {
    return this.#size();
  }

  /** The number of the line that was printed last; they are counted from 1. */
  get lastLine(): number {
    return this.#view.lastLine;
  }

  /** The last line that has left the screen; see {@link TerminalView.lastGone}. */
  lastGone(after: number): number {
    return this.#view.lastGone(after);
  }

  /** Rings the bell with the next drawing, if it did not just ring. */
  ring(): void {
    this.#rings = true;
    this.#schedule();
  }

  /**
   * Asks a question; `undefined` when the user gives up.
   *
   * @param signal Takes the question away, and nothing of it stays.
   */
  async ask(
    question: string,
    hidden: boolean,
    signal?: AbortSignal,
  ): Promise<string | undefined> {
    const { editor } = this.#view;
    editor.ask(question, hidden);
    this.#schedule();
    this.#prepareWidths();
    const { promise, resolve } = Promise.withResolvers<string | undefined>();
    this.#answer = resolve;
    const takeAway = () => this.#giveUp(resolve);
    signal?.addEventListener("abort", takeAway);
    const text = await promise;
    signal?.removeEventListener("abort", takeAway);
    editor.answered();
    if (signal?.aborted) {
      this.#schedule();
      return undefined;
    }
    const answered = hidden || text === undefined ? question : question + text;
    this.print([{ text: answered, indent: 2 }]);
    return text;
  }

  /**
   * Shows `text` in the place of the line and drops what is typed until `work`
   * is done: it may be a password that was typed ahead.
   */
  async hold<T>(text: string, work: Promise<T>): Promise<T> {
    const { editor } = this.#view;
    editor.ask(text, true);
    const drop = () => {
      this.#answer = drop;
    };
    drop();
    this.#schedule();
    try {
      return await work;
    } finally {
      this.#answer = undefined;
      editor.answered();
      this.#schedule();
    }
  }

  /** Shows what is left to show and gives the terminal back. */
  close(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    clearTimeout(this.#timer);
    clearTimeout(this.#keyTimer);
    clearTimeout(this.#idleTimer);
    this.#input.cancel();
    this.#output.write(this.#view.finish(this.#size()));
    this.#mode.close();
  }

  /** While somebody thinks of an answer, and not with the first message. */
  #prepareWidths(): void {
    this.#idleTimer ??= setTimeout(() => void textWidth("ü👍"), idleMs);
  }

  #giveUp(answer: (text: string | undefined) => void): void {
    if (this.#answer !== answer) return;
    this.#answer = undefined;
    answer(undefined);
  }

  #size(): TerminalSize {
    try {
      const { columns, rows } = Deno.consoleSize();
      // Terminals that do not know their size say 0.
      if (columns === 0) return defaultSize;
      return { columns: Math.max(columns, leastColumns), rows };
    } catch {
      return defaultSize;
    }
  }

  async #read(): Promise<void> {
    for (;;) {
      const bytes = await this.#input.read();
      if (!this.#isOpen) return;
      if (bytes === undefined) return this.#handler.gone();
      this.#handleKeys(this.#decoder.push(bytes, performance.now()));
      this.#handler.keys();
    }
  }

  #handleKeys(keys: readonly Key[]): void {
    for (const key of keys) {
      // Taken before the key changes the line.
      const { prompt } = this.#view.editor;
      const action = this.#view.editor.handleKey(key);
      if (action !== undefined) this.#act(action, prompt);
    }
    this.#schedule();
    clearTimeout(this.#keyTimer);
    const at = this.#decoder.pollTimeout();
    if (at === undefined || !this.#isOpen) return;
    this.#keyTimer = setTimeout(() => {
      this.#handleKeys(this.#decoder.handleTimeout(performance.now()));
    }, Math.max(at - performance.now(), 0) + 1);
  }

  #act(action: EditorAction, prompt: string): void {
    const answer = this.#answer;
    if (action.action === "suspend") {
      this.#mode.suspend();
    } else if (action.action === "clear-screen") {
      this.#output.write(this.#view.clear());
    } else if (answer !== undefined) {
      this.#answer = undefined;
      answer(action.action === "line" ? action.text : undefined);
    } else if (action.action === "line") {
      this.#handler.line(action.text, prompt);
    } else if (action.action === "lines") {
      for (const text of action.texts) this.#handler.line(text, prompt);
    } else if (action.action === "message") {
      this.#handler.message(action.text, prompt);
    } else this.#handler.leave(leaveKeys[action.action]);
  }

  /** Draws soon: at once after a pause, else a few dozen times a second. */
  #schedule(): void {
    if (this.#timer !== undefined || !this.#isOpen) return;
    const wait = Math.max(this.#lastDraw + drawMs - performance.now(), 0);
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.#redraw();
    }, wait);
  }

  #redraw(): void {
    if (!this.#isOpen || !this.#mode.isOn) return;
    this.#lastDraw = performance.now();
    // A terminal that takes nothing is given nothing more.
    if (this.#output.queued > mostQueued) return this.#schedule();
    const size = this.#size();
    const drawing = this.#view.draw(size, this.#handler.rows(size));
    this.#output.write(this.#takeBell() + drawing);
  }

  #takeBell(): string {
    if (!this.#rings) return "";
    this.#rings = false;
    if (this.#lastDraw < this.#rangAt + betweenBellsMs) return "";
    this.#rangAt = this.#lastDraw;
    return "\x07";
  }
}

const leaveKeys: Record<"interrupt" | "end-of-input", LeaveKey> = {
  "interrupt": "Ctrl-C",
  "end-of-input": "Ctrl-D",
};
const defaultSize: TerminalSize = { columns: 80, rows: 24 };
const leastColumns = 4;
const drawMs = 33;
/** A question is drawn by then. */
const idleMs = 100;
const betweenBellsMs = 1000;
/** UTF-16 units. */
const mostQueued = 256 * 1024;

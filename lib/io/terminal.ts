/**
 * A full terminal: reads keys into a line editor, prints above the line being
 * typed, shows rows around it. What happens between two drawings is shown by one
 * of them, a few dozen times a second at most.
 */
import type { CompletionSource } from "../client/completer.ts";
import { KeyDecoder } from "../client/key_decoder.ts";
import { type EditorAction, LineEditor } from "../client/line_editor.ts";
import type { FeedLine } from "../client/message_feed.ts";
import { Screen } from "../client/screen.ts";
import { wrapStyled } from "../client/styled_text.ts";
import type { Output } from "./output.ts";
import { StdinReader } from "./stdin_reader.ts";
import { TerminalMode } from "./terminal_mode.ts";

/** What the terminal tells and asks. */
export interface TerminalHandler {
  /** A line was entered after `prompt`; not the answer to a question. */
  line(text: string, prompt: string): void;
  interrupt(): void;
  endOfInput(): void;
  /** The rows above and under the line being typed, when they are drawn. */
  rows(size: TerminalSize): {
    readonly above: readonly string[];
    readonly below: readonly string[];
  };
}

/** In characters. */
export interface TerminalSize {
  readonly columns: number;
  readonly rows: number;
}

/** The user's terminal. */
export class Terminal {
  readonly #output: Output;
  readonly #handler: TerminalHandler;
  readonly #editor: LineEditor;
  readonly #decoder = new KeyDecoder();
  readonly #screen = new Screen();
  readonly #input = new StdinReader();
  readonly #mode: TerminalMode;
  #prompt = "";
  #lines: FeedLine[] = [];
  /** Lines given up because the terminal takes none. */
  #lost = 0;
  #rings = false;
  #rangAt = -Infinity;
  #timer: ReturnType<typeof setTimeout> | undefined;
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
    this.#editor = new LineEditor("", source);
    this.#mode = new TerminalMode(output, {
      erase: () => this.#screen.erase(this.#size().columns),
      resumed: () => {
        this.#screen.forget();
        this.#redraw();
      },
      resized: () => this.#redraw(),
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
    this.#editor.load(lines);
  }

  /** What stands before the line, when there is no question. */
  setPrompt(prompt: string): void {
    this.#prompt = prompt;
    if (this.#answer === undefined) this.#editor.prompt = prompt;
    this.update();
  }

  /** The rows around the line have changed. */
  update(): void {
    this.#schedule();
  }

  /** Prints lines above the one being typed. */
  print(lines: readonly FeedLine[]): void {
    this.#lines.push(...lines);
    const excess = this.#lines.length - mostWaitingLines;
    if (excess > 0) {
      this.#lines.splice(0, excess);
      this.#lost += excess;
    }
    this.#schedule();
  }

  /** Rings the bell with the next drawing, if it did not just ring. */
  ring(): void {
    this.#rings = true;
    this.#schedule();
  }

  /** Asks a question; `undefined` when the user gives up. */
  async ask(question: string, hidden: boolean): Promise<string | undefined> {
    const editor = this.#editor;
    editor.prompt = question;
    editor.hidden = hidden;
    editor.remembers = false;
    this.#schedule();
    const text = await new Promise<string | undefined>((resolve) => {
      this.#answer = resolve;
    });
    editor.hidden = false;
    editor.remembers = true;
    editor.prompt = this.#prompt;
    const answered = hidden || text === undefined ? question : question + text;
    this.print([{ text: answered, indent: 2 }]);
    return text;
  }

  /** Shows what is left to show and gives the terminal back. */
  close(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    clearTimeout(this.#timer);
    this.#input.cancel();
    const { columns } = this.#size();
    const last = this.#takeLines(columns).map((row) => `${row}\r\n`).join("");
    this.#output.write(this.#screen.erase(columns) + last);
    this.#mode.close();
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
      if (bytes === undefined) return this.#handler.endOfInput();
      for (const key of this.#decoder.push(bytes)) {
        // Taken before the key changes the line.
        const { prompt } = this.#editor;
        const action = this.#editor.handleKey(key);
        if (action !== undefined) this.#act(action, prompt);
      }
      this.#schedule();
    }
  }

  #act(action: EditorAction, prompt: string): void {
    const answer = this.#answer;
    if (action.action === "suspend") {
      this.#mode.suspend();
    } else if (action.action === "clear-screen") {
      const { columns } = this.#size();
      this.#output.write(this.#screen.erase(columns) + clearScreen);
    } else if (answer !== undefined) {
      this.#answer = undefined;
      answer(action.action === "line" ? action.text : undefined);
    } else if (action.action === "line") {
      this.#handler.line(action.text, prompt);
    } else if (action.action === "lines") {
      for (const text of action.texts) this.#handler.line(text, prompt);
    } else if (action.action === "interrupt") this.#handler.interrupt();
    else this.#handler.endOfInput();
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
    const { columns } = size;
    const { above, below } = this.#handler.rows(size);
    const hint = this.#editor.hint(columns - 1);
    const line = this.#editor.render(columns);
    const frame = {
      above,
      line,
      below: hint === undefined ? below : [hint, ...below],
    };
    const rows = this.#takeLines(columns);
    const drawing = this.#screen.draw(frame, columns, rows);
    this.#output.write(this.#takeBell() + drawing);
  }

  #takeLines(columns: number): string[] {
    const rows = this.#lost === 0
      ? []
      : [`(${this.#lost} lines came faster than this terminal takes them)`];
    this.#lost = 0;
    for (const { text, indent } of this.#lines) {
      rows.push(...wrapStyled(text, columns, indent));
    }
    this.#lines = [];
    return rows;
  }

  #takeBell(): string {
    if (!this.#rings) return "";
    this.#rings = false;
    if (this.#lastDraw < this.#rangAt + betweenBellsMs) return "";
    this.#rangAt = this.#lastDraw;
    return "\x07";
  }
}

const defaultSize: TerminalSize = { columns: 80, rows: 24 };
const leastColumns = 4;
const clearScreen = "\x1b[H\x1b[2J";
const drawMs = 33;
const betweenBellsMs = 1000;
const mostWaitingLines = 5000;
/** UTF-16 units. */
const mostQueued = 256 * 1024;

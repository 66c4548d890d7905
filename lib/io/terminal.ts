/**
 * A terminal in raw mode: reads keys into a line editor, prints above the line
 * being typed, shows status lines. Raw mode is switched on and off here and
 * nowhere else, and is off again whatever happens.
 */
import type { CompletionSource } from "../client/completer.ts";
import { KeyDecoder } from "../client/key_decoder.ts";
import { LineEditor } from "../client/line_editor.ts";
import { Screen } from "../client/screen.ts";
import { StdinReader } from "./stdin_reader.ts";
import type { Output } from "./output.ts";

/** What the terminal tells. */
export interface TerminalHandler {
  line(text: string): void;
  interrupt(): void;
  endOfInput(): void;
}

/** The user's terminal. */
export class Terminal {
  readonly #output: Output;
  readonly #handler: TerminalHandler;
  readonly #editor: LineEditor;
  readonly #decoder = new KeyDecoder();
  readonly #screen = new Screen();
  readonly #input = new StdinReader();
  readonly #onResize = () => this.#redraw();
  #status: () => readonly string[] = () => [];
  #lines: string[] = [];
  #timer: ReturnType<typeof setTimeout> | undefined;
  #answer: ((text: string | undefined) => void) | undefined;
  #lastDraw = 0;
  #isOpen = false;

  constructor(
    output: Output,
    source: CompletionSource,
    handler: TerminalHandler,
  ) {
    this.#output = output;
    this.#handler = handler;
    this.#editor = new LineEditor("", source);
  }

  /** Columns of the terminal. */
  get width(): number {
    try {
      const { columns } = Deno.consoleSize();
      // Terminals that do not know their size say 0.
      return columns === 0 ? defaultWidth : Math.max(columns, 4);
    } catch {
      return defaultWidth;
    }
  }

  /** Starts raw mode. */
  open(): void {
    this.#isOpen = true;
    Deno.stdin.setRaw(true);
    this.#output.write(bracketedPaste.on);
    if (Deno.build.os !== "windows") {
      Deno.addSignalListener("SIGWINCH", this.#onResize);
    }
    globalThis.addEventListener("unload", this.#restore);
    this.#read();
  }

  /** What stands before the line. */
  setPrompt(prompt: string): void {
    this.#editor.prompt = prompt;
    this.#schedule();
  }

  /** Where the status lines come from when the screen is drawn. */
  setStatus(status: () => readonly string[]): void {
    this.#status = status;
  }

  /** The status lines have changed. */
  update(): void {
    this.#schedule();
  }

  /** Prints lines above the one being typed. */
  print(lines: readonly string[]): void {
    this.#lines.push(...lines);
    this.#schedule();
  }

  /** Asks a question; `undefined` when the user gives up. */
  async ask(question: string, hidden: boolean): Promise<string | undefined> {
    const prompt = this.#editor.prompt;
    this.#editor.prompt = question;
    this.#editor.hidden = hidden;
    this.#schedule();
    const text = await new Promise<string | undefined>((resolve) => {
      this.#answer = resolve;
    });
    this.#editor.hidden = false;
    this.#editor.prompt = prompt;
    this.print([hidden || text === undefined ? question : question + text]);
    return text;
  }

  /** Shows what is left to show and gives the terminal back. */
  close(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    clearTimeout(this.#timer);
    this.#input.cancel();
    const last = this.#lines.map((line) => `${line}\r\n`).join("");
    this.#lines = [];
    this.#output.write(this.#screen.erase(this.width) + last);
    this.#output.write(bracketedPaste.off);
    if (Deno.build.os !== "windows") {
      Deno.removeSignalListener("SIGWINCH", this.#onResize);
    }
    globalThis.removeEventListener("unload", this.#restore);
    Deno.stdin.setRaw(false);
  }

  async #read(): Promise<void> {
    for (;;) {
      const bytes = await this.#input.read();
      if (!this.#isOpen) return;
      if (bytes === undefined) return this.#handler.endOfInput();
      for (const key of this.#decoder.push(bytes)) {
        const action = this.#editor.handleKey(key);
        if (action !== undefined) this.#act(action);
      }
      this.#schedule();
    }
  }

  #act(action: NonNullable<ReturnType<LineEditor["handleKey"]>>): void {
    const answer = this.#answer;
    if (action.action === "clear-screen") {
      this.#output.write(this.#screen.erase(this.width) + "\x1b[H\x1b[2J");
    } else if (answer !== undefined) {
      this.#answer = undefined;
      answer(action.action === "line" ? action.text : undefined);
    } else if (action.action === "line") {
      this.print([this.#editor.prompt + action.text]);
      this.#handler.line(action.text);
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
    if (!this.#isOpen) return;
    this.#lastDraw = performance.now();
    const { width } = this;
    const lines = this.#lines;
    this.#lines = [];
    const line = this.#editor.render(width);
    this.#output.write(this.#screen.draw(this.#status(), line, width, lines));
  }

  /** The last chance to leave the terminal usable. */
  readonly #restore = () => {
    Deno.stdin.setRaw(false);
    Deno.stdout.writeSync(
      new TextEncoder().encode(`\r\n${bracketedPaste.off}`),
    );
  };
}

const bracketedPaste = { on: "\x1b[?2004h", off: "\x1b[?2004l" };
const drawMs = 25;
const defaultWidth = 80;

/**
 * What a full terminal shows: lines that were printed, and at its lower end the
 * line being typed with the rows around it. Pure: every method returns what to
 * write.
 */
import type { CompletionSource } from "./completer.ts";
import { LineEditor } from "./line_editor.ts";
import type { FeedLine } from "../../text/message_feed.ts";
import { Screen, type ScreenFrame } from "./screen.ts";
import { wrapStyled } from "../../text/styled_text.ts";

/** In characters. */
export interface TerminalSize {
  readonly columns: number;
  readonly rows: number;
}

/** Rows around the line being typed; they may hold colours. */
export interface RowsAround {
  readonly above: readonly string[];
  readonly below: readonly string[];
}

/** One terminal's contents. */
export class TerminalView {
  /** The line being typed. */
  readonly editor: LineEditor;
  readonly #screen = new Screen();
  /** Lines that are not drawn yet. */
  #lines: FeedLine[] = [];
  /** Lines given up because the terminal takes none. */
  #lost = 0;
  /** What was printed last, for a terminal that gets another size. */
  #printed: FeedLine[] = [];
  #size: TerminalSize | undefined;
  #lastLine = 0;
  /** Rows of the lower end, as it was drawn. */
  #frameRows = 0;

  constructor(source: CompletionSource) {
    this.editor = new LineEditor("", source);
  }

  /** The next drawing prints these lines; what waits is bounded. */
  print(lines: readonly FeedLine[]): void {
    this.#lines.push(...lines);
    this.#lastLine += lines.length;
    const excess = this.#lines.length - mostWaitingLines;
    if (excess > 0) {
      this.#lines.splice(0, excess);
      this.#lost += excess;
    }
  }

  /** How many lines were printed: the number of the last one. */
  get lastLine(): number {
    return this.#lastLine;
  }

  /**
   * The number of the last line of which nothing is on the screen any more.
   *
   * @param after So many more rows are going to be printed.
   */
  lastGone(after = 0): number {
    const { rows = 0, columns = 0 } = this.#size ?? {};
    let last = this.#lastLine - this.#lines.length;
    const waiting = this.#lines.flatMap((line) => rowsOf(line, columns));
    let room = rows - this.#frameRows - waiting.length - after;
    for (const line of this.#printed.toReversed()) {
      room -= rowsOf(line, columns).length;
      if (room < 0) break;
      last--;
    }
    return last;
  }

  /** What to write to show how things are now. */
  draw(size: TerminalSize, around: RowsAround): string {
    const { columns, rows } = size;
    const frame = this.frame(size, around);
    this.#frameRows = frame.above.length + 1 + frame.below.length;
    const before = this.#size ?? size;
    this.#size = size;
    const lines = this.#takeLines(columns);
    if (before.columns === columns && before.rows === rows) {
      return this.#screen.draw(frame, columns, lines);
    }
    // As many lines as there are rows are enough.
    const last = this.#printed.slice(-rows);
    const printed = last.flatMap((line) => rowsOf(line, columns));
    return this.#screen.repaint(frame, columns, rows, printed);
  }

  /** What stands at the lower end, with all lines of the text being typed. */
  frame(
    { columns, rows }: TerminalSize,
    { above, below }: RowsAround,
  ): ScreenFrame {
    const hint = this.editor.hint(columns - 1);
    const isHinted = hint !== undefined && rows >= leastRowsForHint;
    const under = isHinted ? [hint, ...below] : below;
    // What people say keeps a row.
    const room = rows - above.length - under.length - 1;
    const most = Math.max(Math.min(room, Math.floor(rows / 3)), 1);
    const others = this.editor.around(columns - 1, most);
    return {
      above: [...above, ...others.above],
      line: this.editor.render(columns),
      below: [...others.below, ...under],
    };
  }

  /** What to write for an empty terminal, which is drawn on next. */
  clear(): string {
    this.#printed = [];
    return this.#screen.erase() + clearScreen;
  }

  /** What to write to take away what is not meant to stay. */
  erase(): string {
    return this.#screen.erase();
  }

  /** Others have written to the terminal: the next drawing starts below that. */
  forget(): void {
    this.#screen.forget();
    this.#size = undefined;
  }

  /** What to write at the end: the lines that are left, and nothing else. */
  finish({ columns }: TerminalSize): string {
    return this.#screen.finish(this.#takeLines(columns), columns);
  }

  #takeLines(columns: number): string[] {
    const lines = this.#lines;
    this.#lines = [];
    if (this.#lost > 0) {
      const text =
        `(${this.#lost} lines came faster than this terminal takes them)`;
      lines.unshift({ text, indent: 0 });
      this.#lost = 0;
    }
    this.#printed = [...this.#printed, ...lines].slice(-mostPrinted);
    return lines.flatMap((line) => rowsOf(line, columns));
  }
}

function rowsOf({ text, indent }: FeedLine, columns: number): string[] {
  return wrapStyled(text, columns, indent);
}

const clearScreen = "\x1b[H\x1b[2J";
const mostWaitingLines = 5000;
/** More than a terminal has rows. */
const mostPrinted = 300;
const leastRowsForHint = 3;

/**
 * The lower end of the terminal: rows about transfers, the line being typed, a
 * hint and the status row. Pure: every method returns what to write. Lines are
 * printed above it, so that a message that arrives never garbles what is being
 * typed, and they stay in the terminal's own scroll-back.
 */
import type { RenderedLine } from "./line_editor.ts";
import { clipStyled, styledWidth } from "./styled_text.ts";
import { clipToWidth, textWidth } from "./text_width.ts";

/** What stands at the lower end. */
export interface ScreenFrame {
  /** Rows above the line being typed; they may hold colours. */
  readonly above: readonly string[];
  readonly line: RenderedLine;
  /** Rows under it; they may hold colours. */
  readonly below: readonly string[];
}

/** What stands at the lower end now. */
export class Screen {
  /** What was drawn; `undefined` when nothing is. */
  #drawn: { readonly frame: ScreenFrame; readonly width: number } | undefined;

  /** What to write to take the lower end away. */
  erase(width: number): string {
    if (this.#drawn === undefined) return "";
    const { above, line } = this.#drawn.frame;
    // A terminal that became narrower has wrapped the rows.
    let rows = Math.floor(line.column / width);
    for (const row of above) {
      rows += Math.max(Math.ceil(styledWidth(row) / width), 1);
    }
    this.#drawn = undefined;
    return `\r${up(rows)}\x1b[J`;
  }

  /** The terminal shows something else now: nothing is there to be erased. */
  forget(): void {
    this.#drawn = undefined;
  }

  /**
   * What to write to show `frame` in place of what was there.
   *
   * @param lines Rows to print above it for good.
   */
  draw(
    frame: ScreenFrame,
    width: number,
    lines: readonly string[] = [],
  ): string {
    const clipped: ScreenFrame = {
      above: frame.above.map((row) => clipStyled(row, width - 1)),
      line: frame.line,
      below: frame.below.map((row) => clipStyled(row, width - 1)),
    };
    const change = lines.length > 0 ? undefined : this.#change(clipped, width);
    if (change !== undefined) return change;
    const erased = this.erase(width);
    this.#drawn = { frame: clipped, width };
    const { above, line, below } = clipped;
    const over = [...lines, ...above].map((row) => `${row}\r\n`).join("");
    const under = below.map((row) => `\r\n${row}`).join("");
    return `${erased}${over}${under}${up(below.length)}\r${withCursor(line)}`;
  }

  /** What to write when no more than the line changed; else `undefined`. */
  #change(frame: ScreenFrame, width: number): string | undefined {
    if (this.#drawn?.width !== width) return undefined;
    const { above, line: before, below } = this.#drawn.frame;
    if (!isSame(above, frame.above) || !isSame(below, frame.below)) {
      return undefined;
    }
    const { text, column } = frame.line;
    if (text === before.text && column === before.column) return "";
    this.#drawn = { frame, width };
    const isLonger = text.startsWith(before.text) &&
      before.column === textWidth(before.text) && column === textWidth(text);
    // Most keys add a character at the end.
    if (isLonger) return text.slice(before.text.length);
    return `\r\x1b[K${withCursor(frame.line)}`;
  }
}

function isSame(one: readonly string[], other: readonly string[]): boolean {
  return one.length === other.length &&
    one.every((row, index) => row === other[index]);
}

function up(rows: number): string {
  return rows > 0 ? `\x1b[${rows}A` : "";
}

/**
 * Draws the line with the cursor in its place: where the terminal has it after
 * what stands before it, since not every terminal finds every character as wide
 * as this program does.
 */
function withCursor({ text, column }: RenderedLine): string {
  const before = clipToWidth(text, column);
  const after = text.slice(before.length);
  return after === "" ? text : `${before}${saveCursor}${after}${restoreCursor}`;
}

/** DECSC and DECRC. */
const saveCursor = "\x1b7";
const restoreCursor = "\x1b8";

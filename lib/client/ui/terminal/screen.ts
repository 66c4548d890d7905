/**
 * The lower end of the terminal: rows about transfers, the line being typed, a
 * hint and the status row. Pure: every method returns what to write. Lines are
 * printed above it, so that a message that arrives never garbles what is being
 * typed, and they stay in the terminal's own scroll-back. Each row takes one row
 * of the terminal, however wide that finds it: nothing wraps while it is drawn.
 */
import type { RenderedLine } from "./line_editor.ts";
import { isPlain, placedRow } from "./placed_row.ts";
import { clipStyled, textWidth } from "../../text/styled_text.ts";

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
  erase(): string {
    if (this.#drawn === undefined) return "";
    const { above } = this.#drawn.frame;
    this.#drawn = undefined;
    return `\r${up(above.length)}\x1b[J`;
  }

  /** The same, and `lines` are printed in its place. */
  finish(lines: readonly string[], width: number): string {
    const rows = lines.map((text) => `${placedRow(text, 0, width)}\r\n`);
    return this.erase() + (rows.length === 0 ? "" : withoutWrap(rows.join("")));
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
    const clipped = clip(frame, width);
    const change = lines.length > 0 ? undefined : this.#change(clipped, width);
    if (change !== undefined) return change;
    const rise = up(this.#drawn?.frame.above.length ?? 0);
    this.#drawn = { frame: clipped, width };
    const { above, line, below } = clipped;
    const row = (text: string) => emptied + placedRow(text, 0, width);
    const over = [...lines, ...above].map((text) => `${row(text)}\r\n`).join(
      "",
    );
    const under = below.map((text) => `\r\n${row(text)}`).join("");
    return withoutWrap(
      `\r${rise}${over}${emptied}${under}\x1b[J${up(below.length)}\r` +
        withCursor(line, width),
    );
  }

  /**
   * What to write to show `frame`, and over it the last of `printed`, on a
   * terminal that has just become `width` by `height`: what terminals make of
   * the rows that were there is different with each of them.
   */
  repaint(
    frame: ScreenFrame,
    width: number,
    height: number,
    printed: readonly string[],
  ): string {
    const clipped = clip(frame, width);
    const below = clipped.below.slice(0, Math.max(height - 1, 0));
    const room = Math.max(height - 1 - below.length, 0);
    const above = room === 0 ? [] : clipped.above.slice(-room);
    const left = room - above.length;
    this.#drawn = { frame: { above, line: clipped.line, below }, width };
    const over = [...left === 0 ? [] : printed.slice(-left), ...above];
    const texts = [...over, "", ...below];
    let painted = "";
    for (let row = 0; row < height; row++) {
      painted += `\x1b[${row + 1};1H${emptied}`;
      painted += placedRow(texts[row] ?? "", 0, width);
    }
    painted += `\x1b[${over.length + 1};1H`;
    return withoutWrap(painted + withCursor(clipped.line, width));
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
    const isLonger = text.startsWith(before.text) && isPlain(text) &&
      before.column === before.text.length && column === text.length;
    // Most keys add a character at the end.
    if (isLonger && column < width) return text.slice(before.text.length);
    return withoutWrap(`\r${emptied}${withCursor(frame.line, width)}`);
  }
}

function clip({ above, line, below }: ScreenFrame, width: number): ScreenFrame {
  const clipRow = (row: string) => clipStyled(row, width - 1);
  return { above: above.map(clipRow), line, below: below.map(clipRow) };
}

function isSame(one: readonly string[], other: readonly string[]): boolean {
  return one.length === other.length &&
    one.every((row, index) => row === other[index]);
}

function up(rows: number): string {
  return rows > 0 ? `\x1b[${rows}A` : "";
}

/** What a terminal finds too long stays in its row. */
function withoutWrap(drawing: string): string {
  return autoWrap.off + drawing + autoWrap.on;
}

/**
 * Draws the line with the cursor in its place: where the terminal has it after
 * what stands before it.
 */
function withCursor(line: RenderedLine, width: number): string {
  const { text, lead, cursor, column } = line;
  const prompt = text.slice(0, lead);
  const start = placedRow(prompt, 0, width) +
    placedRow(text.slice(lead, cursor), textWidth(prompt), width);
  const after = text.slice(cursor);
  if (after === "") return start;
  const rest = placedRow(after, column, width);
  return `${start}${saveCursor}${rest}${restoreCursor}`;
}

/** DECAWM. */
export const autoWrap = { on: "\x1b[?7h", off: "\x1b[?7l" };
/** EL before a row is written: behind a full one it would take the last column. */
const emptied = "\x1b[K";
/** DECSC and DECRC. */
const saveCursor = "\x1b7";
const restoreCursor = "\x1b8";

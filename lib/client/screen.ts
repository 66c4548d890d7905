/**
 * The lower end of the terminal: status lines and the line being typed. Pure:
 * every method returns what to write. Lines are printed above it, so that a
 * message that arrives never garbles what is being typed.
 */
import type { RenderedLine } from "./line_editor.ts";
import { clipToWidth, textWidth } from "./text_width.ts";

/** What stands at the lower end now. */
export class Screen {
  #status: readonly string[] = [];
  #line: RenderedLine = { text: "", column: 0 };
  /** Widths of the rows drawn, top to bottom; empty when nothing is drawn. */
  #drawn: number[] = [];
  /** Row of the cursor among the rows drawn. */
  #cursorRow = 0;
  #cursorColumn = 0;

  /** What to write to take the lower end away. */
  erase(width: number): string {
    if (this.#drawn.length === 0) return "";
    // A terminal that became narrower has wrapped the rows.
    let above = Math.floor(this.#cursorColumn / width);
    for (const drawn of this.#drawn.slice(0, this.#cursorRow)) {
      above += Math.max(Math.ceil(drawn / width), 1);
    }
    this.#drawn = [];
    return `\r${above > 0 ? `\x1b[${above}A` : ""}\x1b[J`;
  }

  /** What to write to show `status` and `line` in place of what was there. */
  draw(
    status: readonly string[],
    line: RenderedLine,
    width: number,
    lines: readonly string[] = [],
  ): string {
    if (lines.length === 0 && this.#isDrawn(status, line)) return "";
    const erased = this.erase(width);
    const above = lines.map((each) => `${each}\r\n`).join("");
    const rows = status.map((row) => clipToWidth(row, width - 1));
    this.#status = status;
    this.#line = line;
    this.#drawn = [...rows, line.text].map(textWidth);
    this.#cursorRow = rows.length;
    this.#cursorColumn = line.column;
    const column = line.column > 0 ? `\x1b[${line.column}C` : "";
    const below = rows.map((row) => `${row}\r\n`).join("");
    return `${erased}${above}${below}${line.text}\r${column}`;
  }

  #isDrawn(status: readonly string[], line: RenderedLine): boolean {
    return this.#drawn.length > 0 && line.text === this.#line.text &&
      line.column === this.#line.column &&
      status.length === this.#status.length &&
      status.every((row, index) => row === this.#status[index]);
  }
}

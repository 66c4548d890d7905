import { assert, assertEquals } from "@std/assert";
import type { RenderedLine } from "../../lib/client/ui/terminal/line_editor.ts";
import type { FeedLine } from "../../lib/client/text/message_feed.ts";
import {
  clipStyled,
  graphemes,
  textWidth,
  withoutStyle,
  wrapStyled,
} from "../../lib/client/text/styled_text.ts";
import type { TerminalSize } from "../../lib/client/ui/terminal/terminal_view.ts";
import type { EmulatedTerminal } from "./emulated_terminal.ts";

/** What there is to show. */
export interface ShownNow {
  readonly above: readonly string[];
  readonly line: RenderedLine;
  readonly below: readonly string[];
  /** New ones. */
  readonly lines: readonly FeedLine[];
}

/** The rows that a terminal must show, as texts without columns and colours. */
export class ScreenModel {
  #size: TerminalSize;
  /** All rows since the last change of size, those too that have scrolled away. */
  #rows: string[] = [];
  /** Where the lower end begins. */
  #top = 0;
  #line: RenderedLine = { text: "", lead: 0, cursor: 0, column: 0 };
  #lineRow = 0;
  /** Rows that have scrolled away, which none does again. */
  #hidden = 0;
  #printed: FeedLine[] = [];
  /** Rows that had scrolled away when the screen was last painted anew. */
  #scrolledBefore: number | undefined = 0;

  constructor(size: TerminalSize) {
    this.#size = size;
  }

  draw(size: TerminalSize, shown: ShownNow): void {
    const { columns, rows } = size;
    const { above, line, lines } = shown;
    const clip = (row: string) => withoutStyle(clipStyled(row, columns - 1));
    const wrap = ({ text, indent }: FeedLine) =>
      wrapStyled(text, columns, indent).map(withoutStyle);
    const under = shown.below.map(clip);
    const over = above.map(clip);
    this.#printed.push(...lines);
    if (size.columns === this.#size.columns && rows === this.#size.rows) {
      this.#rows.length = this.#top;
      this.#rows.push(...lines.flatMap(wrap));
    } else {
      const free = rows - over.length - 1 - under.length;
      this.#rows = this.#printed.flatMap(wrap).slice(-free);
      if (free === 0) this.#rows = [];
      this.#startAnew();
    }
    this.#size = size;
    this.#line = line;
    this.#top = this.#rows.length;
    this.#lineRow = this.#top + over.length;
    this.#rows.push(...over, line.text, ...under);
    this.#hidden = Math.max(this.#hidden, this.#rows.length - rows);
  }

  clear(): void {
    this.#rows = [];
    this.#printed = [];
    this.#top = 0;
    this.#startAnew();
  }

  #startAnew(): void {
    this.#hidden = 0;
    this.#scrolledBefore = undefined;
  }

  /** Compares what a terminal shows, cell by cell. */
  compare(terminal: EmulatedTerminal): void {
    assert(terminal.wraps, "automatic wrap is left off");
    const hidden = this.#hidden;
    this.#scrolledBefore ??= terminal.scrolled - hidden;
    assertEquals(
      terminal.scrolled - this.#scrolledBefore,
      hidden,
      "rows that have scrolled away",
    );
    const last = hidden + this.#size.rows;
    for (let row = Math.max(hidden - 3, 0); row < last; row++) {
      const text = this.#rows[row] ?? "";
      const lead = row === this.#lineRow ? this.#line.lead : 0;
      const parts = [text.slice(0, lead), text.slice(lead)];
      this.#compareRow(terminal, this.#scrolledBefore + row, parts);
    }
    const { row, column } = terminal.cursor;
    assertEquals(row, this.#lineRow - hidden, "row of the cursor");
    const before = this.#line.text;
    const isSure = terminal.counts === "as told" || isAscii(before);
    const where = `column of the cursor in ${JSON.stringify(this.#line)}`;
    if (isSure) assertEquals(column, this.#line.column, where);
  }

  #compareRow(
    terminal: EmulatedTerminal,
    row: number,
    parts: readonly string[],
  ): void {
    const cells = terminal.cells(row);
    const expect = (column: number, expected: string) => {
      // What takes no column stands with what comes before it.
      const [shown = ""] = cells[column] ?? "";
      if (shown.trim() === expected.trim()) return;
      const what = `row ${row}, column ${column}: ${JSON.stringify(parts)}`;
      assertEquals(shown, expected, `${what}\n${cells.join("|")}`);
    };
    let column = 0;
    for (const grapheme of parts.flatMap(graphemes)) {
      if (isAscii(grapheme)) expect(column, grapheme);
      else if (agreed.test(grapheme)) {
        if (terminal.counts === "otherwise") return;
        expect(column, grapheme);
      }
      column += textWidth(grapheme);
    }
    for (; column < cells.length; column++) expect(column, "");
  }
}

function isAscii(text: string): boolean {
  return /^[\x20-\x7e]*$/.test(text);
}

/** Letters of which all terminals know how wide they are. */
const agreed =
  /^[[\p{L}\p{Nd}\p{P}]--[\p{Extended_Pictographic}\u1100-\u11ff\ua960-\ua97c\ud7b0-\ud7fb]]$/v;

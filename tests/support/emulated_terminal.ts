import xterm from "@xterm/headless";
import type { TerminalSize } from "../../lib/client/ui/terminal/terminal_view.ts";

/**
 * A terminal emulator, which shows what a real one would. Its own tables are
 * those of Unicode 6; with `otherwise` any character that is not ASCII may be
 * narrower or wider than it is thought to be, always the same one.
 */
export class EmulatedTerminal {
  readonly counts: "as told" | "otherwise";
  readonly #terminal: InstanceType<typeof xterm.Terminal>;

  constructor(
    { columns, rows }: TerminalSize,
    counts: "as told" | "otherwise",
    seed: number,
  ) {
    this.counts = counts;
    this.#terminal = new xterm.Terminal({
      cols: columns,
      rows,
      scrollback: 1000,
      allowProposedApi: true,
    });
    if (counts === "as told") return;
    const wcwidth = (code: number) => {
      if (code < 0x20 || code >= 0x7f && code < 0xa0) return 0;
      if (code < 0x7f) return 1;
      return (Math.imul(code ^ seed, 0x9e3779b1) >>> 16) % 3 as 0 | 1 | 2;
    };
    const { unicode } = this.#terminal;
    unicode.register({
      version: "otherwise",
      wcwidth,
      // Width in bits 1 and 2; bit 0 joins to the character before.
      charProperties(code, before) {
        const width = wcwidth(code);
        const widthBefore = before >> 1 & 3;
        if (width > 0 || widthBefore === 0) return width << 1;
        return widthBefore << 1 | 1;
      },
    });
    unicode.activeVersion = "otherwise";
  }

  /** Writes and waits until that is shown. */
  write(text: string): Promise<void> {
    return new Promise((resolve) => this.#terminal.write(text, resolve));
  }

  resize({ columns, rows }: TerminalSize): void {
    this.#terminal.resize(columns, rows);
  }

  close(): void {
    this.#terminal.dispose();
  }

  /** False while rows that are too long stay in their row. */
  get wraps(): boolean {
    return this.#terminal.modes.wraparoundMode;
  }

  /** Of the screen, from 0. */
  get cursor(): { readonly row: number; readonly column: number } {
    const { cursorX: column, cursorY: row } = this.#terminal.buffer.active;
    return { row, column };
  }

  /** Rows that have scrolled away. */
  get scrolled(): number {
    return this.#terminal.buffer.active.baseY;
  }

  /**
   * What stands in each column of a row; of a wide character in its first one.
   *
   * @param row Of all rows, those first that have scrolled away.
   */
  cells(row: number): string[] {
    const line = this.#terminal.buffer.active.getLine(row);
    return Array.from(
      { length: this.#terminal.cols },
      (_, column) => line?.getCell(column)?.getChars() ?? "",
    );
  }
}

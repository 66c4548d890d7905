import {
  type TerminalSize,
  TerminalView,
} from "../../lib/client/ui/terminal/terminal_view.ts";
import { rowsAround } from "../../lib/client/ui/terminal/status_rows.ts";
import { OwnLines } from "../../lib/client/ui/terminal/own_lines.ts";
import { MessageFeed } from "../../lib/client/text/message_feed.ts";
import { colourPalette } from "../../lib/cli/palette.ts";
import type { ClientEvent } from "../../lib/client/events/client_event.ts";
import type { QuietEvent } from "../../lib/client/events/quiet_event.ts";
import { ClientView } from "../../lib/client/events/client_view.ts";
import { EmulatedTerminal } from "./emulated_terminal.ts";

/** What a person sees on an emulated terminal of what happens to yoda. */
export class ShownScreen {
  readonly terminal: TerminalView;
  readonly own: OwnLines;
  readonly view = new ClientView("localhost:6000");
  readonly #size: TerminalSize;
  readonly #emulated: EmulatedTerminal;
  readonly #at: number;

  /** @param at When everything happens, ms since 1970 UTC. */
  constructor(size: TerminalSize, at: number) {
    this.#size = size;
    this.#at = at;
    this.#emulated = new EmulatedTerminal(size, "as told", 1);
    const feed = new MessageFeed({ palette: colourPalette, timestamps: true });
    feed.user = "yoda";
    this.own = new OwnLines(feed, colourPalette, false);
    this.terminal = new TerminalView({
      users: () => [],
      groups: () => [],
      devices: () => [],
      sessions: () => [],
      blocked: () => [],
      files: () => [],
    });
  }

  /** Something happens. */
  tell(event: ClientEvent | QuietEvent): void {
    this.view.handleEvent(event);
    const isOnline = this.view.me.connection === "open";
    this.terminal.print(this.own.lines(event, this.#at, isOnline));
  }

  /** The rows of the screen as they are now, without blanks at their ends. */
  async rows(): Promise<string[]> {
    const around = rowsAround(
      this.view,
      this.own,
      this.#size,
      colourPalette,
      this.#at,
    );
    await this.#emulated.write(this.terminal.draw(this.#size, around));
    const { scrolled } = this.#emulated;
    const rows = Array.from({ length: this.#size.rows }, (_, row) => {
      const cells = this.#emulated.cells(scrolled + row);
      return cells.map((cell) => cell === "" ? " " : cell).join("").trimEnd();
    });
    return rows.slice(0, rows.findLastIndex((row) => row !== "") + 1);
  }

  /** Where the cursor stands, from 0. */
  get cursor() {
    return this.#emulated.cursor;
  }

  [Symbol.dispose](): void {
    this.#emulated.close();
  }
}

/**
 * The lines that the user entered, as the terminal shows them. A message is
 * printed with its time and a mark once it is known what became of it, and
 * stands above the line being typed until then; so does everything that is
 * entered while there is no connection. Other lines are printed as they were
 * typed, at once.
 */
import { lookOf } from "../../commands/command.ts";
import { type Command, commandRow } from "../../commands/table.ts";
import type { ClientEvent, CommandSuccess } from "../../events/client_event.ts";
import { isCeremony, isQuiet } from "../../events/event_kind.ts";
import type { QuietEvent } from "../../events/quiet_event.ts";
import type { Palette } from "../../../cli/palette.ts";
import type {
  FeedLine,
  MessageFeed,
  OwnMessage,
} from "../../text/message_feed.ts";
import { clipStyled, wrapStyled } from "../../text/styled_text.ts";

/** The user's lines that are not printed yet. */
export class OwnLines {
  readonly #feed: MessageFeed;
  readonly #palette: Palette;
  readonly #quiet: boolean;
  #lines: OwnLine[] = [];

  /**
   * @param feed Makes the lines of what happens.
   * @param quiet Leave out what is ceremony.
   */
  constructor(feed: MessageFeed, palette: Palette, quiet: boolean) {
    this.#feed = feed;
    this.#palette = palette;
    this.#quiet = quiet;
  }

  /** How many wait to be printed. */
  get waiting(): number {
    return this.#lines.length;
  }

  /**
   * A line is entered: it is handed in next, and has its number then.
   *
   * @param text As it was typed.
   * @param echo The lines that show it with what it was typed after.
   * @param at ms since 1970 UTC.
   */
  enter(text: string, echo: readonly FeedLine[], at: number): void {
    this.#lines.push({ n: undefined, text, echo, at, isBegun: false });
  }

  /** The line entered last was handed in, and has number `n`. */
  handleSubmitted(n: number): void {
    const line = this.#lines.find((line) => line.n === undefined);
    if (line !== undefined) line.n = n;
  }

  /**
   * The lines to print for what happened.
   *
   * @param now ms since 1970 UTC: when it happened, unless it says so itself.
   * @param isOnline True while there is a session with the server.
   */
  lines(
    event: ClientEvent | QuietEvent,
    now: number,
    isOnline: boolean,
  ): readonly FeedLine[] {
    if (isQuiet(event)) {
      return event.event === "begun" ? this.#begun(event, isOnline) : [];
    }
    switch (event.event) {
      case "welcome":
        return [...this.#shown(event, now), ...this.#echoes()];
      case "result":
        return this.#result(event, now);
    }
    return this.#shown(event, now);
  }

  /**
   * Rows for those that wait, oldest first.
   *
   * @param width Columns there are.
   * @param most Rows there are, at least 1.
   */
  rows(width: number, most: number): string[] {
    const rows: string[] = [];
    let left = this.#lines.length;
    for (const line of this.#lines) {
      const shown = this.#feed.waiting(line.message ?? line.text, line.at)
        .flatMap(({ text, indent }) => wrapStyled(text, width, indent));
      // One that is long may not hide that there are others.
      const room = most - rows.length - (left > 1 ? 1 : 0);
      if (room < 1 || shown.length > room && rows.length > 0) {
        const what = rows.length > 0 ? "more" : left === 1 ? "line" : "lines";
        return [...rows, `… ${left} ${what}`];
      }
      rows.push(...shown.slice(0, room));
      if (shown.length > room) {
        rows.push(`${clipStyled(rows.pop() ?? "", width - 1)}…`);
      }
      left--;
    }
    return rows;
  }

  #shown(event: ClientEvent, now: number): FeedLine[] {
    if (this.#quiet && isCeremony(event)) return [];
    return this.#feed.lines(event, now);
  }

  #begun(
    { n, command }: Extract<QuietEvent, { event: "begun" }>,
    isOnline: boolean,
  ): readonly FeedLine[] {
    const line = this.#find(n);
    if (line === undefined) return [];
    line.message = ownMessage(command);
    line.isBegun = true;
    return isOnline && line.message === undefined ? this.#take(line) : [];
  }

  #result(
    event: Extract<ClientEvent, { event: "result" }>,
    now: number,
  ): FeedLine[] {
    const line = this.#find(event.n);
    if (line === undefined) return this.#feed.lines(event, now);
    const echo = this.#take(line);
    const { message, at } = line;
    const { outcome } = event;
    if (message === undefined) {
      return [...echo, ...this.#feed.lines(event, now)];
    }
    if (outcome.ok) return this.#sent(message, outcome, at);
    return [
      ...this.#feed.own(message, "failed", at),
      ...this.#feed.lines(event, now),
    ];
  }

  #sent(
    message: OwnMessage,
    { command, answer }: CommandSuccess,
    entered: number,
  ): FeedLine[] {
    const look = lookOf(this.#palette);
    const remark = commandRow(command).remark?.(answer, look);
    const at = "at" in answer ? answer.at : entered;
    const state = message.kind === "session" ? "unconfirmed" : "sent";
    return this.#feed.own(message, state, at, remark);
  }

  /** The lines other than messages, which are being done from now on. */
  #echoes(): FeedLine[] {
    const begun = this.#lines.filter(({ isBegun, message }) =>
      isBegun && message === undefined
    );
    return begun.flatMap((line) => this.#take(line));
  }

  #find(n: number): OwnLine | undefined {
    const line = this.#lines.find((line) => line.n === n) ??
      // What is told while a line is handed in is of that line.
      this.#lines.find((line) => line.n === undefined);
    if (line !== undefined) line.n = n;
    return line;
  }

  #take(line: OwnLine): readonly FeedLine[] {
    this.#lines = this.#lines.filter((each) => each !== line);
    return line.echo;
  }
}

interface OwnLine {
  /** Absent while it is being handed in. */
  n: number | undefined;
  readonly text: string;
  readonly echo: readonly FeedLine[];
  readonly at: number;
  /** False while it waits for lines before it. */
  isBegun: boolean;
  /** What it sends; absent for other lines, and before it has begun. */
  message?: OwnMessage | undefined;
}

/** The message that a command sends, if it sends one. */
export function ownMessage(command: Command): OwnMessage | undefined {
  switch (command.command) {
    case "msgto":
      return { kind: "private", to: command.to, text: command.text };
    case "groupmsg":
      return { kind: "group", to: [command.group], text: command.text };
    case "broadcast":
      return { kind: "broadcast", to: [], text: command.text };
    case "private":
      return { kind: "session", to: [command.user], text: command.text };
  }
  return undefined;
}

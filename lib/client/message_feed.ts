/**
 * What happens, as lines for a full terminal: the time, a sign that tells what
 * kind of line it is without colour, and a line between two days.
 *
 * | sign | line |
 * |---|---|
 * | `@` | a private message |
 * | `#` | a message to a group |
 * | `*` | a message to everybody |
 * | `=` | a message in a private session |
 * | `-` | what happened |
 * | `!` | what failed |
 *
 * A message that names the user has a `>` after its sign, and rings.
 */
import { visible } from "../protocol/text.ts";
import { formatClock, formatDay, formatTime } from "../protocol/time.ts";
import type { ClientEvent } from "./client_event.ts";
import { isFailure } from "./event_kind.ts";
import { findMentions, markMentions } from "./mention.ts";
import { linesAfter } from "./message_lines.ts";
import type { Palette } from "./palette.ts";
import { renderText } from "./render_text.ts";

/** One line to print, of any width. */
export interface FeedLine {
  /** May hold colours. */
  readonly text: string;
  /** Columns by which its second and later rows are indented. */
  readonly indent: number;
}

/** How a {@link MessageFeed} looks. */
export interface FeedOptions {
  readonly palette: Palette;
  /** Show the time of each line, and the days. */
  readonly timestamps: boolean;
}

/** Turns events into lines, one after the other. */
export class MessageFeed {
  /** This user's name, which messages may mention; empty before the login. */
  user = "";
  readonly #palette: Palette;
  readonly #timestamps: boolean;
  #day: string | undefined;

  constructor(options: FeedOptions) {
    this.#palette = options.palette;
    this.#timestamps = options.timestamps;
  }

  /**
   * The lines for `event`.
   *
   * @param now ms since 1970 UTC: when it happened, unless it says so itself.
   */
  lines(event: ClientEvent, now: number): FeedLine[] {
    const texts = this.#texts(event);
    if (texts.length === 0) return [];
    const at = "at" in event ? event.at : now;
    const days = this.#newDay(event, at);
    // A table or a list is easier to read without.
    if (event.event === "result" && texts.length > 1) {
      return [...days, ...texts.map((text) => ({ text, indent: 4 }))];
    }
    const sign = `${signOf(event)}${this.#mentions(event) ? ">" : " "}`;
    const clock = this.#timestamps ? `${formatClock(at)} ` : "";
    const head = this.#palette.dim(clock) + sign;
    const indent = clock.length + sign.length;
    const lines = texts.map((text, index) => ({
      text: (index === 0 ? head : " ".repeat(indent)) + text,
      indent,
    }));
    return [...days, ...lines];
  }

  /** True when `event` is for this user in particular. */
  rings(event: ClientEvent): boolean {
    switch (event.event) {
      case "message":
        return event.kind === "private" || this.#mentions(event);
      case "private-message":
      case "invited":
        return true;
      case "transfer":
      case "session":
        return event.info.direction === "incoming" &&
          event.info.state === "offered";
    }
    return false;
  }

  #mentions(event: ClientEvent): boolean {
    return event.event === "message" &&
      findMentions(event.text, this.user).length > 0;
  }

  #newDay(event: ClientEvent, at: number): FeedLine[] {
    const day = formatDay(at);
    if (!this.#timestamps || day === this.#day) return [];
    // Before the login there is nothing to tell apart.
    if (this.#day === undefined && event.event !== "welcome") return [];
    this.#day = day;
    return [{ text: this.#palette.dim(`--- ${day} ---`), indent: 0 }];
  }

  #texts(event: ClientEvent): string[] {
    const palette = this.#palette;
    const name = (text: string) => palette.name(visible(text));
    if (event.event === "message") {
      const group = event.group === undefined ? "" : `${name(event.group)}, `;
      const all = event.kind === "broadcast" ? " to all" : "";
      const mark = (line: string) =>
        markMentions(line, this.user, palette.mention);
      return linesAfter(
        `${group}${name(event.from)}${all}: `,
        event.text,
        mark,
      );
    }
    if (event.event === "private-message") {
      const mark = palette.bold("(private)");
      return linesAfter(`${name(event.from)} ${mark}: `, event.text);
    }
    const texts = renderText(event, palette);
    const sentAt = sendingTime(event);
    if (sentAt === undefined || !this.#timestamps) return texts;
    // The line has that time already.
    return texts.map((text) => text.replace(` at ${formatTime(sentAt)}`, ""));
  }
}

/** When a message of this user was sent, if `event` says so. */
function sendingTime(event: ClientEvent): number | undefined {
  if (event.event !== "result" || !event.outcome.ok) return undefined;
  const { outcome } = event;
  const isSent = outcome.command === "msgto" ||
    outcome.command === "groupmsg" || outcome.command === "broadcast";
  return isSent ? outcome.answer.at : undefined;
}

function signOf(event: ClientEvent): string {
  if (isFailure(event)) return "!";
  switch (event.event) {
    case "message":
      return { private: "@", group: "#", broadcast: "*" }[event.kind];
    case "private-message":
      return "=";
  }
  return "-";
}

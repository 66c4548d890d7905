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
import { visible } from "../../base/text.ts";
import { formatClock, formatDay, formatTime } from "../../base/time.ts";
import type { ClientEvent } from "../events/client_event.ts";
import { isFailure } from "../events/event_kind.ts";
import { linesAfter } from "../../cli/message_lines.ts";
import type { Palette } from "../../cli/palette.ts";
import { renderText } from "./render_text.ts";
import type { ChatTarget } from "../commands/command.ts";

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

/**
 * The places where `text` names `user` as a word of its own, whatever the case;
 * none for the empty name.
 *
 * @returns Start and end of each, UTF-16 indices.
 */
export function findMentions(
  text: string,
  user: string,
): { readonly start: number; readonly end: number }[] {
  if (user === "") return [];
  const name = user.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
  const word = new RegExp(
    `(?<![\\p{L}\\p{N}_])${name}(?![\\p{L}\\p{N}_])`,
    "giu",
  );
  return [...text.matchAll(word)].map(({ 0: found, index }) => ({
    start: index,
    end: index + found.length,
  }));
}

/** `text` with every mention of `user` passed through `mark`. */
export function markMentions(
  text: string,
  user: string,
  mark: (text: string) => string,
): string {
  let marked = "";
  let from = 0;
  for (const { start, end } of findMentions(text, user)) {
    marked += text.slice(from, start) + mark(text.slice(start, end));
    from = end;
  }
  return marked + text.slice(from);
}

// How many messages came from each user and group since this user last dealt
// with it: opened a chat with it, or wrote to it.

/** Counts by the names that the status row shows: `luke`, `#jedi`. */
export class UnreadCounts {
  readonly #counts = new Map<string, number>();
  #open: string | undefined;

  /** Takes what happens. */
  handleEvent(event: ClientEvent): void {
    switch (event.event) {
      case "message":
        if (event.kind === "broadcast") return;
        return this.#add(
          event.group === undefined ? event.from : `#${event.group}`,
        );
      case "private-message":
        return this.#add(event.from);
      case "chat": {
        const { kind, name = "" } = event;
        this.#open = kind === "none" ? undefined : labelOf({ kind, name });
        if (this.#open !== undefined) this.#counts.delete(this.#open);
        return;
      }
      case "renamed":
        return this.#rename(event.from, event.to);
      case "group-end":
        this.#counts.delete(`#${event.group}`);
        return;
      case "result":
        return this.#handleResult(event);
    }
  }

  /** The user has read everything. */
  clear(): void {
    this.#counts.clear();
  }

  /** `luke 3, #jedi 12`, the latest first; empty when there is nothing. */
  get text(): string {
    const all = [...this.#counts].reverse();
    return all.map(([label, count]) => `${label} ${count}`).join(", ");
  }

  #add(label: string): void {
    if (label === this.#open) return;
    const count = this.#counts.get(label) ?? 0;
    this.#counts.delete(label);
    this.#counts.set(label, count + 1);
    if (this.#counts.size <= mostLabels) return;
    const [oldest] = this.#counts.keys();
    if (oldest !== undefined) this.#counts.delete(oldest);
  }

  #rename(from: string, to: string): void {
    const count = this.#counts.get(from);
    if (count === undefined) return;
    this.#counts.delete(from);
    this.#counts.set(to, count);
  }

  #handleResult(event: Extract<ClientEvent, { event: "result" }>): void {
    const { outcome } = event;
    if (!outcome.ok) return;
    switch (outcome.command) {
      case "msgto":
        for (const { to } of outcome.answer.sent) this.#counts.delete(to);
        return;
      case "groupmsg":
      case "leavegroup":
        this.#counts.delete(`#${outcome.answer.group}`);
        return;
      case "private":
        this.#counts.delete(outcome.answer.user);
        return;
    }
  }
}

/** `luke`, `#jedi`. */
export function labelOf({ kind, name }: ChatTarget): string {
  return kind === "group" ? `#${name}` : name;
}

const mostLabels = 50;

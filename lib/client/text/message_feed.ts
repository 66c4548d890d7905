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
 * A message that names the user has a `>` after its sign, and rings; one of the
 * user's own has a mark there that tells how far it is: see {@link OwnState}.
 */
import { visible } from "../../base/text.ts";
import { formatClock, formatDay } from "../../base/time.ts";
import {
  earlierHint,
  type HistoryAnswer,
  type LastAnswer,
  nothingFound,
  nothingSaid,
} from "../commands/history.ts";
import { isAsked } from "../commands/transfer_info.ts";
import type { ClientEvent } from "../events/client_event.ts";
import type { ConversationKey, SaidMessage } from "../events/conversations.ts";
import { isFailure } from "../events/event_kind.ts";
import { linesAfter, messageLines } from "../../cli/message_lines.ts";
import type { Palette } from "../../cli/palette.ts";
import { eventOf, type RecentPart } from "./recent.ts";
import { headOf, renderText, welcomeTexts } from "./render_text.ts";
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

/** A message of this user's own. */
export interface OwnMessage {
  /** `session`: in a private session. */
  readonly kind: "private" | "group" | "broadcast" | "session";
  /** The receivers, or the group; nobody for a broadcast. */
  readonly to: readonly string[];
  readonly text: string;
}

/**
 * How far a message of this user's own is: `…` waits for the server, `✓` the
 * server has it, `!` was not sent; a blank where nobody confirms it.
 */
export type OwnState = "waiting" | "sent" | "failed" | "unconfirmed";

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
    const past = this.#timestamps ? pastOf(event) : undefined;
    if (past !== undefined) return this.#past(past);
    const texts = this.#texts(event);
    if (texts.length === 0) return [];
    const at = "at" in event ? event.at : now;
    const days = this.#newDay(event, at);
    // A table or a list is easier to read without.
    if (event.event === "result" && texts.length > 1) {
      const lines = texts.map((text) => ({ text, indent: columnOf(text) }));
      return [...days, ...lines];
    }
    const sign = signOf(event) + this.#markOf(event);
    return [...days, ...this.#marked(sign, at, texts)];
  }

  /**
   * A line that the client says of its own.
   *
   * @param width Columns of the screen.
   * @param textFor The text, for as many of them as are left for it.
   */
  notice(
    now: number,
    width: number,
    textFor: (width: number) => string,
  ): FeedLine[] {
    const [{ indent = 0 } = {}] = this.#marked("- ", now, [""]);
    return this.#marked("- ", now, [textFor(width - indent)]);
  }

  /** Lines after the time and a sign of two columns, which the first has. */
  #marked(sign: string, at: number, texts: readonly string[]): FeedLine[] {
    const clock = this.#timestamps ? `${formatClock(at)} ` : "";
    const head = this.#palette.dim(clock) + sign;
    const indent = clock.length + signWidth;
    return texts.map((text, index) => ({
      text: (index === 0 ? head : " ".repeat(indent)) + text,
      indent,
    }));
  }

  #ownLines(
    { kind, to, text }: OwnMessage,
    state: OwnState,
    at: number,
  ): FeedLine[] {
    const { dim, good, error, bold } = this.#palette;
    const name = (text: string) => this.#palette.name(visible(text));
    const looks = {
      waiting: dim,
      sent: good,
      failed: error,
      unconfirmed: dim,
    };
    const me = name(this.user);
    const names = to.map(name).join(", ");
    const head = kind === "group"
      ? `${names}, ${me}`
      : kind === "session"
      ? `${me} to ${names} ${bold("(private)")}`
      : `${me} to ${kind === "broadcast" ? "all" : names}`;
    const sign = signOfKind[kind] + looks[state](ownMarks[state]);
    return this.#marked(sign, at, linesAfter(`${head}: `, text));
  }

  /**
   * The lines for a message of this user's own.
   *
   * @param at When it was sent, or entered as long as it waits; ms since 1970.
   * @param remark What else there is to say of it.
   */
  own(
    message: OwnMessage,
    state: Exclude<OwnState, "waiting">,
    at: number,
    remark?: string,
  ): FeedLine[] {
    const lines = this.#ownLines(message, state, at);
    const more = remark === undefined ? [] : this.#marked("- ", at, [remark]);
    return [...this.#timestamps ? this.#dayLine(at) : [], ...lines, ...more];
  }

  /**
   * The lines for something that waits for the server: a message, or a line as
   * it was typed. They are not for good, so no day is told before them.
   */
  waiting(what: OwnMessage | string, at: number): FeedLine[] {
    if (typeof what !== "string") return this.#ownLines(what, "waiting", at);
    const mark = this.#palette.dim(ownMarks.waiting);
    return this.#marked(`-${mark}`, at, messageLines(what));
  }

  /**
   * A part of what was said last in a conversation; a message looks as it did
   * when it was said.
   */
  recent(key: ConversationKey, part: RecentPart): FeedLine[] {
    const { message } = part;
    if (message !== undefined) return this.#saidBefore(key, message);
    const text = this.#palette.dim(`--- ${part.heading} ---`);
    return [{ text, indent: 4 }];
  }

  /** True when `event` is for this user in particular. */
  rings(event: ClientEvent): boolean {
    switch (event.event) {
      case "message":
        return !event.mine &&
          (event.kind === "private" || this.#mentions(event));
      case "device-login":
        return event.new === true;
      case "link":
        return event.state === "asked";
      case "private-message":
      case "invited":
        return true;
      case "transfer":
      case "session":
        return isAsked(event.info);
    }
    return false;
  }

  #markOf(event: ClientEvent): string {
    const isOwn = event.event === "message" && event.mine;
    if (isOwn) return this.#palette.good(ownMarks.sent);
    return this.#mentions(event) ? ">" : " ";
  }

  #mentions(event: ClientEvent): boolean {
    return event.event === "message" && !event.mine &&
      findMentions(event.text, this.user).length > 0;
  }

  #newDay(event: ClientEvent, at: number): FeedLine[] {
    // Before the login there is nothing to tell apart.
    const isEarly = this.#day === undefined && event.event !== "welcome";
    return !this.#timestamps || isEarly ? [] : this.#dayLine(at);
  }

  #dayLine(at: number): FeedLine[] {
    const day = formatDay(at);
    if (day === this.#day) return [];
    this.#day = day;
    return [{ text: this.#palette.dim(`--- ${day} ---`), indent: 0 }];
  }

  #saidBefore(key: ConversationKey, message: SaidMessage): FeedLine[] {
    const event = eventOf(key, message);
    const { at, text, own } = message;
    if (!own) return this.lines(event, at);
    const kind = event.event === "message" ? event.kind : "session";
    const state = kind === "session" ? "unconfirmed" : "sent";
    return this.own({ kind, to: [key.slice(1)], text }, state, at);
  }

  /** What was said before, as it was shown then, with the numbers. */
  #past({ messages, earlier, nothing }: SaidBefore): FeedLine[] {
    const { dim, name } = this.#palette;
    const hint = earlier === undefined ? [] : [
      { text: dim(earlierHint(earlier)), indent: 4 },
    ];
    if (messages.length === 0 && earlier === undefined) {
      return [{ text: `- ${nothing}`, indent: 2 }];
    }
    const numbers = messages.map(({ number }) => `${number}`.length);
    const width = Math.max(...numbers, 0);
    const indent = width + "  21:39:04 @ ".length;
    const lines = messages.flatMap((message) => {
      const { at, number, from, to, deleted, kind } = message;
      const place = `${number}`.padStart(width);
      const sign = signOfKind[kind];
      const head = `${dim(`${place}  ${formatClock(at)} `)}${sign} `;
      const group = message.group === undefined
        ? ""
        : `${name(visible(message.group))}, `;
      // What came to this user looks as it did when it came.
      const isHere = group !== "" || to === this.user;
      const whom = to === undefined ? "all" : name(visible(to));
      const who = `${group}${name(visible(from))}${
        isHere ? "" : ` to ${whom}`
      }`;
      const texts = deleted
        ? [`${head}${who}: ${dim("(deleted)")}`]
        : this.#said(`${head}${who}: `, message.text);
      const shown = texts.map((text, index) => ({
        text: (index === 0 ? "" : " ".repeat(indent)) + text,
        indent,
      }));
      return [...this.#dayLine(at), ...shown];
    });
    return [...hint, ...lines];
  }

  #said(head: string, text: string): string[] {
    const { mention } = this.#palette;
    const mark = (line: string) => markMentions(line, this.user, mention);
    return linesAfter(head, text, mark);
  }

  #texts(event: ClientEvent): string[] {
    const palette = this.#palette;
    const name = (text: string) => palette.name(visible(text));
    if (event.event === "message") {
      const head = `${headOf(event, name)}: `;
      if (event.mine) return linesAfter(head, event.text);
      return this.#said(head, event.text);
    }
    if (event.event === "private-message") {
      const mark = palette.bold("(private)");
      return linesAfter(`${name(event.from)} ${mark}: `, event.text);
    }
    // How many messages waited, the overview says.
    if (event.event === "welcome") return welcomeTexts(event, palette);
    return renderText(event, palette);
  }
}

function signOf(event: ClientEvent): string {
  if (isFailure(event)) return "!";
  switch (event.event) {
    case "message":
      return signOfKind[event.kind];
    case "private-message":
      return signOfKind.session;
  }
  return "-";
}

const signOfKind = { private: "@", group: "#", broadcast: "*", session: "=" };
const ownMarks: Record<OwnState, string> = {
  waiting: "…",
  sent: "✓",
  failed: "!",
  unconfirmed: " ",
};
/** Of a sign and the mark after it, in columns. */
const signWidth = 2;

/** The answer that holds what was said before, if `event` has one. */
function pastOf(event: ClientEvent): SaidBefore | undefined {
  if (event.event !== "result" || !event.outcome.ok) return undefined;
  const { outcome } = event;
  const isPast = outcome.command === "history" || outcome.command === "rdm" ||
    outcome.command === "search" || outcome.command === "last";
  if (!isPast) return undefined;
  const nothing = outcome.command === "search" ? nothingFound : nothingSaid;
  return { ...outcome.answer, nothing };
}

interface SaidBefore extends LastAnswer, Pick<HistoryAnswer, "earlier"> {
  /** Said where there are no messages. */
  readonly nothing: string;
}

/** Where the second and later rows of a line start: below a table's last column. */
function columnOf(text: string): number {
  return /^ {2}\S+(?: \S+)* {2,}(?=\S)/.exec(text)?.[0].length ?? 4;
}

/**
 * The places where `text` names `user` as a word of its own, whatever the case;
 * none for the empty name.
 *
 * @returns Start and end of each, UTF-16 indices.
 */
function findMentions(
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
function markMentions(
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

/** `luke`, `#jedi`. */
export function labelOf({ kind, name }: ChatTarget): string {
  const signs = { user: "", group: "#", session: "=" };
  return signs[kind] + name;
}

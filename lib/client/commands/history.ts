/**
 * Reads the past for `/history` and `/RDM`: the server answers in pages of so
 * many bytes, and what a user asks for may be on several.
 */
import { formatTime, parseTime } from "../../base/time.ts";
import { linesAfter } from "../../cli/message_lines.ts";
import { limits } from "../../wire/limits.ts";
import { isGroupName, isUserName } from "../../wire/names.ts";
import type { RequestFields } from "../../wire/request.ts";
import type { OnReply, ReplyFields } from "../../wire/server_frame.ts";
import { type CommandHost, does, type Look, type Settle } from "./command.ts";

/** What is asked for, and the command that goes on where the answer ends. */
export interface Past {
  readonly scope: RequestFields<"history">;
  /** Only messages in which all of these are. */
  readonly words?: string;
  readonly count: number;
  /** Place in the past from which to go back. */
  readonly before: number | undefined;
  /** What a user types to go on, without the place. */
  readonly line: string;
}

/** What was said; `earlier` is, also for another run, the command that goes on where this ends. */
export interface HistoryAnswer extends ReplyFields<"history"> {
  earlier?: string;
}

/** One message of what was said. */
export type PastMessage = Omit<HistoryAnswer["messages"][number], "id">;

/** Messages of this user, oldest first. */
export interface LastAnswer {
  readonly messages: readonly PastMessage[];
}

/** The line above messages before which there are others. */
export function earlierHint(earlier: string): string {
  return earlier.startsWith("/search")
    ? "earlier messages were not looked at: /search more"
    : "earlier messages: /history more";
}

/** What a search says that found nothing. */
export const nothingFound = "no messages with these words";
/** What stands in the place of messages where there are none. */
export const nothingSaid = "no messages";

/** Commands that show what was said. */
export const historyCommands = {
  history: does({
    usage: "/history [USER|GROUP] [COUNT]",
    summary: "the last messages, all or of one chat",
    details: "/history more goes on with the ones before.",
    example: "/history luke 50",
    arguments: [
      { kind: "chat", optional: true },
      { kind: "number", optional: true },
      { kind: "number", optional: true },
      { kind: "number", optional: true },
    ],
    read: readHistory,
    run: (given, host, settle: Settle<HistoryAnswer>) =>
      given.more
        ? goOn("shown", "/history shows the last ones", host, settle)
        : readPast(pastOf(given), host, settle),
    show: historyLines,
  }),
  search: does({
    usage: "/search WORDS [USER|GROUP]",
    summary: "the last messages that have all these words",
    details:
      'A word is also found within others, whatever the case and accents; "do or do not" in quotes is found as it stands. A user or group at the end is where to look; what is written @luke or #jedi is always that, what is in quotes always a word. /search more goes on with earlier messages.',
    example: "/search council #jedi",
    arguments: [{ kind: "text" }],
    read: ([text = ""]) => readSearch(text),
    run: (given, host, settle: Settle<HistoryAnswer>) =>
      "more" in given
        ? goOn("found", "/search WORDS looks for some", host, settle)
        : search(given, host, settle),
    show: (answer, look) => historyLines(answer, look, nothingFound),
  }),
  last: does({
    usage: "/last [COUNT]",
    summary: "my last message with its number",
    details:
      "It knows those of this run; /history has all. The number is for /deletemsg and /deletegroupmsg.",
    example: "/last 3",
    arguments: [{ kind: "number", optional: true }],
    read: ([count = "1"]) =>
      isCount(count)
        ? { count: Number(count) }
        : `"${count}" is not a count from 1 to ${mostMessages}`,
    run({ count }, { said }, settle: Settle<LastAnswer>) {
      const messages = said().slice(-count);
      if (messages.length > 0) return settle({ ok: { messages } });
      const message =
        "You have sent nothing in this run; /history shows what was said before";
      settle({ code: "no_history", message });
    },
    show: historyLines,
  }),
  rdm: does({
    words: ["RDM"],
    usage: "/RDM b|s TIMESTAMP",
    summary: "broadcasts (b), group messages (s) since then",
    example: "/RDM b 01 Jun 2026 21:39:04",
    arguments: [{ kind: "word", choices: ["b", "s"] }, { kind: "text" }],
    read: ([letter = "", rest = ""]) => readSince(letter, rest),
    run: (given, host, settle: Settle<HistoryAnswer>) =>
      readPast(pastSince(given), host, settle),
    show: historyLines,
  }),
};

/** Goes on with what is before the messages that were shown last, if any is. */
function goOn(
  how: "shown" | "found",
  advice: string,
  host: CommandHost,
  settle: Settle<HistoryAnswer>,
): void {
  const { rest } = host.past;
  if (rest !== undefined) return readPast(rest, host, settle);
  const message = `Nothing was ${how} that has earlier messages; ${advice}`;
  settle({ code: "no_history", message });
}

/** Asks for page after page until there are as many messages as wanted. */
function readPast(
  past: Past,
  { request, past: memory }: CommandHost,
  settle: Settle<HistoryAnswer>,
): void {
  let messages: HistoryAnswer["messages"] = [];
  let pages = 0;
  const next = (before: number | undefined) => {
    const place = before === undefined ? {} : { before };
    const limit = past.count - messages.length;
    const take: OnReply<"history" | "search"> = (reply) => {
      if (reply.code !== undefined) return settle(reply);
      const { messages: page, before: rest } = reply.ok;
      messages = [...page, ...messages];
      if (rest !== undefined) {
        const most = past.words === undefined ? mostPages : mostSearches;
        const enough = messages.length >= past.count || ++pages >= most;
        if (!enough) return next(rest);
      }
      memory.rest = rest === undefined ? undefined : { ...past, before: rest };
      if (rest === undefined) return settle({ ok: { messages } });
      const earlier = `${past.line} before ${rest}`;
      settle({ ok: { messages, before: rest, earlier } });
    };
    const { words, scope } = past;
    if (words === undefined) {
      return request("history", { ...scope, ...place, limit }, take);
    }
    const { kind: _, since: __, ...where } = scope;
    request("search", { words, ...where, ...place, limit }, take);
  };
  next(past.before);
}

/** A last word without a sign is a chat where something is found there. */
function search(
  given: Words,
  host: CommandHost,
  settle: Settle<HistoryAnswer>,
): void {
  const inAll = () => readPast(searchOf(given), host, settle);
  const [, words, name] = /^(.*\S)[ \t]+([\w.-]+)$/s.exec(given.words) ?? [];
  const isName = given.name === undefined && name !== undefined &&
    (isUserName(name) || isGroupName(name));
  if (!isName || words === undefined) return inAll();
  readPast(searchOf({ ...given, words, name }), host, (reply) => {
    const { messages = [], earlier } = reply.ok ?? {};
    const isFound = messages.length > 0 || earlier !== undefined;
    if (isFound || reply.code === "connection_lost") settle(reply);
    else inAll();
  });
}

/** What `/history` is given. */
interface History {
  /** A user or a group, `@USER` or `#GROUP`; all my messages when absent. */
  readonly name?: string;
  /** How many; {@link defaultCount} when absent. */
  readonly count?: number;
  readonly before?: number;
  /** Goes on with what is before the messages shown last. */
  readonly more?: true;
}

/** What `/RDM` is given: my broadcasts, or the messages of my groups. */
interface Since {
  readonly kind: "broadcast" | "group";
  /** ms since 1970 UTC. */
  readonly since: number;
  readonly before?: number;
}

function pastOf({ name, count, before }: History): Past {
  const words = [name, count].filter((word) => word !== undefined);
  const line = ["/history", ...words].join(" ");
  return { scope: scopeOf(name), count: count ?? defaultCount, before, line };
}

function pastSince({ kind, since, before }: Since): Past {
  const letter = kind === "broadcast" ? "b" : "s";
  const line = `/RDM ${letter} ${new Date(since).toISOString()}`;
  return {
    scope: { kind, since },
    count: limits.historyMessages,
    before,
    line,
  };
}

/** `@USER` and `#GROUP` say which is meant; the server finds out otherwise. */
function scopeOf(name: string | undefined): RequestFields<"history"> {
  if (name === undefined) return {};
  if (name.startsWith("@")) return { with: name.slice(1) };
  if (name.startsWith("#")) return { group: name.slice(1) };
  return { name };
}

/** Oldest first. */
function historyLines(
  { messages, earlier }: LastAnswer & Pick<HistoryAnswer, "earlier">,
  { palette, name }: Look,
  nothing = nothingSaid,
): string[] {
  const lines = messages.flatMap((message) => {
    const { at, from, to, group, text, deleted, number } = message;
    const place = group === undefined ? "" : `${name(group)}, `;
    const receiver = group !== undefined
      ? ""
      : ` to ${to === undefined ? "all" : name(to)}`;
    const head = `${number}; ${formatTime(at)}`;
    const who = `${palette.dim(head)}, ${place}${name(from)}${receiver}: `;
    if (deleted) return [who + palette.dim("(deleted)")];
    return linesAfter(who, text);
  });
  const before = earlier === undefined
    ? []
    : [palette.dim(earlierHint(earlier))];
  return lines.length === 0 && before.length === 0
    ? [nothing]
    : [...before, ...lines];
}

/**
 * `[NAME] [COUNT] [before PLACE]`, or `more`; the place is one that an answer as
 * JSON names. A first word of digits is the count; a name that could be taken
 * for something else is written `@USER` or `#GROUP`.
 */
function readHistory(values: readonly string[]): History | string | undefined {
  if (values.length === 1 && values[0]?.toLowerCase() === "more") {
    return { more: true };
  }
  const rest = [...values];
  const before = rest.at(-2) === "before" ? rest.splice(-2).at(1) : undefined;
  if (before !== undefined && !positive.test(before)) {
    return `"${before}" is no place; /history more goes on with earlier messages`;
  }
  const place = before === undefined ? {} : { before: Number(before) };
  const [first] = rest;
  const name = first === undefined || wholeNumber.test(first)
    ? undefined
    : rest.shift();
  const [count] = rest;
  if (rest.length > 1) return undefined;
  if (count !== undefined && !isCount(count)) {
    return `"${count}" is not a count from 1 to ${mostMessages}`;
  }
  return {
    ...(name === undefined ? {} : { name }),
    ...(count === undefined ? {} : { count: Number(count) }),
    ...place,
  };
}

/** What `/search` is given. */
interface Words {
  readonly words: string;
  /** As {@link History} has it. */
  readonly name?: string;
  readonly before?: number;
}

function searchOf({ words, name, before }: Words): Past {
  const line = `/search ${
    [words, ...name === undefined ? [] : [name]].join(" ")
  }`;
  return { scope: scopeOf(name), words, count: defaultCount, before, line };
}

/**
 * `WORDS [@USER|#GROUP] [before PLACE]`, or `more`; what is in quotes is always
 * a part of the words.
 */
function readSearch(text: string): Words | { readonly more: true } | string {
  if (text.trim().toLowerCase() === "more") return { more: true };
  const [, start = "", before] = /^(.*?)(?: before ([0-9]+))?$/s
    .exec(text.trim()) ?? [];
  const [, words = "", name] = /^(.*?)(?: +([@#][^\s"]+))?$/s.exec(start) ?? [];
  if (before !== undefined && !positive.test(before)) {
    return `"${before}" is no place; /search more goes on with earlier messages`;
  }
  if (words.trim() === "") return "there is nothing to search for";
  return {
    words,
    ...(name === undefined ? {} : { name }),
    ...(before === undefined ? {} : { before: Number(before) }),
  };
}

function readSince(letter: string, rest: string): Since | string {
  const kind = letter === "b" ? "broadcast" : letter === "s" ? "group" : "";
  if (kind === "") return `"${letter}" is neither b nor s`;
  const [time = "", before, ...more] = rest.split(/[ \t]+before[ \t]+/);
  if (more.length > 0 || !positive.test(before?.trim() ?? "1")) {
    return "after before comes one number";
  }
  const since = parseTime(time.trim());
  if (since === undefined) {
    return `"${time}" is no time such as 01 Jun 2026 21:39:04, 2026-06-01T21:39:04Z or 1780349944`;
  }
  const place = before === undefined ? {} : { before: Number(before) };
  return { kind, since, ...place };
}

function isCount(text: string): boolean {
  return positive.test(text) && Number(text) <= mostMessages;
}

/** A whole number. */
export const wholeNumber = /^[0-9]{1,15}$/;
/** A whole number from 1. */
export const positive = /^[1-9][0-9]{0,14}$/;
/** Most messages that one command shows. */
const mostMessages = 500;
/** Messages that are shown when nobody says how many. */
const defaultCount = 20;
/** Pages may be without anything to show; somewhere there is an end. */
const mostPages = 1000;
/** The same of a search, which costs the server more. */
const mostSearches = 20;

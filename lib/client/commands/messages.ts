/** The commands about what was said and who was there: rows of the table. */
import { parseTime } from "../../base/time.ts";
import type { Command, CommandRow } from "./command.ts";

/** Rows for history and deletion. */
export const pastCommands: readonly CommandRow[] = [
  {
    name: "whoelsesince",
    aliases: [],
    words: ["whoelsesince"],
    group: "Messages",
    usage: "/whoelsesince SECONDS",
    summary: "who else was on line within the last seconds",
    example: "/whoelsesince 3600",
    arguments: [{ kind: "number" }],
    build: ([seconds = ""]) =>
      wholeNumber.test(seconds)
        ? { command: "whoelsesince", seconds: Number(seconds) }
        : `"${seconds}" is not a whole number`,
  },
  {
    name: "history",
    aliases: [],
    group: "Messages",
    usage: "/history [USER|GROUP] [COUNT] [before PLACE]",
    summary: "the last messages with a user, of a group, or all of mine",
    example: "/history luke 50",
    arguments: [
      { kind: "chat", optional: true },
      { kind: "number", optional: true },
      { kind: "number", optional: true },
      { kind: "number", optional: true },
    ],
    build: buildHistory,
  },
  {
    name: "rdm",
    aliases: [],
    words: ["RDM"],
    group: "Messages",
    usage: "/RDM b|s TIMESTAMP [before PLACE]",
    summary: "the broadcasts (b) or the messages of my groups (s) since a time",
    example: "/RDM b 01 Jun 2026 21:39:04",
    arguments: [{ kind: "word" }, { kind: "text" }],
    build: ([letter = "", rest = ""]) => buildSince(letter, rest),
  },
  {
    name: "deletemsg",
    aliases: ["deletep2pmsg"],
    group: "Messages",
    usage: "/deletemsg NUMBER",
    summary: "take back a message of mine",
    example: "/deletemsg 12",
    arguments: [{ kind: "number" }],
    build: ([number = ""]) => {
      if (!positive.test(number)) return `"${number}" is no message number`;
      return { command: "deletemsg", number: Number(number) };
    },
  },
  {
    name: "deletegroupmsg",
    aliases: [],
    group: "Messages",
    usage: "/deletegroupmsg GROUP NUMBER",
    summary: "take back a message of mine to a group chat",
    example: "/deletegroupmsg jedi 3",
    arguments: [{ kind: "group" }, { kind: "number" }],
    build: ([group = "", number = ""]) => {
      if (!positive.test(number)) return `"${number}" is no message number`;
      return { command: "deletegroupmsg", group, number: Number(number) };
    },
  },
];

/**
 * `[NAME] [COUNT] [before PLACE]`. A first word of digits is the count; a name
 * that could be taken for something else is written `@USER` or `#GROUP`.
 */
function buildHistory(values: readonly string[]): Command | string | undefined {
  const rest = [...values];
  const before = rest.at(-2) === "before" ? rest.splice(-2).at(1) : undefined;
  if (before !== undefined && !positive.test(before)) {
    return `"${before}" is no place; /history shows what to type here`;
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
    command: "history",
    ...(name === undefined ? {} : { name }),
    ...(count === undefined ? {} : { count: Number(count) }),
    ...place,
  };
}

function buildSince(letter: string, rest: string): Command | string {
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
  return { command: "rdm", kind, since, ...place };
}

function isCount(text: string): boolean {
  return positive.test(text) && Number(text) <= mostMessages;
}

const wholeNumber = /^[0-9]{1,15}$/;
const positive = /^[1-9][0-9]{0,14}$/;
/** Most messages that one command shows. */
const mostMessages = 500;

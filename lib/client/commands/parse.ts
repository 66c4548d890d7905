/**
 * Turns a line that a user typed into a command, or into one line that says
 * what is wrong with it. Arguments are separated by blanks and may be quoted; a
 * path at the end may hold blanks as it is, and the TEXT of a message is the
 * rest of the line as typed.
 */
import type { ArgumentKind, ChatTarget } from "./command.ts";
import { nearestWord } from "../../base/nearest_word.ts";
import { visible } from "../../base/text.ts";
import { commandHint } from "./command_hint.ts";
import { type Command, findCommand, findWord, type TableRow } from "./table.ts";

/** Why a line is no command. */
export type CommandProblem =
  | "usage"
  | "unknown_command"
  | "not_a_command"
  | "no_chat";

/** What became of a line. */
export type ParsedCommand =
  | { readonly command: Command }
  | {
    readonly problem: CommandProblem;
    /** One line for people. */
    readonly message: string;
    /** The command's name as typed, without slash; empty when there is none. */
    readonly name: string;
  };

/**
 * Parses one line, which must not be blank. While a chat is open, a line is a
 * command only with its slash: nothing that is written to somebody is ever
 * taken for one. Otherwise the words of older protocols are commands too.
 *
 * @param chat Where lines go that are no command; nowhere when absent.
 * @param latest Where somebody wrote last, as `/chat` takes it: what a line that
 * goes nowhere was perhaps meant for.
 */
export function parseCommand(
  line: string,
  chat?: ChatTarget,
  latest?: string,
): ParsedCommand {
  // What follows an empty line is text.
  const start = line.replace(/^[^\S\n]+/, "");
  const word = start.split(/[ \t]/, 1)[0] ?? "";
  if (!word.startsWith("/") || word.startsWith("//")) {
    const text = word.startsWith("//") ? start.slice(1) : line;
    if (chat !== undefined) return parseMessage(text, chat);
  }
  const row = word.startsWith("/") ? findCommand(word) : findWord(word);
  if (row === undefined) {
    if (!word.startsWith("/")) return notACommand(word, latest);
    return word.startsWith("//") ? noChat : unknownCommand(word);
  }
  const values = readValues(row, start, word.length);
  const given = values && row.read(values);
  if (typeof given === "object") {
    return { command: { command: row.name, ...given } as Command };
  }
  const why = given ?? openMark(start, word.length) ??
    choiceHint(row, start, word.length);
  const message = `usage: ${row.usage}${
    why === undefined ? "" : `; ${visible(why)}`
  }`;
  return { problem: "usage", message, name: row.name };
}

/** A message to the chat, whatever its text looks like. */
export function parseMessage(text: string, chat?: ChatTarget): ParsedCommand {
  if (chat === undefined) return noChat;
  const { kind, name } = chat;
  const commands: Record<ChatTarget["kind"], Command> = {
    user: { command: "msgto", to: [name], text },
    group: { command: "groupmsg", group: name, text },
    session: { command: "private", user: name, text },
  };
  return { command: commands[kind] };
}

/** The arguments after position `from`, or `undefined` when they do not fit. */
function readValues(
  row: TableRow,
  line: string,
  from: number,
): string[] | undefined {
  const values: string[] = [];
  let position = from;
  for (const argument of row.arguments) {
    if (argument.kind === "text") {
      const text = restOfLine(line, position);
      if (text !== undefined) return [...values, text];
      return argument.optional ? values : undefined;
    }
    if (argument.kind === "files") {
      const paths = readPaths(line, position);
      return paths && [...values, ...paths];
    }
    do {
      const read = readArgument(line, position);
      if (read === undefined) {
        return argument.optional || argument.repeated ? values : undefined;
      }
      if (!read.closed || read.value === "") return undefined;
      values.push(withoutSign(read.value, argument.kind));
      position = read.end;
    } while (argument.repeated);
  }
  return readArgument(line, position) === undefined ? values : undefined;
}

/** What there is to say of an argument whose quotation mark was never closed. */
export function openMark(line: string, position: number): string | undefined {
  for (;;) {
    const read = readArgument(line, position);
    if (read === undefined) return undefined;
    if (!read.closed) {
      const mark = line[skipBlanks(line, position)];
      return `the ${mark} before ${
        read.value.trim() || "the end"
      } is not closed`;
    }
    position = read.end;
  }
}

/** What was perhaps meant by a word that is none of those that fit its place. */
function choiceHint(
  row: TableRow,
  line: string,
  position: number,
): string | undefined {
  for (const { kind, choices = [] } of row.arguments) {
    const read = readArgument(line, position);
    if (read === undefined || kind === "text") break;
    const nearest = nearestWord(read.value, kind === "word" ? choices : []);
    if (nearest !== undefined && nearest !== read.value) {
      return `did you mean ${nearest}?`;
    }
    position = read.end;
  }
  return undefined;
}

/**
 * The name itself where only a user's or only a group's can be, as many write it
 * who know `@luke` and `#jedi` from messages, from the prompt or from elsewhere.
 */
function withoutSign(value: string, kind: ArgumentKind): string {
  const sign = nameSigns.get(kind);
  const hasSign = sign !== undefined && value.startsWith(sign);
  return hasSign && value.length > 1 ? value.slice(1) : value;
}

/** The sign that a name may have which is an argument of this kind. */
export const nameSigns: ReadonlyMap<ArgumentKind, string> = new Map([
  ["user", "@"],
  ["peer", "@"],
  ["blocked-user", "@"],
  ["group", "#"],
]);

/**
 * All that follows as one path, empty where it cannot be one; then, where it can
 * be several, each of them. `undefined` when there is none.
 */
function readPaths(line: string, start: number): string[] | undefined {
  const whole = readPath(line, start);
  const parts: string[] = [];
  for (let position = start;;) {
    const read = readArgument(line, position);
    if (read === undefined) break;
    // With one mark too many it is one path, or none.
    const isPath = read.closed && read.value !== "";
    if (!isPath) {
      return whole?.closed && whole.value ? [whole.value] : undefined;
    }
    parts.push(read.value);
    position = read.end;
  }
  if (parts.length === 0) return undefined;
  const one = whole?.closed ? whole.value : "";
  return parts.length > 1 || one === "" ? [one, ...parts] : [one];
}

/**
 * The text after the blank at `position`. More blanks before it are a slip of
 * the finger, but a text of nothing else is blank, not missing.
 */
function restOfLine(line: string, position: number): string | undefined {
  if (!isSeparator(line, position)) return undefined;
  const rest = line.slice(position + 1);
  if (rest === "") return undefined;
  const text = rest.trimStart();
  return text === "" ? rest : text;
}

function unknownCommand(word: string): ParsedCommand {
  const hint = commandHint(word);
  const [first, then] = hint === undefined
    ? ["", ""]
    : [` ${hint}`, hint.endsWith("?") ? "" : ";"];
  return {
    problem: "unknown_command",
    message: `Unknown command ${
      visible(word)
    };${first}${then} /help all lists all commands`,
    name: word.slice(1, 1 + mostNamed),
  };
}

function notACommand(word: string, latest?: string): ParsedCommand {
  const row = findCommand(word);
  const example = row !== undefined
    ? `did you mean /${row.name}?`
    : latest === undefined
    ? "/chat USER makes lines without one go to a user or group, /help all lists all commands"
    : `/chat ${latest} makes lines without one go there, /help all lists all commands`;
  return {
    problem: "not_a_command",
    message: `Commands start with a slash; ${example}`,
    name: "",
  };
}

const noChat: ParsedCommand = {
  problem: "not_a_command",
  message: "No chat is open that this line could go to; /chat USER opens one",
  name: "",
};

/** One argument of a command line and where it ended. */
export interface ReadArgument {
  readonly value: string;
  /** Index of the first character after it. */
  readonly end: number;
  /** False when it started with a quotation mark that was never closed. */
  readonly closed: boolean;
}

/**
 * Reads the argument that starts at `start` of `line`, after any blanks. One
 * that holds blanks is written as in a shell, which is also how terminals write
 * the path of a file that is dropped on them:
 *
 * - in double quotation marks, where `\"` and `\\` stand for a quotation mark
 *   and a backslash and any other backslash is itself;
 * - in single ones, where everything is itself and `'\''` stands for one;
 * - with a backslash before each blank, and before a quotation mark that it
 *   begins with. In such an argument, and in one that begins with `/` or `~`, a
 *   backslash before another mark hides that, too; elsewhere it is itself, so
 *   that Windows paths need no doubling; in one that begins with a drive it
 *   always is.
 *
 * @returns `undefined` when nothing but blanks is left.
 */
export function readArgument(
  line: string,
  start: number,
): ReadArgument | undefined {
  start = skipBlanks(line, start);
  if (start >= line.length) return undefined;
  if (line[start] === '"') return readQuoted(line, start + 1);
  if (line[start] === "'") return readSingleQuoted(line, start + 1);
  const isWindows = windowsRoot.test(line.slice(start, start + 3));
  let end = start;
  while (end < line.length && !isSeparator(line, end)) {
    end += !isWindows && isEscapedBlank(line, end) ? 2 : 1;
  }
  return { value: unescape(line.slice(start, end)), end, closed: true };
}

/**
 * Reads the path that the rest of `line` from `start` on is: one argument, or,
 * where it is not quoted, everything there is, with blanks and all. Blanks at
 * the end do not belong to it.
 *
 * @returns `undefined` when nothing is left, or more than one quoted argument.
 */
export function readPath(
  line: string,
  start: number,
): ReadArgument | undefined {
  start = skipBlanks(line, start);
  const first = readArgument(line, start);
  if (first === undefined) return undefined;
  const isApostrophe = line[start] === "'" && !first.closed;
  const isQuoted = /["']/.test(line[start] ?? "") && !isApostrophe;
  if (isQuoted) {
    return skipBlanks(line, first.end) < line.length ? undefined : first;
  }
  let end = line.length;
  while (isSeparator(line, end - 1) && line[end - 2] !== "\\") end--;
  return { value: unescape(line.slice(start, end)), end, closed: true };
}

/** True when the character at `index` separates arguments. */
function isSeparator(line: string, index: number): boolean {
  const character = line[index];
  return character === " " || character === "\t";
}

function skipBlanks(line: string, index: number): number {
  while (index < line.length && isSeparator(line, index)) index++;
  return index;
}

function isEscapedBlank(line: string, index: number): boolean {
  return line[index] === "\\" && isSeparator(line, index + 1);
}

function unescape(word: string): string {
  const isOfShell = /^[/~]|^\\["']|\\[ \t]/.test(word) &&
    !windowsRoot.test(word);
  return isOfShell ? word.replace(/\\([ \t!-/:-@[-`{-~])/g, "$1") : word;
}

function readQuoted(line: string, start: number): ReadArgument {
  let value = "";
  let index = start;
  while (index < line.length) {
    const character = line[index];
    const next = line[index + 1];
    if (character === '"') return { value, end: index + 1, closed: true };
    if (character === "\\" && (next === '"' || next === "\\")) {
      value += next;
      index += 2;
    } else {
      value += character;
      index++;
    }
  }
  return { value, end: index, closed: false };
}

function readSingleQuoted(line: string, start: number): ReadArgument {
  let value = "";
  let index = start;
  for (;;) {
    const end = line.indexOf("'", index);
    if (end < 0) {
      value += line.slice(index);
      return { value, end: line.length, closed: false };
    }
    value += line.slice(index, end);
    if (!line.startsWith("'\\''", end)) {
      return { value, end: end + 1, closed: true };
    }
    value += "'";
    index = end + 4;
  }
}

/** Most characters of a command's name that are told where there is no such one. */
const mostNamed = 32;
/** How a full path of Windows begins: a drive, or a share. */
const windowsRoot = /^(?:[A-Za-z]:|\\)\\/;

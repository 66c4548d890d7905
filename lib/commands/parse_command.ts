/**
 * Turns a line that a user typed into a command, or into one line that says
 * what is wrong with it. Arguments are separated by blanks and may be quoted; a
 * path at the end may hold blanks as it is, and the TEXT of a message is the
 * rest of the line as typed.
 */
import type { Command } from "./command.ts";
import type { ChatTarget } from "./chat_target.ts";
import { visible } from "../protocol/text.ts";
import { commandHint } from "./command_hint.ts";
import { type CommandRow, findCommand, findWord } from "./command_table.ts";
import { isSeparator, readArgument, readPath } from "./read_argument.ts";

/** Why a line is no command. */
export type CommandProblem = "usage" | "unknown_command" | "not_a_command";

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
 */
export function parseCommand(line: string, chat?: ChatTarget): ParsedCommand {
  const start = line.trimStart();
  const word = start.split(/[ \t]/, 1)[0] ?? "";
  if (!word.startsWith("/") || word.startsWith("//")) {
    const text = word.startsWith("//") ? start.slice(1) : line;
    if (chat !== undefined) return parseMessage(text, chat);
  }
  const row = word.startsWith("/") ? findCommand(word) : findWord(word);
  if (row === undefined) {
    if (!word.startsWith("/")) return notACommand(word);
    return word.startsWith("//") ? noChat : unknownCommand(word);
  }
  const values = readValues(row, start, word.length);
  const command = values && row.build(values);
  if (typeof command === "object") return { command };
  const why = command === undefined ? "" : `; ${visible(command)}`;
  const message = `usage: ${row.usage}${why}`;
  return { problem: "usage", message, name: row.name };
}

/** A message to the chat, whatever its text looks like. */
export function parseMessage(text: string, chat?: ChatTarget): ParsedCommand {
  if (chat === undefined) return noChat;
  const { kind, name } = chat;
  const command: Command = kind === "user"
    ? { command: "msgto", to: [name], text }
    : { command: "groupmsg", group: name, text };
  return { command };
}

/** The arguments after position `from`, or `undefined` when they do not fit. */
function readValues(
  row: CommandRow,
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
    if (argument.kind === "file") {
      const read = readPath(line, position);
      if (!read?.closed || read.value === "") return undefined;
      return [...values, read.value];
    }
    do {
      const read = readArgument(line, position);
      if (read === undefined) {
        return argument.optional || argument.repeated ? values : undefined;
      }
      if (!read.closed || read.value === "") return undefined;
      values.push(read.value);
      position = read.end;
    } while (argument.repeated);
  }
  return readArgument(line, position) === undefined ? values : undefined;
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
    message: `unknown command ${
      visible(word)
    };${first}${then} /help lists all commands`,
    name: word.slice(1),
  };
}

function notACommand(word: string): ParsedCommand {
  const row = findCommand(word);
  const example = row === undefined
    ? "/chat USER makes lines without one go to a user or group, /help lists all commands"
    : `did you mean /${row.name}?`;
  return {
    problem: "not_a_command",
    message: `commands start with a slash; ${example}`,
    name: "",
  };
}

const noChat: ParsedCommand = {
  problem: "not_a_command",
  message: "no chat is open that this line could go to; /chat USER opens one",
  name: "",
};

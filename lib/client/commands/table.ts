/**
 * The one table of the slash commands, put together from the topics' files. A
 * new command is one descriptor there.
 */
import type { CommandRow } from "./command.ts";
import { callCommands } from "./calls.ts";
import { deviceCommands } from "./devices.ts";
import { fileCommands } from "./files.ts";
import { groupCommands } from "./groups.ts";
import { messageCommands } from "./messages.ts";
import { peopleCommands } from "./people.ts";
import { privateCommands } from "./private.ts";
import { programCommands } from "./program.ts";

/** The topics of `/help`, in its order, with their headings. */
const topics: Record<string, readonly [string, Record<string, CommandRow>]> = {
  messages: ["Messages", messageCommands],
  people: ["People", peopleCommands],
  groups: ["Groups", groupCommands],
  private: ["Private sessions and calls", {
    ...privateCommands,
    ...callCommands,
  }],
  files: ["Files", fileCommands],
  devices: ["My devices", deviceCommands],
  client: ["This client", programCommands],
};

/** What `/help` takes besides a command. */
export const topicNames = Object.keys(topics);

const commands = {
  ...messageCommands,
  ...peopleCommands,
  ...groupCommands,
  ...privateCommands,
  ...callCommands,
  ...fileCommands,
  ...deviceCommands,
  ...programCommands,
};

type Commands = typeof commands;

/** The name of a command, without its slash. */
export type CommandName = keyof Commands;

/** Everything a user can ask the client to do, parsed and checked. */
export type Command = {
  [N in CommandName]: Commands[N] extends CommandRow<infer Given, infer _>
    ? { readonly command: N } & Readonly<Given>
    : never;
}[CommandName];

/** What a successful command answers, by command. */
export type CommandAnswers = {
  [N in CommandName]: Commands[N] extends CommandRow<infer _, infer Answer>
    ? Answer
    : never;
};

/** A command's success. */
export type CommandSuccess = {
  [N in CommandName]: {
    readonly command: N;
    readonly ok: true;
    readonly answer: CommandAnswers[N];
  };
}[CommandName];

/** A command's descriptor with its name and topic, and nothing left out. */
export interface TableRow extends Required<CommandRow> {
  readonly name: CommandName;
  /** One of {@link topicNames}. */
  readonly topic: string;
  /** Of the topic. */
  readonly heading: string;
}

/** Every command, in the order of `/help all`. */
export const commandTable: readonly TableRow[] = Object.entries(topics)
  .flatMap(([topic, [heading, rows]]) =>
    Object.entries(rows).map(([name, row]) => ({
      aliases: [],
      words: [],
      details: "",
      arguments: [],
      read: () => ({}),
      show: () => [],
      remark: () => undefined,
      ...row,
      name: name as CommandName,
      topic,
      heading,
    }))
  );

/** The descriptor of a command. */
export function commandRow(name: CommandName): CommandRow {
  return commands[name];
}

/**
 * The row of a command or alias, with or without its slash, in any case;
 * `undefined` when there is none.
 */
export function findCommand(name: string): TableRow | undefined {
  return rowsByName.get(name.replace(/^\//, "").toLowerCase());
}

/**
 * The row of a word that is a command without its slash; `undefined` for any
 * other word.
 */
export function findWord(word: string): TableRow | undefined {
  return rowsByWord.get(word);
}

/** Every name to offer a user to type after the slash, aliases included. */
export function commandNames(): readonly string[] {
  return names;
}

const names = commandTable.flatMap((row) => [row.name, ...row.aliases]);
const rowsByWord = new Map(
  commandTable.flatMap((row) => row.words.map((word) => [word, row] as const)),
);
const rowsByName = new Map(
  commandTable.flatMap((row) =>
    [row.name, ...row.aliases, ...row.words]
      .map((name) => [name.toLowerCase(), row] as const)
  ),
);

/**
 * The one table of the slash commands. The parser, `/help` and Tab completion
 * all read it: a new command is one row here and one member of the union in
 * `command.ts`.
 */
import { parseRate, rateProblem } from "../../base/format.ts";
import type { Command, CommandRow } from "./command.ts";
import { buildMessage } from "./build_message.ts";
import { groupCommands } from "./groups.ts";
import { peopleCommands } from "./people.ts";
import { pastCommands } from "./messages.ts";
import { screenCommands } from "./screen.ts";
import { sessionCommands } from "./offers.ts";

export type { ArgumentKind, CommandRow } from "./command.ts";

/** Every command, in the order of `/help`. */
export const commandTable: readonly CommandRow[] = [
  {
    name: "msgto",
    aliases: ["msg", "w"],
    words: ["message"],
    group: "Messages",
    usage: "/msgto USER[,USER…] TEXT",
    summary:
      "send a private message; to N users also as /msgto N USER1 … USERN TEXT",
    example: "/msgto leia do or do not",
    arguments: [{ kind: "user-list" }, { kind: "text" }],
    build: buildMessage,
  },
  {
    name: "broadcast",
    aliases: [],
    words: ["BCM", "broadcast"],
    group: "Messages",
    usage: "/broadcast TEXT",
    summary: "send a message to everybody on line",
    example: "/broadcast the council meets at noon",
    arguments: [{ kind: "text" }],
    build: ([text = ""]) => ({ command: "broadcast", text }),
  },
  {
    name: "chat",
    aliases: [],
    group: "Messages",
    usage: "/chat [USER|GROUP]",
    summary:
      "lines without a slash go there; //TEXT sends /TEXT; alone, stops that",
    example: "/chat luke",
    arguments: [{ kind: "chat", optional: true }],
    build: ([target]) =>
      target === undefined ? { command: "chat" } : { command: "chat", target },
  },
  {
    name: "activeuser",
    aliases: ["who", "users"],
    words: ["ATU", "whoelse"],
    group: "Messages",
    usage: "/activeuser",
    summary: "who else is on line",
    example: "/activeuser",
    arguments: [],
    build: () => ({ command: "activeuser" }),
  },
  ...pastCommands,
  ...peopleCommands,
  ...groupCommands,
  ...sessionCommands,
  {
    name: "p2pvideo",
    aliases: ["send", "upload"],
    words: ["UPD"],
    group: "Files",
    usage: "/p2pvideo USER FILE",
    summary: "send a video, or any file, straight to a user's client",
    example: "/p2pvideo luke my film.mp4",
    arguments: [{ kind: "user" }, { kind: "file" }],
    build: ([to = "", file = ""]) => ({ command: "p2pvideo", to, file }),
  },
  {
    name: "groupvideo",
    aliases: [],
    group: "Files",
    usage: "/groupvideo GROUP FILE",
    summary: "send a file to every member of a group who is on line",
    example: "/groupvideo jedi my film.mp4",
    arguments: [{ kind: "group" }, { kind: "file" }],
    build: ([group = "", file = ""]) => ({
      command: "groupvideo",
      group,
      file,
    }),
  },
  {
    name: "accept",
    aliases: [],
    group: "Files",
    usage: "/accept N",
    summary: "take the file or private session that was offered as number N",
    example: "/accept 1",
    arguments: [{ kind: "number" }],
    build: ([number]) => withNumber("accept", number),
  },
  {
    name: "reject",
    aliases: [],
    group: "Files",
    usage: "/reject N",
    summary: "refuse the file or private session that was offered as number N",
    example: "/reject 1",
    arguments: [{ kind: "number" }],
    build: ([number]) => withNumber("reject", number),
  },
  {
    name: "transfers",
    aliases: [],
    group: "Files",
    usage: "/transfers",
    summary: "what is being sent and received, with progress; private sessions",
    example: "/transfers",
    arguments: [],
    build: () => ({ command: "transfers" }),
  },
  {
    name: "cancel",
    aliases: [],
    group: "Files",
    usage: "/cancel N",
    summary: "stop transfer number N, or end private session number N",
    example: "/cancel 1",
    arguments: [{ kind: "number" }],
    build: ([number]) => withNumber("cancel", number),
  },
  {
    name: "limit",
    aliases: [],
    group: "Files",
    usage: "/limit [RATE]",
    summary: "send at most RATE bytes a second, as 500k or 2M; off ends it",
    example: "/limit 2M",
    arguments: [{ kind: "rate", optional: true }],
    build: ([text]) => {
      if (text === undefined) return { command: "limit" };
      const rate = parseRate(text);
      return rate === undefined
        ? rateProblem("RATE", text)
        : { command: "limit", rate };
    },
  },
  ...screenCommands,
  {
    name: "help",
    aliases: [],
    group: "Parley",
    usage: "/help [COMMAND]",
    summary: "all commands, or one of them with an example",
    example: "/help p2pvideo",
    arguments: [{ kind: "command", optional: true }],
    build: ([topic]) =>
      topic === undefined ? { command: "help" } : { command: "help", topic },
  },
  {
    name: "logout",
    aliases: ["quit", "exit"],
    words: ["OUT", "logout"],
    group: "Parley",
    usage: "/logout",
    summary: "say good-bye and end",
    example: "/logout",
    arguments: [],
    build: () => ({ command: "logout" }),
  },
];

/**
 * The row of a command or alias, with or without its slash, in any case;
 * `undefined` when there is none.
 */
export function findCommand(name: string): CommandRow | undefined {
  return rowsByName.get(name.replace(/^\//, "").toLowerCase());
}

/**
 * The row of a word that is a command without its slash; `undefined` for any
 * other word.
 */
export function findWord(word: string): CommandRow | undefined {
  return rowsByWord.get(word);
}

/** Every name to offer a user to type after the slash, aliases included. */
export function commandNames(): readonly string[] {
  return names;
}

function withNumber(
  command: "accept" | "reject" | "cancel",
  number = "",
): Command | string {
  if (!/^[1-9][0-9]{0,8}$/.test(number)) {
    return `"${number}" is no number such as /transfers lists`;
  }
  return { command, transfer: Number(number) };
}

const names = commandTable.flatMap((row) => [row.name, ...row.aliases]);
const rowsByWord = new Map<string, CommandRow>(
  commandTable.flatMap((row) =>
    (row.words ?? []).map((word) => [word, row] as const)
  ),
);
const rowsByName = new Map<string, CommandRow>(
  commandTable.flatMap((row) =>
    [row.name, ...row.aliases, ...row.words ?? []]
      .map((name) => [name.toLowerCase(), row] as const)
  ),
);

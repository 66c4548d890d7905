/**
 * The one table of the slash commands. The parser, `/help` and Tab completion
 * all read it: a new command is one row here and one member of the union in
 * `command.ts`.
 */
import { profileFields } from "../protocol/profile_fields.ts";
import type { Command, CommandName } from "./command.ts";

/** What an argument is: how it is read and what Tab offers for it. */
export type ArgumentKind =
  | "user"
  /** User names joined by commas, one argument. */
  | "user-list"
  | "group"
  | "file"
  | "command"
  /** A positive whole number. */
  | "number"
  /** A field of a profile. */
  | "field"
  /** A name that nobody has yet. */
  | "new-name"
  /** The rest of the line, as typed; only as the last argument. */
  | "text";

/** One place in a command's grammar. */
export interface Argument {
  readonly kind: ArgumentKind;
  /** May be left out; only at the end. */
  readonly optional?: boolean;
  /** Takes all arguments that are left, and may take none; only at the end. */
  readonly repeated?: boolean;
}

/** Heading under which `/help` lists a command. */
export type CommandGroup =
  | "Messages"
  | "People"
  | "Groups"
  | "Files"
  | "Parley";

/** One row: everything there is to know about a command's syntax. */
export interface CommandRow {
  readonly name: CommandName;
  /** Other names, without slash. */
  readonly aliases: readonly string[];
  readonly group: CommandGroup;
  /** `/msgto USER[,USER…] TEXT` */
  readonly usage: string;
  /** One line that says what it does. */
  readonly summary: string;
  /** A line a user could type. */
  readonly example: string;
  readonly arguments: readonly Argument[];
  /**
   * Makes the command from the arguments in the order of the grammar, which
   * were counted before; `undefined` when one of them is not what it must be.
   */
  readonly build: (values: readonly string[]) => Command | undefined;
}

/** Every command, in the order of `/help`. */
export const commandTable: readonly CommandRow[] = [
  {
    name: "msgto",
    aliases: [],
    group: "Messages",
    usage: "/msgto USER[,USER…] TEXT",
    summary: "send a private message",
    example: "/msgto leia do or do not",
    arguments: [{ kind: "user-list" }, { kind: "text" }],
    build: ([users = "", text = ""]) => {
      const to = users.split(",");
      if (to.includes("")) return undefined;
      return { command: "msgto", to: [...new Set(to)], text };
    },
  },
  {
    name: "activeuser",
    aliases: [],
    group: "Messages",
    usage: "/activeuser",
    summary: "who else is on line",
    example: "/activeuser",
    arguments: [],
    build: () => ({ command: "activeuser" }),
  },
  {
    name: "block",
    aliases: [],
    group: "People",
    usage: "/block USER",
    summary: "no messages, calls or files from USER, who cannot see me either",
    example: "/block hans",
    arguments: [{ kind: "user" }],
    build: ([user = ""]) => ({ command: "block", user }),
  },
  {
    name: "unblock",
    aliases: [],
    group: "People",
    usage: "/unblock USER",
    summary: "end a block",
    example: "/unblock hans",
    arguments: [{ kind: "user" }],
    build: ([user = ""]) => ({ command: "unblock", user }),
  },
  {
    name: "blocked",
    aliases: [],
    group: "People",
    usage: "/blocked",
    summary: "whom I have blocked",
    example: "/blocked",
    arguments: [],
    build: () => ({ command: "blocked" }),
  },
  {
    name: "profile",
    aliases: [],
    group: "People",
    usage: "/profile [USER]",
    summary: "what a user, or I, tell about ourselves",
    example: "/profile leia",
    arguments: [{ kind: "user", optional: true }],
    build: ([user]) =>
      user === undefined
        ? { command: "profile" }
        : { command: "profile", user },
  },
  {
    name: "setprofile",
    aliases: [],
    group: "People",
    usage: "/setprofile FIELD VALUE",
    summary: `fill in ${
      profileFields.join(", ")
    } of my profile; no VALUE clears it`,
    example: "/setprofile hometown Dagobah",
    arguments: [{ kind: "field" }, { kind: "text", optional: true }],
    build: ([field = "", value = ""]) => {
      const isEmpty = value.trim() === "" || value.trim() === '""';
      return { command: "setprofile", field, value: isEmpty ? "" : value };
    },
  },
  {
    name: "changepassword",
    aliases: [],
    group: "People",
    usage: "/changepassword",
    summary: "another password; asks for the old and the new one",
    example: "/changepassword",
    arguments: [],
    build: () => ({ command: "changepassword" }),
  },
  {
    name: "rename",
    aliases: [],
    group: "People",
    usage: "/rename NEWNAME",
    summary: "another user name; messages, groups and blocks stay mine",
    example: "/rename master",
    arguments: [{ kind: "new-name" }],
    build: ([to = ""]) => ({ command: "rename", to }),
  },
  {
    name: "creategroup",
    aliases: [],
    group: "Groups",
    usage: "/creategroup GROUP USER…",
    summary: "make a group chat and invite users to it",
    example: "/creategroup jedi luke leia",
    arguments: [{ kind: "group" }, { kind: "user", repeated: true }],
    build: ([group = "", ...users]) => ({
      command: "creategroup",
      group,
      users: [...new Set(users)],
    }),
  },
  {
    name: "joingroup",
    aliases: [],
    group: "Groups",
    usage: "/joingroup GROUP",
    summary: "join a group chat you are invited to",
    example: "/joingroup jedi",
    arguments: [{ kind: "group" }],
    build: ([group = ""]) => ({ command: "joingroup", group }),
  },
  {
    name: "groupmsg",
    aliases: [],
    group: "Groups",
    usage: "/groupmsg GROUP TEXT",
    summary: "send a message to everyone who joined the group chat",
    example: "/groupmsg jedi the council meets at noon",
    arguments: [{ kind: "group" }, { kind: "text" }],
    build: ([group = "", text = ""]) => ({ command: "groupmsg", group, text }),
  },
  {
    name: "groups",
    aliases: [],
    group: "Groups",
    usage: "/groups",
    summary: "the group chats I am in or invited to",
    example: "/groups",
    arguments: [],
    build: () => ({ command: "groups" }),
  },
  {
    name: "members",
    aliases: [],
    group: "Groups",
    usage: "/members GROUP",
    summary: "who is in a group chat and who leads it",
    example: "/members jedi",
    arguments: [{ kind: "group" }],
    build: ([group = ""]) => ({ command: "members", group }),
  },
  {
    name: "p2pvideo",
    aliases: [],
    group: "Files",
    usage: "/p2pvideo USER FILE",
    summary: "send a video, or any file, straight to a user's client",
    example: '/p2pvideo luke "my film.mp4"',
    arguments: [{ kind: "user" }, { kind: "file" }],
    build: ([to = "", file = ""]) => ({ command: "p2pvideo", to, file }),
  },
  {
    name: "accept",
    aliases: [],
    group: "Files",
    usage: "/accept N",
    summary: "take the file that was offered as number N",
    example: "/accept 1",
    arguments: [{ kind: "number" }],
    build: ([number]) => withNumber("accept", number),
  },
  {
    name: "reject",
    aliases: [],
    group: "Files",
    usage: "/reject N",
    summary: "refuse the file that was offered as number N",
    example: "/reject 1",
    arguments: [{ kind: "number" }],
    build: ([number]) => withNumber("reject", number),
  },
  {
    name: "transfers",
    aliases: [],
    group: "Files",
    usage: "/transfers",
    summary: "what is being sent and received, with progress",
    example: "/transfers",
    arguments: [],
    build: () => ({ command: "transfers" }),
  },
  {
    name: "cancel",
    aliases: [],
    group: "Files",
    usage: "/cancel N",
    summary: "stop transfer number N",
    example: "/cancel 1",
    arguments: [{ kind: "number" }],
    build: ([number]) => withNumber("cancel", number),
  },
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

/** Every name a user can type after the slash, aliases included. */
export function commandNames(): readonly string[] {
  return [...rowsByName.keys()];
}

function withNumber(
  command: "accept" | "reject" | "cancel",
  number = "",
): Command | undefined {
  if (!/^[1-9][0-9]{0,8}$/.test(number)) return undefined;
  return { command, transfer: Number(number) };
}

const rowsByName = new Map<string, CommandRow>(
  commandTable.flatMap((row) =>
    [row.name, ...row.aliases].map((name) => [name, row] as const)
  ),
);

/** What an argument is: how it is read and what Tab offers for it. */
export type ArgumentKind =
  | "user"
  /** One whom the user has blocked. */
  | "blocked-user"
  /** User names joined by commas, one argument. */
  | "user-list"
  | "group"
  /** A user or a group. */
  | "chat"
  /** A path: the rest of the line, perhaps quoted; only as the last argument. */
  | "file"
  | "command"
  /** `on` or `off`. */
  | "switch"
  /** One of the few that the usage shows. */
  | "word"
  /** A positive whole number. */
  | "number"
  /** Bytes a second; see `parseRate`. */
  | "rate"
  /** A field of a profile. */
  | "field"
  /** Something that is set about a group. */
  | "group-field"
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
  | "Private sessions"
  | "Files"
  | "Parley";

/** One row: everything there is to know about a command's syntax. */
export interface CommandRow {
  readonly name: CommandName;
  /** Other names, without slash. */
  readonly aliases: readonly string[];
  /**
   * Words of older protocols: other names that, written exactly so, need no
   * slash while no chat is open. The command's own name may be one.
   */
  readonly words?: readonly string[];
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
   * were counted before; `undefined`, or what is wrong, when one of them is not
   * what it must be.
   */
  readonly build: (values: readonly string[]) => Command | string | undefined;
}

/** Everything a user can ask the client to do, parsed and checked. */
export type Command =
  | {
    readonly command: "msgto";
    readonly to: readonly string[];
    readonly text: string;
  }
  | { readonly command: "broadcast"; readonly text: string }
  | { readonly command: "activeuser" }
  | { readonly command: "block"; readonly user: string }
  | { readonly command: "unblock"; readonly user: string }
  | { readonly command: "blocked" }
  | {
    readonly command: "profile";
    /** One's own when absent. */
    readonly user?: string;
  }
  | {
    readonly command: "setprofile";
    readonly field: string;
    /** Empty to clear the field. */
    readonly value: string;
  }
  | { readonly command: "changepassword" }
  | { readonly command: "rename"; readonly to: string }
  | {
    readonly command: "verify";
    readonly user: string;
    /** `ok`: the numbers are the same; `accept`: the changed key is. */
    readonly action?: "ok" | "accept";
  }
  | { readonly command: "whoelsesince"; readonly seconds: number }
  | {
    readonly command: "history";
    /** A user or a group, `@USER` or `#GROUP`; all my messages when absent. */
    readonly name?: string;
    /** How many; 20 when absent. */
    readonly count?: number;
    /** Place in the past from which to go further back. */
    readonly before?: number;
  }
  | {
    /** My broadcasts, or the messages of my groups, since a time. */
    readonly command: "rdm";
    readonly kind: "broadcast" | "group";
    /** ms since 1970 UTC. */
    readonly since: number;
    /** Place in the past from which to go further back. */
    readonly before?: number;
  }
  | { readonly command: "deletemsg"; readonly number: number }
  | {
    readonly command: "deletegroupmsg";
    readonly group: string;
    readonly number: number;
  }
  | {
    readonly command: "creategroup";
    readonly group: string;
    readonly users: readonly string[];
  }
  | {
    /** The same, but only the leader may post. */
    readonly command: "createbroadcast";
    readonly group: string;
    readonly users: readonly string[];
  }
  | { readonly command: "joingroup"; readonly group: string }
  | { readonly command: "leavegroup"; readonly group: string }
  | {
    readonly command: "addmember" | "removemember" | "promote";
    readonly group: string;
    readonly user: string;
  }
  | {
    readonly command: "groupmsg";
    readonly group: string;
    readonly text: string;
  }
  | {
    /** Makes a group under a name that the client makes up. */
    readonly command: "srb";
    readonly users: readonly string[];
  }
  | {
    readonly command: "chat";
    /** `USER`, `GROUP`, `@USER` or `#GROUP`; closes the chat when absent. */
    readonly target?: string;
  }
  | {
    /** What the leader sets about a group. */
    readonly command: "setgroup";
    readonly group: string;
    /** Whether who joins may see what was said before. */
    readonly history: boolean;
  }
  | { readonly command: "groups" }
  | { readonly command: "members"; readonly group: string }
  | { readonly command: "startprivate"; readonly user: string }
  | {
    readonly command: "private";
    readonly user: string;
    readonly text: string;
  }
  | { readonly command: "stopprivate"; readonly user: string }
  | {
    readonly command: "p2pvideo";
    readonly to: string;
    /** Path as the user wrote it. */
    readonly file: string;
  }
  | {
    readonly command: "groupvideo";
    readonly group: string;
    /** Path as the user wrote it. */
    readonly file: string;
  }
  | {
    readonly command: "limit";
    /** Bytes a second; 0 for no limit; absent to be told. */
    readonly rate?: number;
  }
  | { readonly command: "accept"; readonly transfer: number }
  | { readonly command: "reject"; readonly transfer: number }
  | { readonly command: "transfers" }
  | {
    /** Whether the terminal's bell rings when somebody writes to the user. */
    readonly command: "notify";
    readonly notify: boolean;
  }
  | { readonly command: "cancel"; readonly transfer: number }
  | {
    readonly command: "help";
    /** A command's name as typed; all commands when absent. */
    readonly topic?: string;
  }
  | { readonly command: "logout" };

/** The name of a command, without its slash. */
export type CommandName = Command["command"];

/** Where the lines without a slash go (`/chat`). */
export interface ChatTarget {
  readonly kind: "user" | "group";
  readonly name: string;
}

/**
 * What `/chat NAME` asks for: a name alone may be a user or a group; `@NAME` is
 * the user, `#NAME` the group. Neither sign can be part of a name.
 */
export function readChatName(
  text: string,
): { readonly name: string; readonly kind?: "user" | "group" } {
  const name = text.slice(1);
  if (text.startsWith("@")) return { name, kind: "user" };
  if (text.startsWith("#")) return { name, kind: "group" };
  return { name: text };
}

import type { Command, CommandName } from "./command.ts";

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

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

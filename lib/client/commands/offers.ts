/** The commands of private sessions: rows of the table. */
import type { CommandRow } from "./command.ts";

/** Rows for starting, using and ending private sessions. */
export const sessionCommands: readonly CommandRow[] = [
  {
    name: "startprivate",
    aliases: [],
    words: ["startprivate"],
    group: "Private sessions",
    usage: "/startprivate USER",
    summary: "ask for an encrypted connection straight to a user's client",
    example: "/startprivate leia",
    arguments: [{ kind: "user" }],
    build: ([user = ""]) => ({ command: "startprivate", user }),
  },
  {
    name: "private",
    aliases: [],
    words: ["private"],
    group: "Private sessions",
    usage: "/private USER TEXT",
    summary: "send a text there, which the server never sees",
    example: "/private leia the plans are in the droid",
    arguments: [{ kind: "user" }, { kind: "text" }],
    build: ([user = "", text = ""]) => ({ command: "private", user, text }),
  },
  {
    name: "stopprivate",
    aliases: [],
    words: ["stopprivate"],
    group: "Private sessions",
    usage: "/stopprivate USER",
    summary: "end the private session, for both",
    example: "/stopprivate leia",
    arguments: [{ kind: "user" }],
    build: ([user = ""]) => ({ command: "stopprivate", user }),
  },
];

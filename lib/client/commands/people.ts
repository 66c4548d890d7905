import { profileFields } from "../../wire/names.ts";
import type { CommandRow } from "./command.ts";

/** The rows of the command table about people and one's own account. */
export const peopleCommands: readonly CommandRow[] = [
  {
    name: "block",
    aliases: ["ignore"],
    words: ["block"],
    group: "People",
    usage: "/block USER",
    summary: "no messages, calls or files from USER, who cannot see me either",
    example: "/block hans",
    arguments: [{ kind: "user" }],
    build: ([user = ""]) => ({ command: "block", user }),
  },
  {
    name: "unblock",
    aliases: ["unignore"],
    words: ["unblock"],
    group: "People",
    usage: "/unblock USER",
    summary: "end a block",
    example: "/unblock hans",
    arguments: [{ kind: "blocked-user" }],
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
    name: "verify",
    aliases: [],
    group: "People",
    usage: "/verify USER [ok|accept]",
    summary:
      "the number to compare with USER; ok: it is the same; accept: take a changed key",
    example: "/verify luke",
    arguments: [{ kind: "user" }, { kind: "word", optional: true }],
    build: ([user = "", action]) => {
      if (action === undefined) return { command: "verify", user };
      if (action !== "ok" && action !== "accept") return undefined;
      return { command: "verify", user, action };
    },
  },
  {
    name: "profile",
    aliases: ["whois"],
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
    aliases: ["nick"],
    group: "People",
    usage: "/rename NEWNAME",
    summary: "another user name; messages, groups and blocks stay mine",
    example: "/rename master",
    arguments: [{ kind: "new-name" }],
    build: ([to = ""]) => ({ command: "rename", to }),
  },
];

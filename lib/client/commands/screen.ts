/** The commands about the client itself: rows of the table. */
import type { CommandRow } from "./command.ts";

/** Rows for how the client behaves on this terminal. */
export const screenCommands: readonly CommandRow[] = [
  {
    name: "notify",
    aliases: [],
    group: "Parley",
    usage: "/notify on|off",
    summary: "ring the terminal's bell when somebody writes to you, or do not",
    example: "/notify off",
    arguments: [{ kind: "switch" }],
    build: ([value = ""]) => {
      const word = value.toLowerCase();
      if (word !== "on" && word !== "off") {
        return `"${value}" is neither on nor off`;
      }
      return { command: "notify", notify: word === "on" };
    },
  },
];

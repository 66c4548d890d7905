/** What `/help` tells, from the command table. */
import {
  type CommandName,
  commandTable,
  findCommand,
  type TableRow,
  topicNames,
} from "./table.ts";
import { commandHint } from "./command_hint.ts";

/** One command, as `/help` tells it. */
export interface HelpEntry {
  /** Heading under which it stands. */
  readonly group: string;
  readonly usage: string;
  readonly summary: string;
  /** More than a line holds; absent when there is no more to say. */
  readonly details?: string;
  readonly example: string;
  /** Other names, with slash. */
  readonly aliases: readonly string[];
  /** Words of older protocols, which need no slash. */
  readonly words: readonly string[];
}

/** What `/help` or `/help TOPIC` answers: commands, or that there is none. */
export type Help =
  | {
    readonly entries: readonly HelpEntry[];
    /** Where these are but the commands one needs: what `/help` also takes. */
    readonly topics?: readonly string[];
  }
  | { readonly message: string };

/**
 * The commands one needs; or all of them, those of a topic, or one.
 *
 * @param topic `all`, a topic or a command. A word that is both is the topic;
 * with a slash, the command.
 */
export function help(topic?: string): Help {
  if (topic === undefined) {
    const rows = essentials.map((name) => findCommand(name))
      .filter((row) => row !== undefined);
    return { entries: rows.map(entry), topics: [...topicNames, "all"] };
  }
  const word = topic.toLowerCase();
  const rows = commandTable.filter((row) =>
    word === "all" || row.topic === word
  );
  if (rows.length > 0) return { entries: rows.map(entry) };
  const row = findCommand(topic);
  if (row !== undefined) return { entries: [entry(row)] };
  const shown = topic.startsWith("/") ? topic : `/${topic}`;
  const hint = commandHint(topic) ?? "/help all lists all commands";
  return { message: `Unknown command ${shown}; ${hint}` };
}

function entry(row: TableRow): HelpEntry {
  const { heading: group, usage, summary, details, example, words } = row;
  const aliases = row.aliases.map((alias) => `/${alias}`);
  const more = details === "" ? {} : { details };
  return { group, usage, summary, ...more, example, aliases, words };
}

/** What somebody needs who comes for the first time. */
const essentials: readonly CommandName[] = [
  "activeuser",
  "chat",
  "msgto",
  "history",
  "creategroup",
  "joingroup",
  "p2pvideo",
  "accept",
  "help",
  "logout",
];

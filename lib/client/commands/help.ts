/** The texts of `/help`, from the command table. */
import { commandTable, findCommand, type TableRow } from "./table.ts";
import { commandHint } from "./command_hint.ts";

/** One command, as `/help` tells it. */
export interface HelpEntry {
  readonly group: string;
  readonly usage: string;
  readonly summary: string;
  readonly example: string;
  /** Other names, with slash. */
  readonly aliases: readonly string[];
  /** Words of older protocols, which need no slash. */
  readonly words: readonly string[];
}

/** What `/help` or `/help TOPIC` answers: entries, or that there is none. */
export type Help =
  | { readonly entries: readonly HelpEntry[] }
  | { readonly message: string };

/** Help about everything, or about the command `topic`. */
export function help(topic?: string): Help {
  if (topic === undefined) return { entries: commandTable.map(entry) };
  const row = findCommand(topic);
  if (row !== undefined) return { entries: [entry(row)] };
  const word = topic.startsWith("/") ? topic : `/${topic}`;
  const hint = commandHint(topic) ?? "/help lists all commands";
  return { message: `unknown command ${word}; ${hint}` };
}

function entry(row: TableRow): HelpEntry {
  const { topic: group, usage, summary, example, words } = row;
  const aliases = row.aliases.map((alias) => `/${alias}`);
  return { group, usage, summary, example, aliases, words };
}

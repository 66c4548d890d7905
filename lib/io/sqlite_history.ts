/**
 * The past in the database: each question is a few searches in an index, from
 * the end backwards, so that the answer takes the same time however many
 * messages there are.
 */
import type { DatabaseSync, StatementSync } from "node:sqlite";
import type { Found, Lookup, StoredMessage } from "../server/store.ts";
import { toMessage } from "./sqlite_message.ts";
import { columns } from "./sqlite_statements.ts";

/** Answers questions about stored messages. */
export class SqliteHistory {
  readonly #statements: Record<keyof typeof sql, StatementSync>;

  constructor(database: DatabaseSync) {
    const entries = Object.entries(sql).map((
      [name, text],
    ) => [name, database.prepare(text)]);
    this.#statements = Object.fromEntries(entries);
  }

  /** The answer, as `Store.lookUp` gives it. */
  lookUp(lookup: Lookup): Found {
    switch (lookup.kind) {
      case "pair": {
        const { user, other, before, limit } = lookup;
        const [low, high] = [Math.min(user, other), Math.max(user, other)];
        const rows = this.#statements.pair.all(low, high, before, limit);
        return { messages: rows.map(toMessage), receivers: [] };
      }
      case "group": {
        const { group, after, before, limit } = lookup;
        const rows = this.#statements.group.all(group, after, before, limit);
        return { messages: rows.map(toMessage), receivers: [] };
      }
      case "mine": {
        const { user, before, limit } = lookup;
        return { messages: this.#mine(user, before, limit), receivers: [] };
      }
      case "number":
        return this.#byNumber(lookup.group ?? null, lookup.number);
    }
  }

  /** The id of the first message of a log with a number over `after`. */
  firstLogged(grp: number | null, after: number): number {
    // Numbers rise with the ids, so a binary search over the ids finds it
    // without an index of its own.
    const { next: nextLogged, last } = this.#statements;
    let low = 0;
    let high = Number(last.get(grp)?.id ?? 0) + 1;
    while (low < high) {
      const middle = Math.floor((low + high) / 2);
      const next = nextLogged.get(grp, middle);
      if (next === undefined || Number(next.number) > after) high = middle;
      else low = Number(next.id) + 1;
    }
    return low;
  }

  #byNumber(grp: number | null, number: number): Found {
    const id = this.firstLogged(grp, number - 1);
    const row = this.#statements.from.get(grp, id);
    if (row === undefined || Number(row.number) !== number) {
      return { messages: [], receivers: [] };
    }
    const message = toMessage(row);
    const isBroadcast = message.group === undefined &&
      message.receiver === undefined;
    const receivers = isBroadcast
      ? this.#statements.receivers.all(message.id).map((row) =>
        Number(row.user)
      )
      : [];
    return { messages: [message], receivers };
  }

  #mine(user: number, before: number, limit: number): StoredMessage[] {
    const { sent, received, broadcasts, joined, group } = this.#statements;
    let found: StoredMessage[] = [];
    const add = (rows: ReturnType<StatementSync["all"]>) => {
      if (rows.length === 0) return;
      found.push(...rows.map(toMessage));
      found = found.sort((a, b) => b.id - a.id).slice(0, limit);
    };
    add(sent.all(user, before, limit));
    add(received.all(user, before, limit));
    add(broadcasts.all(user, before, limit));
    for (const row of joined.all(user)) {
      // Nothing before what already fills the answer can be part of it.
      const full = found.length < limit ? 0 : found.at(-1)?.id ?? 0;
      const after = Math.max(full, Number(row.since_message));
      add(group.all(row.grp ?? null, after, before, limit));
    }
    return found;
  }
}

const newestFirst = "id < ? ORDER BY id DESC LIMIT ?";

const sql = {
  pair: `SELECT ${columns} FROM messages WHERE receiver IS NOT NULL ` +
    "AND min(sender, receiver) = ? AND max(sender, receiver) = ? " +
    `AND ${newestFirst}`,
  group: `SELECT ${columns} FROM messages ` +
    `WHERE grp = ? AND id > ? AND ${newestFirst}`,
  sent: `SELECT ${columns} FROM messages INDEXED BY messages_by_sender ` +
    `WHERE sender = ? AND grp IS NULL AND ${newestFirst}`,
  received: `SELECT ${columns} FROM messages ` +
    `WHERE receiver = ? AND ${newestFirst}`,
  broadcasts: `SELECT ${columns} FROM broadcasts ` +
    "JOIN messages ON id = message " +
    "WHERE user = ? AND message < ? ORDER BY message DESC LIMIT ?",
  joined: "SELECT grp, since_message FROM members " +
    "WHERE user = ? AND joined = 1",
  receivers: "SELECT user FROM broadcasts WHERE message = ?",
  from: `SELECT ${columns} FROM messages ` +
    "WHERE grp IS ? AND id >= ? ORDER BY id LIMIT 1",
  next: "SELECT id, number FROM messages " +
    "WHERE grp IS ? AND id >= ? ORDER BY id LIMIT 1",
  last: "SELECT max(id) AS id FROM messages WHERE grp IS ?",
} as const;

/**
 * The past in the database: each question is a few searches in an index, from
 * the end backwards, so that the answer takes the same time however many
 * messages there are.
 */
import type { DatabaseSync, StatementSync } from "node:sqlite";
import type { Found, Lookup, StoredMessage } from "../model/store.ts";
import { toMessage } from "./message_row.ts";
import { columns, nextReceiver } from "./sqlite_statements.io.ts";
import { SqliteUnseen } from "./sqlite_unseen.io.ts";

/** Answers questions about stored messages. */
export class SqliteHistory {
  readonly #statements: Record<keyof typeof sql, StatementSync>;
  readonly #unseen: SqliteUnseen;

  constructor(database: DatabaseSync) {
    const entries = Object.entries(sql).map((
      [name, text],
    ) => [name, database.prepare(text)]);
    this.#statements = Object.fromEntries(entries);
    this.#unseen = new SqliteUnseen(database);
  }

  /** The answer, as `Store.lookUp` gives it. */
  lookUp(lookup: Exclude<Lookup, { kind: "search" }>): Found {
    switch (lookup.kind) {
      case "pair": {
        const { user, other, before, limit } = lookup;
        const newest = new Newest(limit);
        const { sent } = this.#statements;
        newest.add(sent.all(user, other, 0, before, limit));
        newest.add(sent.all(other, user, newest.after, before, limit));
        return { messages: newest.messages, receivers: [] };
      }
      case "group": {
        const { group, after, before, limit } = lookup;
        const rows = this.#statements.group.all(group, after, before, limit);
        return { messages: rows.map(toMessage), receivers: [] };
      }
      case "mine": {
        return { messages: this.#mine(lookup), receivers: [] };
      }
      case "number":
        return this.#byNumber(lookup.group ?? null, lookup.number);
      case "unseen": {
        const unseen = this.#unseen.count(lookup.user, lookup.scopes);
        return { messages: [], receivers: [], unseen };
      }
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
    return { messages: [message], receivers: this.#receiversOf(message) };
  }

  #receiversOf({ id, group, receiver }: StoredMessage): number[] {
    if (receiver !== undefined) return [];
    const { receivers, owed } = this.#statements;
    const rows = group === undefined
      ? receivers.all(id)
      : owed.all(group, id, id);
    return rows.map((row) => Number(row.user));
  }

  #mine({ user, only, before, limit }: Mine): StoredMessage[] {
    const newest = new Newest(limit);
    if (only === undefined) this.#addPrivate(newest, user, before, limit);
    if (only !== "group") {
      const { broadcasts, sent } = this.#statements;
      newest.add(broadcasts.all(user, before, limit));
      newest.add(sent.all(user, null, newest.after, before, limit));
    }
    if (only !== "broadcast") {
      const { joined, group } = this.#statements;
      for (const row of joined.all(user)) {
        const after = Math.max(newest.after, Number(row.since_message));
        newest.add(group.all(row.grp ?? null, after, before, limit));
      }
    }
    return newest.messages;
  }

  #addPrivate(
    newest: Newest,
    user: number,
    before: number,
    limit: number,
  ): void {
    const { received, sent, nextReceiver } = this.#statements;
    newest.add(received.all(user, before, limit));
    // One search for each person ever written to: an index by sender alone
    // would cost every message more than this costs now and then.
    for (let receiver = -1;;) {
      const row = nextReceiver.get(user, receiver);
      if (row === undefined) break;
      receiver = Number(row.receiver);
      newest.add(sent.all(user, receiver, newest.after, before, limit));
    }
  }
}

type Mine = Extract<Lookup, { kind: "mine" }>;

/** The newest messages of several answers. */
class Newest {
  messages: StoredMessage[] = [];
  readonly #limit: number;

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Nothing up to this id can be among them any more. */
  get after(): number {
    const { messages } = this;
    return messages.length < this.#limit ? 0 : messages.at(-1)?.id ?? 0;
  }

  add(rows: Row[]): void {
    if (rows.length === 0) return;
    this.messages.push(...rows.map(toMessage));
    this.messages.sort((one, other) => other.id - one.id);
    this.messages.length = Math.min(this.messages.length, this.#limit);
  }
}

const newestFirst = "id < ? ORDER BY id DESC LIMIT ?";

const sql = {
  group: `SELECT ${columns} FROM messages ` +
    `WHERE grp = ? AND id > ? AND ${newestFirst}`,
  sent: `SELECT ${columns} FROM messages INDEXED BY messages_by_sender ` +
    `WHERE sender = ? AND receiver IS ? AND grp IS NULL AND id > ? ` +
    `AND ${newestFirst}`,
  nextReceiver,
  received: `SELECT ${columns} FROM messages ` +
    `WHERE receiver = ? AND ${newestFirst}`,
  broadcasts: `SELECT ${columns} FROM broadcasts ` +
    "JOIN messages ON id = message " +
    "WHERE user = ? AND message < ? ORDER BY message DESC LIMIT ?",
  joined: "SELECT grp, iif(history = 1, 0, since_message) AS since_message " +
    "FROM members JOIN groups ON groups.id = grp " +
    "WHERE user = ? AND joined = 1",
  owed: "SELECT user FROM owed WHERE grp = ? AND after < ? AND upto >= ?",
  receivers: "SELECT user FROM broadcasts WHERE message = ?",
  from: `SELECT ${columns} FROM messages ` +
    "WHERE grp IS ? AND id >= ? ORDER BY id LIMIT 1",
  next: "SELECT id, number FROM messages " +
    "WHERE grp IS ? AND id >= ? ORDER BY id LIMIT 1",
  last: "SELECT max(id) AS id FROM messages WHERE grp IS ?",
} as const;

/** A row as SQLite gives it. */
export type Row = ReturnType<StatementSync["all"]>[number];

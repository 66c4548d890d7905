/**
 * Removes messages that are old and that everyone has who was to have them, and
 * gives the space back, a little at a time.
 */
import type { DatabaseSync, StatementSync } from "node:sqlite";
import type { Purge } from "../model/store.ts";
import type { Row } from "./sqlite_history.io.ts";
import type { SqliteSearch } from "./sqlite_search.io.ts";

/** Makes the steps of removing what is old. */
export class SqlitePurge {
  readonly #statements: Record<keyof typeof sql, StatementSync>;
  readonly #search: SqliteSearch;

  constructor(database: DatabaseSync, search: SqliteSearch) {
    this.#search = search;
    const entries = Object.entries(sql).map((
      [name, text],
    ) => [name, database.prepare(text)]);
    this.#statements = Object.fromEntries(entries);
  }

  /**
   * Looks at the next messages and removes those that may go; to be called in a
   * transaction.
   *
   * @returns The id up to which it looked; `undefined` when all others are new.
   */
  remove(purge: Purge): number | undefined {
    const { olderThan, after } = purge;
    const { page, drop, dropReceivers } = this.#statements;
    const rows = page.all(after, pageMessages);
    const waiting = new Waiting(this.#statements, purge, rows);
    let last: number | undefined;
    let receivers = 0;
    for (const row of rows) {
      if (Number(row.at) >= olderThan) return undefined;
      last = Number(row.id);
      if (waiting.includes(row)) continue;
      this.#search.remove(last);
      drop.run(last);
      if (row.receiver !== null || row.grp !== null) continue;
      receivers += Number(dropReceivers.run(last).changes);
      if (receivers >= pageReceivers) return last;
    }
    return rows.length < pageMessages ? undefined : last;
  }

  /** Gives freed space back. @returns True when there is more of it. */
  giveBack(): boolean {
    const { giveBack, free } = this.#statements;
    // It gives back a page with each row that is fetched.
    giveBack.all();
    return Number(free.get()?.freelist_count) > 0;
  }
}

/** Who has yet to get which messages of a page. */
class Waiting {
  readonly #statements: Record<keyof typeof sql, StatementSync>;
  readonly #gone: ReadonlySet<number>;
  readonly #liveSince: number;
  readonly #end: number;
  readonly #cursors = new Map<number, number>();
  readonly #behind = new Map<number, Row[]>();

  constructor(
    statements: Record<keyof typeof sql, StatementSync>,
    { gone, liveSince }: Purge,
    page: readonly Row[],
  ) {
    this.#statements = statements;
    this.#gone = new Set(gone);
    this.#liveSince = liveSince;
    this.#end = Number(page.at(-1)?.id ?? 0);
  }

  /** True when somebody has yet to get the message. */
  includes(row: Row): boolean {
    const id = Number(row.id);
    if (this.#isOwnBehind(row)) return true;
    if (row.grp !== null) {
      return this.#membersBehind(Number(row.grp)).some((member) =>
        Number(member.since_message) < id && Number(member.confirmed) < id &&
        Number(member.upto ?? Infinity) >= id && member.user !== row.sender
      );
    }
    if (row.receiver !== null) return this.#cursor(Number(row.receiver)) < id;
    return this.#statements.receivers.all(id)
      .some(({ user }) => this.#cursor(Number(user)) < id);
  }

  /** True when a device of the sender has yet to get what another one sent. */
  #isOwnBehind({ id, sender, device }: Row): boolean {
    if (device === null || this.#gone.has(Number(sender))) return false;
    const { ownBehind } = this.#statements;
    const row = ownBehind.get(
      sender ?? null,
      device ?? null,
      id ?? null,
      this.#liveSince,
    );
    return row !== undefined;
  }

  /** Up to where a user's devices have everything; nothing waits for who is gone. */
  #cursor(user: number): number {
    let cursor = this.#cursors.get(user);
    if (cursor === undefined) {
      const row = this.#statements.cursor.get(this.#liveSince, user);
      const isGone = row === undefined || this.#gone.has(user);
      cursor = isGone ? Infinity : Number(row.confirmed);
      this.#cursors.set(user, cursor);
    }
    return cursor;
  }

  /** Who is or was in a group and may lack something of the page. */
  #membersBehind(group: number): Row[] {
    let members = this.#behind.get(group);
    if (members === undefined) {
      const { behind, owed } = this.#statements;
      const rows = [
        ...behind.all(this.#liveSince, group, this.#end),
        ...owed.all(this.#liveSince, group),
      ];
      members = rows
        .filter((member) => !this.#gone.has(Number(member.user)));
      this.#behind.set(group, members);
    }
    return members;
  }
}

/** Messages that one step looks at. */
const pageMessages = 500;
/** Receivers of broadcasts that one step removes, about. */
const pageReceivers = 10_000;
/** Pages that one step gives back. */
const vacuumPages = 256;

/** Up to where all devices of a user have everything that count. */
const cursor = "(SELECT coalesce(" +
  "(SELECT min(cursor) FROM devices WHERE user = users.id AND last_seen >= ?), " +
  "max(users.cursor, coalesce(" +
  "(SELECT max(cursor) FROM devices WHERE user = users.id), 0)))) AS confirmed";

const sql = {
  page: "SELECT id, at, sender, device, receiver, grp FROM messages " +
    "WHERE id > ? ORDER BY id LIMIT ?",
  cursor: `SELECT ${cursor} FROM users WHERE id = ?`,
  behind: `SELECT user, since_message, ${cursor} FROM members ` +
    "JOIN users ON users.id = user " +
    "WHERE grp = ? AND joined = 1 AND confirmed < ?",
  owed: `SELECT user, after AS since_message, upto, ${cursor} FROM owed ` +
    "JOIN users ON users.id = user WHERE grp = ?",
  ownBehind: "SELECT 1 FROM devices WHERE user = ? AND number <> ? " +
    "AND cursor < ? AND last_seen >= ? AND id <> '' LIMIT 1",
  receivers: "SELECT user FROM broadcasts WHERE message = ?",
  drop: "DELETE FROM messages WHERE id = ?",
  dropReceivers: "DELETE FROM broadcasts WHERE message = ?",
  giveBack: `PRAGMA incremental_vacuum(${vacuumPages})`,
  free: "PRAGMA freelist_count",
} as const;

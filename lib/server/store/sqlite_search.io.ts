/**
 * The search in the database. An index holds each three characters in a row of
 * each text, and with them who may find it: a private message is marked with
 * its two users, a group's with the group, a broadcast with its sender and as a
 * broadcast. So a question only comes upon what is for the one who asks, and
 * takes no longer for what others said.
 *
 * The index holds no text. It is filled behind the messages, a few at a time
 * ({@link SqliteSearch.index}); those that it does not have yet, and everything
 * when no term has three characters, are looked through one by one.
 */
import type { DatabaseSync, StatementSync } from "node:sqlite";
import { foldText } from "../../base/search_words.ts";
import type { Found, Lookup } from "../model/store.ts";
import {
  markOf,
  SearchMatches,
  searchPage,
  threesOfTerms,
} from "./search_matches.ts";
import { toMessage } from "./message_row.ts";
import type { Row, SqliteHistory } from "./sqlite_history.io.ts";
import { columns } from "./sqlite_statements.io.ts";

/** Searches, and keeps the index. */
export class SqliteSearch {
  readonly #history: SqliteHistory;
  readonly #statements: Record<keyof typeof sql, StatementSync>;

  constructor(database: DatabaseSync, history: SqliteHistory) {
    this.#history = history;
    const entries = Object.entries(sql).map((
      [name, text],
    ) => [name, database.prepare(text)]);
    this.#statements = Object.fromEntries(entries);
  }

  /** The answer, as `Store.lookUp` gives it. */
  search(lookup: Search): Found {
    const { terms, before } = lookup;
    const query = indexQuery(terms);
    const end = query === undefined ? 0 : this.#indexed;
    const kept = this.#statements.kept.all({ user: lookup.user })
      .map(({ sender, after, upto }) => ({
        sender: Number(sender),
        after: Number(after),
        upto: upto === null ? Infinity : Number(upto),
      }));
    const newest = new SearchMatches(lookup.limit, terms, kept);
    if (before - 1 > end) this.#scan(lookup, end, newest);
    if (query !== undefined && newest.goesOn) {
      const top = Math.min(before, end + 1);
      for (const source of this.#sources(lookup.scope)) {
        this.#addHits(newest, source, query, top);
      }
    }
    return newest.found();
  }

  /**
   * Takes some more messages into the index; to be called in a transaction.
   *
   * @returns True when there may be more of them.
   */
  index(): boolean {
    const { page, add, raise } = this.#statements;
    let last = 0;
    let characters = 0;
    let count = 0;
    for (const row of page.iterate(this.#indexed, stepMessages)) {
      const text = indexedText(row);
      if (text !== undefined) add.run(Number(row.id), text);
      last = Number(row.id);
      characters += text?.length ?? 0;
      count++;
      if (characters >= pageCharacters) break;
    }
    if (last > 0) raise.run(last);
    return count === stepMessages || characters >= pageCharacters;
  }

  /**
   * Takes a message out of the index, before its text is removed; to be called
   * in the same transaction.
   */
  remove(id: number): void {
    if (id > this.#indexed) return;
    const { message, remove } = this.#statements;
    const row = message.get(id);
    const text = row && indexedText(row);
    if (text !== undefined) remove.run(id, text);
  }

  /** Messages with ids up to this one are in the index. */
  get #indexed(): number {
    return Number(this.#statements.indexed.get()?.value ?? 0);
  }

  /** Looks through the messages with ids over `end`, one by one. */
  #scan({ scope, before }: Search, end: number, newest: SearchMatches): void {
    for (let top = before; top - 1 > end && newest.goesOn;) {
      const limit = Math.min(searchPage, top - 1 - end);
      const { messages } = this.#history.lookUp({
        ...scope,
        before: top,
        limit,
      });
      for (const message of messages) {
        if (message.id <= end) return;
        if (!newest.add(message)) return;
      }
      if (messages.length < limit) return;
      top = messages.at(-1)!.id;
    }
  }

  /** What the index has of one source, from the end backwards. */
  #addHits(
    newest: SearchMatches,
    { marks, after, isFor }: Source,
    query: string,
    before: number,
  ): void {
    const { hits, message } = this.#statements;
    const asked = [...marks.map(quoted), query].join(" AND ");
    const begin = Math.max(after, newest.after);
    newest.begin();
    for (const { rowid } of hits.iterate(asked, before, begin)) {
      const id = rowid as number;
      const row = message.get(id);
      const found = row && isFor(row) ? toMessage(row) : undefined;
      const isOpen = found === undefined || newest.keeps(found)
        ? newest.pass(id)
        : newest.add(found);
      if (!isOpen) return;
    }
  }

  /** Where the messages of a scope are in the index. */
  #sources(scope: Search["scope"]): Source[] {
    if (scope.kind === "pair") {
      const { user, other } = scope;
      const isFor = ({ sender, receiver, grp }: Row) =>
        grp === null && (sender === user && receiver === other ||
          sender === other && receiver === user);
      const marks = [markOf("user", user), markOf("user", other)];
      return [{ marks, after: 0, isFor }];
    }
    if (scope.kind === "group") return [groupSource(scope.group, scope.after)];
    const { user } = scope;
    const { got, joined } = this.#statements;
    return [
      {
        marks: [markOf("user", user)],
        after: 0,
        isFor: ({ sender, receiver, grp }) =>
          grp === null && (sender === user || receiver === user),
      },
      {
        marks: [markOf("broadcast", 0)],
        after: 0,
        // One's own are found as such.
        isFor: ({ id, sender }) =>
          sender !== user && got.get(user, id as number) !== undefined,
      },
      ...joined.all(user).map((row) =>
        groupSource(Number(row.grp), Number(row.after))
      ),
    ];
  }
}

type Search = Extract<Lookup, { kind: "search" }>;

/** A part of the index. */
interface Source {
  readonly marks: readonly string[];
  /** Only messages with ids over this one. */
  readonly after: number;
  /** True for those that are of the scope. */
  readonly isFor: (row: Row) => boolean;
}

function groupSource(group: number, after: number): Source {
  const isFor = ({ grp }: Row) => grp === group;
  return { marks: [markOf("group", group)], after, isFor };
}

/** What the index is asked: every three characters of the terms. */
function indexQuery(terms: readonly string[]): string | undefined {
  const threes = threesOfTerms(terms);
  return threes.length === 0 ? undefined : threes.map(quoted).join(" AND ");
}

function quoted(text: string): string {
  return `"${text.replaceAll('"', '""')}"`;
}

/** What the index holds of a message; nothing of one without a text. */
function indexedText(
  { sender, receiver, grp, text, deletes }: Row,
): string | undefined {
  if (text === "" || deletes !== null) return undefined;
  const from = markOf("user", Number(sender));
  const marks = grp !== null
    ? markOf("group", Number(grp))
    : receiver === null
    ? from + markOf("broadcast", 0)
    : from + markOf("user", Number(receiver));
  return `${marks}\n${foldText(String(text))}`;
}

/** Messages that one step takes into the index. */
const stepMessages = 50;
/** UTF-16 units of text that one step takes into the index, about. */
const pageCharacters = 20_000;

const sql = {
  indexed: "SELECT value FROM meta WHERE key = 'indexed'",
  raise: "UPDATE meta SET value = ? WHERE key = 'indexed'",
  page: "SELECT id, sender, receiver, grp, deletes, text FROM messages " +
    "WHERE id > ? ORDER BY id LIMIT ?",
  add: "INSERT INTO words (rowid, text) VALUES (?, ?)",
  remove: "INSERT INTO words (words, rowid, text) VALUES ('delete', ?, ?)",
  hits: "SELECT rowid FROM words " +
    "WHERE words MATCH ? AND rowid < ? AND rowid > ? ORDER BY rowid DESC",
  message: `SELECT ${columns} FROM messages WHERE id = ?`,
  got: "SELECT 1 FROM broadcasts WHERE user = ? AND message = ?",
  kept: "SELECT blocked AS sender, after, NULL AS upto FROM blocks " +
    "WHERE user = :user UNION ALL " +
    "SELECT sender, after, upto FROM kept_away WHERE user = :user",
  joined: "SELECT grp, iif(history = 1, 0, since_message) AS after " +
    "FROM members JOIN groups ON groups.id = grp " +
    "WHERE user = ? AND joined = 1",
} as const;

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
import { foldText, hasTerms } from "../../base/search_words.ts";
import type { Found, Lookup, StoredMessage } from "../model/store.ts";
import {
  type Row,
  type SqliteHistory,
  toMessage,
} from "./sqlite_history.io.ts";
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
    const kept = this.#statements.kept.all({ user: lookup.user });
    const newest = new Matches(lookup.limit, terms, kept);
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
  #scan({ scope, before }: Search, end: number, newest: Matches): void {
    for (let top = before; top - 1 > end && newest.goesOn;) {
      const limit = Math.min(pageMessages, top - 1 - end);
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
    newest: Matches,
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

/** The newest messages that have all terms, of several sources. */
class Matches {
  readonly #limit: number;
  readonly #terms: readonly string[];
  /** Of which senders what is kept away, by a block: ids over, and up to. */
  readonly #kept: readonly Row[];
  #messages: StoredMessage[] = [];
  /** Messages that may still be looked at. */
  #left = mostLooked;
  /** How many this source gave. */
  #given = 0;
  /** Where a source was given up; nothing below is known for sure. */
  #rest: number | undefined;

  constructor(limit: number, terms: readonly string[], kept: readonly Row[]) {
    this.#limit = limit;
    this.#terms = terms;
    this.#kept = kept;
  }

  /** False when no older messages are wanted. */
  get goesOn(): boolean {
    return this.#rest === undefined && this.#messages.length < this.#limit;
  }

  /** Nothing up to this id can be among them any more. */
  get after(): number {
    const full = this.#messages.length < this.#limit
      ? 0
      : this.#messages.at(-1)!.id;
    return Math.max(full, this.#rest === undefined ? 0 : this.#rest - 1);
  }

  /** Another source begins. */
  begin(): void {
    this.#given = 0;
    this.#left = Math.max(this.#left, leastLooked);
  }

  /**
   * Looks at the next message of a source; they come newest first.
   *
   * @returns False when the source is to give no more.
   */
  add(message: StoredMessage): boolean {
    if (message.id <= this.after) return false;
    const isThere = message.deletes === undefined && !message.deleted;
    if (isThere && !this.keeps(message)) {
      if (hasTerms(foldText(message.text), this.#terms)) {
        this.#messages.push(message);
        this.#messages.sort((one, other) => other.id - one.id);
        this.#messages.length = Math.min(this.#messages.length, this.#limit);
        this.#given++;
      }
    }
    return this.#given < this.#limit && this.#use(1, message.id);
  }

  /**
   * Passes over one of the index that is not for who asks. It hardly counts: by
   * where a search is given up, one would learn of words that others said.
   *
   * @returns As {@link add} does.
   */
  pass(id: number): boolean {
    return this.#use(passCost, id);
  }

  /** True when a block keeps it from who asks. */
  keeps({ id, sender, group }: StoredMessage): boolean {
    return group !== undefined &&
      this.#kept.some((each) =>
        each.sender === sender && id > Number(each.after) &&
        id <= Number(each.upto ?? Infinity)
      );
  }

  found(): Found {
    const rest = this.#rest;
    const messages = this.#messages.filter(({ id }) => id >= (rest ?? 0));
    const isFull = messages.length >= this.#limit;
    return {
      messages,
      receivers: [],
      ...(rest === undefined || isFull ? {} : { rest }),
    };
  }

  #use(cost: number, id: number): boolean {
    this.#left -= cost;
    if (this.#left > 0) return true;
    this.#rest = Math.max(this.#rest ?? 0, id);
    return false;
  }
}

/** What the index is asked: every three characters of the terms. */
function indexQuery(terms: readonly string[]): string | undefined {
  const threes = new Set<string>();
  for (const term of terms) {
    const characters = [...term];
    for (let i = 0; i + 3 <= characters.length; i++) {
      threes.add(characters.slice(i, i + 3).join(""));
    }
  }
  if (threes.size === 0) return undefined;
  return [...threes].slice(0, mostThrees).map(quoted).join(" AND ");
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

/** Three characters that no folded text has. */
function markOf(kind: keyof typeof kinds, id: number): string {
  return String.fromCodePoint(
    kinds[kind],
    firstDigit + Math.floor(id / digits),
    firstDigit + id % digits,
  );
}

const kinds = { user: 0x100000, group: 0x100001, broadcast: 0x100002 };
const firstDigit = 0xf0000;
const digits = 0xf000;
/** Messages that one answer looks at, about. */
const mostLooked = 4000;
/** What one that is passed over counts, of these. */
const passCost = 0.25;
/** Those of one source at least, where others were looked at before. */
const leastLooked = 100;
/** More say hardly more. */
const mostThrees = 24;
/** Messages in one step of looking through. */
const pageMessages = 200;
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

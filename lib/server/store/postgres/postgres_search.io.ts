/**
 * The search in PostgreSQL, by the same rules as in SQLite. The index is a table
 * with an array of numbers for each message, a number for each three characters
 * in a row and for each mark that says whose it is; two of them may have one
 * number, so what the index gives is looked at. It needs no extension.
 */
import { foldText } from "../../../base/search_words.ts";
import type { Found, Lookup } from "../../model/store.ts";
import {
  addThrees,
  markOf,
  SearchMatches,
  searchPage,
  threesOfTerms,
} from "../search_matches.ts";
import { toMessage } from "../message_row.ts";
import { hitsQuery, indexPageQuery, searchQuery } from "./postgres_queries.ts";
import type { PostgresRow } from "./postgres_queries.ts";
import type { PostgresValue } from "./postgres_session.io.ts";
import type { PostgresWriter } from "./postgres_writer.io.ts";
import { arrayText, fenceScript, indexScript } from "./write_script.ts";

type Search = Extract<Lookup, { kind: "search" }>;
type PastLook = Exclude<Lookup, Search>;

/** Searches. */
export class PostgresSearch {
  readonly #ask: (
    text: string,
    values: PostgresValue[],
  ) => Promise<PostgresRow[]>;
  readonly #lookUp: (lookup: PastLook) => Promise<Found>;

  /**
   * @param ask Answers a question.
   * @param lookUp Answers one about everything that was said somewhere.
   */
  constructor(
    ask: (text: string, values: PostgresValue[]) => Promise<PostgresRow[]>,
    lookUp: (lookup: PastLook) => Promise<Found>,
  ) {
    this.#ask = ask;
    this.#lookUp = lookUp;
  }

  /** The answer, as `Store.lookUp` gives it. */
  async search(lookup: Search): Promise<Found> {
    const { terms, before, scope } = lookup;
    const threes = threesOfTerms(terms).map(numberOf);
    const [known] = await this.#ask(searchQuery, [lookup.user]);
    const end = threes.length === 0 ? 0 : Number(known?.indexed);
    const kept = known?.kept as [number, number, number | null][];
    const newest = new SearchMatches(
      lookup.limit,
      terms,
      kept.map(([sender, after, upto]) => (
        { sender, after, upto: upto ?? Infinity }
      )),
    );
    if (before - 1 > end) await this.#scan(lookup, end, newest);
    if (threes.length > 0 && newest.goesOn) {
      const top = Math.min(before, end + 1);
      const joined = known?.joined as [number, number][];
      for (const source of sourcesOf(scope, joined)) {
        await this.#addHits(newest, source, threes, top);
      }
    }
    return newest.found();
  }

  /** Looks through the messages with ids over `end`, one by one. */
  async #scan(
    { scope, before }: Search,
    end: number,
    newest: SearchMatches,
  ): Promise<void> {
    for (let top = before; top - 1 > end && newest.goesOn;) {
      const limit = Math.min(searchPage, top - 1 - end);
      const { messages } = await this.#lookUp({ ...scope, before: top, limit });
      for (const message of messages) {
        if (message.id <= end) return;
        if (!newest.add(message)) return;
      }
      if (messages.length < limit) return;
      top = messages.at(-1)!.id;
    }
  }

  /** What the index has of one source, from the end backwards. */
  async #addHits(
    newest: SearchMatches,
    { marks, after, user, isFor }: Source,
    threes: readonly number[],
    before: number,
  ): Promise<void> {
    const asked = arrayText([...marks.map(numberOf), ...threes]);
    const begin = Math.max(after, newest.after);
    newest.begin();
    for (let top = before;;) {
      const rows = await this.#ask(
        hitsQuery,
        [asked, top, begin, user, hitsPage],
      );
      for (const row of rows) {
        const id = Number(row.id);
        const found = isFor(row) ? toMessage(row) : undefined;
        const isOpen = found === undefined || newest.keeps(found)
          ? newest.pass(id)
          : newest.add(found);
        if (!isOpen) return;
      }
      if (rows.length < hitsPage) return;
      top = Number(rows.at(-1)?.id);
    }
  }
}

/**
 * Takes some more messages into the index.
 *
 * @returns True when there may be more of them.
 */
export async function indexStep(writer: PostgresWriter): Promise<boolean> {
  const rows = await writer.query(indexPageQuery, [stepMessages]);
  const words: [message: number, threes: number[]][] = [];
  let last = 0;
  let characters = 0;
  for (const row of rows) {
    const threes = indexed(row);
    if (threes.length > 0) words.push([Number(row.id), threes]);
    last = Number(row.id);
    characters += String(row.text).length;
    if (characters >= pageCharacters) break;
  }
  if (last === 0) return false;
  await writer.commit((number) =>
    `${fenceScript(number)};${indexScript(words, last)}`
  );
  return rows.length === stepMessages || characters >= pageCharacters;
}

/** A part of the index. */
interface Source {
  readonly marks: readonly string[];
  /** Only messages with ids over this one. */
  readonly after: number;
  /** Who asks; 0 where that does not matter. */
  readonly user: number;
  /** True for those that are of the scope. */
  readonly isFor: (row: PostgresRow) => boolean;
}

/** Where the messages of a scope are in the index; `mine` has the groups. */
function sourcesOf(
  scope: Search["scope"],
  joined: readonly [group: number, after: number][],
): Source[] {
  if (scope.kind === "pair") {
    const { user, other } = scope;
    const isFor = ({ sender, receiver, grp }: PostgresRow) =>
      grp === 0 && (sender === user && receiver === other ||
        sender === other && receiver === user);
    const marks = [markOf("user", user), markOf("user", other)];
    return [{ marks, after: 0, user, isFor }];
  }
  if (scope.kind === "group") return [groupSource(scope.group, scope.after)];
  const { user } = scope;
  return [
    {
      marks: [markOf("user", user)],
      after: 0,
      user,
      isFor: ({ sender, receiver, grp }) =>
        grp === 0 && (sender === user || receiver === user),
    },
    {
      marks: [markOf("broadcast", 0)],
      after: 0,
      user,
      // One's own are found as such.
      isFor: ({ sender, got }) => sender !== user && got === true,
    },
    ...joined.map(([group, after]) => groupSource(group, after)),
  ];
}

function groupSource(group: number, after: number): Source {
  const isFor = ({ grp }: PostgresRow) => grp === group;
  return { marks: [markOf("group", group)], after, user: 0, isFor };
}

/** What the index holds of a message; nothing of one without a text. */
function indexed(
  { sender, receiver, grp, text, deletes }: PostgresRow,
): number[] {
  if (text === "" || deletes !== null) return [];
  const threes = new Set<string>();
  if (grp !== 0) threes.add(markOf("group", Number(grp)));
  else {
    threes.add(markOf("user", Number(sender)));
    threes.add(
      receiver === 0
        ? markOf("broadcast", 0)
        : markOf("user", Number(receiver)),
    );
  }
  addThrees(foldText(String(text)), threes);
  return [...new Set([...threes].map(numberOf))];
}

/** FNV-1a, 32 bits, as the database has whole numbers: with a sign. */
function numberOf(three: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < three.length; i++) {
    hash = Math.imul(hash ^ three.charCodeAt(i), 0x01000193);
  }
  return hash | 0;
}

/** Messages that one step takes into the index. */
const stepMessages = 50;
/** UTF-16 units of text that one step takes into the index, about. */
const pageCharacters = 20_000;
/** Messages of the index that are looked at, at once. */
const hitsPage = 500;

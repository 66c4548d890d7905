/**
 * The server's store on PostgreSQL. What is written, and what must come in order
 * with it, is asked on one connection (`postgres_writer.io.ts`); questions about
 * the past are asked on another one, so that nobody who searches holds up what
 * is sent. The database works elsewhere: no thread of the server's is needed.
 */
import type {
  Found,
  InboxReader,
  Lookup,
  Purge,
  Store,
  StoredMessage,
  StoredRequest,
  StoredState,
  StoreWrite,
  UnseenScope,
} from "../../model/store.ts";
import { limits } from "../../../wire/limits.ts";
import { StartError } from "../../../system/errors.io.ts";
import type { DatabasePlace } from "./database_place.ts";
import { toMessage } from "../message_row.ts";
import {
  groupQuery,
  inboxQuery,
  loadQueries,
  loggedQuery,
  mineQueries,
  numberQuery,
  owedQuery,
  pairQuery,
  purgeQuery,
  receiversQuery,
  toConversation,
  toGroup,
  toInboxMessage,
  unseenQuery,
} from "./postgres_queries.ts";
import { PostgresReader } from "./postgres_reader.io.ts";
import { indexStep, PostgresSearch } from "./postgres_search.io.ts";
import type { PostgresRow } from "./postgres_queries.ts";
import {
  PostgresWriter,
  type WriterNews,
  type WriterOptions,
} from "./postgres_writer.io.ts";
import {
  arrayText,
  fenceScript,
  removeScript,
  writeScript,
} from "./write_script.ts";

/** Persistent storage in a PostgreSQL database. */
export class PostgresStore implements Store {
  readonly #writer: PostgresWriter;
  readonly #reader: PostgresReader;
  readonly #search: PostgresSearch;
  /** Ends when the commits that were asked for are done, or not. */
  #committed: Promise<unknown> = Promise.resolve();
  /** Those that are read together with who asks next. */
  #inboxes: Inboxes | undefined;
  #indexing: ReturnType<typeof setTimeout> | undefined;
  #isClosed = false;

  /** Use {@link PostgresStore.open}. */
  constructor(writer: PostgresWriter, reader: PostgresReader) {
    this.#writer = writer;
    this.#reader = reader;
    this.#search = new PostgresSearch(
      (text, values) => reader.query(text, values),
      (lookup) => this.#lookUp(lookup),
    );
  }

  /**
   * Takes the database for this server, and makes the tables if need be.
   *
   * @throws {StartError} when it cannot be used, or another server uses it.
   */
  static async open(
    place: DatabasePlace,
    news: WriterNews,
    options: WriterOptions = {},
  ): Promise<PostgresStore> {
    const writer = await PostgresWriter.open(place, news, options);
    return new PostgresStore(writer, new PostgresReader(place));
  }

  async load(signal?: AbortSignal): Promise<StoredState> {
    const rows = {} as Record<keyof typeof loadQueries, PostgresRow[]>;
    for (const [name, text] of Object.entries(loadQueries)) {
      const make = loadedRows[name] ?? ((row: PostgresRow) => row);
      rows[name as keyof typeof loadQueries] = await this.#writer.all(
        text,
        make,
        signal,
      );
    }
    return toState(rows);
  }

  commit(writes: readonly StoreWrite[]): Promise<void> {
    // Who asks from now on is to find it.
    this.#inboxes = undefined;
    const done = this.#writer.commit((number) => writeScript(writes, number));
    this.#committed = done.catch(() => {});
    return done;
  }

  inbox(
    reader: InboxReader,
    after: number,
    limit: number,
  ): Promise<StoredMessage[]> {
    const last = this.#inboxes;
    const hasRoom = last?.limit === limit && last.asks.length < readersAtOnce;
    const inboxes = last !== undefined && hasRoom ? last : { limit, asks: [] };
    const found = new Promise<StoredMessage[]>((resolve, reject) =>
      inboxes.asks.push({ ...reader, after, resolve, reject })
    );
    if (inboxes !== last) this.#readInboxes(this.#inboxes = inboxes);
    return found;
  }

  async logged(
    group: number | undefined,
    after: number,
    limit: number,
  ): Promise<StoredMessage[]> {
    const values = [group ?? 0, after, limit];
    return (await this.#read(loggedQuery, values)).map(toMessage);
  }

  async lookUp(lookup: Lookup): Promise<Found> {
    // What was asked to be stored before is found.
    await this.#committed;
    return lookup.kind === "search"
      ? this.#search.search(lookup)
      : this.#lookUp(lookup);
  }

  async purge(purge: Purge): Promise<number | undefined> {
    this.#inboxes = undefined;
    const { olderThan, after, gone, liveSince } = purge;
    const rows = await this.#writer.query(
      purgeQuery,
      [after, pageMessages, olderThan, arrayText(gone), liveSince],
    );
    const ids: number[] = [];
    let last: number | undefined;
    let receivers = 0;
    let isEnd = rows.length < pageMessages;
    for (const row of rows) {
      if (row.is_new === true) {
        last = undefined;
        isEnd = true;
        break;
      }
      last = Number(row.id);
      if (row.may_go !== true) continue;
      ids.push(last);
      receivers += Number(row.receivers);
      if (receivers >= pageReceivers) {
        isEnd = false;
        break;
      }
    }
    if (ids.length > 0) {
      await this.#writer.commit((number) =>
        `${fenceScript(number)};${removeScript(ids)}`
      );
    }
    return isEnd ? undefined : last;
  }

  async requests(): Promise<StoredRequest[]> {
    const rows = await this.#read(loadQueries.requests);
    return rows as unknown as StoredRequest[];
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    clearTimeout(this.#indexing);
    await this.#writer.close();
    this.#reader.close();
  }

  /**
   * Takes some more messages into the index of the search.
   *
   * @returns True when there may be more of them.
   */
  index(): Promise<boolean> {
    return indexStep(this.#writer);
  }

  /** Keeps the index going beside everything else, with pauses. */
  indexAlong(): void {
    this.#indexing = setTimeout(async () => {
      const start = performance.now();
      const hasMore = await this.index().catch(() => false);
      const tookMs = performance.now() - start;
      if (this.#isClosed) return;
      this.#indexWaitMs = hasMore
        ? Math.max(pauseMs, pauses * tookMs)
        : idleIndexMs;
      this.indexAlong();
    }, this.#indexWaitMs);
  }

  #indexWaitMs = pauseMs;

  /** Many come back at once when the core has become another one. */
  async #readInboxes(inboxes: Inboxes): Promise<void> {
    const { limit, asks } = inboxes;
    try {
      const rows = await this.#writer.query(inboxQuery, () => {
        if (this.#inboxes === inboxes) this.#inboxes = undefined;
        return [
          arrayText(asks.map(({ user }) => user)),
          arrayText(asks.map(({ after }) => after)),
          arrayText(asks.map(({ device }) => device)),
          limit,
        ];
      });
      const found = asks.map((): StoredMessage[] => []);
      for (const row of rows) {
        found[Number(row.reader) - 1]?.push(toInboxMessage(row));
      }
      for (const [at, { resolve }] of asks.entries()) resolve(found[at] ?? []);
    } catch (error) {
      for (const { reject } of asks) reject(error as Error);
    }
  }

  #read(
    ...[text, values]: Parameters<PostgresReader["query"]>
  ): Promise<PostgresRow[]> {
    return this.#committed.then(() => this.#reader.query(text, values));
  }

  #lookUp(
    lookup: Exclude<Lookup, { kind: "search" }>,
  ): Promise<Found> {
    switch (lookup.kind) {
      case "pair": {
        const { user, other, before, limit } = lookup;
        return this.#past(pairQuery, [user, other, before, limit]);
      }
      case "group": {
        const { group, after, before, limit } = lookup;
        return this.#past(groupQuery, [group, after, before, limit]);
      }
      case "mine": {
        const { user, only = "all", before, limit } = lookup;
        return this.#past(mineQueries[only], [user, before, limit]);
      }
      case "number":
        return this.#byNumber(lookup.group ?? 0, lookup.number);
      case "unseen":
        return this.#unseen(lookup.user, lookup.scopes);
    }
  }

  async #past(text: string, values: number[]): Promise<Found> {
    const rows = await this.#reader.query(text, values);
    return { messages: rows.map(toMessage), receivers: [] };
  }

  async #byNumber(log: number, number: number): Promise<Found> {
    const [row] = await this.#reader.query(numberQuery, [log, number]);
    if (row === undefined) return { messages: [], receivers: [] };
    const message = toMessage(row);
    const { id, group, receiver } = message;
    if (receiver !== undefined) return { messages: [message], receivers: [] };
    const rows = group === undefined
      ? await this.#reader.query(receiversQuery, [id])
      : await this.#reader.query(owedQuery, [group, id]);
    return {
      messages: [message],
      receivers: rows.map(({ usr }) => Number(usr)),
    };
  }

  async #unseen(
    user: number,
    scopes: readonly UnseenScope[],
  ): Promise<Found> {
    const share = Math.floor(
      5 * limits.unseenMessages / Math.max(scopes.length, 1),
    );
    const of = <K extends UnseenScope["kind"]>(kind: K) =>
      scopes.filter((scope): scope is Extract<UnseenScope, { kind: K }> =>
        scope.kind === kind
      );
    const [all] = of("private");
    const users = of("user");
    const groups = of("group");
    const [broadcast] = of("broadcast");
    const rows = await this.#reader.query(unseenQuery, [
      user,
      all?.after ?? null,
      arrayText((all?.marks ?? []).map(([user]) => user)),
      arrayText((all?.marks ?? []).map(([, upto]) => upto)),
      arrayText(users.map(({ place }) => place)),
      arrayText(users.map(({ after }) => after)),
      arrayText(groups.map(({ place }) => place)),
      arrayText(groups.map(({ after }) => after)),
      broadcast?.after ?? null,
      Math.min(limits.unseenMessages, share),
    ]);
    const last = Number(rows.pop()?.newest);
    const conversations = rows.map(toConversation);
    return { messages: [], receivers: [], unseen: { conversations, last } };
  }
}

/** Inboxes that are read together. */
interface Inboxes {
  /** Messages of each at most. */
  readonly limit: number;
  readonly asks: (InboxReader & {
    readonly after: number;
    readonly resolve: (messages: StoredMessage[]) => void;
    readonly reject: (error: Error) => void;
  })[];
}

function toState(
  rows: Record<keyof typeof loadQueries, PostgresRow[]>,
): StoredState {
  const [core] = rows.core;
  if (core === undefined) throw new StartError("the table core is empty");
  const { groups } = rows;
  const living = groups.filter((row) => row.ended_at === null);
  const names = new Map(groups.map(({ id, name }) => [id, String(name)]));
  const ended = endedLately(groups);
  const waiting = new Map<number, number[]>();
  for (const { user, id } of rows.waiting) {
    const ids = waiting.get(Number(user)) ?? [];
    ids.push(Number(id));
    waiting.set(Number(user), ids);
  }
  return {
    users: rows.users as unknown as StoredState["users"],
    devices: rows.devices as unknown as StoredState["devices"],
    lastDevice: Number(core.last_device),
    blocks: rows.blocks as unknown as StoredState["blocks"],
    keptAway: rows.keptAway as unknown as StoredState["keptAway"],
    profiles: rows.profiles as unknown as StoredState["profiles"],
    groups: living.map(toGroup),
    endedGroups: ended.map(toGroup),
    lastGroup: Number(groups.at(-1)?.id ?? 0),
    members: rows.members as unknown as StoredState["members"],
    tokens: rows.tokens as unknown as StoredState["tokens"],
    marks: rows.marks as unknown as StoredState["marks"],
    later: rows.later as unknown as StoredState["later"],
    lastMessage: Number(core.last_message),
    lastNumber: Number(core.last_number),
    lastGroupNumber: new Map(
      [...living, ...ended].filter((row) => Number(row.last_number) > 0)
        .map((row) => [Number(row.id), Number(row.last_number)]),
    ),
    recent: rows.recent.map(toMessage).reverse().map((message) => {
      const groupName = names.get(message.group ?? 0);
      return groupName === undefined ? message : { ...message, groupName };
    }),
    waiting,
    secret: new Uint8Array(core.secret as Uint8Array),
    requests: rows.requests as unknown as StoredState["requests"],
    failures: rows.failures as unknown as StoredState["failures"],
    epochs: rows.epochs as unknown as StoredState["epochs"],
  };
}

/** What the rows of some tables become, one by one as they come. */
const loadedRows: Record<string, (row: PostgresRow) => PostgresRow> = {
  // Of these are most; so nothing that takes longer than it must.
  users: ({ id, account, name, cursor, lastSeen, ...rare }) => ({
    ...{ id, account, name, cursor, lastSeen },
    ...rare.renaming === null ? {} : { renaming: rare.renaming },
    ...rare.identity === null ? {} : { identity: rare.identity },
    ...rare.ended_at === null ? {} : { ended: true },
  }),
  members: (row) => ({
    group: Number(row.grp),
    user: Number(row.usr),
    joined: row.joined === true,
    since: Number(row.since),
    sinceMessage: Number(row.since_message),
  }),
  tokens: present,
  later: ({ receivers, ...row }) => ({
    ...row,
    to: JSON.parse(String(receivers)),
  }),
  failures: present,
};

/** A row without what is `NULL`. */
function present(row: PostgresRow): PostgresRow {
  return Object.fromEntries(
    Object.entries(row).filter(([, value]) => value !== null),
  );
}

/** As `SqliteStore` does it: those that ended within a minute of the last one. */
function endedLately(groups: readonly PostgresRow[]): PostgresRow[] {
  const lastEnd = groups.reduce(
    (last, row) => Math.max(last, Number(row.ended_at ?? 0)),
    0,
  );
  return groups.filter(({ ended_at: endedAt }) =>
    endedAt !== null && Number(endedAt) > lastEnd - 60_000
  );
}

/** Whose inboxes are read together, at most. */
const readersAtOnce = 50;
/** Messages that one step of removing looks at. */
const pageMessages = 500;
/** Receivers of broadcasts that one such step removes, about. */
const pageReceivers = 10_000;
/** At least between two steps of the index, ms. */
const pauseMs = 50;
/** How much longer the pause after a step is than the step. */
const pauses = 19;
/** How often it is looked whether there is something for the index, ms. */
const idleIndexMs = 2_000;

/**
 * The server's store on SQLite, in one file beside the logs. Everything here
 * runs where it is called; what goes in and out is plain data behind promises,
 * so the same class can live in a worker.
 *
 * The last numbers of the logs are kept in rows of their own: they must outlive
 * the messages that had them, and start-up must not look at a million rows.
 */
import type { DatabaseSync } from "node:sqlite";
import { toMessage } from "./message_row.ts";
import { type Row, SqliteHistory } from "./sqlite_history.io.ts";
import { refuseMoved } from "./moved_data.io.ts";
import { SqliteCheckpoint } from "./sqlite_checkpoint.io.ts";
import { SqlitePurge } from "./sqlite_purge.io.ts";
import { SqliteSearch } from "./sqlite_search.io.ts";
import { openDatabase, sqliteError } from "./sqlite_schema.io.ts";
import {
  prepareStatements,
  type SqliteStatements,
  withoutText,
} from "./sqlite_statements.io.ts";
import type {
  Found,
  InboxReader,
  Lookup,
  Purge,
  Store,
  StoredDevice,
  StoredGroup,
  StoredMessage,
  StoredRequest,
  StoredState,
  StoreWrite,
} from "../model/store.ts";

/** Persistent storage in a SQLite database. */
export class SqliteStore implements Store {
  readonly #database: DatabaseSync;
  readonly #path: string;
  readonly #statements: SqliteStatements;
  readonly #history: SqliteHistory;
  readonly #search: SqliteSearch;
  readonly #purge: SqlitePurge;
  readonly #checkpoint: SqliteCheckpoint | undefined;

  /**
   * @param path Of the database file, made when missing; `:memory:` keeps all
   * in memory.
   * @throws {StartError} when the database cannot be used.
   */
  constructor(path: string) {
    this.#path = path;
    this.#database = openDatabase(path);
    refuseMoved(this.#database, path);
    this.#statements = prepareStatements(this.#database);
    this.#history = new SqliteHistory(this.#database);
    this.#search = new SqliteSearch(this.#database, this.#history);
    this.#purge = new SqlitePurge(this.#database, this.#search);
    if (path !== ":memory:") {
      this.#checkpoint = new SqliteCheckpoint(this.#database, path);
    }
  }

  // deno-lint-ignore require-await
  async load(): Promise<StoredState> {
    return this.#read(() => this.#load());
  }

  // deno-lint-ignore require-await
  async commit(writes: readonly StoreWrite[]): Promise<void> {
    this.#transaction(() => {
      const last = new LastNumbers();
      for (const write of writes) {
        if (write.write === "delete") this.#search.remove(write.message);
        applyWrite(this.#statements, write);
        if (write.write === "message") last.note(write.message);
        if (write.write === "device") last.noteDevice(write.device);
      }
      last.save(this.#statements);
    });
  }

  // deno-lint-ignore require-await
  async inbox(
    reader: InboxReader,
    after: number,
    limit: number,
  ): Promise<StoredMessage[]> {
    return this.#read(() => this.#inbox(reader, after, limit));
  }

  // deno-lint-ignore require-await
  async logged(
    group: number | undefined,
    after: number,
    limit: number,
  ): Promise<StoredMessage[]> {
    const grp = group ?? null;
    return this.#read(() => {
      const first = this.#history.firstLogged(grp, after);
      return this.#statements.loggedFrom.all(grp, first, limit).map(toMessage);
    });
  }

  // deno-lint-ignore require-await
  async lookUp(lookup: Lookup): Promise<Found> {
    return this.#read(() =>
      lookup.kind === "search"
        ? this.#search.search(lookup)
        : this.#history.lookUp(lookup)
    );
  }

  /**
   * Takes some more messages into the index of the search.
   *
   * @returns True when there may be more of them.
   */
  index(): boolean {
    return this.#transaction(() => this.#search.index());
  }

  // deno-lint-ignore require-await
  async purge(purge: Purge): Promise<number | undefined> {
    const next = this.#transaction(() => this.#purge.remove(purge));
    if (!this.#read(() => this.#purge.giveBack())) return next;
    return next ?? purge.after;
  }

  // deno-lint-ignore require-await
  async requests(): Promise<StoredRequest[]> {
    return this.#read(() => this.#requests());
  }

  async close(): Promise<void> {
    await this.#checkpoint?.close();
    if (this.#database.isOpen) this.#database.close();
  }

  #load(): StoredState {
    const meta = new Map(
      this.#all("SELECT key, value FROM meta").map((row) => [
        row.key,
        row.value,
      ]),
    );
    const recent = this.#all(
      `SELECT ${withoutText} FROM messages ORDER BY id DESC LIMIT ${recentMessages}`,
    ).map(toMessage).reverse();
    const groups = this.#all(
      "SELECT id, name, leader, leader_only, created_at, history, topic, " +
        "topic_at, ended_at, last_number FROM groups ORDER BY id",
    );
    const living = groups.filter((row) => row.ended_at === null);
    const names = new Map(groups.map(({ id, name }) => [id, String(name)]));
    const ended = endedLately(groups);
    return {
      users: this.#all(
        "SELECT id, account, name, renaming, identity, ended_at, " +
          `${ofDevices} FROM users`,
      ).map(({ renaming, identity, ended_at: endedAt, ...row }) => ({
        ...row,
        ...(endedAt === null ? {} : { ended: true }),
        ...(renaming === null ? {} : { renaming }),
        ...(identity === null ? {} : { identity }),
      })) as unknown as StoredState["users"],
      devices: this.#all(
        "SELECT number, user, id, name, cursor, since, ip, " +
          "last_seen AS lastSeen FROM devices ORDER BY since, number",
      ) as unknown as StoredState["devices"],
      lastDevice: Number(meta.get("last_device")),
      blocks: this.#all(
        "SELECT user, blocked, since, after FROM blocks",
      ) as unknown as StoredState["blocks"],
      keptAway: this.#all(
        "SELECT user, sender, after, upto FROM kept_away " +
          "ORDER BY user, sender, after",
      ) as unknown as StoredState["keptAway"],
      profiles: this.#all(
        "SELECT user, field, value FROM profiles",
      ) as unknown as StoredState["profiles"],
      groups: living.map(toGroup),
      endedGroups: ended.map(toGroup),
      lastGroup: Number(groups.at(-1)?.id ?? 0),
      members: this.#all(
        "SELECT grp, user, joined, since, since_message FROM members",
      ).map((row) => ({
        group: Number(row.grp),
        user: Number(row.user),
        joined: row.joined === 1,
        since: Number(row.since),
        sinceMessage: Number(row.since_message),
      })),
      tokens: this.#all(
        "SELECT device, hash, previous, expires, credential " +
          "FROM device_tokens",
      ).map(({ previous, ...row }) => ({
        ...row,
        ...(previous === null ? {} : { previous }),
      })) as unknown as StoredState["tokens"],
      marks: this.#all(
        "SELECT user, kind, place, upto FROM marks",
      ) as unknown as StoredState["marks"],
      later: this.#all(
        "SELECT user, offer, receivers, since, at FROM later " +
          "ORDER BY at, offer",
      ).map(({ receivers, ...row }) => ({
        ...row,
        to: JSON.parse(String(receivers)),
      })) as unknown as StoredState["later"],
      lastMessage: Number(meta.get("last_message")),
      lastNumber: Number(meta.get("last_number")),
      lastGroupNumber: new Map(
        [...living, ...ended].filter((row) => Number(row.last_number) > 0)
          .map((row) => [Number(row.id), Number(row.last_number)]),
      ),
      recent: recent.map((message) => {
        const groupName = names.get(message.group ?? 0);
        return groupName === undefined ? message : { ...message, groupName };
      }),
      waiting: this.#waiting(),
      secret: meta.get("secret") as Uint8Array,
      requests: this.#requests(),
      failures: this.#all("SELECT name, failures, until FROM failures")
        .map(({ until, ...row }) => ({
          ...row,
          ...(until === null ? {} : { until }),
        })) as unknown as StoredState["failures"],
      epochs: this.#all("SELECT epoch, after FROM epochs ORDER BY number")
        .map((row) => ({ ...row })) as unknown as StoredState["epochs"],
    };
  }

  #inbox(reader: InboxReader, after: number, limit: number): StoredMessage[] {
    const { user, device = null } = reader;
    const { inboxPrivate, inboxBroadcast, inboxGroup, joinedGroups, owed } =
      this.#statements;
    let found = [
      ...inboxPrivate.all(user, after, limit),
      ...inboxBroadcast.all(user, after, limit),
      ...this.#own(reader, after, limit),
    ].map(toMessage).sort((a, b) => a.id - b.id).slice(0, limit);
    for (const row of [...joinedGroups.all(user), ...owed.all(user, after)]) {
      const start = Math.max(after, Number(row.after));
      // Nothing past what already fills the page can be part of it.
      const end = Math.min(
        row.upto === undefined ? Infinity : Number(row.upto) + 1,
        found.length < limit ? Infinity : found.at(-1)?.id ?? 0,
        Number.MAX_SAFE_INTEGER,
      );
      const group = Number(row.grp);
      const name = row.name === undefined
        ? {}
        : { groupName: String(row.name) };
      found.push(
        ...inboxGroup.all(group, start, end, user, device, limit)
          .map((each) => ({ ...toMessage(each), ...name })),
      );
      found = found.sort((a, b) => a.id - b.id).slice(0, limit);
    }
    return found.map((each) => this.#asOfReader(each, reader));
  }

  /** What the reader's user sent from other devices, but to groups. */
  #own({ user, device }: InboxReader, after: number, limit: number): Row[] {
    if (device === undefined) return [];
    const { inboxOwn, nextReceiver } = this.#statements;
    const found = inboxOwn.all(user, null, after, device, limit);
    // One search for each person ever written to, as in the history.
    for (let receiver = -1;;) {
      const next = nextReceiver.get(user, receiver);
      if (next === undefined) return found;
      receiver = Number(next.receiver);
      found.push(...inboxOwn.all(user, receiver, after, device, limit));
    }
  }

  /** Whether it tells of a message that the reading device sent itself. */
  #asOfReader(message: StoredMessage, reader: InboxReader): StoredMessage {
    const { sender, original } = message;
    if (sender !== reader.user || original === undefined) return message;
    const row = this.#statements.deviceOf.get(original);
    return row?.device === reader.device
      ? { ...message, ofReader: true }
      : message;
  }

  #requests(): StoredRequest[] {
    const { requests } = this.#statements;
    return requests.all() as unknown as StoredRequest[];
  }

  #failure(error: unknown): Error {
    // Pages that were read while the file was damaged, or was being copied back,
    // must not be kept: they would outlive that.
    if (this.#database.isOpen) this.#database.exec("PRAGMA shrink_memory");
    return new Error(sqliteError(error, this.#path), { cause: error });
  }

  /** Ids of the private messages that wait, by user. */
  #waiting(): Map<number, number[]> {
    const waiting = new Map<number, number[]>();
    const rows = this.#all(
      `WITH readers AS MATERIALIZED (SELECT users.id, ${ofDevices} FROM users) ` +
        "SELECT readers.id AS user, messages.id AS id FROM readers " +
        "JOIN messages ON messages.receiver = readers.id " +
        "AND messages.id > readers.cursor " +
        "WHERE messages.deletes IS NULL ORDER BY readers.id, messages.id",
    );
    for (const { user, id } of rows) {
      const ids = waiting.get(Number(user)) ?? [];
      ids.push(Number(id));
      waiting.set(Number(user), ids);
    }
    return waiting;
  }

  #all(sql: string): Row[] {
    return this.#database.prepare(sql).all();
  }

  /** @throws {Error} with words for the one who runs the server. */
  #read<T>(body: () => T): T {
    try {
      return body();
    } catch (error) {
      throw this.#failure(error);
    }
  }

  #transaction<T>(body: () => T): T {
    const { begin, commit, rollback } = this.#statements;
    try {
      begin.run();
      const result = body();
      commit.run();
      this.#checkpoint?.handleCommit();
      return result;
    } catch (error) {
      // SQLite itself rolls back on some errors, such as a full disk.
      if (this.#database.isTransaction) rollback.run();
      throw this.#failure(error);
    }
  }
}

function applyWrite(statements: SqliteStatements, write: StoreWrite): void {
  switch (write.write) {
    case "message": {
      const { id, number, sender, at, text, mid } = write.message;
      const device = write.message.device ?? null;
      const receiver = write.message.receiver ?? null;
      const group = write.message.group ?? null;
      const kept = write.message.kept ? 1 : 0;
      statements.message.run(
        id,
        number,
        sender,
        device,
        receiver,
        group,
        at,
        text,
        mid,
        kept,
        write.message.deletes ?? null,
        write.message.original ?? null,
      );
      return;
    }
    case "broadcast": {
      const receivers = JSON.stringify(write.receivers);
      statements.broadcast.run(write.message, receivers);
      return;
    }
    case "owe": {
      const { user, group, message } = write;
      statements.owe.run(user, group, message - 1, message);
      return;
    }
    case "delete":
      statements.deleteText.run(write.message);
      return;
    case "device": {
      const { number, user, id, name, cursor, since, ip, lastSeen } =
        write.device;
      const position = [cursor, since, ip, lastSeen];
      statements.device.run(number, user, id, name, ...position);
      return;
    }
    case "device-remove":
      statements.keepOfDevices.run(write.device);
      statements.removeDevice.run(write.device);
      statements.removeToken.run(write.device);
      return;
    case "cursor":
      statements.cursor.run(write.upto, write.lastSeen, write.device);
      statements.removeOwed.run(write.user, write.everywhere);
      return;
    case "user": {
      const { id, account, name, cursor, lastSeen } = write.user;
      const { renaming = null, identity = null } = write.user;
      const position = [cursor, lastSeen];
      statements.user.run(id, account, name, ...position, renaming, identity);
      return;
    }
    case "user-end": {
      const { user, at } = write;
      statements.endUser.run(at, user);
      statements.removeProfiles.run(user);
      statements.removeBlocks.run(user);
      statements.removeKeptAway.run(user);
      statements.removeAllOwed.run(user);
      statements.removeTokens.run(user);
      statements.removeDevices.run(user);
      statements.removeMarks.run(user);
      statements.removeAllLater.run(user);
      return;
    }
    case "failures": {
      const { name, failures, until = null } = write.failures;
      if (failures === 0) statements.removeFailures.run(name);
      else statements.failures.run(name, failures, until);
      return;
    }
    case "epoch":
      statements.epoch.run(write.epoch.epoch, write.epoch.after);
      statements.removeEpochs.run();
      return;
    case "requests-done":
      statements.removeRequests.run(write.upto);
      return;
    case "mark": {
      const { user, kind, place, upto } = write.mark;
      statements.mark.run(user, kind, place, upto);
      if (kind === "all") statements.removePassedMarks.run(user, upto);
      return;
    }
    case "later": {
      const { user, offer, to, since, at } = write.later;
      if (to.length === 0) statements.removeLater.run(user, offer);
      else {
        statements.later.run(user, offer, JSON.stringify(to), since, at);
      }
      return;
    }
    case "block": {
      const { user, blocked, since, after } = write.block;
      statements.block.run(user, blocked, since, after);
      return;
    }
    case "keep-away": {
      const { user, sender, after, upto } = write.keptAway;
      statements.keepAway.run(user, sender, after, upto);
      return;
    }
    case "unblock":
      statements.unblock.run(write.user, write.blocked);
      return;
    case "profile": {
      const { user, field, value } = write.profile;
      if (value === "") statements.removeProfile.run(user, field);
      else statements.profile.run(user, field, value);
      return;
    }
    case "group": {
      const { id, name, leader, leaderOnly, createdAt, history, topic } =
        write.group;
      const flag = (value = false) => value ? 1 : 0;
      const fields = [flag(leaderOnly), createdAt, flag(history)];
      const { text = null, at = null } = topic ?? {};
      statements.group.run(id, name, leader, ...fields, text, at);
      return;
    }
    case "group-end":
      statements.removeGroupMembers.run(write.group);
      statements.endGroup.run(write.at, write.group);
      return;
    case "member": {
      const { group, user, joined, since, sinceMessage } = write.member;
      statements.member.run(group, user, joined ? 1 : 0, since, sinceMessage);
      return;
    }
    case "member-remove": {
      const { group, user, owed } = write;
      statements.removeMember.run(group, user);
      statements.removeMark.run(user, "group", group);
      if (owed !== undefined) {
        statements.owe.run(user, group, owed.after, owed.upto);
      }
      return;
    }
    case "token": {
      const { device, hash, previous, expires, credential } = write.token;
      statements.token.run(device, hash, previous ?? null, expires, credential);
      return;
    }
    case "token-remove":
      statements.removeToken.run(write.device);
      return;
    default:
      write satisfies never;
  }
}

/**
 * The groups that ended within a minute of the last one that did: a log is
 * written far sooner, unless the server died before.
 */
function endedLately(groups: readonly Row[]): Row[] {
  const lastEnd = groups.reduce(
    (last, row) => Math.max(last, Number(row.ended_at ?? 0)),
    0,
  );
  return groups.filter(({ ended_at: endedAt }) =>
    endedAt !== null && Number(endedAt) > lastEnd - 60_000
  );
}

function toGroup(row: Row): StoredGroup {
  return {
    id: Number(row.id),
    name: String(row.name),
    leader: Number(row.leader),
    leaderOnly: row.leader_only === 1,
    createdAt: Number(row.created_at),
    ...(row.history === 1 ? { history: true } : {}),
    ...(row.topic === null
      ? {}
      : { topic: { text: String(row.topic), at: Number(row.topic_at) } }),
  };
}

/** What is known of a user by the devices. */
const ofDevices = ["cursor", "last_seen"].map((column) =>
  `max(users.${column}, coalesce((SELECT max(${column}) FROM devices ` +
  `WHERE user = users.id), 0)) AS ${column === "cursor" ? column : "lastSeen"}`
).join(", ");

/** As many as clients may want to repeat after a restart. */
const recentMessages = 20_000;

/** The highest numbers that one commit brings. */
export class LastNumbers {
  #message = 0;
  #number = 0;
  #device = 0;
  readonly #groups = new Map<number, number>();

  /** Takes in a message. */
  note({ id, number, group }: StoredMessage): void {
    this.#message = Math.max(this.#message, id);
    if (group === undefined) this.#number = Math.max(this.#number, number);
    else {
      this.#groups.set(group, Math.max(this.#groups.get(group) ?? 0, number));
    }
  }

  /** Takes in a device. */
  noteDevice({ number }: StoredDevice): void {
    this.#device = Math.max(this.#device, number);
  }

  /** Adds what was noted to the transaction. */
  save({ raiseMeta, raiseGroup }: SqliteStatements): void {
    if (this.#message > 0) raiseMeta.run(this.#message, "last_message");
    if (this.#number > 0) raiseMeta.run(this.#number, "last_number");
    if (this.#device > 0) raiseMeta.run(this.#device, "last_device");
    for (const [group, number] of this.#groups) raiseGroup.run(number, group);
  }
}

import { assert, assertEquals, assertRejects } from "@std/assert";
import { DatabaseSync } from "node:sqlite";
import { migratedTables } from "../../../../lib/server/store/postgres/migrated_tables.ts";
import {
  migrateToPostgres,
  migrateToSqlite,
} from "../../../../lib/server/store/postgres/migration.io.ts";
import { PostgresStore } from "../../../../lib/server/store/postgres/postgres_store.io.ts";
import { openDatabase } from "../../../../lib/server/store/sqlite_schema.io.ts";
import { SqliteStore } from "../../../../lib/server/store/sqlite_store.io.ts";
import type {
  Store,
  StoredMessage,
  StoreWrite,
} from "../../../../lib/server/model/store.ts";
import { StartError } from "../../../../lib/system/errors.io.ts";
import {
  noPostgres,
  placeOf,
  PostgresServer,
} from "../../../support/postgres_server.ts";
import { testUnless } from "../../../support/test_unless.ts";
import { storedDevice, storedUser } from "../../../support/stored_user.ts";
import { withTempFolder } from "../../../support/temp_folder.ts";

let shared: PostgresServer | undefined;
Deno.test.afterAll(() => shared?.[Symbol.asyncDispose]());

async function databases(): Promise<PostgresServer> {
  return shared ??= await PostgresServer.start();
}

Deno.test("migratedTables has every table and column of SQLite's schema", () => {
  using database = openDatabase(":memory:");
  const columns = database.prepare(
    "SELECT m.name AS name, i.name AS column FROM sqlite_schema AS m " +
      "JOIN pragma_table_info(m.name) AS i WHERE m.type = 'table' " +
      "AND m.name NOT IN ('meta', 'sqlite_sequence') " +
      "AND m.name NOT LIKE 'words%'",
  ).all().map((row) => `${row.name}.${row.column}`).sort();
  const migrated = migratedTables.flatMap(({ name, columns }) =>
    columns.map(([column]) => `${name}.${column}`)
  ).sort();
  assertEquals(migrated, columns);
});

testUnless(
  noPostgres,
  "migrate: everything goes to PostgreSQL and back, once",
  async () => {
    const server = await databases();
    const place = placeOf(await server.createDatabase());
    const other = placeOf(await server.createDatabase());
    await withTempFolder(async (folder) => {
      const path = `${folder}/parley.db`;
      let file = new SqliteStore(path);
      await file.commit(everything());
      while (file.index());
      const before = await contents(file);
      await file.close();

      const { copied, counts } = await migrateToPostgres(folder, place);
      assert(copied);
      assertEquals(counts.get("messages"), 2503);
      assertEquals(
        await migrateToPostgres(folder, place),
        { copied: false, counts },
      );
      const moved = "were brought to postgres://parley@";
      await assertRefused(
        () => Promise.resolve(new SqliteStore(path)),
        moved,
      );
      let database = await PostgresStore.open(place, noNews);
      assertEquals(await contents(database), before);
      // A server that runs keeps its data.
      await assertRefused(() => migrateToSqlite(folder, place), "in use");
      await database.commit([message(9001)]);
      const after = await contents(database);
      await database.close();
      // What went on there is not undone from here, and not elsewhere either.
      assertEquals((await migrateToPostgres(folder, place)).copied, false);
      await assertRefused(() => migrateToPostgres(folder, other), "before");

      assert((await migrateToSqlite(folder, place)).copied);
      assertEquals((await migrateToSqlite(folder, place)).copied, false);
      await assertRefused(() => PostgresStore.open(place, noNews), path);
      file = new SqliteStore(path);
      assertEquals(await contents(file), after);
      await file.commit([message(9002)]);
      const last = await contents(file);
      await file.close();
      await assertRefused(() => migrateToSqlite(folder, place), "has gone on");

      assert((await migrateToPostgres(folder, place)).copied);
      database = await PostgresStore.open(place, noNews);
      assertEquals(await contents(database), last);
      await database.close();
    });
  },
);

testUnless(
  noPostgres,
  "migrate: what is of two servers is never mixed, and a half copy is none",
  async () => {
    const server = await databases();
    const place = placeOf(await server.createDatabase());
    await withTempFolder(async (folder) => {
      await assertRefused(
        () => migrateToPostgres(folder, place),
        "there is no",
      );
      const path = `${folder}/parley.db`;
      const file = new SqliteStore(path);
      await file.commit(everything());
      await file.close();
      const database = await PostgresStore.open(place, noNews);
      await database.commit([{ write: "user", user: storedUser(1, "vader") }]);
      await database.close();
      await assertRefused(
        () => migrateToPostgres(folder, place),
        "two servers",
      );
      await assertRefused(() => migrateToSqlite(folder, place), "two servers");
      const again = await PostgresStore.open(place, noNews);
      const { users } = await again.load();
      assertEquals(users.map(({ name }) => name), ["vader"]);
      await again.close();
      new SqliteStore(path).close();

      // The copy ended before the folder said where its data are.
      const empty = placeOf(await server.createDatabase());
      await migrateToPostgres(folder, empty);
      using opened = new DatabaseSync(path);
      opened.exec("DELETE FROM meta WHERE key = 'moved'");
      opened.close();
      const { copied } = await migrateToPostgres(folder, empty);
      assertEquals(copied, false);
      await assertRefused(
        () => Promise.resolve(new SqliteStore(path)),
        "brought",
      );
    });
  },
);

async function assertRefused(
  what: () => Promise<unknown>,
  says: string,
): Promise<void> {
  const error = await assertRejects(
    () => Promise.resolve().then(what),
    StartError,
    says,
  );
  assert(!error.message.includes("\n"), error.message);
}

/** All that a store tells, in an order of its own. */
async function contents(store: Store) {
  const state = await store.load();
  const lists = Object.entries(state).map(([name, value]) => [
    name,
    Array.isArray(value)
      ? value.map((each) => JSON.stringify(sorted(each))).sort()
      : value,
  ]);
  return {
    ...Object.fromEntries(lists),
    logged: await store.logged(undefined, 0, 10_000),
    inGroup: await store.logged(7, 0, 10_000),
    inbox: await store.inbox({ user: 2, device: 2 }, 0, 10_000),
    owed: await store.inbox({ user: 3 }, 0, 10_000),
    found: await store.lookUp({
      kind: "search",
      user: 2,
      scope: { kind: "mine", user: 2 },
      ...{ terms: ["needle"], before: 1e15, limit: 9 },
    }),
  };
}

function sorted(value: object): object {
  return Object.fromEntries(Object.entries(value).sort());
}

/** Some of everything that a store keeps. */
function everything(): StoreWrite[] {
  const group = { id: 7, name: "Jedi", leader: 1, createdAt: 5 };
  const member = (user: number): StoreWrite => ({
    write: "member",
    member: { group: 7, user, joined: user < 3, since: 3, sinceMessage: 0 },
  });
  return [
    {
      write: "user",
      user: { ...storedUser(1, "yoda"), identity: "k", renaming: "m" },
    },
    { write: "user", user: storedUser(2, "leia", 5) },
    { write: "user", user: storedUser(3, `o'ne "two" \\ {x},NULL`) },
    { write: "user", user: storedUser(4, "gone") },
    { write: "user-end", user: 4, at: 9 },
    { write: "device", device: storedDevice(1) },
    { write: "device", device: storedDevice(2) },
    {
      write: "token",
      token: { device: 1, hash: "h", expires: 9, credential: "c" },
    },
    {
      write: "token",
      token: {
        device: 2,
        hash: "i",
        previous: "j",
        expires: 9,
        credential: "c",
      },
    },
    { write: "profile", profile: { user: 1, field: "status", value: "äß🙂" } },
    { write: "block", block: { user: 1, blocked: 3, since: 5, after: 4 } },
    {
      write: "keep-away",
      keptAway: { user: 1, sender: 3, after: 9, upto: 10 },
    },
    { write: "mark", mark: { user: 1, kind: "user", place: 2, upto: 9 } },
    {
      write: "later",
      later: { user: 1, offer: "a", to: [2, 3], since: 5, at: 7 },
    },
    {
      write: "group",
      group: { ...group, leaderOnly: true, topic: { text: "plans", at: 6 } },
    },
    {
      write: "group",
      group: { ...group, id: 8, leaderOnly: false, history: true },
    },
    { write: "group-end", group: 8, at: 99 },
    ...[1, 2, 3].map(member),
    ...Array.from({ length: 2500 }, (_, at) => message(at + 1)),
    message(2501, { receiver: 2, text: "a needle" }),
    message(2502, { group: 7, kept: true }),
    message(2503, { receiver: 2, text: "", deletes: 1, original: 1 }),
    { write: "delete", message: 1 },
    { write: "broadcast", message: 3, receivers: [1, 2] },
    { write: "owe", group: 7, user: 3, message: 2502 },
    { write: "failures", failures: { name: "bob", failures: 2, until: 5 } },
    { write: "failures", failures: { name: "eve", failures: 1 } },
    { write: "epoch", epoch: { epoch: "0123456789abcdef", after: 0 } },
  ];
}

function message(id: number, fields: Partial<StoredMessage> = {}): StoreWrite {
  const to = id % 2 === 0 ? { receiver: 2, device: 1 } : {};
  return {
    write: "message",
    message: {
      ...{ id, number: id, sender: 1, at: 1000 + id, mid: `m${id}` },
      ...{ text: `it's "text" \\ ${id}\n{},NULL`, ...to, ...fields },
    },
  };
}

const noNews = { report() {}, stop() {} };

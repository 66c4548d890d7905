import {
  assert,
  assertEquals,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import { DatabaseSync } from "node:sqlite";
import {
  openDatabase,
  schemaSteps,
} from "../../../lib/server/store/sqlite_schema.io.ts";
import { SqliteStore } from "../../../lib/server/store/sqlite_store.io.ts";
import { StartError } from "../../../lib/system/errors.io.ts";
import { withTempFolder } from "../../support/temp_folder.ts";
import type { StoreWrite } from "../../../lib/server/model/store.ts";
import { storedUser } from "../../support/stored_user.ts";

function user(id: number, name: string): StoreWrite {
  return { write: "user", user: storedUser(id, name) };
}

function withFile(body: (path: string) => Promise<void>): Promise<void> {
  return withTempFolder((folder) => body(`${folder}/parley.db`));
}

Deno.test("SqliteStore looks messages up through indexes", () => {
  const database = openDatabase(":memory:");
  const plan = (sql: string) =>
    database.prepare("EXPLAIN QUERY PLAN " + sql).all()
      .map((row) => String(row.detail)).join("; ");
  const queries = [
    ["receiver = 2 AND id > 5 ORDER BY id", "messages_by_receiver"],
    ["grp = 2 AND id > 5 ORDER BY id", "messages_by_group"],
    ["grp IS NULL AND id >= 5 ORDER BY id", "messages_by_group"],
    [
      "sender = 1 AND receiver IS 2 AND grp IS NULL AND id < 9 " +
      "ORDER BY id DESC",
      "messages_by_sender",
    ],
  ] as const;
  for (const [where, index] of queries) {
    const text = plan(`SELECT text FROM messages WHERE ${where} LIMIT 50`);
    assertStringIncludes(text, `SEARCH messages USING INDEX ${index}`);
    assert(!text.includes("TEMP B-TREE"), text);
  }
  database.close();
});

Deno.test("openDatabase brings an older schema forward and keeps the data", async () => {
  await withFile(async (path) => {
    const store = new SqliteStore(path);
    await store.commit([user(1, "yoda")]);
    await store.close();
    const steps = [...schemaSteps, "ALTER TABLE users ADD COLUMN status TEXT"];
    openDatabase(path, steps).close();
    const database = openDatabase(path, steps);
    const row = database.prepare("SELECT name, status FROM users").get();
    assertEquals({ ...row }, { name: "yoda", status: null });
    database.close();
    await Promise.resolve();
  });
});

Deno.test("openDatabase: a block of version 1 goes by message ids from then on", async () => {
  await withFile(async (path) => {
    const old = openDatabase(path, schemaSteps.slice(0, 1));
    old.exec(
      "INSERT INTO messages VALUES " +
        "(1, 1, 2, NULL, 7, 50, 'a', 'm', 0, NULL)," +
        "(2, 2, 2, NULL, 7, 60, 'b', 'm', 0, NULL);" +
        "INSERT INTO blocks VALUES (1, 2, 60), (1, 3, 50), (1, 4, 99)",
    );
    old.close();
    const store = new SqliteStore(path);
    const { blocks, keptAway } = await store.load();
    assertEquals(blocks.map(({ blocked, after }) => [blocked, after]), [
      [2, 1],
      [3, 0],
      [4, 2],
    ]);
    assertEquals(keptAway, []);
    await store.close();
  });
});

Deno.test("openDatabase: who was there before devices has one, with cursor and token", async () => {
  await withFile(async (path) => {
    const old = openDatabase(path, schemaSteps.slice(0, 6));
    old.exec(
      "INSERT INTO users (id, name, cursor, last_seen, account) VALUES " +
        "(1, 'yoda', 7, 50, 'a'), (2, 'luke', 5, 0, 'b'), (3, 'leia', 2, 0, 'c');" +
        "INSERT INTO tokens VALUES (1, 'h', NULL, 60, 'x'), (3, 'i', 'j', 61, 'y');" +
        "INSERT INTO messages VALUES (9, 1, 2, 1, NULL, 50, 'a', 'm', 0, NULL, NULL)",
    );
    old.close();
    const store = new SqliteStore(path);
    const { devices, tokens, lastDevice, recent, users } = await store.load();
    assertEquals(
      devices.map(({ user, id, name, cursor }) => [user, id, name, cursor]),
      [[3, "", "old client", 2], [1, "", "old client", 7]],
    );
    const owners = tokens.map(({ device, hash, previous }) => [
      devices.find(({ number }) => number === device)?.user,
      hash,
      previous,
    ]);
    assertEquals(owners.sort(), [[1, "h", undefined], [3, "i", "j"]]);
    assertEquals(lastDevice, 2);
    assertEquals("device" in (recent[0] ?? {}), false);
    assertEquals(users.map(({ cursor }) => cursor), [7, 5, 2]);
    await store.close();
  });
});

Deno.test("openDatabase undoes a step that fails half-way", async () => {
  await withFile(async (path) => {
    openDatabase(path).close();
    const broken = [...schemaSteps, "CREATE TABLE extra (a); CREATE nonsense"];
    assertThrows(() => openDatabase(path, broken), StartError, path);
    const fixed = [...schemaSteps, "CREATE TABLE extra (a)"];
    openDatabase(path, fixed).close();
    await Promise.resolve();
  });
});

Deno.test("openDatabase refuses a newer, a damaged, a locked and an impossible file in one line", async () => {
  await withFile(async (path) => {
    const refused = (file: string, says: string) => {
      const error = assertThrows(() => openDatabase(file), StartError, says);
      assertStringIncludes(error.message, file);
      assert(!error.message.includes("\n"));
    };
    openDatabase(path, [...schemaSteps, "CREATE TABLE future (a)"]).close();
    refused(path, `schema version ${schemaSteps.length + 1}`);
    await Deno.writeTextFile(path + "2", "no database ".repeat(1000));
    refused(path + "2", "is no SQLite database");
    refused(path + "/no/such", "cannot be opened");
    const other = new DatabaseSync(path + "3");
    other.exec("CREATE TABLE t (a); BEGIN EXCLUSIVE");
    refused(path + "3", "is locked by another program");
    other.close();
  });
});

Deno.test("openDatabase: what was confirmed before there were marks counts as seen", async () => {
  await withFile(async (path) => {
    const old = openDatabase(path, schemaSteps.slice(0, 6));
    old.exec(
      "INSERT INTO users (id, name, cursor, last_seen, account, ended_at) " +
        "VALUES (1, 'yoda', 7, 50, 'a', NULL), (2, 'luke', 5, 0, 'b', NULL), " +
        "(3, 'leia', 2, 0, 'c', 9)",
    );
    old.close();
    const store = new SqliteStore(path);
    const { marks } = await store.load();
    const kept = marks.map(({ user, kind, place, upto }) => [
      ...[user, kind, place, upto],
    ]);
    assertEquals(kept, [[1, "all", 0, 7], [2, "all", 0, 5]]);
    await store.close();
  });
});

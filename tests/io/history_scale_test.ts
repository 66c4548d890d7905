import { assert, assertEquals } from "@std/assert";
import { openDatabase } from "../../lib/io/sqlite_schema.ts";
import { WorkerStore } from "../../lib/io/worker_store.ts";
import { withTempFolder } from "../support/temp_folder.ts";

const messages = 1_000_000;

/** Half of the messages in 100 groups, half between 1,000 people. */
const fill = `
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000)
INSERT INTO users (id, name, cursor, last_seen)
  SELECT i, 'user' || i, ${messages - 100}, 1 FROM n;
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100)
INSERT INTO groups (id, name, leader, leader_only, created_at, last_number)
  SELECT i, 'group' || i, i, 0, 1, ${messages / 200} FROM n;
INSERT INTO members (grp, user, joined, since, since_message)
  SELECT groups.id, users.id, 1, 1, 0 FROM groups JOIN users
  ON users.id % 10 = groups.id % 10;
WITH RECURSIVE n(i) AS (
  SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${messages}
)
INSERT INTO messages (id, number, sender, receiver, grp, at, text, mid, kept)
  SELECT i, (i + 1) / CASE i % 2 WHEN 0 THEN 200 ELSE 2 END,
    1 + i * 13 % 1000, CASE i % 2 WHEN 1 THEN 1 + i * 7 % 1000 END,
    CASE i % 2 WHEN 0 THEN 1 + i / 2 % 100 END, i, 'message ' || i, 'm' || i, 0
  FROM n;
UPDATE meta SET value = ${messages} WHERE key = 'last_message';
UPDATE meta SET value = ${messages / 2} WHERE key = 'last_number';
`;

// The goals are 1 s and 20 ms, which the benchmark shows; the bounds here only
// tell a search from a scan while other tests use the machine.
const startBoundMs = 5000;
const lookUpBoundMs = 150;

Deno.test("WorkerStore starts and reads an inbox at once with a million messages", async () => {
  await withTempFolder(async (folder) => {
    const path = `${folder}/parley.db`;
    const database = openDatabase(path);
    database.exec(fill);
    database.close();

    const start = performance.now();
    const store = await WorkerStore.open(path);
    const state = await store.load();
    const startMs = performance.now() - start;
    assertEquals(state.lastMessage, messages);
    assertEquals(state.users.length, 1000);
    assert(startMs < startBoundMs, `started in ${startMs} ms`);

    for (const after of [0, messages / 2, messages - 100]) {
      const best = await fastest(async () => {
        assert((await store.inbox(7, after, 100)).length > 0);
      });
      assert(best < lookUpBoundMs, `inbox after ${after} in ${best} ms`);
    }
    const best = await fastest(async () => {
      const page = await store.logged(undefined, messages / 4, 100);
      assertEquals(page.length, 100);
    });
    assert(best < lookUpBoundMs, `log lines in ${best} ms`);
    await store.close();
  });
});

/** The shortest of some times, ms: others use the machine too. */
async function fastest(body: () => Promise<void>): Promise<number> {
  let best = Infinity;
  for (let round = 0; round < 10; round++) {
    const start = performance.now();
    await body();
    best = Math.min(best, performance.now() - start);
  }
  return best;
}

import { assert, assertEquals } from "@std/assert";
import { DatabaseSync } from "node:sqlite";
import { openDatabase } from "../../../lib/server/store/sqlite_schema.io.ts";
import { WorkerStore } from "../../../lib/server/store/worker_store.io.ts";
import type { Lookup } from "../../../lib/server/model/store.ts";
import { withTempFolder } from "../../support/temp_folder.ts";

const messages = 1_000_000;

/**
 * 1,000 people and 100 groups, a tenth of the people in each and number 77 in
 * all. Half of the messages go to groups, a twentieth to all, the rest from one
 * to one.
 */
const fill = `
PRAGMA synchronous = OFF;
PRAGMA cache_size = -200000;
BEGIN;
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000)
INSERT INTO users (id, name, cursor, last_seen)
  SELECT i, 'user' || i, ${messages - 100}, 1 FROM n;
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100)
INSERT INTO groups (id, name, leader, leader_only, created_at, last_number)
  SELECT i, 'group' || i, i, 0, 1, ${messages / 200} FROM n;
INSERT INTO members (grp, user, joined, since, since_message)
  SELECT groups.id, users.id, 1, 1, 0 FROM groups JOIN users
  ON users.id % 10 = groups.id % 10 OR users.id = 77;
WITH RECURSIVE n(i) AS (
  SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${messages}
)
INSERT INTO messages (id, number, sender, receiver, grp, at, text, mid, kept)
  SELECT i, CASE i % 2 WHEN 0 THEN (i + 199) / 200 ELSE (i + 1) / 2 END,
    1 + i * 13 % 1000,
    CASE WHEN i % 2 = 1 AND i % 20 <> 1 THEN 1 + i * 7 % 1000 END,
    CASE i % 2 WHEN 0 THEN 1 + i / 2 % 100 END, i,
    'message ' || i || ' of a usual length, some sixty', 'm' || i, 0
  FROM n;
INSERT INTO broadcasts SELECT u.value, messages.id FROM messages,
  json_each('[1,2,3,77]') AS u WHERE grp IS NULL AND receiver IS NULL;
UPDATE meta SET value = ${messages} WHERE key = 'last_message';
UPDATE meta SET value = ${messages / 2} WHERE key = 'last_number';
COMMIT;
`;

// The goals are 1 s and 20 ms, which the benchmark shows; the bounds here only
// tell a search from a scan while other tests use the machine.
const startBoundMs = 5000;
const lookUpBoundMs = 150;

Deno.test("WorkerStore starts, reads inboxes and looks up at once with a million messages", async () => {
  await withTempFolder(async (folder) => {
    const path = `${folder}/parley.db`;
    generate(path);
    const startMs = await fastest(startBoundMs, async () => {
      const store = await WorkerStore.open(path);
      const state = await store.load();
      assertEquals(state.lastMessage, messages);
      assertEquals(state.users.length, 1000);
      await store.close();
    });
    assert(startMs < startBoundMs, `started in ${startMs} ms`);

    const store = await WorkerStore.open(path);
    for (const after of [0, messages / 2, messages - 100]) {
      const best = await fastest(lookUpBoundMs, async () => {
        assert((await store.inbox({ user: 7 }, after, 100)).length > 0);
      });
      assert(best < lookUpBoundMs, `inbox after ${after} in ${best} ms`);
    }
    const best = await fastest(lookUpBoundMs, async () => {
      const page = await store.logged(undefined, messages / 4, 100);
      assertEquals(page.length, 100);
    });
    assert(best < lookUpBoundMs, `log lines in ${best} ms`);
    for (const lookup of lookups()) {
      const { messages } = await store.lookUp(lookup);
      if (lookup.kind === "number") assertEquals(messages.length, 1);
      const best = await fastest(lookUpBoundMs, () => store.lookUp(lookup));
      // Some 5 ms on an idle machine.
      const what = JSON.stringify(lookup).slice(0, 100);
      assert(best < lookUpBoundMs, `${what}: ${best} ms`);
    }
    await store.close();
  });
});

function lookups(): Lookup[] {
  const limit = 501;
  const ranges = [Number.MAX_SAFE_INTEGER, messages / 2, 2000];
  return [
    ...ranges.flatMap((before): Lookup[] => [
      { kind: "mine", user: 1, before, limit },
      { kind: "mine", user: 77, before, limit },
      { kind: "pair", user: 40, other: 22, before, limit },
      // Two who never spoke with each other.
      { kind: "pair", user: 2, other: 9, before, limit },
      { kind: "group", group: 3, after: 0, before, limit },
    ]),
    { kind: "number", group: undefined, number: messages / 4 },
    { kind: "number", group: 3, number: 1000 },
    {
      kind: "unseen",
      // Who has never seen anything.
      user: 77,
      scopes: [
        { kind: "private", after: 0, marks: [] },
        { kind: "broadcast", after: 0 },
        ...Array.from({ length: 100 }, (_, group) => ({
          ...{ kind: "group", place: group + 1, after: 0 } as const,
        })),
      ],
    },
  ];
}

/** Makes the database; its indexes last, which takes a fraction of the time. */
function generate(path: string): void {
  openDatabase(path).close();
  using database = new DatabaseSync(path);
  const indexes = database.prepare(
    "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql NOT NULL",
  ).all();
  for (const { name } of indexes) database.exec(`DROP INDEX ${name}`);
  database.exec(fill);
  for (const { sql } of indexes) database.exec(String(sql));
}

/**
 * The shortest of some times, ms, until it is within a bound: others use the
 * machine too, and what scans takes longer each time.
 */
async function fastest(
  bound: number,
  body: () => Promise<unknown>,
): Promise<number> {
  let best = Infinity;
  for (let round = 0; round < 20 && best >= bound; round++) {
    const start = performance.now();
    await body();
    best = Math.min(best, performance.now() - start);
  }
  return best;
}

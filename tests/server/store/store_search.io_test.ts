import { assert, assertEquals } from "@std/assert";
import { searchTerms } from "../../../lib/base/search_words.ts";
import type {
  Lookup,
  SearchScope,
  StoredMessage,
  StoreWrite,
} from "../../../lib/server/model/store.ts";
import { MemoryStore } from "../../support/memory_store.ts";
import { SeededRandom } from "../../support/seeded_random.ts";
import { storedUser } from "../../support/stored_user.ts";
import { storeTest } from "../../support/each_store.ts";

const words = ["Death", "Stär", "東京", "plan", "x", "พลัง", "DEATH STAR", '"'];
const questions = [
  "death",
  '"death star"',
  "star plan",
  "東京",
  "x",
  "พลัง",
  "lan",
];

/** Four users, an open group, one that they joined one after another, and talk. */
function talk(random: SeededRandom, count: number): StoreWrite[] {
  const writes: StoreWrite[] = [];
  for (let id = 1; id <= 4; id++) {
    writes.push({ write: "user", user: storedUser(id, `u${id}`) });
  }
  for (let id = 1; id <= 2; id++) {
    const about = { leader: 1, leaderOnly: false, createdAt: 0 };
    const group = { id, name: `g${id}`, ...about, history: id === 2 };
    writes.push({ write: "group", group });
    for (let user = 1; user <= 3; user++) {
      const since = { since: 0, sinceMessage: user * 40 };
      const member = { group: id, user, joined: true, ...since };
      writes.push({ write: "member", member });
    }
  }
  for (let id = 1; id <= count; id++) {
    const dice = random.below(4);
    const sender = 1 + random.below(4);
    const text = Array.from(
      { length: 1 + random.below(4) },
      () => words[random.below(words.length)],
    ).join(" ");
    const message: StoredMessage = {
      ...{ id, number: id, sender, at: id, text, mid: `m${id}` },
      ...(dice < 2 ? { group: 1 + dice } : {}),
      ...(dice === 2 ? { receiver: 1 + sender % 4 } : {}),
    };
    writes.push({ write: "message", message });
    if (dice === 3) {
      const receivers = [1, 2].filter((user) => user !== sender);
      writes.push({ write: "broadcast", message: id, receivers });
    }
    if (id % 9 === 0) writes.push({ write: "delete", message: id - 3 });
  }
  // Number 3 has blocked 1, and had blocked 2.
  const block = { user: 3, blocked: 1, since: 1, after: 350 };
  writes.push({ write: "block", block });
  const keptAway = { user: 3, sender: 2, after: 200, upto: 400 };
  writes.push({ write: "keep-away", keptAway });
  return writes;
}

storeTest(
  "Search finds what the rules say and nothing else, however much is in the index",
  async (database) => {
    const writes = talk(new SeededRandom(3), 700);
    const store = await database.open();
    const model = new MemoryStore();
    model.commit(writes);
    const scopes: SearchScope[] = [
      ...[1, 2, 3, 4].map((user) => ({ kind: "mine", user }) as const),
      { kind: "pair", user: 1, other: 2 },
      { kind: "pair", user: 1, other: 3 },
      { kind: "group", group: 1, after: 80 },
      { kind: "group", group: 2, after: 0 },
    ];
    const lookups: Lookup[] = [];
    for (const scope of scopes) {
      for (const each of questions) {
        const user = "user" in scope ? scope.user : 3;
        const terms = searchTerms(each);
        const what = { kind: "search", user, scope, terms } as const;
        for (const before of [1e15, 400, 2]) {
          for (const limit of [1, 20, 1000]) {
            lookups.push({ ...what, before, limit });
          }
        }
      }
    }
    let found = 0;
    const compare = async () => {
      for (const lookup of lookups) {
        const answer = await store.lookUp(lookup);
        assertEquals(answer, model.lookUp(lookup), JSON.stringify(lookup));
        found += answer.messages.length;
      }
    };
    await store.commit(writes);
    await compare();
    assert(await store.index());
    await compare();
    while (await store.index());
    await compare();
    assert(found > 10_000, `${found}`);
    // What is taken back once it is in the index.
    const more: StoreWrite[] = [];
    for (let id = 300; id <= 700; id += 7) {
      more.push({ write: "delete", message: id });
    }
    await store.commit(more);
    model.commit(more);
    await compare();
    await store.close();
  },
);

storeTest(
  "Search keeps nothing of what was taken back or removed",
  async (database) => {
    const store = await database.open();
    const common = { number: 1, sender: 1, receiver: 2, at: 1, mid: "m" };
    for (const [index, text] of ["zqxjkv", "vwpzqf", "hello"].entries()) {
      const message = { ...common, id: index + 1, text };
      await store.commit([{ write: "message", message }]);
    }
    assertEquals(await store.index(), false);
    await store.commit([{ write: "delete", message: 1 }]);
    const purge = { olderThan: 5, after: 1, gone: [1, 2], liveSince: 0 };
    await store.purge(purge);
    await store.close();
    if (database.folder !== undefined) {
      const file = await Deno.readFile(`${database.folder}/parley.db`);
      const bytes = new TextDecoder("latin1").decode(file);
      for (const three of ["zqx", "jkv", "vwp", "zqf"]) {
        assert(!bytes.includes(three), three);
      }
    }
    const again = await database.open();
    const scope = { kind: "mine", user: 1 } as const;
    for (const terms of [["zqxjkv"], ["vwpzqf"], ["hello"], ["ll"]]) {
      const asked = {
        kind: "search",
        user: 1,
        scope,
        terms,
        before: 9,
        limit: 9,
      } as const;
      assertEquals((await again.lookUp(asked)).messages, []);
    }
    await again.close();
  },
);

storeTest(
  "Search looks at a bounded number of messages, and says where to go on",
  async (database) => {
    const store = await database.open();
    const common = { number: 1, sender: 1, receiver: 2, at: 1 };
    const writes: StoreWrite[] = [];
    for (let id = 1; id <= 10_000; id++) {
      const text = id === 3 ? "needle" : "hay";
      const message = { ...common, id, text, mid: `${id}` };
      writes.push({ write: "message", message });
    }
    await store.commit(writes);
    const look = (terms: string[], before = 1e15) =>
      store.lookUp({
        kind: "search",
        user: 2,
        scope: { kind: "pair", user: 2, other: 1 },
        ...{ terms, before, limit: 1 },
      });
    const places: unknown[] = [];
    let at: number | undefined = 1e15;
    while (at !== undefined) {
      const answer: Awaited<ReturnType<typeof look>> = await look(
        ["needle"],
        at,
      );
      places.push(answer.rest ?? answer.messages.map(({ id }) => id));
      at = answer.rest;
    }
    assertEquals(places, [6001, 2001, [3]]);
    while (await store.index());
    const { messages, rest } = await look(["needle"]);
    assertEquals([messages.length, rest], [1, undefined]);
    await store.close();
  },
);

storeTest(
  "Search counts what a block keeps away, too, where it looks at everything",
  async (database) => {
    const store = await database.open();
    const block = { user: 1, blocked: 2, since: 1, after: 0 };
    const writes: StoreWrite[] = [{ write: "block", block }];
    const common = { sender: 2, group: 1, at: 1, text: "hay" };
    for (let id = 1; id <= 5000; id++) {
      const message = { ...common, id, number: id, mid: `${id}` };
      writes.push({ write: "message", message });
    }
    await store.commit(writes);
    const scope = { kind: "group", group: 1, after: 0 } as const;
    const about = { kind: "search", user: 1, scope, before: 1e15 } as const;
    const look = (terms: string[]) =>
      store.lookUp({ ...about, terms, limit: 1 });
    const nothing = { messages: [], receivers: [] };
    assertEquals(await look(["hay"]), { ...nothing, rest: 1001 });
    while (await store.index());
    // Whether the words were said makes no difference.
    assertEquals(await look(["hay"]), nothing);
    assertEquals(await look(["needle"]), nothing);
    await store.close();
  },
);

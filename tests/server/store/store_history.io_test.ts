import { assert, assertEquals } from "@std/assert";
import { limits } from "../../../lib/wire/limits.ts";
import type {
  Found,
  Lookup,
  StoredMessage,
  StoreWrite,
  UnseenScope,
} from "../../../lib/server/model/store.ts";
import { MemoryStore } from "../../support/memory_store.ts";
import { SeededRandom } from "../../support/seeded_random.ts";
import { storeTest, type TestDatabase } from "../../support/each_store.ts";
import {
  cursorWrite,
  storedDevice,
  storedUser,
} from "../../support/stored_user.ts";

const people = 6;
const groups = 3;

/** Users, and groups of which every user but the first few is a member. */
function society(): StoreWrite[] {
  const writes: StoreWrite[] = [];
  for (let id = 1; id <= people; id++) {
    const user = storedUser(id, `u${id}`);
    writes.push({ write: "user", user });
  }
  for (let id = 1; id <= groups; id++) {
    const name = `g${id}`;
    const group = {
      ...{ id, name, leader: 1, leaderOnly: false, createdAt: 0 },
      ...(id === 2 ? { history: true } : {}),
    };
    writes.push({ write: "group", group });
    for (let user = id; user <= people; user++) {
      const joined = user !== people;
      const since = { since: 0, sinceMessage: user * 10 };
      writes.push({
        write: "member",
        member: { group: id, user, joined, ...since },
      });
    }
  }
  return writes;
}

/** One of a user's three devices. */
function deviceOf(user: number, which: number): number {
  return user * 10 + which;
}

/** Messages of every kind, some of them deleted. */
function talk(random: SeededRandom, count: number): StoreWrite[] {
  const writes: StoreWrite[] = [];
  const numbers = new Map<number, number>();
  const someone = () => 1 + random.below(people);
  for (let id = 1; id <= count; id++) {
    const dice = random.below(10);
    const sender = someone();
    const group = dice < 4 ? 1 + random.below(groups) : undefined;
    const receiver = dice >= 4 && dice < 9
      ? 1 + (sender + random.below(people - 1)) % people
      : undefined;
    const number = (numbers.get(group ?? 0) ?? 0) + 1;
    numbers.set(group ?? 0, number);
    const message: StoredMessage = {
      id,
      number,
      sender,
      // An older version did not say it.
      ...(id < 40 ? {} : { device: deviceOf(sender, random.below(3)) }),
      ...(group === undefined ? {} : { group }),
      ...(receiver === undefined ? {} : { receiver }),
      at: id * 1000,
      text: `text ${id}`,
      mid: `m${id}`,
      ...(id % 11 === 0 ? { text: "", deletes: 1, original: id - 1 } : {}),
    };
    writes.push({ write: "message", message });
    if (dice === 9) {
      const receivers = [1, 3, 5].filter((user) => user !== sender);
      writes.push({ write: "broadcast", message: id, receivers });
    }
    if (id % 9 === 0 && (id - 3) % 11 !== 0) {
      writes.push({ write: "delete", message: id - 3 });
    }
  }
  return writes;
}

storeTest(
  "Store answers every question about the past as the rules say",
  async (database) => {
    const writes = [...society(), ...talk(new SeededRandom(5), 400)];
    const store = await database.open();
    const model = new MemoryStore();
    await store.commit(writes);
    model.commit(writes);
    const lookups: Lookup[] = [];
    for (const before of [1e15, 300, 37, 1]) {
      for (const limit of [1, 7, 1000]) {
        const range = { before, limit };
        for (let user = 1; user <= people; user++) {
          lookups.push({ kind: "mine", user, ...range });
          lookups.push({ kind: "mine", user, only: "group", ...range });
          lookups.push({ kind: "mine", user, only: "broadcast", ...range });
          const other = 1 + (user * 2) % people;
          lookups.push({ kind: "pair", user, other, ...range });
        }
        lookups.push({ kind: "group", group: 2, after: 50, ...range });
      }
    }
    for (let number = 0; number < 150; number += 3) {
      for (const group of [undefined, 1, 3, 9]) {
        lookups.push({ kind: "number", group, number });
      }
    }
    let messages = 0;
    for (const lookup of lookups) {
      const found = await store.lookUp(lookup);
      assertEquals(found, model.lookUp(lookup), JSON.stringify(lookup));
      messages += found.messages.length;
    }
    assert(messages > 1000);
    let own = 0;
    for (let user = 1; user <= people; user++) {
      assertEquals(
        await store.inbox({ user }, 30, 200),
        model.inbox({ user }, 30, 200),
      );
      for (const limit of [1, 20, 400]) {
        const reader = { user, device: deviceOf(user, 1) };
        const inbox = await store.inbox(reader, 30, limit);
        assertEquals(inbox, model.inbox(reader, 30, limit));
        own += inbox.filter(({ sender }) => sender === user).length;
      }
    }
    assert(own > 100);
    await store.close();
  },
);

storeTest(
  "Store.purge waits for the sender's other devices, for as long as they count",
  async (database) => {
    const store = await database.open();
    const model = new MemoryStore();
    const device = (number: number, user: number, cursor: number) => ({
      write: "device" as const,
      device: {
        ...{ ...storedDevice(user, cursor), number, name: `${number}` },
        ...{ id: number === 9 ? "" : `${number}`.padStart(16, "0") },
        lastSeen: number,
      },
    });
    const sent = (id: number, from: number) => ({
      write: "message" as const,
      message: {
        ...{ id, number: id, sender: 1, device: from, receiver: 2 },
        ...{ at: 1, text: "x", mid: `${id}` },
      },
    });
    const writes: StoreWrite[] = [
      { write: "user", user: storedUser(1, "yoda") },
      { write: "user", user: storedUser(2, "luke") },
      device(5, 1, 2),
      device(6, 1, 0),
      // An old client gets nothing of the user's own.
      device(9, 1, 0),
      device(7, 2, 9),
      device(3, 2, 0),
      ...[sent(1, 5), sent(2, 6), sent(3, 6), sent(4, 5)],
    ];
    const left = async (liveSince: number) => {
      const ids: string[] = [];
      for (const each of [store, model]) {
        await each.purge({ olderThan: 9, after: 0, gone: [], liveSince });
        const found = await each.lookUp({
          ...{ kind: "pair", user: 1, other: 2, before: 99, limit: 99 },
        });
        ids.push(found.messages.map(({ id }) => id).join());
      }
      return ids;
    };
    for (const each of [store, model]) await each.commit(writes);
    // Device 3 of the receiver has nothing yet.
    assertEquals(await left(3), ["4,3,2,1", "4,3,2,1"]);
    // Device 6 lacks 1 and 4, device 5 lacks 3.
    assertEquals(await left(4), ["4,3,1", "4,3,1"]);
    assertEquals(await left(6), ["4,1", "4,1"]);
    assertEquals(await left(8), ["", ""]);
    await store.close();
  },
);

storeTest("Store counts what is unseen as the rules say", async (database) => {
  const writes: StoreWrite[] = [
    ...society(),
    ...talk(new SeededRandom(5), 400),
    {
      write: "block",
      block: { user: 2, blocked: 1, since: 1, after: 200 },
    },
    {
      write: "keep-away",
      keptAway: { user: 3, sender: 1, after: 50, upto: 150 },
    },
  ];
  const store = await database.open();
  const model = new MemoryStore();
  await store.commit(writes);
  model.commit(writes);
  let count = 0;
  for (let user = 1; user <= people; user++) {
    for (const after of [0, 120, 390, 400]) {
      const marks = [[1, 300], [4, after]] as const;
      const scopes: UnseenScope[] = [
        { kind: "private", after, marks },
        { kind: "user", place: 1 + (user * 2) % people, after },
        // Groups that the user has joined since.
        ...[1, 2, 3].filter((group) => group <= user && user < people)
          .map((place): UnseenScope => ({
            kind: "group",
            place,
            after: Math.max(after, user * 10),
          })),
        { kind: "broadcast", after },
      ];
      const lookup = { kind: "unseen", user, scopes } as const;
      const { unseen } = await store.lookUp(lookup);
      const expected = model.lookUp(lookup).unseen;
      assertEquals(unseen?.last, 400);
      assertEquals(inOrder(unseen), inOrder(expected), JSON.stringify(lookup));
      count += unseen?.conversations.length ?? 0;
    }
  }
  assert(count > 50, `${count}`);
  await store.close();
});

/** Of a group by itself, as of a user among all, the order is not said. */
function inOrder(unseen: Found["unseen"]): string[] {
  return (unseen?.conversations ?? []).map((each) => JSON.stringify(each))
    .sort();
}

storeTest(
  "limit unseenMessages: no more are counted, and they are the newest",
  async (database) => {
    const store = await database.open();
    const most = limits.unseenMessages;
    const message = { sender: 1, at: 1, text: "hi" };
    const writes = Array.from({ length: 2 * most + 20 }, (_, n): StoreWrite => {
      const place = n % 2 === 0 ? { receiver: 2 } : { group: 1 };
      const numbers = { id: n + 1, number: n + 1, mid: `m${n}` };
      return {
        write: "message",
        message: { ...message, ...numbers, ...place },
      };
    });
    await store.commit([...society(), ...writes]);
    const scopes: UnseenScope[] = [
      { kind: "private", after: 0, marks: [] },
      { kind: "user", place: 1, after: 0 },
      { kind: "group", place: 1, after: 0 },
    ];
    const { unseen } = await store.lookUp({ kind: "unseen", user: 2, scopes });
    const newest = 2 * most + 20;
    const ofUser = { count: most, oldest: 21, newest: newest - 1 };
    assertEquals(unseen?.conversations, [
      { kind: "user", place: 1, ...ofUser },
      { kind: "user", place: 1, ...ofUser },
      { kind: "group", place: 1, count: most, oldest: 22, newest },
    ]);
    await store.close();
  },
);

storeTest("Store keeps nothing of a deleted text", async (database) => {
  const store = await database.open();
  const common = { number: 1, sender: 1, receiver: 2, at: 1, mid: "m" };
  for (
    const [id, text] of ["SHORTSECRET", "LONGSECRET".repeat(900)].entries()
  ) {
    const message = { ...common, id: id + 1, text };
    await store.commit([{ write: "message", message }]);
  }
  const deletion = { ...common, id: 3, number: 3, text: "", deletes: 1 };
  await store.commit([
    { write: "delete", message: 1 },
    { write: "delete", message: 2 },
    { write: "message", message: deletion },
  ]);
  const { messages } = await store.lookUp({
    kind: "pair",
    user: 2,
    other: 1,
    before: 9,
    limit: 9,
  });
  assertEquals(messages.map((each) => [each.text, each.deleted]), [
    ["", undefined],
    ["", true],
    ["", true],
  ]);
  assertEquals(messages[0]?.deletes, 1);
  await store.close();
  const { folder } = database;
  if (folder === undefined) return;
  for await (const file of Deno.readDir(folder)) {
    const bytes = await Deno.readFile(`${folder}/${file.name}`);
    const text = new TextDecoder("latin1").decode(bytes);
    assert(!text.includes("SECRET"), file.name);
  }
});

storeTest(
  "Store.purge removes what is old and delivered, and a file shrinks",
  async (database) => {
    let store = await database.open();
    const random = new SeededRandom(6);
    const writes = [...society(), ...talk(random, 8000)].map((write) =>
      write.write === "message"
        ? { ...write, message: { ...write.message, text: "x".repeat(600) } }
        : write
    );
    const model = new MemoryStore();
    const cursors: StoreWrite[] = [];
    // The last user is far behind, the one before has no account any more.
    for (let user = 1; user <= people; user++) {
      const upto = user === people ? 500 : user === people - 1 ? 10 : 9000;
      cursors.push({ write: "device", device: storedDevice(user, upto) });
    }
    const gone = [people - 1];
    const liveSince = 1;
    for (const each of [store, model]) {
      await each.commit([...writes, ...cursors]);
    }
    await store.close();
    const before = await sizeOf(database);
    store = await database.open();
    const olderThan = 6000 * 1000;
    let longest = 0;
    let steps = 0;
    for (let after: number | undefined = 0; after !== undefined; steps++) {
      const start = performance.now();
      after = await store.purge({ olderThan, after, gone, liveSince });
      longest = Math.max(longest, performance.now() - start);
      assert(steps < 1000);
    }
    for (let after: number | undefined = 0; after !== undefined;) {
      after = model.purge({ olderThan, after, gone, liveSince });
    }
    const state = await store.load();
    const [left, right] = [state.recent, model.messages].map((all) =>
      all.map(({ id }) => id).join()
    );
    assert(left === right, `${left} is not ${right}`.slice(0, 2000));
    assert(state.recent.length > 2000 && state.recent.length < 4000);
    assertEquals(state.lastMessage, 8000);
    for (let user = 1; user < people; user++) {
      const range = { before: 1e15, limit: 1e6 };
      const lookup = { kind: "mine", user, ...range } as const;
      assertEquals(await store.lookUp(lookup), model.lookUp(lookup));
    }
    await store.close();
    const after = await sizeOf(database);
    assert(
      before === undefined || after === undefined || after < before * 0.6,
      `${before} bytes became ${after}`,
    );
    assert(steps > 10);
    report(`purge: ${steps} steps of at most ${longest.toFixed(1)} ms`);
  },
);

storeTest(
  "Store.purge keeps what somebody is owed who left the group",
  async (database) => {
    const store = await database.open();
    const model = new MemoryStore();
    const user = (id: number) =>
      ({
        write: "user",
        user: storedUser(id, `u${id}`, id === 1 ? 9 : 0),
      }) as const;
    const place = { joined: true, since: 1, sinceMessage: 0 };
    const common = { sender: 1, group: 1, at: 1, text: "x" };
    const writes: StoreWrite[] = [
      user(1),
      user(2),
      { write: "device", device: storedDevice(2) },
      {
        write: "group",
        group: { id: 1, name: "g", leader: 1, leaderOnly: false, createdAt: 1 },
      },
      ...[1, 2].map((user): StoreWrite => ({
        write: "member",
        member: { group: 1, user, ...place },
      })),
      ...[1, 2, 3, 4].map((id): StoreWrite => ({
        write: "message",
        message: { id, number: id, mid: `${id}`, ...common },
      })),
      {
        write: "member-remove",
        group: 1,
        user: 2,
        owed: { after: 1, upto: 2 },
      },
      { write: "owe", group: 1, user: 2, message: 4 },
    ];
    const purge = { olderThan: 100, after: 0, gone: [], liveSince: 1 };
    for (const each of [store, model]) {
      await each.commit(writes);
      const ask = (number: number) =>
        each.lookUp({ kind: "number", group: 1, number });
      assertEquals((await ask(1)).receivers, []);
      assertEquals((await ask(2)).receivers, [2]);
      await each.purge(purge);
      const waiting = await each.inbox({ user: 2 }, 0, 10);
      assertEquals(waiting.map(({ id, groupName }) => [id, groupName]), [
        [2, "g"],
        [4, "g"],
      ]);
      assertEquals((await ask(1)).messages, []);
      assertEquals((await ask(3)).messages, []);
      await each.commit([cursorWrite(2, 4)]);
      await each.purge(purge);
      assertEquals((await ask(2)).messages, []);
      assertEquals((await ask(4)).messages, []);
    }
    await store.close();
  },
);

function report(line: string): void {
  Deno.stdout.writeSync(new TextEncoder().encode(`${line}\n`));
}

/** Bytes of the database; `undefined` where they are not the store's business. */
async function sizeOf({ folder }: TestDatabase): Promise<number | undefined> {
  if (folder === undefined) return undefined;
  return (await Deno.stat(`${folder}/parley.db`)).size;
}

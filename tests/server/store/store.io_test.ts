import { limits } from "../../../lib/wire/limits.ts";
import {
  assert,
  assertEquals,
  assertGreater,
  assertRejects,
} from "@std/assert";
import { storeTest } from "../../support/each_store.ts";
import type {
  StoredGroup,
  StoredMark,
  StoredMessage,
  StoreWrite,
} from "../../../lib/server/model/store.ts";
import {
  cursorWrite,
  storedDevice,
  storedUser,
} from "../../support/stored_user.ts";

const jedi: StoredGroup = {
  id: 7,
  name: "Jedi",
  leader: 1,
  leaderOnly: true,
  createdAt: 5,
  history: true,
  topic: { text: "the plans", at: 6 },
};

function user(id: number, name: string): StoreWrite {
  return { write: "user", user: storedUser(id, name) };
}

function member(group: number, user: number, sinceMessage = 0): StoreWrite {
  return {
    write: "member",
    member: { group, user, joined: true, since: 3, sinceMessage },
  };
}

function message(
  id: number,
  number: number,
  sender: number,
  to: { receiver?: number; group?: number },
): StoredMessage {
  return { id, number, sender, at: 1000 + id, text: `t${id}`, mid: "m", ...to };
}

const wrote = (message: StoredMessage): StoreWrite => ({
  write: "message",
  message,
});

storeTest(
  "Store starts empty with a secret of its own",
  async (database, others) => {
    const one = await database.open();
    const state = await one.load();
    assertEquals(state.users, []);
    assertEquals(state.recent, []);
    assertEquals([state.lastMessage, state.lastNumber], [0, 0]);
    assertEquals(state.secret.length, 32);
    assert(state.secret.some((byte) => byte !== state.secret[0]));
    await one.close();
    const again = await database.open();
    assertEquals((await again.load()).secret, state.secret);
    await again.close();
    await others.use(async (other) => {
      const store = await other.open();
      const { secret } = await store.load();
      assert(state.secret.some((byte, index) => byte !== secret[index]));
      await store.close();
    });
  },
);

storeTest("Store.load gives back all that was committed", async (database) => {
  const token = { device: 1, hash: "ab", expires: 9, credential: "c" };
  const exchanged = { ...token, device: 2, previous: "cd" };
  let store = await database.open();
  const { secret } = await store.load();
  await store.commit([
    user(1, "yoda"),
    user(2, "leia"),
    { write: "group", group: jedi },
    member(7, 1),
    wrote(message(1, 1, 1, { receiver: 2 })),
    wrote(message(2, 1, 1, { group: 7 })),
    wrote(message(3, 2, 2, {})),
    { write: "device", device: storedDevice(2) },
    cursorWrite(2, 1, 77),
    { write: "token", token },
    { write: "token", token: exchanged },
    wrote({ ...message(4, 3, 2, { receiver: 1 }), kept: true }),
  ]);
  await store.close();
  store = await database.open();
  const state = await store.load();
  assertEquals(state.users.map((each) => ({ ...each })), [
    storedUser(1, "yoda"),
    { ...storedUser(2, "leia", 1), lastSeen: 77 },
  ]);
  assertEquals(state.groups, [jedi]);
  assertEquals(state.members, [
    { group: 7, user: 1, joined: true, since: 3, sinceMessage: 0 },
  ]);
  assertEquals(state.tokens.map((each) => ({ ...each })), [
    token,
    exchanged,
  ]);
  assertEquals(state.devices.map((each) => ({ ...each })), [
    { ...storedDevice(2, 1), lastSeen: 77 },
  ]);
  assertEquals(state.lastDevice, 2);
  assertEquals([state.lastMessage, state.lastNumber], [4, 3]);
  assertEquals([...state.lastGroupNumber], [[7, 1]]);
  assertEquals(state.recent, [
    { id: 1, number: 1, sender: 1, receiver: 2, at: 1001, mid: "m" },
    {
      id: 2,
      number: 1,
      sender: 1,
      group: 7,
      at: 1002,
      mid: "m",
      groupName: jedi.name,
    },
    { id: 3, number: 2, sender: 2, at: 1003, mid: "m" },
    {
      id: 4,
      number: 3,
      sender: 2,
      receiver: 1,
      at: 1004,
      mid: "m",
      kept: true,
    },
  ]);
  assertEquals(state.secret, secret);
  await store.close();
});

storeTest(
  "Store keeps blocks, profiles and a renaming under way",
  async (database) => {
    const block = (user: number, blocked: number, since: number) => {
      const block = { user, blocked, since, after: since - 1 };
      return { write: "block", block } as const;
    };
    const keepAway = (after: number, upto: number) => {
      const keptAway = { user: 1, sender: 3, after, upto };
      return { write: "keep-away", keptAway } as const;
    };
    const field = (user: number, field: string, value: string) =>
      ({ write: "profile", profile: { user, field, value } }) as const;
    let store = await database.open();
    await store.commit([
      {
        write: "user",
        user: { ...storedUser(1, "yoda"), renaming: "m", identity: "k" },
      },
      block(1, 2, 5),
      block(1, 3, 6),
      block(2, 1, 7),
      { write: "unblock", user: 1, blocked: 3 },
      keepAway(9, 10),
      keepAway(5, 7),
      keepAway(5, 8),
      field(1, "status", "old"),
      field(1, "status", "new"),
      field(1, "email", "x"),
      field(1, "email", ""),
    ]);
    await store.close();
    store = await database.open();
    const state = await store.load();
    assertEquals(state.users.map((each) => ({ ...each })), [
      { ...storedUser(1, "yoda"), renaming: "m", identity: "k" },
    ]);
    assertEquals(state.blocks.map((each) => ({ ...each })), [
      { user: 1, blocked: 2, since: 5, after: 4 },
      { user: 2, blocked: 1, since: 7, after: 6 },
    ]);
    assertEquals(state.keptAway.map((each) => ({ ...each })), [
      { user: 1, sender: 3, after: 5, upto: 8 },
      { user: 1, sender: 3, after: 9, upto: 10 },
    ]);
    assertEquals(state.profiles.map((each) => ({ ...each })), [
      { user: 1, field: "status", value: "new" },
    ]);
    await store.close();
  },
);

storeTest("Store.commit replaces and removes", async (database) => {
  const store = await database.open();
  const token = { device: 1, hash: "ab", expires: 9, credential: "c" };
  await store.commit([
    user(1, "yoda"),
    { write: "group", group: jedi },
    member(7, 1),
    member(7, 2),
    { write: "group", group: { ...jedi, id: 8, name: "Sith" } },
    member(8, 1),
    wrote(message(1, 1, 1, { group: 7 })),
    { write: "token", token },
  ]);
  await store.commit([
    user(1, "master"),
    { write: "group", group: { ...jedi, leader: 2 } },
    { write: "member-remove", group: 7, user: 1 },
    { write: "group-end", group: 8, at: 99 },
    { write: "token-remove", device: 1 },
  ]);
  const state = await store.load();
  assertEquals(state.users.map(({ name }) => name), ["master"]);
  assertEquals(state.groups, [{ ...jedi, leader: 2 }]);
  assertEquals(state.endedGroups, [{ ...jedi, id: 8, name: "Sith" }]);
  assertEquals(state.lastGroup, 8);
  assertEquals(state.members.map(({ user }) => user), [2]);
  assertEquals([...state.lastGroupNumber], [[7, 1]]);
  assertEquals(state.tokens, []);
  await store.close();
});

storeTest("Store.commit that fails leaves nothing behind", async (database) => {
  const store = await database.open();
  await store.commit([wrote(message(1, 1, 1, { receiver: 2 }))]);
  const again = [
    user(1, "yoda"),
    wrote(message(2, 2, 1, { receiver: 2 })),
    wrote(message(1, 3, 1, { receiver: 2 })),
  ];
  await assertRejects(() => store.commit(again), Error, "database");
  const state = await store.load();
  assertEquals(state.users, []);
  assertEquals([state.lastMessage, state.lastNumber], [1, 1]);
  await store.commit([user(1, "yoda")]);
  assertEquals((await store.load()).users.length, 1);
  await store.close();
});

storeTest(
  "Store.inbox has private and group messages of others in order",
  async (database) => {
    const store = await database.open();
    const everything: StoredMessage[] = [];
    const receivers = [{ group: 7 }, { receiver: 2 }, { group: 9 }, {}, {
      receiver: 3,
    }];
    for (let id = 1; id <= 30; id++) {
      const to = receivers[id % receivers.length] ?? {};
      everything.push(message(id, id, id % 7 === 0 ? 2 : 1, to));
    }
    await store.commit([
      // User 2 joined group 7 after messages 1 and 2.
      member(7, 2, 2),
      member(9, 2, 0),
      ...everything.map(wrote),
    ]);
    const mine = everything.filter((each) =>
      each.receiver === 2 ||
      (each.sender !== 2 &&
        (each.group === 9 || (each.group === 7 && each.id > 2)))
    );
    assertGreater(mine.length, 12);
    assertEquals(await store.inbox({ user: 2 }, 0, 1000), mine);
    const paged: StoredMessage[] = [];
    for (let after = 0;;) {
      const page = await store.inbox({ user: 2 }, after, 4);
      assert(page.length <= 4);
      const last = page.at(-1);
      if (last === undefined) break;
      paged.push(...page);
      after = last.id;
    }
    assertEquals(paged, mine);
    await store.close();
  },
);

storeTest(
  "Store.logged finds lines by number in each log",
  async (database) => {
    const store = await database.open();
    const writes: StoreWrite[] = [];
    for (let id = 1; id <= 200; id++) {
      // The global log skips to 1000 at some point, as after a lost file.
      const number = id <= 100 ? id : 1000 + id;
      writes.push(
        id % 3 === 0
          ? wrote(message(id, id / 3, 1, { group: 7 }))
          : wrote(message(id, number, 1, id % 3 === 1 ? { receiver: 2 } : {})),
      );
    }
    await store.commit(writes);
    const numbers = async (group: number | undefined, after: number) =>
      (await store.logged(group, after, 3)).map(({ number }) => number);
    assertEquals(await numbers(7, 0), [1, 2, 3]);
    assertEquals(await numbers(7, 1), [2, 3, 4]);
    assertEquals(await numbers(7, 65), [66]);
    assertEquals(await numbers(7, 66), []);
    assertEquals(await numbers(undefined, 0), [1, 2, 4]);
    assertEquals(await numbers(undefined, 98), [100, 1101, 1103]);
    assertEquals(await numbers(undefined, 500), [1101, 1103, 1104]);
    assertEquals(await numbers(8, 0), []);
    await store.close();
  },
);

storeTest(
  "Store.requests has what another process wrote until it is done",
  async (database) => {
    const store = await database.open();
    assertEquals(await store.requests(), []);
    await database.execute(
      "INSERT INTO requests (what, subject) " +
        "VALUES ('unlock', 'yoda'), ('accounts', '')",
    );
    const requests = (await store.requests()).map((each) => ({ ...each }));
    assertEquals(requests, [
      { number: 1, what: "unlock", subject: "yoda" },
      { number: 2, what: "accounts", subject: "" },
    ]);
    assertEquals((await store.load()).requests.length, 2);
    await store.commit([{ write: "requests-done", upto: 1 }]);
    assertEquals((await store.requests()).map(({ number }) => number), [2]);
    await store.commit([{ write: "requests-done", upto: 2 }]);
    // Whoever waits for a number must not see another one's.
    await database.execute(
      "INSERT INTO requests (what, subject) VALUES ('accounts', '')",
    );
    assertEquals((await store.requests()).map(({ number }) => number), [3]);
    await store.close();
  },
);

storeTest(
  "limit keptEpochs: the oldest runs of the server are forgotten",
  async (database) => {
    const store = await database.open();
    const runs = Array.from({ length: limits.keptEpochs + 3 }, (_, index) => {
      const epoch = index.toString(16).padStart(16, "0");
      return { epoch, after: index };
    });
    const writes = runs.map((epoch) => ({ write: "epoch", epoch }) as const);
    await store.commit(writes);
    assertEquals((await store.load()).epochs, runs.slice(3));
    await store.close();
  },
);

storeTest(
  "Store: a removed account leaves what others were sent, and nothing else",
  async (database) => {
    let store = await database.open();
    await store.commit([
      { write: "user", user: { ...storedUser(1, "bob"), identity: "k" } },
      { write: "user", user: storedUser(2, "leia") },
      { write: "block", block: { user: 1, blocked: 2, since: 1, after: 0 } },
      { write: "block", block: { user: 2, blocked: 1, since: 1, after: 0 } },
      { write: "profile", profile: { user: 1, field: "email", value: "x" } },
      { write: "device", device: storedDevice(1) },
      {
        write: "token",
        token: { device: 1, hash: "h", expires: 1, credential: "c" },
      },
      wrote(message(1, 1, 1, { receiver: 2 })),
      { write: "user-end", user: 1, at: 9 },
    ]);
    await store.close();
    store = await database.open();
    const state = await store.load();
    const { users, blocks, profiles, tokens, devices } = state;
    assertEquals(users.map((each) => ({ ...each })), [
      { ...storedUser(1, "bob"), ended: true },
      storedUser(2, "leia"),
    ]);
    assertEquals([profiles, tokens, devices], [[], [], []]);
    // What was posted during a block stays away.
    assertEquals(blocks.map(({ user }) => user), [2]);
    assertEquals((await store.inbox({ user: 2 }, 0, 9)).length, 1);
    await store.close();
  },
);

storeTest(
  "Store: marks never go back, and go with whom and what they are about",
  async (database) => {
    const store = await database.open();
    const kept = async () =>
      (await store.load()).marks.map(({ user, kind, place, upto }) => [
        ...[user, kind, place, upto],
      ]);
    const mark = (
      user: number,
      kind: StoredMark["kind"],
      place: number,
      upto: number,
    ): StoreWrite => ({ write: "mark", mark: { user, kind, place, upto } });
    await store.commit([
      mark(1, "all", 0, 7),
      mark(2, "all", 0, 5),
      mark(1, "user", 2, 9),
      mark(1, "user", 2, 8),
      mark(1, "group", 7, 10),
      mark(1, "broadcast", 0, 11),
      mark(2, "user", 1, 9),
      mark(2, "group", 7, 9),
    ]);
    assertEquals(await kept(), [
      [1, "all", 0, 7],
      [1, "broadcast", 0, 11],
      [1, "group", 7, 10],
      [1, "user", 2, 9],
      [2, "all", 0, 5],
      [2, "group", 7, 9],
      [2, "user", 1, 9],
    ]);
    await store.commit([
      mark(1, "all", 0, 10),
      mark(1, "all", 0, 6),
      { write: "member-remove", group: 7, user: 2 },
    ]);
    assertEquals(await kept(), [
      [1, "all", 0, 10],
      [1, "broadcast", 0, 11],
      [2, "all", 0, 5],
      [2, "user", 1, 9],
    ]);
    await store.commit([{ write: "user-end", user: 1, at: 1 }]);
    assertEquals(await kept(), [[2, "all", 0, 5]]);
    await store.close();
  },
);

storeTest(
  "Store: what is kept for later goes with its sender, or when it is for nobody",
  async (database) => {
    const store = await database.open();
    const later = (
      user: number,
      offer: string,
      to: readonly number[],
      at = 7,
    ): StoreWrite => ({
      write: "later",
      later: { user, offer, to, since: 5, at },
    });
    const kept = async () =>
      (await store.load()).later.map(({ user, offer, to, since, at }) => [
        ...[user, offer, to.join(), since, at],
      ]);
    await store.commit([
      user(1, "yoda"),
      user(2, "luke"),
      later(1, "a", [2, 3]),
      later(1, "b", [2]),
      later(2, "a", [1], 6),
      later(1, "a", [3], 8),
    ]);
    assertEquals(await kept(), [
      [2, "a", "1", 5, 6],
      [1, "b", "2", 5, 7],
      [1, "a", "3", 5, 8],
    ]);
    await store.commit([later(1, "b", [])]);
    assertEquals((await kept()).length, 2);
    await store.commit([{ write: "user-end", user: 1, at: 1 }]);
    assertEquals(await kept(), [[2, "a", "1", 5, 6]]);
    await store.close();
  },
);

storeTest(
  "Store: what is known of a user outlives the devices",
  async (database) => {
    const store = await database.open();
    const other = { ...storedDevice(1, 4), number: 9, id: "0123456789abcdef" };
    await store.commit([
      user(1, "yoda"),
      { write: "device", device: storedDevice(1, 7) },
      { write: "device", device: { ...other, lastSeen: 8 } },
      {
        write: "token",
        token: { device: 1, hash: "h", expires: 1, credential: "c" },
      },
      { write: "device-remove", device: 1 },
      { write: "device-remove", device: 9 },
    ]);
    const { users, devices, tokens, lastDevice } = await store.load();
    assertEquals(users.map(({ cursor, lastSeen }) => [cursor, lastSeen]), [
      [7, 8],
    ]);
    assertEquals([devices, tokens, lastDevice], [[], [], 9]);
    await store.close();
  },
);

storeTest(
  "Store.inbox: of many who ask at once each gets what was stored by then",
  async (database) => {
    const store = await database.open();
    const people = Array.from({ length: 120 }, (_, index) => index + 1);
    await store.commit([
      ...people.map((id) => user(id, `user${id}`)),
      ...people.map((id) => wrote(message(id, id, 1, { receiver: id }))),
    ]);
    const ask = (limit: number) =>
      Promise.all(people.map(async (user) => {
        const found = await store.inbox({ user }, user % 3 ? 0 : 500, limit);
        return found.map(({ id }) => id);
      }));
    const before = ask(5);
    const stored = store.commit(
      people.map((id) => wrote(message(1000 + id, 0, 2, { receiver: id }))),
    );
    const after = ask(5);
    const fewer = ask(1);
    assertEquals(await before, people.map((id) => id % 3 ? [id] : []));
    const all = people.map((id) => [...id % 3 ? [id] : [], 1000 + id]);
    assertEquals(await after, all);
    assertEquals(await fewer, all.map((ids) => ids.slice(0, 1)));
    await stored;
    await store.close();
  },
);

storeTest(
  "Store.inbox has what a former member is still owed, until it is confirmed",
  async (database) => {
    const store = await database.open();
    const said = (id: number) => wrote(message(id, id, 2, { group: 7 }));
    await store.commit([
      user(1, "yoda"),
      user(2, "leia"),
      { write: "group", group: jedi },
      member(7, 1),
      member(7, 2),
      said(1),
      said(2),
      said(3),
      {
        write: "member-remove",
        group: 7,
        user: 1,
        owed: { after: 1, upto: 3 },
      },
      said(4),
      { write: "group-end", group: 7, at: 9 },
    ]);
    const inbox = async (after: number) =>
      (await store.inbox({ user: 1 }, after, 9)).map(({ id, groupName }) =>
        `${id} ${groupName}`
      );
    assertEquals(await inbox(0), [`2 ${jedi.name}`, `3 ${jedi.name}`]);
    assertEquals(await inbox(2), [`3 ${jedi.name}`]);
    await store.commit([cursorWrite(1, 3)]);
    assertEquals(await inbox(0), []);
    await store.close();
  },
);

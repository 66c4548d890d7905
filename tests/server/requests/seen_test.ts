/** What a user has seen, over several devices. */
import { assert, assertEquals } from "@std/assert";
import { limits } from "../../../lib/wire/limits.ts";
import type { TestClient } from "../../support/core_client.ts";
import { CoreHarness } from "../../support/core_harness.ts";

/** yoda on two devices; luke leads jedi, which yoda has joined, and says things. */
function world() {
  const harness = new CoreHarness();
  const luke = harness.login("luke");
  const laptop = harness.loginFrom("yoda", "laptop");
  const desktop = harness.loginFrom("yoda", "desktop");
  luke.ask("group-create", { group: "jedi", users: ["yoda"] });
  laptop.ask("group-join", { group: "jedi" });
  const forget = () => {
    for (const each of [laptop, desktop]) each.events.length = 0;
  };
  forget();
  return { harness, luke, laptop, desktop, forget };
}

let lastMid = 0;

function say(from: TestClient, text: string, to = "yoda") {
  from.ask("message", { to: [to], text, mid: `${++lastMid}` });
}

function post(from: TestClient, text: string, group = "jedi") {
  from.ask("group-message", { group, text, mid: `${++lastMid}` });
}

/** What a new device of yoda's is told, by conversation. */
function unseen(harness: CoreHarness, device = "phone") {
  const client = harness.loginFrom("yoda", device);
  const [told] = client.eventsOf("unseen");
  assert(told !== undefined);
  assertEquals(client.eventsOf("unseen").length, 1);
  client.disconnect();
  return told.conversations;
}

Deno.test("seen: a login tells what is unseen; a mark goes to the other devices and is kept over a crash", () => {
  const { harness, luke, laptop, desktop } = world();
  say(luke, "one");
  post(luke, "two");
  luke.ask("broadcast", { text: "three", mid: "b" });
  say(luke, "four");
  const jedi = { group: "jedi", upto: 0, unread: 1 };
  const all = { broadcast: true, upto: 0, unread: 1 };
  assertEquals(unseen(harness), [
    { with: "luke", upto: 0, unread: 2 },
    all,
    jedi,
  ]);
  assertEquals(laptop.ask("seen", { with: "luke", upto: 4 }), {
    with: "luke",
    upto: 4,
  });
  // All that there is: it is known that nothing is left.
  const told = { with: "luke", upto: 4, unread: 0, last: 4 };
  assertEquals(desktop.eventsOf("seen"), [told]);
  assertEquals(laptop.eventsOf("seen"), []);
  assertEquals(luke.eventsOf("seen"), []);
  // What everything before was seen of needs no mark of its own.
  const rest = [{ ...all, upto: 1 }, { ...jedi, upto: 1 }];
  assertEquals(unseen(harness), rest);
  harness.advance(storedMs);
  const restarted = harness.restarted();
  assertEquals(unseen(restarted), rest);
  const again = restarted.loginFrom("yoda", "desktop");
  assertEquals(again.ask("seen", { all: true }), { all: true, upto: 4 });
  assertEquals(unseen(restarted), []);
  restarted.advance(storedMs);
  assertEquals(unseen(restarted.restarted()), []);
});

Deno.test("seen: what is left beyond a mark is counted, for each conversation that moved", () => {
  const { harness, luke, laptop, desktop } = world();
  for (const text of ["one", "two", "three"]) say(luke, text);
  for (const text of ["four", "five"]) post(luke, text);
  harness.queries = "held";
  laptop.ask("seen", { with: "luke", upto: 1 });
  laptop.ask("seen", { group: "JEDI", upto: 4 });
  laptop.ask("seen", { with: "luke", upto: 2 });
  harness.answer();
  assertEquals(desktop.eventsOf("seen"), [
    { group: "jedi", upto: 4, unread: 1, last: 5 },
    { with: "luke", upto: 2, unread: 1, last: 5 },
  ]);
  assertEquals(unseen(harness), [
    { group: "jedi", upto: 4, unread: 1 },
    { with: "luke", upto: 2, unread: 1 },
  ]);
  // A mark that moves while they are counted for a login.
  desktop.ask("ack", { upto: 5 });
  desktop.disconnect();
  harness.queries = "held";
  const again = harness.loginFrom("yoda", "desktop");
  laptop.ask("seen", { group: "jedi" });
  harness.answer();
  const [told] = again.eventsOf("unseen");
  assertEquals(told?.conversations, [{ with: "luke", upto: 2, unread: 1 }]);
});

Deno.test("seen: a mark never goes back, and an id of no message moves none", () => {
  const { harness, luke, laptop, desktop } = world();
  for (const text of ["one", "two"]) say(luke, text);
  laptop.ask("seen", { name: "luke", upto: 1 });
  assertEquals(laptop.ask("seen", { with: "luke", upto: 3 }).upto, 1);
  const beyond = { with: "luke", upto: Number.MAX_SAFE_INTEGER };
  assertEquals(desktop.ask("seen", beyond).upto, 1);
  desktop.ask("seen", { with: "luke", upto: 0 });
  desktop.ask("seen", { all: true, upto: 99 });
  assertEquals(unseen(harness), [{ with: "luke", upto: 1, unread: 1 }]);
  assertEquals(laptop.eventsOf("seen"), []);
  // Of a database that was set back it may be the id of another message.
  harness.advance(storedMs);
  const copy = harness.store.copy();
  say(luke, "three");
  laptop.ask("seen", { with: "luke", upto: 3 });
  harness.advance(storedMs);
  const older = harness.restarted({ store: copy });
  const back = older.loginFrom("yoda", "laptop");
  assertEquals(back.ask("seen", { with: "luke", upto: 3 }).upto, 1);
  assertEquals(unseen(older), [{ with: "luke", upto: 1, unread: 1 }]);
});

Deno.test("seen: all devices are told when all was seen, also what came after", () => {
  const { luke, laptop, desktop, forget } = world();
  say(luke, "one");
  post(luke, "two");
  say(luke, "three");
  forget();
  laptop.ask("seen", { all: true, upto: 2 });
  assertEquals(desktop.eventsOf("unseen"), [{
    conversations: [{ with: "luke", upto: 2, unread: 1 }],
    last: 3,
  }]);
  laptop.ask("seen", { all: true });
  const nothing = { conversations: [], last: 3 };
  assertEquals(desktop.eventsOf("unseen").at(-1), nothing);
  assertEquals(laptop.eventsOf("unseen"), []);
});

Deno.test("seen: however often all was seen, each device is told by one count at a time", () => {
  const { harness, luke, laptop, desktop, forget } = world();
  for (let n = 1; n <= 20; n++) say(luke, `${n}`);
  forget();
  harness.queries = "held";
  for (let upto = 1; upto < 20; upto++) laptop.ask("seen", { all: true, upto });
  assertEquals(harness.unanswered, 1);
  harness.answer();
  const told = desktop.eventsOf("unseen");
  assertEquals(told.map(({ conversations }) => conversations), [
    [{ with: "luke", upto: 19, unread: 1 }],
  ]);
});

Deno.test("seen: what was counted before more was seen is not told any more", () => {
  const { harness, luke, laptop, desktop, forget } = world();
  for (const text of ["one", "two", "three"]) say(luke, text);
  forget();
  for (const more of [{ with: "luke", upto: 3 }, { all: true }]) {
    harness.queries = "held";
    laptop.ask("seen", { with: "luke", upto: more.all ? 4 : 1 });
    laptop.ask("seen", more);
    harness.answer();
    const told = desktop.eventsOf("seen").at(-1);
    assertEquals([told?.unread, told?.upto], [0, more.all ? 5 : 3]);
    for (const text of ["four", "five"]) say(luke, text);
  }
});

Deno.test("seen: a store that could not count once is asked again", () => {
  const { harness, luke, laptop, desktop, forget } = world();
  for (const text of ["one", "two", "three"]) say(luke, text);
  forget();
  harness.queries = "failing";
  laptop.ask("seen", { with: "luke", upto: 1 });
  laptop.ask("seen", { all: true, upto: 1 });
  assertEquals(desktop.events, []);
  harness.queries = "done";
  laptop.ask("seen", { with: "luke", upto: 2 });
  assertEquals(desktop.eventsOf("seen").map(({ unread }) => unread), [1]);
  say(luke, "four");
  laptop.ask("seen", { all: true, upto: 3 });
  assertEquals(desktop.eventsOf("unseen").length, 1);
});

Deno.test("seen: neither what was taken back is unseen, nor what is kept from the user", () => {
  const { harness, luke, laptop } = world();
  say(luke, "one");
  post(luke, "two");
  post(luke, "three");
  luke.ask("delete", { number: 1, mid: "d" });
  luke.ask("delete", { number: 1, group: "jedi", mid: "e" });
  const rest = [{ group: "jedi", upto: 2, unread: 1 }];
  assertEquals(unseen(harness), rest);
  laptop.ask("block", { user: "luke" });
  post(luke, "hidden");
  assertEquals(unseen(harness), rest);
  laptop.ask("unblock", { user: "luke" });
  assertEquals(unseen(harness), rest);
  // What was said before somebody joined is not missed.
  luke.ask("group-set", { group: "jedi", history: true });
  luke.ask("group-add", { group: "jedi", user: "leia" });
  const leia = harness.loginFrom("leia", "laptop");
  leia.ask("group-join", { group: "jedi" });
  const phone = harness.loginFrom("leia", "phone");
  assertEquals(phone.eventsOf("unseen").map((each) => each.conversations), [
    [],
  ]);
});

Deno.test("seen: another name keeps the mark; who is gone and what has ended leaves nothing", () => {
  const { harness, luke, laptop } = world();
  const leia = harness.login("leia");
  for (const from of [luke, leia]) {
    say(from, "one");
    say(from, "two");
  }
  post(luke, "three");
  laptop.ask("seen", { with: "luke", upto: 1 });
  laptop.ask("seen", { with: "leia", upto: 3 });
  laptop.ask("seen", { group: "jedi", upto: 5 });
  post(luke, "four");
  luke.ask("rename", { name: "lucas" });
  const lucas = { with: "lucas", upto: 1, unread: 1 };
  const organa = { with: "leia", upto: 3, unread: 1 };
  const jedi = { group: "jedi", upto: 5, unread: 1 };
  assertEquals(unseen(harness), [jedi, organa, lucas]);
  harness.removeAccount("leia");
  assertEquals(unseen(harness), [jedi, lucas]);
  laptop.ask("group-leave", { group: "jedi" });
  assertEquals(unseen(harness), [lucas]);
  harness.advance(storedMs);
  const kept = () =>
    [...harness.store.marks.values()].map(({ kind, upto }) => [kind, upto]);
  assertEquals(kept(), [["all", 1]]);
  assertEquals(unseen(harness.restarted()), [lucas]);
  // Somebody else of the name is another conversation.
  harness.setAccounts(["yoda", "lucas", "leia"]);
  say(harness.login("leia"), "five");
  assertEquals(unseen(harness)[0], { with: "leia", upto: 1, unread: 1 });
  harness.removeAccount("yoda");
  harness.advance(storedMs);
  assertEquals(kept(), []);
});

Deno.test("seen: clients that know of no devices hear nothing of it, visits may say it", () => {
  const { harness, luke, laptop, forget } = world();
  const old = harness.login("yoda");
  say(luke, "one");
  forget();
  const visit = harness.loginFrom("yoda", "script", { visit: true });
  assertEquals(visit.eventsOf("unseen"), []);
  visit.ask("seen", { with: "luke" });
  assertEquals(laptop.eventsOf("seen").length, 1);
  assertEquals([...old.eventsOf("seen"), ...old.eventsOf("unseen")], []);
});

Deno.test("seen: what is not the user's is refused, whatever is asked", () => {
  const { harness, luke, laptop } = world();
  luke.ask("group-create", { group: "sith", users: ["yoda"] });
  luke.ask("group-create", { group: "lonely", users: ["leia"] });
  const refusals = [
    [{}, "bad_request"],
    [{ with: "luke", all: true }, "bad_request"],
    [{ with: "luke", group: "jedi" }, "bad_request"],
    [{ broadcast: false }, "bad_request"],
    [{ all: false }, "bad_request"],
    [{ with: "nobody" }, "unknown_user"],
    [{ with: "luke (removed)" }, "unknown_user"],
    [{ with: "yoda" }, "is_self"],
    [{ group: "nothing" }, "unknown_group"],
    [{ name: "nothing" }, "unknown_name"],
    [{ group: "sith" }, "not_joined"],
    [{ group: "lonely" }, "not_in_group"],
    [{ name: "lonely" }, "not_in_group"],
  ] as const;
  for (const [fields, code] of refusals) {
    const told = laptop.refused("seen", { ...fields, upto: 1 });
    assert(told.startsWith(`${code}: `), `${JSON.stringify(fields)}: ${told}`);
  }
  harness.advance(storedMs);
  assertEquals(harness.store.marks.size, 0);
});

Deno.test("seen: a store that cannot be read or written loses no mark and stops no login", () => {
  const { harness, luke, laptop, desktop } = world();
  for (const text of ["one", "two"]) say(luke, text);
  harness.queries = "failing";
  laptop.ask("seen", { with: "luke", upto: 1 });
  assertEquals(desktop.eventsOf("seen"), []);
  harness.loginFrom("yoda", "phone");
  harness.queries = "done";
  harness.commits = "failing";
  harness.advance(storedMs);
  harness.commits = "done";
  harness.advance(5_000);
  const restarted = harness.restarted();
  assertEquals(unseen(restarted), [{ with: "luke", upto: 1, unread: 1 }]);
  laptop.ask("seen", { with: "luke", upto: 2 });
  assertEquals(desktop.eventsOf("seen").length, 1);
});

Deno.test("limit unseenConversations: those with the newest messages are told", () => {
  const { harness, luke, laptop } = world();
  const most = limits.unseenConversations;
  for (let n = 0; n <= most; n++) {
    const group = `g${n}`;
    luke.ask("group-create", { group, users: ["yoda"] });
    laptop.ask("group-join", { group });
    post(luke, "hi", group);
  }
  const told = unseen(harness);
  assertEquals(told.length, most);
  assertEquals(told[0]?.group, `g${most}`);
  assertEquals(told.at(-1)?.group, "g1");
});

/** Until what nobody waits for is stored. */
const storedMs = 1_000;

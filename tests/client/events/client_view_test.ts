import { assert, assertEquals } from "@std/assert";
import { ClientView } from "../../../lib/client/events/client_view.ts";
import type {
  ClientEvent,
  TransferInfo,
} from "../../../lib/client/events/client_event.ts";
import {
  mostConversations,
  mostMessages,
  mostText,
} from "../../../lib/client/events/conversations.ts";
import {
  mostGroups,
  mostMembers,
} from "../../../lib/client/events/known_groups.ts";
import { mostPeople } from "../../../lib/client/events/known_people.ts";
import { mostEnded } from "../../../lib/client/events/known_transfers.ts";
import { ownMessages } from "../../../lib/client/events/own_messages.ts";
import type { QuietEvent } from "../../../lib/client/events/quiet_event.ts";
import type { Command } from "../../../lib/client/commands/table.ts";
import { parseCommand } from "../../../lib/client/commands/parse.ts";
import { SeededRandom } from "../../support/seeded_random.ts";

type Event = ClientEvent | QuietEvent;

const welcome: Event = {
  event: "welcome",
  user: "yoda",
  waiting: 0,
  resumed: false,
};

function viewOf(...events: Event[]): ClientView {
  const view = new ClientView("localhost:6000");
  for (const event of [welcome, ...events]) view.handleEvent(event);
  return view;
}

function said(from: string, number: number, group?: string): Event {
  const place = { id: number, number, at: number };
  const common = { ...place, from, text: "hi", kept: false };
  return group === undefined
    ? { event: "message", kind: "private", ...common }
    : { event: "message", kind: "group", group, ...common };
}

/** A line and its success. */
function done(n: number, line: string, answer: object): Event[] {
  const parsed = parseCommand(line);
  assert("command" in parsed, line);
  const { command } = parsed;
  const outcome = { command: command.command, ok: true, answer };
  return [
    { event: "begun", n, at: 5, command },
    { event: "result", n, outcome } as ClientEvent,
  ];
}

function transfer(number: number, state: TransferInfo["state"]): Event {
  return {
    event: "transfer",
    info: {
      ...{ transfer: number, direction: "outgoing", kind: "file" } as const,
      ...{ user: "luke", name: "a", size: 9, state, bytes: 0, rate: 0 },
      paused: false,
    },
  };
}

Deno.test("ClientView: what was said, by this user and by others, stands where it belongs", () => {
  const sent = [{ to: "luke", number: 3, kept: true }];
  const view = viewOf(
    said("luke", 1),
    ...done(1, "/msgto luke hello there", { at: 7, sent }),
    said("leia", 1, "jedi"),
    ...done(2, "/groupmsg JEDI welcome", { at: 8, number: 2, group: "JEDI" }),
    ...done(3, "/broadcast all of you", { at: 9, number: 4, partial: false }),
    ...done(4, "/private luke psst", { user: "luke" }),
    { event: "private-message", session: 1, at: 10, from: "luke", text: "yes" },
  );
  const own = { from: "yoda", own: true } as const;
  const texts = { at: 7, text: "hello there", kept: true } as const;
  assertEquals(view.conversation("@luke")?.messages, [
    { id: 1, number: 1, at: 1, from: "luke", text: "hi" },
    { number: 3, ...texts, ...own },
  ]);
  assertEquals(view.conversation("*")?.messages, [
    { number: 4, at: 9, text: "all of you", ...own },
  ]);
  assertEquals(view.conversation("=luke")?.messages, [
    { at: 5, text: "psst", ...own },
    { at: 10, from: "luke", text: "yes" },
  ]);
  // The group is not known by the name that was typed.
  assertEquals(view.conversation("#jedi")?.messages.length, 1);
  view.handleEvent({ event: "invited", ...invitation });
  const post = { at: 9, number: 3, group: "JEDI" };
  for (const each of done(5, "/groupmsg JEDI again", post)) {
    view.handleEvent(each);
  }
  assertEquals(view.conversation("#jedi")?.messages.at(-1)?.text, "again");
});

Deno.test("ClientView: what is taken back is gone, whoever said it", () => {
  const sent = [{ to: "luke", number: 3, kept: false }];
  const view = viewOf(
    { event: "invited", ...invitation },
    said("luke", 1),
    said("luke", 2, "jedi"),
    ...done(1, "/msgto luke hello", { at: 7, sent }),
    { event: "deleted", kind: "private", number: 1, at: 9, from: "luke" },
    ...done(2, "/deletemsg 3", { at: 9, number: 8, deleted: 3 }),
    ...done(3, "/deletegroupmsg JEDI 2", { at: 9, number: 8, deleted: 2 }),
  );
  for (const key of ["@luke", "#jedi"] as const) {
    for (const { text, deleted } of view.conversation(key)?.messages ?? []) {
      assertEquals([text, deleted], ["", true]);
    }
  }
});

Deno.test("ClientView: unread is what was not seen, here or on another device", () => {
  const view = viewOf(said("luke", 1), said("luke", 2), said("leia", 3));
  assertEquals(unreadIn(view), { "@leia": 1, "@luke": 2 });
  view.handleEvent({ event: "seen", with: "luke", ...seen(1, 1) });
  assertEquals(unreadIn(view), { "@leia": 1, "@luke": 2 });
  view.handleEvent({ event: "seen", with: "luke", ...seen(2) });
  assertEquals(unreadIn(view), { "@leia": 1 });
  // A chat that is open and what this user says do not show that anybody reads.
  view.handleEvent({ event: "chat", kind: "user", name: "leia" });
  view.handleEvent(said("leia", 4));
  const sent = [{ to: "leia", number: 5, kept: false }];
  for (const each of done(1, "/msgto leia hi", { at: 7, sent })) {
    view.handleEvent(each);
  }
  assertEquals(unreadIn(view), { "@leia": 2 });
  // A mark never goes back.
  view.handleEvent({ event: "seen", with: "leia", ...seen(4) });
  view.handleEvent({ event: "seen", with: "leia", ...seen(3, 1) });
  assertEquals(unreadIn(view), {});
  for (const each of done(2, "/seen luke", { with: "luke", upto: 9 })) {
    view.handleEvent(each);
  }
  view.handleEvent(said("luke", 8));
  assertEquals(unreadIn(view), {});
  view.handleEvent(said("luke", 10));
  view.handleEvent(said("leia", 11, "jedi"));
  for (const each of done(3, "/seen all", { all: true, upto: 11 })) {
    view.handleEvent(each);
  }
  assertEquals(unreadIn(view), {});
});

Deno.test("ClientView: whoever ends a private session has seen what was said there, the other one not", () => {
  for (const own of [true, false]) {
    const info = {
      session: 1,
      direction: "incoming",
      kind: "session",
      user: "luke",
      state: "open",
    } as const;
    const view = viewOf(
      { event: "session", info },
      { event: "private-message", session: 1, at: 1, from: "luke", text: "x" },
    );
    assertEquals(view.conversation("=luke")?.unread, 1);
    const closed = { ...info, state: "closed" } as const;
    view.handleEvent({
      event: "session",
      info: closed,
      ...own && { own },
    });
    assertEquals(view.conversation("=luke")?.unread, own ? 0 : 1);
  }
});

Deno.test("ClientView: what the server counted is not counted again when it comes", () => {
  const view = viewOf(said("leia", 1));
  const conversations = [
    { group: "jedi", upto: 2, unread: 4 },
    { with: "luke", upto: 0, unread: 3 },
  ];
  view.handleEvent({ event: "unseen", conversations, last: 8 });
  // What is not named was seen elsewhere, also what has yet to come.
  assertEquals(unreadIn(view), { "#jedi": 4, "@luke": 3 });
  assertEquals(view.conversations().map(({ key }) => key), [
    "#jedi",
    "@luke",
    "@leia",
  ]);
  for (const id of [3, 8, 9]) view.handleEvent(said("luke", id));
  view.handleEvent(said("han", 7));
  view.handleEvent(said("han", 10));
  assertEquals(unreadIn(view), { "#jedi": 4, "@luke": 4, "@han": 1 });
  // What came after the counting is still to be added.
  view.handleEvent({ event: "seen", with: "luke", ...seen(3, 1, 8) });
  assertEquals(unreadIn(view)["@luke"], 2);
  view.handleEvent({ event: "server-set-back", message: "", lost: [] });
  assertEquals(unreadIn(view), {});
  view.handleEvent(said("luke", 1));
  assertEquals(unreadIn(view), { "@luke": 1 });
});

Deno.test("ClientView: up to where it has arrived goes with the person, until the server was set back", () => {
  const view = viewOf();
  view.handleEvent({ event: "delivered", to: "luke", number: 7 });
  view.handleEvent({ event: "renamed", from: "luke", to: "lars" });
  const later = ClientView.from(view.snapshot());
  assertEquals(later.person("lars")?.delivered, 7);
  assertEquals(later.person("luke"), undefined);
  later.handleEvent({ event: "server-set-back", message: "", lost: [] });
  assertEquals(later.person("lars")?.delivered, undefined);
  assertEquals(later.person("lars")?.talks, true);
});

Deno.test("ClientView: the mark of what was seen is that of what came, and never of what has yet to come", () => {
  const view = viewOf();
  const conversations = [{ with: "luke", upto: 2, unread: 5 }];
  view.handleEvent({ event: "unseen", conversations, last: 9 });
  // Nothing of it came to this device: all of it was read in the history.
  assertEquals(view.markOf("@luke"), { upto: 9, unread: 0, last: 9 });
  view.handleEvent(said("luke", 4));
  view.handleEvent(said("luke", 5));
  assertEquals(view.markOf("@luke", 4), { upto: 4, unread: 1, last: 5 });
  const mark = view.markOf("@luke");
  assertEquals(mark, { upto: 5, unread: 0, last: 5 });
  view.handleEvent({ event: "seen", with: "luke", ...mark! });
  assertEquals(view.markOf("@luke"), undefined);
  view.handleEvent(said("luke", 7));
  assertEquals(unreadIn(view), { "@luke": 1 });
  const gone = { kind: "private", number: 7, at: 9, from: "luke" } as const;
  view.handleEvent({ event: "deleted", ...gone });
  assertEquals(unreadIn(view), {});
  const said1 = { event: "private-message", session: 1, at: 1 } as const;
  view.handleEvent({ ...said1, from: "luke", text: "psst" });
  assertEquals(unreadIn(view), { "=luke": 1 });
  view.handleEvent({ event: "session-seen", user: "luke" });
  assertEquals(unreadIn(view), {});
});

Deno.test("ClientView: what is recalled is no news, and stands once where it belongs", () => {
  const view = viewOf(
    said("luke", 4),
    ...done(1, "/msgto luke mine", {
      at: 5,
      sent: [{ to: "luke", number: 5, kept: true }],
    }),
    { event: "deleted", kind: "private", number: 4, at: 6, from: "luke" },
    said("luke", 6),
    said("leia", 7),
  );
  const before = unreadIn(view);
  const past = (number: number, more: object = {}) => ({
    ...{ id: number, number, at: number, from: "luke", text: "hi" },
    ...more,
  });
  const mine = { from: "yoda", text: "mine", own: true } as const;
  const messages = [
    past(1),
    past(2, { from: "yoda", own: true }),
    past(4, { text: "", deleted: true }),
    past(5, mine),
    past(6),
    past(8),
  ];
  const conversation = "@luke";
  view.handleEvent({ event: "recalled", conversation, messages });
  assertEquals(unreadIn(view), before);
  assertEquals(view.conversations().map(({ key }) => key), ["@leia", "@luke"]);
  const luke = () => view.conversation(conversation);
  assertEquals(luke()?.messages.map(({ number }) => number), [
    ...[1, 2, 4, 5, 6, 8],
  ]);
  assertEquals(luke()?.messages[2]?.deleted, true);
  assertEquals(luke()?.messages[3]?.kept, true);
  // What is before this run is none of what was said in it.
  assertEquals(ownMessages(view).map(({ number }) => number), [5]);
  // What was read long ago is taken back: nothing of that was unread.
  const gone = { kind: "private", number: 1, at: 9, from: "luke" } as const;
  view.handleEvent({ event: "deleted", ...gone });
  assertEquals(unreadIn(view), before);
  // One that was about to come is news when it does, and once.
  const mark = view.markOf("@luke", 6);
  assertEquals(mark, { upto: 6, unread: 0, last: 6 });
  view.handleEvent({ event: "seen", with: "luke", ...mark! });
  assertEquals(unreadIn(view), { "@leia": 1 });
  view.handleEvent(said("luke", 8));
  assertEquals(unreadIn(view), { "@leia": 1, "@luke": 1 });
  assertEquals(luke()?.messages.length, 6);
  // Of whom nothing was said yet.
  const han = { event: "recalled", conversation: "@han" } as const;
  view.handleEvent({ ...han, messages: [] });
  assertEquals(view.conversation("@han"), undefined);
  view.handleEvent({ ...han, messages: [past(3, { from: "han" })] });
  assertEquals(view.conversation("@han")?.unread, 0);
  const many = Array.from({ length: 2 * mostMessages }, (_, n) => past(n + 1));
  view.handleEvent({ ...han, messages: many });
  assertEquals(view.conversation("@han")?.messages.length, mostMessages);
});

Deno.test("ClientView: what was said before the login stands below what came since", () => {
  const view = viewOf(said("luke", 8));
  const past = (number: number, from: string) => ({
    ...{ id: number, number, at: number, from, text: "hi" },
  });
  const recent = [
    { conversation: "@han", messages: [past(6, "han")] },
    { conversation: "#jedi", messages: [past(3, "luke"), past(7, "han")] },
    { conversation: "@luke", messages: [past(2, "luke"), past(8, "luke")] },
    { conversation: "@leia", messages: [] },
  ] as const;
  view.handleEvent({ event: "directory", recent });
  assertEquals(
    view.conversations().map(({ key, messages }) =>
      `${key} ${messages.map(({ number }) => number)}`
    ),
    ["@luke 2,8", "#jedi 3,7", "@han 6"],
  );
  assertEquals(unreadIn(view), { "@luke": 1 });
  assert(["han", "leia"].every((name) => view.isCompany(name)));
  // More than are kept take no place of those that are here.
  const many = Array.from({ length: mostConversations }, (_, n) => ({
    conversation: `#g${n}` as const,
    messages: [past(n, "han")],
  }));
  view.handleEvent({ event: "directory", recent: many });
  const keys = view.conversations().map(({ key }) => key);
  assertEquals(keys.length, mostConversations);
  assertEquals(keys.slice(0, 4), ["@luke", "#jedi", "@han", "#g99"]);
});

function unreadIn(view: ClientView): Record<string, number> {
  return Object.fromEntries(
    view.conversations().filter(({ unread }) => unread > 0)
      .map(({ key, unread }) => [key, unread]),
  );
}

function seen(upto: number, unread = 0, last = upto) {
  return { upto, unread, last };
}

Deno.test("ClientView: people are who was heard of, with what is known of them", () => {
  const since = 3;
  const online = { ip: "127.0.0.1", udpPort: 1, since };
  const view = viewOf(
    { event: "presence", user: "ghost", online: false, at: 1 },
    { event: "presence", user: "luke", online: true, at: 2 },
    { event: "trust", user: "luke", trust: "verified" },
    { event: "directory", blocked: [{ user: "vader", since }] },
    said("leia", 1),
    ...done(1, "/joingroup jedi", { group: "jedi", members: ["yoda", "han"] }),
  );
  assertEquals(view.users(), ["han", "leia", "luke"]);
  assertEquals(view.blocked(), ["vader"]);
  const luke = { name: "luke", online: true, since: 2 };
  assertEquals(view.person("luke"), { ...luke, trust: "verified" });
  // Who is not in the whole list is off line, and freed who is not in that one.
  view.handleEvent({
    event: "directory",
    users: [{ user: "leia", ...online }],
  });
  view.handleEvent({ event: "directory", blocked: [] });
  assertEquals(view.person("luke")?.online, false);
  const talks = true as const;
  const leia = { name: "leia", online: true, since, talks };
  assertEquals(view.person("leia"), leia);
  assertEquals(view.users(), ["han", "leia", "luke", "vader"]);
  // Without a connection nobody is known to be online; who is away still is.
  const lost = { event: "disconnected", code: "x", message: "gone" } as const;
  const names = view.online();
  assert(names.includes("leia"));
  view.handleEvent({ ...lost, retrying: true });
  assertEquals(view.person("leia"), { name: "leia", talks });
  assertEquals(view.online(), []);
  assertEquals(view.person("luke")?.online, false);
  view.handleEvent(welcome);
  assertEquals(view.person("leia"), leia);
  assertEquals(view.online(), names);
  const number = { safetyNumber: "1", verified: true, message: "!" };
  view.handleEvent({ event: "key-changed", user: "luke", ...number });
  view.handleEvent({ event: "renamed", from: "luke", to: "lucas" });
  assertEquals(view.person("lucas")?.trust, "changed");
  assertEquals(view.person("luke"), undefined);
});

Deno.test("ClientView: groups follow who leads, joins and leaves", () => {
  const group = "jedi";
  const members = ["yoda", "luke"];
  const all = { leader: "yoda", leaderOnly: false, history: true };
  const view = viewOf(
    { event: "invited", ...invitation },
    ...done(1, "/joingroup jedi", { group, members }),
    ...done(2, "/members jedi", { group, ...all, joined: members }),
    { event: "joined", group, user: "leia", at: 1 },
    { event: "left", group, user: "han", at: 1, why: "declined" },
    { event: "removed", group, user: "luke", by: "yoda", at: 1, me: false },
    { event: "leader", group, leader: "leia", at: 1, me: false },
    { event: "group-set", group, history: false, by: "leia", at: 1 },
    { event: "topic", group, topic: "the plans", by: "leia", at: 1 },
    { event: "renamed", from: "leia", to: "organa" },
  );
  assertEquals(view.group("jedi"), {
    ...{ name: "jedi", joined: true, leaderOnly: false, history: false },
    ...{ leader: "organa", size: 2, members: ["yoda", "organa"] },
    topic: "the plans",
  });
  view.handleEvent({ event: "topic", group, topic: "", at: 1 });
  assertEquals(view.group("jedi")?.topic, "");
  const { leader, leaderOnly } = all;
  const listed = { group: "sith", leader, leaderOnly, joined: true, size: 2 };
  view.handleEvent({ event: "directory", groups: [listed] });
  assertEquals(view.groups(), ["sith"]);
  view.handleEvent({ event: "group-end", group: "sith", at: 1 });
  assertEquals(view.groups(), []);
});

Deno.test("ClientView: lines wait until it is known what became of them", () => {
  const view = viewOf();
  const command: Command = { command: "help" };
  view.handleEvent({ event: "begun", n: 1, at: 2, command });
  assertEquals(view.pending(), [{ n: 1, at: 2, command }]);
  const why = { code: "not_confirmed", message: "no" };
  const outcome = { command: "help", ok: false, ...why } as const;
  view.handleEvent({ event: "result", n: 1, outcome });
  assertEquals(view.pending(), []);
});

Deno.test("ClientView: the connection is open, lost or ended, and why", () => {
  const view = new ClientView("localhost:6000");
  const server = "localhost:6000";
  assertEquals(view.me, { user: "", server, connection: "connecting" });
  view.handleEvent(welcome);
  const user = "yoda";
  assertEquals(view.me, { user, server, connection: "open" });
  const lost = { event: "disconnected", code: "x", message: "gone" } as const;
  view.handleEvent({ ...lost, retrying: true });
  const reason = "gone";
  assertEquals(view.me, { user, server, connection: "lost", reason });
  view.handleEvent(welcome);
  view.handleEvent({ ...lost, retrying: false });
  assertEquals(view.me, { user, server, connection: "ended", reason });
});

Deno.test("ClientView: whatever others send, it is bounded", () => {
  const view = viewOf();
  const text = "x".repeat(4096);
  for (let n = 0; n < 3 * mostPeople; n++) {
    const place = { id: n + 1, number: n + 1, at: n };
    const common = { ...place, from: `u${n}`, text, kept: false };
    for (let times = 0; times < 3; times++) {
      view.handleEvent({ event: "message", kind: "private", ...common });
    }
    view.handleEvent({ event: "message", kind: "broadcast", ...common });
    const group = `g${n}`;
    view.handleEvent({ ...invitation, event: "invited", group });
    view.handleEvent(transfer(n + 1, "failed"));
  }
  const members = Array.from({ length: 6_000 }, (_, n) => `m${n}`);
  for (let n = 0; n < 5; n++) {
    const joined = done(n, `/joingroup big${n}`, { group: `big${n}`, members });
    for (const each of joined) view.handleEvent(each);
  }
  const all = view.snapshot();
  assertEquals(all.conversations.length, mostConversations);
  let units = 0;
  for (const { messages } of all.conversations) {
    assert(messages.length <= mostMessages);
    for (const each of messages) units += each.text.length;
  }
  assert(units <= mostText && units > mostText - 5000, `${units}`);
  for (let n = 0; n < 2 * mostConversations; n++) {
    view.handleEvent({ event: "seen", with: `v${n}`, ...seen(n, 2) });
  }
  assertEquals(view.conversations().length, mostConversations);
  assertEquals(all.people.length, mostPeople);
  assertEquals(all.groups.length, mostGroups);
  const named = all.groups.reduce(
    (sum, { members = [] }) => sum + members.length,
    0,
  );
  assert(named <= mostMembers && named > 0, `${named}`);
  assertEquals(all.transfers.length, mostEnded);
  // The latest are there.
  assertEquals(view.group("big4")?.members?.length, 6_000);
  assert(view.group("g0") === undefined);
});

Deno.test("ClientView: one that begins from a snapshot goes on like the one it is of", () => {
  for (let seed = 1; seed <= 20; seed++) {
    const random = new SeededRandom(seed);
    const first = viewOf();
    for (let n = 0; n < 150; n++) first.handleEvent(anyEvent(random, n));
    // As it goes to a page.
    const second = ClientView.from(
      JSON.parse(JSON.stringify(first.snapshot())),
    );
    assertEquals(second.snapshot(), first.snapshot());
    for (let n = 150; n < 400; n++) {
      const event = anyEvent(random, n);
      first.handleEvent(event);
      second.handleEvent(event);
    }
    assertEquals(second.snapshot(), first.snapshot(), `seed ${seed}`);
  }
});

Deno.test("ClientView: a snapshot does not change with what follows", () => {
  const view = viewOf(said("luke", 1));
  const before = view.snapshot();
  const copy = structuredClone(before);
  view.handleEvent(said("luke", 2));
  assertEquals(before, copy);
});

const invitation = {
  group: "jedi",
  by: "luke",
  leaderOnly: false,
  at: 1,
};

function anyEvent(random: SeededRandom, n: number): Event {
  const pick = <T>(all: readonly T[]): T => all[random.below(all.length)]!;
  const user = pick(["luke", "leia", "han", "lando", "vader"]);
  const group = pick(["jedi", "sith"]);
  const others = { at: n, text: "x".repeat(random.below(9)) };
  const about = { group, user, at: n };
  const at = n;
  const { text } = others;
  const command = { command: "msgto", to: [user], text } as const;
  const ip = "127.0.0.1";
  const since = n;
  const sent = [{ to: user, number: n + 1, kept: false }];
  const outcome = { command: "msgto", ok: true, answer: { at, sent } } as const;
  return pick<Event>([
    said(user, n + 1),
    said(user, n + 1, group),
    { event: "private-message", session: 1, from: user, ...others },
    { event: "deleted", kind: "private", number: n, at, from: user },
    { event: "presence", user, online: random.below(2) === 0, at },
    { event: "renamed", from: user, to: pick(["ben", "luke"]) },
    { event: "chat", kind: "user", name: user },
    { event: "chat", kind: "none" },
    { event: "seen", with: user, ...seen(n, random.below(3)) },
    {
      event: "unseen",
      conversations: [{ with: user, ...seen(n, 3) }],
      last: n,
    },
    { event: "session-seen", user },
    { event: "invited", group, by: user, leaderOnly: true, at },
    { event: "joined", ...about },
    { event: "left", ...about, why: "left" },
    { event: "removed", ...about, by: user, me: random.below(3) === 0 },
    { event: "directory", users: [{ user, since, ip, udpPort: 1 }] },
    { event: "directory", blocked: [{ user, since }] },
    { event: "trust", user, trust: "verified" },
    transfer(1 + random.below(80), pick(["running", "failed", "verified"])),
    { event: "begun", n: random.below(5), at, command },
    { event: "result", n: random.below(5), outcome },
  ]);
}

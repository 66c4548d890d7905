/** What happens at each limit of the limit table that concerns messages and people. */
import { assert, assertEquals } from "@std/assert";
import { limits } from "../../lib/wire/limits.ts";
import { RequestRate } from "../../lib/server/core/limits.ts";
import type { TestClient } from "../support/core_client.ts";
import { CoreHarness } from "../support/core_harness.ts";
import { codeOf, twoUsers, user } from "../support/limit_case.ts";
import { accountsOf } from "../support/core_accounts.ts";

Deno.test("limit messageRate: what comes faster is refused with the time to wait, and nothing of it is lost", () => {
  const messageRate = 10;
  const { harness, yoda, luke } = twoUsers({ messageRate });
  const burst = messageRate * limits.messageBurstSeconds;
  const send = (number: number) => ({
    to: ["luke"],
    text: `m${number}`,
    mid: `m${number}`,
  });
  for (let i = 0; i < burst; i++) yoda.ask("message", send(i));
  assertEquals(
    yoda.refused("message", send(burst)),
    "too_fast: You are sending too fast. Please try again in 1 s",
  );
  assertEquals(
    JSON.parse(yoda.lines.at(-1) ?? "").error.wait,
    1000,
    "for programs",
  );
  // Later ones must not overtake it.
  harness.advance(500);
  assertEquals(codeOf(yoda.refused("message", send(burst + 1))), "too_fast");
  // Signs of life and leaving are free, and others are not concerned.
  yoda.ask("ping", {});
  luke.ask("message", { to: ["yoda"], text: "slowly", mid: "1" });
  assert(!yoda.closed);
  for (let second = 1; second <= 3; second++) {
    harness.advance(1000);
    for (let i = 0; i < messageRate; i++) {
      yoda.ask("message", send(burst + second * messageRate + i));
    }
  }
  assertEquals(luke.texts.length, burst + 3 * messageRate);
});

Deno.test("limit messageBurstSeconds: so much of the rate comes at once, after any pause", () => {
  const rate = new RequestRate(7);
  const yoda = user(1, "yoda");
  for (const at of [0, 1e6]) {
    let taken = 0;
    while (rate.take(yoda, 1, at) === 0) taken++;
    assertEquals(taken, 7 * limits.messageBurstSeconds);
  }
});

Deno.test("limit messageReceivers: more are no request, and each counts for the rate", () => {
  const { yoda } = twoUsers();
  const to = Array.from({ length: limits.messageReceivers + 1 }, () => "luke");
  assertEquals(
    codeOf(yoda.refused("message", { to, text: "hi", mid: "1" })),
    "bad_request",
  );
  yoda.ask("message", { to: to.slice(1), text: "hi", mid: "1" });
  // However slow the rate, the largest message can be sent.
  const rate = new RequestRate(1);
  const luke = user(1, "luke");
  assertEquals(rate.take(luke, limits.messageReceivers, 0), 0);
  assertEquals(rate.take(luke, 1, 0), 1000);
  assertEquals(new RequestRate(0).take(luke, 1e9, 0), 0);
});

Deno.test("limit textCharacters: one more is refused", () => {
  const { yoda, luke } = twoUsers();
  const text = "🙂".repeat(limits.textCharacters);
  yoda.ask("message", { to: ["luke"], text, mid: "1" });
  assertEquals(
    codeOf(yoda.refused("broadcast", { text: `${text}a`, mid: "2" })),
    "text_too_long",
  );
  assertEquals(luke.texts.length, 1);
});

Deno.test("limit messagesPerDay: then no message more is taken of that user until tomorrow", () => {
  const { harness, yoda, luke } = twoUsers({ messagesPerDay: 3 });
  const send = (mid: string, ...to: string[]) => ({ to, text: "hi", mid });
  yoda.ask("message", send("1", "luke", "leia"));
  yoda.ask("broadcast", { text: "hi", mid: "2" });
  assertEquals(
    yoda.refused("message", send("3", "luke")),
    "history_full: You have sent 3 messages today; " +
      "the server takes no more of you until 00:00 UTC",
  );
  yoda.ask("who", {});
  luke.ask("message", send("1", "yoda"));
  harness.advance(86_400_000);
  yoda.ask("message", send("3", "luke"));
});

Deno.test("limit mailboxMessages: a full mailbox takes no more, says so, and is emptied by reading", () => {
  const mailboxMessages = 3;
  let harness = new CoreHarness({ options: { mailboxMessages } });
  let yoda = harness.login("yoda");
  const send = (mid: string, ...to: string[]) => ({ to, text: mid, mid });
  for (const mid of ["1", "2", "3"]) yoda.ask("message", send(mid, "luke"));
  const full = "mailbox_full: The mailbox of luke is full: 3 messages wait " +
    "there already; this one was not sent";
  assertEquals(yoda.refused("message", send("4", "leia", "luke")), full);
  // One that was sent already is told as sent.
  yoda.ask("message", send("3", "luke"));
  // What could not be stored takes no place; a restart forgets nothing.
  harness = harness.restarted({ options: { mailboxMessages } });
  yoda = harness.login("yoda");
  assertEquals(yoda.refused("message", send("4", "luke")), full);
  const luke = harness.login("luke");
  assertEquals(luke.texts.length, 3);
  yoda.ask("message", send("5", "luke"));
  const ids = luke.eventsOf("message").map(({ id }) => id);
  luke.ask("ack", { upto: ids[1] ?? 0 });
  luke.disconnect();
  // Two wait: "3" and "5", of which the latter was sent while luke was online.
  yoda.ask("message", send("6", "luke"));
  harness.commits = "failing";
  assertEquals(
    codeOf(yoda.refused("message", send("7", "luke"))),
    "storage_failed",
  );
  harness.commits = "done";
  yoda.ask("message", send("8", "luke"));
  assertEquals(yoda.refused("message", send("9", "luke")), full);
});

Deno.test("limit messageIdCharacters: a longer id is no request", () => {
  const { yoda } = twoUsers();
  const mid = "m".repeat(limits.messageIdCharacters);
  yoda.ask("broadcast", { text: "hi", mid });
  assertEquals(
    codeOf(yoda.refused("broadcast", { text: "hi", mid: `${mid}m` })),
    "bad_request",
  );
});

Deno.test("limit rememberedMessageIds: an older id counts as new", () => {
  const { yoda } = twoUsers();
  const send = (mid: string) =>
    yoda.ask("broadcast", { text: "hi", mid }).number;
  const first = send("first");
  for (let i = 1; i < limits.rememberedMessageIds; i++) send(`m${i}`);
  assertEquals(send("first"), first);
  send("another");
  assert(send("first") > first);
});

Deno.test("limit unconfirmedMessages: more of one connection are refused until some are stored", () => {
  const { harness, yoda } = twoUsers();
  harness.commits = "held";
  const send = (mid: string) => yoda.send("broadcast", { text: "hi", mid });
  for (let i = 0; i < limits.unconfirmedMessages; i++) send(`m${i}`);
  const reply = yoda.replyTo(send("more"));
  assert(reply !== undefined && "code" in reply);
  assertEquals(reply.code, "too_many_unconfirmed");
  harness.release();
  yoda.ask("broadcast", { text: "hi", mid: "more" });
});

Deno.test("limit historyMessages: an answer holds no more, and more are not to be asked for", () => {
  const { yoda, luke } = twoUsers();
  for (let i = 0; i <= limits.historyMessages; i++) {
    yoda.ask("message", { to: ["luke"], text: "hi", mid: `m${i}` });
  }
  const limit = limits.historyMessages;
  assertEquals(luke.ask("history", { limit }).messages.length, limit);
  assertEquals(
    codeOf(luke.refused("history", { limit: limit + 1 })),
    "bad_request",
  );
});

Deno.test("limit historyBytes: an answer ends before it gets longer", () => {
  const { yoda, luke } = twoUsers();
  const text = "x".repeat(limits.textCharacters);
  for (let i = 0; i < 20; i++) {
    yoda.ask("message", { to: ["luke"], text, mid: `m${i}` });
  }
  const { messages } = luke.ask("history", {});
  const bytes = JSON.stringify(messages).length;
  assert(bytes <= limits.historyBytes, `${bytes}`);
  assert(messages.length >= 10);
});

Deno.test("limit profileCharacters: a longer value is refused", () => {
  const { yoda } = twoUsers();
  const value = "🙂".repeat(limits.profileCharacters);
  yoda.ask("profile-set", { field: "status", value });
  assertEquals(
    codeOf(
      yoda.refused("profile-set", { field: "status", value: `${value}a` }),
    ),
    "text_too_long",
  );
});

Deno.test("limit seenUsers: no more are listed, all are counted", () => {
  const { harness, yoda } = twoUsers();
  const accounts = accountsOf(["yoda", "luke"]);
  const credential = accounts.get("yoda");
  assert(credential !== undefined);
  const count = limits.seenUsers + 5;
  for (let i = 0; i < count; i++) accounts.set(`u${i}`, credential);
  harness.core.handleAccounts(accounts, harness.now);
  harness.drive();
  // As if all had been here: the store says when somebody was seen last.
  for (const stored of harness.store.users.values()) {
    const lastSeen = harness.now.wall - 1000;
    harness.store.users.set(stored.id, { ...stored, lastSeen });
  }
  yoda.disconnect();
  const later = harness.restarted({ accounts });
  const { users, total } = later.login("yoda").ask("who-since", {
    seconds: 60,
  });
  assertEquals(users.length, limits.seenUsers);
  assert(total >= count, `${total}`);
});

Deno.test("limit groupUsers: a group takes no more", () => {
  const { yoda } = twoUsers();
  const users = Array.from({ length: limits.groupUsers + 1 }, () => "luke");
  assertEquals(
    codeOf(yoda.refused("group-create", { group: "jedi", users })),
    "bad_request",
  );
  yoda.ask("group-create", { group: "jedi", users: users.slice(1) });
});

Deno.test("limits groupsPerUser and invitationsPerUser: no group and no invitation more", () => {
  const leaders = ["a", "b", "c", "d", "e"];
  const harness = new CoreHarness({ users: ["luke", ...leaders] });
  const create = (client: TestClient, group: string) =>
    client.send("group-create", { group, users: ["luke"] });
  let last: unknown;
  for (const name of leaders) {
    const client = harness.login(name);
    for (let i = 0; i < limits.groupsPerUser; i++) {
      last = client.replyTo(create(client, `${name}${i}`));
      if (name !== "e") assert("ok" in (last as object), JSON.stringify(last));
    }
    if (name === "e") continue;
    const more = client.replyTo(create(client, `${name}more`));
    assertEquals((more as { code: string }).code, "too_many_groups");
  }
  assertEquals(
    leaders.length * limits.groupsPerUser > limits.invitationsPerUser,
    true,
  );
  assertEquals((last as { code: string }).code, "too_many_groups");
});

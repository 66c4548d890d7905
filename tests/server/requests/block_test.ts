import { assert, assertEquals } from "@std/assert";
import type { RequestFields } from "../../../lib/wire/request.ts";
import { CoreHarness } from "../../support/core_harness.ts";

const key = "A".repeat(43);
const file = { name: "a.mp4", size: 9 };
const offerTo = (
  to: string,
  offer = "00ff00ff00ff00ff",
): RequestFields<"offer"> => ({
  offer,
  to,
  kind: "file",
  key,
  addresses: [],
  file,
});

function present() {
  const harness = new CoreHarness();
  const yoda = harness.login("yoda");
  const luke = harness.login("luke");
  const leia = harness.login("leia");
  return { harness, yoda, luke, leia };
}

Deno.test("block keeps messages, offers and invitations away, in both directions", () => {
  const { harness, yoda, luke, leia } = present();
  assertEquals(yoda.ask("block", { user: "luke" }), { user: "luke" });
  assertEquals(
    luke.refused("message", { to: ["yoda"], text: "hi", mid: "1" }),
    "not_delivered: Your message to yoda could not be delivered",
  );
  // To several it goes to all or to none.
  luke.refused("message", { to: ["leia", "yoda"], text: "hi", mid: "1" });
  assertEquals(leia.texts, []);
  assertEquals(
    luke.refused("offer", offerTo("yoda")),
    "not_delivered: Your request to yoda could not be delivered",
  );
  assertEquals(
    luke.refused("group-create", { group: "jedi", users: ["leia", "yoda"] }),
    "not_delivered: The invitation of yoda could not be delivered; the group was not created",
  );
  assertEquals(leia.ask("groups", {}), { groups: [] });
  luke.ask("group-create", { group: "Rebels", users: ["leia"] });
  assertEquals(
    luke.refused("group-add", { group: "Rebels", user: "yoda" }),
    "not_delivered: The invitation of yoda could not be delivered",
  );
  const refusal = "you_blocked: You have blocked luke; /unblock luke first";
  yoda.ask("group-create", { group: "Council", users: ["leia"] });
  const own = [
    yoda.refused("message", { to: ["luke"], text: "sorry", mid: "2" }),
    yoda.refused("offer", offerTo("luke")),
    yoda.refused("group-add", { group: "Council", user: "luke" }),
    yoda.refused("find", { name: "luke" }),
  ];
  assertEquals(own, own.map(() => refusal));
  assertEquals(
    yoda.refused("group-create", { group: "Sith", users: ["luke"] }),
    `${refusal}; the group was not created`,
  );
  yoda.ask("broadcast", { text: "to all", mid: "3" });
  assertEquals([luke.texts, leia.texts], [[], ["yoda: to all"]]);
  // Nothing tells the blocked one whether the other is there.
  yoda.ask("logout", {});
  harness.advance(1000);
  assertEquals(
    luke.refused("message", { to: ["yoda"], text: "hi", mid: "1" }),
    "not_delivered: Your message to yoda could not be delivered",
  );
  assertEquals(
    luke.refused("offer", offerTo("yoda")),
    "not_delivered: Your request to yoda could not be delivered",
  );
  assertEquals([...luke.eventsOf("presence")], [{
    user: "leia",
    online: true,
    at: luke.eventsOf("presence")[0]?.at ?? 0,
    account: harness.accountOf("leia"),
  }]);
});

Deno.test("block closes the profile to the blocked, and nothing of the other's", () => {
  const { yoda, luke, leia } = present();
  yoda.ask("profile-set", { field: "email", value: "yoda@dagobah.example" });
  luke.ask("profile-set", { field: "email", value: "luke@tatooine.example" });
  yoda.ask("block", { user: "luke" });
  assertEquals(
    luke.refused("profile", { user: "yoda" }),
    "not_delivered: The profile of yoda could not be delivered",
  );
  assertEquals(
    leia.ask("profile", { user: "yoda" }).fields.email,
    "yoda@dagobah.example",
  );
  assertEquals(yoda.ask("profile", { user: "luke" }), {
    user: "luke",
    fields: { email: "luke@tatooine.example" },
  });
});

Deno.test("block tells a broadcaster that some could not get it, but not of those the broadcaster blocked", () => {
  const { yoda, luke, leia } = present();
  const partial = (client: typeof luke, mid: string) =>
    client.ask("broadcast", { text: mid, mid }).partial;
  yoda.ask("block", { user: "luke" });
  assertEquals([partial(luke, "1"), partial(yoda, "2")], [true, false]);
  luke.ask("block", { user: "yoda" });
  assertEquals([partial(luke, "3"), partial(yoda, "4")], [false, false]);
  assertEquals(leia.texts, ["luke: 1", "yoda: 2", "luke: 3", "yoda: 4"]);
});

Deno.test("block hides both from each other and tells the blocked nothing", () => {
  const { harness, yoda, luke, leia } = present();
  const [seenByYoda, seenByLuke] = [yoda.events.length, luke.events.length];
  yoda.ask("block", { user: "luke" });
  assertEquals(luke.events.length, seenByLuke);
  assertEquals(luke.ask("who-since", { seconds: 60 }).users.length, 1);
  assertEquals(luke.ask("who", {}).users.map(({ user }) => user), ["leia"]);
  assertEquals(yoda.ask("who", {}).users.map(({ user }) => user), ["leia"]);
  const before = luke.events.length;
  yoda.disconnect();
  const again = harness.login("yoda");
  luke.disconnect();
  const lukeAgain = harness.login("luke");
  assertEquals(luke.events.length, before);
  assertEquals(yoda.events.length, seenByYoda);
  assertEquals(again.events, []);
  assertEquals(lukeAgain.events, []);
  assertEquals(leia.eventsOf("presence").length, 4);
});

Deno.test("unblock shows both to each other again when that is news", () => {
  const { harness, yoda, luke: before } = present();
  harness.advance(1000);
  const events = before.events.length;
  yoda.ask("block", { user: "luke" });
  harness.advance(1000);
  yoda.ask("unblock", { user: "luke" });
  // Neither was ever seen to leave.
  assertEquals(before.events.length, events);
  yoda.ask("block", { user: "luke" });
  before.ask("logout", {});
  harness.advance(1000);
  const luke = harness.login("luke");
  assertEquals(yoda.ask("unblock", { user: "luke" }), { user: "luke" });
  const at = harness.now.wall;
  const online = (user: string) => {
    return { user, online: true, at, account: harness.accountOf(user) };
  };
  assertEquals(luke.eventsOf("presence").at(-1), online("yoda"));
  assertEquals(yoda.eventsOf("presence").at(-1), online("luke"));
  luke.ask("message", { to: ["yoda"], text: "hi", mid: "1" });
  assertEquals(yoda.texts, ["luke: hi"]);
  // With a block the other way round nothing is to be seen yet.
  yoda.ask("block", { user: "luke" });
  const count = luke.events.length;
  luke.ask("block", { user: "yoda" });
  yoda.ask("unblock", { user: "luke" });
  assertEquals(luke.events.length, count);
});

Deno.test("unblock shows each to those devices of the other that came during the block", () => {
  const harness = new CoreHarness();
  const yoda = harness.loginFrom("yoda", "laptop");
  const luke = harness.loginFrom("luke", "laptop");
  harness.advance(1000);
  yoda.ask("block", { user: "luke" });
  harness.advance(1000);
  const lukeDesk = harness.loginFrom("luke", "desk");
  const yodaDesk = harness.loginFrom("yoda", "desk");
  const shown = () =>
    [yoda, luke, yodaDesk, lukeDesk].map((each) =>
      each.eventsOf("presence").map(({ user }) => user).join()
    );
  const before = shown();
  yoda.ask("unblock", { user: "luke" });
  assertEquals(shown(), [
    before[0],
    before[1],
    // They have never heard of each other's.
    "luke",
    "yoda",
  ]);
});

Deno.test("block refuses unknown users, oneself and what is so already", () => {
  const { yoda } = present();
  assertEquals(
    yoda.refused("block", { user: "vader" }),
    "unknown_user: There is no user vader",
  );
  assertEquals(
    yoda.refused("block", { user: "yoda" }),
    "is_self: You cannot block yourself",
  );
  yoda.ask("block", { user: "hans" });
  assertEquals(
    yoda.refused("block", { user: "hans" }),
    "already_blocked: You have already blocked hans",
  );
  assertEquals(
    yoda.refused("unblock", { user: "vader" }),
    "unknown_user: There is no user vader",
  );
  assertEquals(
    yoda.refused("unblock", { user: "yoda" }),
    "is_self: You cannot block yourself",
  );
  assertEquals(
    yoda.refused("unblock", { user: "luke" }),
    "not_blocked: You have not blocked luke",
  );
});

Deno.test("blocked lists the longest blocked first, also after a restart", () => {
  const { harness, yoda } = present();
  assertEquals(yoda.ask("blocked", {}), { users: [] });
  yoda.ask("block", { user: "leia" });
  const since = harness.now.wall;
  harness.advance(1000);
  yoda.ask("block", { user: "luke" });
  yoda.ask("block", { user: "hans" });
  yoda.ask("unblock", { user: "hans" });
  const users = [{ user: "leia", since }, {
    user: "luke",
    since: since + 1000,
  }];
  assertEquals(yoda.ask("blocked", {}), { users });
  const after = harness.restarted();
  assertEquals(after.login("yoda").ask("blocked", {}), { users });
  const luke = after.login("luke");
  luke.refused("message", { to: ["yoda"], text: "hi", mid: "1" });
  assertEquals(luke.ask("who", {}), { users: [] });
});

Deno.test("block is undone when it cannot be stored", () => {
  const { harness, yoda, luke } = present();
  harness.commits = "failing";
  assert(yoda.refused("block", { user: "luke" }).startsWith("storage_failed"));
  harness.commits = "done";
  luke.ask("message", { to: ["yoda"], text: "hi", mid: "1" });
  yoda.ask("block", { user: "luke" });
  harness.commits = "failing";
  yoda.refused("unblock", { user: "luke" });
  harness.commits = "done";
  luke.refused("message", { to: ["yoda"], text: "hi", mid: "2" });
});

Deno.test("block keeps what the blocked writes to a group away, for good", () => {
  const { harness, yoda, luke, leia } = present();
  luke.ask("group-create", { group: "jedi", users: ["yoda", "leia"] });
  yoda.ask("group-join", { group: "jedi" });
  leia.ask("group-join", { group: "jedi" });
  const post = (client: typeof luke, text: string) =>
    client.ask("group-message", { group: "jedi", text, mid: text });
  post(luke, "1");
  yoda.ask("block", { user: "luke" });
  post(luke, "2");
  post(leia, "3");
  assertEquals(yoda.texts, ["jedi, luke: 1", "jedi, leia: 3"]);
  assertEquals(leia.texts, ["jedi, luke: 1", "jedi, luke: 2"]);
  assertEquals(luke.texts, ["jedi, leia: 3"]);
  yoda.ask("ack", { upto: 3 });
  yoda.disconnect();
  post(luke, "4");
  const back = harness.connect();
  assertEquals(back.login("yoda").waiting, 0);
  assertEquals(back.texts, []);
  back.ask("unblock", { user: "luke" });
  back.disconnect();
  // What was kept away does not come later.
  const last = harness.login("yoda");
  assertEquals(last.texts, []);
  post(luke, "5");
  assertEquals(last.texts, ["jedi, luke: 5"]);
});

Deno.test("a message kept away is passed over with the confirmation of those before it", () => {
  const { harness, yoda, luke, leia } = present();
  luke.ask("group-create", { group: "jedi", users: ["yoda", "leia"] });
  yoda.ask("group-join", { group: "jedi" });
  leia.ask("group-join", { group: "jedi" });
  yoda.ask("block", { user: "luke" });
  const post = (client: typeof luke, text: string) =>
    client.ask("group-message", { group: "jedi", text, mid: text });
  post(leia, "1");
  post(luke, "2");
  post(luke, "3");
  assertEquals(yoda.texts, ["jedi, leia: 1"]);
  yoda.ask("ack", { upto: 1 });
  yoda.ask("unblock", { user: "luke" });
  yoda.disconnect();
  assertEquals(harness.login("yoda").texts, []);
});

Deno.test("a message that was not confirmed comes again, without those kept away after it", () => {
  const { harness, yoda, luke, leia } = present();
  luke.ask("group-create", { group: "jedi", users: ["yoda", "leia"] });
  yoda.ask("group-join", { group: "jedi" });
  leia.ask("group-join", { group: "jedi" });
  yoda.ask("block", { user: "luke" });
  leia.ask("group-message", { group: "jedi", text: "1", mid: "1" });
  luke.ask("group-message", { group: "jedi", text: "2", mid: "2" });
  yoda.disconnect();
  const back = harness.connect();
  assertEquals(back.login("yoda").waiting, 1);
  assertEquals(back.texts, ["jedi, leia: 1"]);
});

Deno.test("an invitation of somebody blocked since is not told at the next login", () => {
  const { harness, yoda, luke } = present();
  luke.ask("group-create", { group: "jedi", users: ["yoda"] });
  yoda.ask("block", { user: "luke" });
  yoda.ask("logout", {});
  assertEquals(harness.login("yoda").eventsOf("invited"), []);
});

Deno.test("block ends what is offered and runs between the two", () => {
  const { yoda, luke, leia } = present();
  luke.ask("offer", offerTo("yoda", "0000000000000001"));
  yoda.ask("offer", offerTo("luke", "0000000000000002"));
  luke.ask("answer", { offer: "0000000000000002", accept: true, key });
  leia.ask("offer", offerTo("yoda", "0000000000000003"));
  const session = { kind: "session" as const, key, addresses: [] };
  luke.ask("offer", { ...session, offer: "0000000000000004", to: "yoda" });
  yoda.ask("answer", { offer: "0000000000000004", accept: true, key });
  yoda.ask("block", { user: "luke" });
  const ended = luke.eventsOf("offer-end");
  assertEquals(
    ended.map(({ offer, from, result, reason }) =>
      [offer, from, result, reason].join(", ")
    ),
    [
      "0000000000000002, yoda, cancelled, ",
      "0000000000000004, yoda, closed, ",
    ],
  );
  assertEquals(
    luke.eventsOf("answer").filter(({ accept }) => !accept)
      .map(({ offer, from, reason }) => [offer, from, reason].join(", ")),
    ["0000000000000001, yoda, rejected"],
  );
  assertEquals(
    yoda.eventsOf("offer-end").map(({ reason }) => reason),
    ["blocked", "blocked", "blocked"],
  );
  yoda.ask("answer", { offer: "0000000000000003", accept: false });
});

Deno.test("block keeps a group's past and deletions from then on; unblocking sends nothing after", () => {
  const { harness, yoda, luke, leia } = present();
  leia.ask("group-create", { group: "jedi", users: ["yoda", "luke"] });
  yoda.ask("group-join", { group: "jedi" });
  luke.ask("group-join", { group: "jedi" });
  const say = (text: string, mid: string) =>
    luke.ask("group-message", { group: "jedi", text, mid });
  const past = () =>
    yoda.ask("history", { group: "jedi" }).messages.map(({ text }) => text);
  say("before", "1");
  harness.advance(1000);
  yoda.ask("block", { user: "luke" });
  harness.advance(1000);
  say("meanwhile", "2");
  luke.ask("delete", { group: "jedi", number: 2, mid: "3" });
  assertEquals(leia.texts, ["jedi, luke: before", "jedi, luke: meanwhile"]);
  assertEquals(leia.eventsOf("deleted").length, 1);
  assertEquals(yoda.texts, ["jedi, luke: before"]);
  assertEquals(past(), ["before"]);
  yoda.ask("unblock", { user: "luke" });
  yoda.send("ack", { upto: yoda.eventsOf("message").at(-1)?.id ?? 0 });
  yoda.disconnect();
  const again = harness.login("yoda");
  assertEquals([...again.texts, ...again.eventsOf("deleted")], []);
});

Deno.test("what a group heard of the blocked stays away after the block, in history, at logins and after a restart", () => {
  const { harness, yoda, luke, leia } = present();
  luke.ask("group-create", { group: "jedi", users: ["yoda", "leia"] });
  yoda.ask("group-join", { group: "jedi" });
  leia.ask("group-join", { group: "jedi" });
  const say = (text: string) =>
    luke.ask("group-message", { group: "jedi", text, mid: text });
  const past = (client: typeof yoda, fields = { group: "jedi" } as object) =>
    client.ask("history", fields).messages.map(({ text }) => text);
  say("1");
  yoda.ask("block", { user: "luke" });
  say("2");
  yoda.ask("unblock", { user: "luke" });
  say("3");
  yoda.ask("block", { user: "luke" });
  yoda.ask("unblock", { user: "luke" });
  say("4");
  yoda.ask("block", { user: "luke" });
  say("5");
  yoda.disconnect();
  say("6");
  const heard = ["1", "3", "4"];
  assertEquals(yoda.texts, heard.map((text) => `jedi, luke: ${text}`));
  const back = harness.login("yoda");
  assertEquals(past(back), heard);
  back.ask("unblock", { user: "luke" });
  assertEquals(past(back), heard);
  assertEquals(past(back, {}), heard);
  assertEquals(past(back, { kind: "group" }), heard);
  assertEquals(past(leia), ["1", "2", "3", "4", "5", "6"]);
  const after = harness.restarted();
  const again = after.login("yoda");
  assertEquals(past(again), heard);
  // Nothing was confirmed: what was heard comes again, the rest does not.
  assertEquals(again.texts, heard.map((text) => `jedi, luke: ${text}`));
});

Deno.test("unblock is undone when it cannot be stored: what came stays away once", () => {
  const { harness, yoda, luke } = present();
  luke.ask("group-create", { group: "jedi", users: ["yoda"] });
  yoda.ask("group-join", { group: "jedi" });
  yoda.ask("block", { user: "luke" });
  luke.ask("group-message", { group: "jedi", text: "1", mid: "1" });
  harness.commits = "failing";
  yoda.refused("unblock", { user: "luke" });
  harness.commits = "done";
  luke.ask("group-message", { group: "jedi", text: "2", mid: "2" });
  yoda.ask("unblock", { user: "luke" });
  luke.ask("group-message", { group: "jedi", text: "3", mid: "3" });
  assertEquals(yoda.texts, ["jedi, luke: 3"]);
  assertEquals(
    [...harness.store.keptAway.values()].map(({ upto }) => upto),
    [2],
  );
});

Deno.test("ranges that are kept away are bounded: beyond that rather too much", () => {
  const { yoda, luke, harness } = present();
  luke.ask("group-create", { group: "jedi", users: ["yoda"] });
  yoda.ask("group-join", { group: "jedi" });
  const say = (text: string) =>
    luke.ask("group-message", {
      group: "jedi",
      text,
      mid: text.replace(" ", "-"),
    });
  for (let round = 0; round < 70; round++) {
    yoda.ask("block", { user: "luke" });
    say(`hidden ${round}`);
    yoda.ask("unblock", { user: "luke" });
    say(`heard ${round}`);
  }
  assertEquals(yoda.texts.length, 70);
  assertEquals(harness.store.keptAway.size, 64);
  const { messages } = yoda.ask("history", { group: "jedi", limit: 500 });
  assert(messages.every(({ text }) => text.startsWith("heard")));
  assertEquals(messages.at(-1)?.text, "heard 69");
});

Deno.test("block keeps broadcasts from then on; one that was under way before is taken back too", () => {
  const { harness, yoda, luke } = present();
  luke.ask("broadcast", { text: "before", mid: "1" });
  assertEquals(yoda.texts, ["luke: before"]);
  harness.advance(1000);
  yoda.ask("block", { user: "luke" });
  harness.advance(1000);
  assertEquals(luke.ask("broadcast", { text: "x", mid: "2" }).partial, true);
  yoda.send("ack", { upto: 1 });
  yoda.disconnect();
  luke.ask("delete", { number: 1, mid: "3" });
  luke.ask("broadcast", { text: "y", mid: "4" });
  const again = harness.login("yoda");
  assertEquals(again.texts, []);
  assertEquals(again.eventsOf("deleted").map(({ number }) => number), [1]);
  assertEquals(
    again.ask("history", { kind: "broadcast" }).messages
      .map(({ text, deleted }) => [text, deleted]),
    [["", true]],
  );
});

import { assert, assertEquals } from "@std/assert";
import type { RequestFields } from "../../../lib/protocol/request.ts";
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

Deno.test("block keeps messages, offers and invitations of the blocked away", () => {
  const { yoda, luke, leia } = present();
  assertEquals(yoda.ask("block", { user: "luke" }), { user: "luke" });
  assertEquals(
    luke.refused("message", { to: ["yoda"], text: "hi", mid: "1" }),
    "blocked_by_user: Your message could not be delivered: yoda blocked you",
  );
  // To several it goes to all or to none.
  luke.refused("message", { to: ["leia", "yoda"], text: "hi", mid: "1" });
  assertEquals(leia.texts, []);
  assertEquals(
    luke.refused("offer", offerTo("yoda")),
    "blocked_by_user: yoda blocked you",
  );
  assertEquals(
    luke.refused("group-create", { group: "jedi", users: ["leia", "yoda"] }),
    "blocked_by_user: yoda blocked you; the group was not created",
  );
  assertEquals(leia.ask("groups", {}), { groups: [] });
  // The other direction stays open.
  yoda.ask("message", { to: ["luke"], text: "sorry", mid: "2" });
  assertEquals(luke.texts, ["yoda: sorry"]);
});

Deno.test("block hides both from each other and looks like going off line", () => {
  const { harness, yoda, luke, leia } = present();
  const seenByYoda = yoda.events.length;
  yoda.ask("block", { user: "luke" });
  const at = harness.now.wall;
  assertEquals(luke.eventsOf("presence").at(-1), {
    user: "yoda",
    online: false,
    at,
  });
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

Deno.test("unblock shows both to each other again", () => {
  const { harness, yoda, luke } = present();
  yoda.ask("block", { user: "luke" });
  assertEquals(yoda.ask("unblock", { user: "luke" }), { user: "luke" });
  const at = harness.now.wall;
  const online = (user: string) => ({ user, online: true, at });
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
  yoda.ask("block", { user: "luke" });
  const ended = luke.eventsOf("offer-end");
  assertEquals(
    ended.map(({ offer, from, result, reason }) =>
      [offer, from, result, reason].join(", ")
    ),
    [
      "0000000000000001, yoda, failed, user_offline",
      "0000000000000002, yoda, failed, user_offline",
    ],
  );
  assertEquals(
    yoda.eventsOf("offer-end").map(({ reason }) => reason),
    ["blocked", "blocked"],
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

Deno.test("block keeps broadcasts from then on; one that was under way before is taken back too", () => {
  const { harness, yoda, luke } = present();
  luke.ask("broadcast", { text: "before", mid: "1" });
  assertEquals(yoda.texts, ["luke: before"]);
  harness.advance(1000);
  yoda.ask("block", { user: "luke" });
  harness.advance(1000);
  assertEquals(luke.ask("broadcast", { text: "x", mid: "2" }).partial, true);
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

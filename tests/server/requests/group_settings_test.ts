import { assertEquals } from "@std/assert";
import type { TestClient } from "../../support/core_client.ts";
import { CoreHarness } from "../../support/core_harness.ts";

/** yoda leads jedi, luke has joined, leia is invited; each of the two posts. */
function jedi() {
  const harness = new CoreHarness();
  const yoda = harness.login("yoda");
  const luke = harness.login("luke");
  yoda.ask("group-create", { group: "jedi", users: ["luke", "leia"] });
  say(yoda, "before luke");
  luke.ask("group-join", { group: "jedi" });
  say(luke, "before leia");
  return { harness, yoda, luke };
}

function say(client: TestClient, text: string) {
  const mid = text.replaceAll(" ", "-");
  return client.ask("group-message", { group: "jedi", text, mid });
}

function past(client: TestClient, scope: object = { group: "jedi" }) {
  return client.ask("history", scope).messages.map(({ text }) => text);
}

Deno.test("group-set history: who joins later sees what was said since the group began", () => {
  const { harness, yoda, luke } = jedi();
  assertEquals(past(luke), ["before leia"]);
  assertEquals(yoda.ask("group-set", { group: "JEDI", history: true }), {
    group: "jedi",
    history: true,
  });
  const at = harness.now.wall;
  const set = { group: "jedi", history: true, by: "yoda", at };
  assertEquals(luke.eventsOf("group-set"), [set]);
  assertEquals(yoda.eventsOf("group-set"), []);
  const leia = harness.login("leia");
  leia.refused("history", { group: "jedi" });
  leia.ask("group-join", { group: "jedi" });
  const all = ["before luke", "before leia"];
  for (const client of [luke, leia, yoda]) {
    assertEquals(past(client), all);
    assertEquals(past(client, { kind: "group" }), all);
    assertEquals(past(client, {}), all);
  }
  // It is for those who look, not sent to them.
  assertEquals(leia.texts, []);
  assertEquals(leia.ask("group-members", { group: "jedi" }).history, true);
  const again = harness.restarted().login("leia");
  assertEquals(past(again), all);
  assertEquals(again.texts, []);
});

Deno.test("group-set history off: each sees what was said since joining, and nobody is told twice", () => {
  const { harness, yoda, luke } = jedi();
  const set = (history: boolean) =>
    yoda.ask("group-set", { group: "jedi", history });
  for (const history of [true, true, false, false]) set(history);
  assertEquals(
    luke.eventsOf("group-set").map(({ history }) => history),
    [true, false],
  );
  assertEquals(past(luke), ["before leia"]);
  assertEquals(past(luke, {}), ["before leia"]);
  assertEquals(past(harness.restarted().login("luke")), ["before leia"]);
});

Deno.test("group-set keeps what was said by somebody while blocked away all the same", () => {
  const { harness, yoda, luke } = jedi();
  yoda.ask("group-set", { group: "jedi", history: true });
  const leia = harness.login("leia");
  leia.ask("block", { user: "luke" });
  say(luke, "not for leia");
  leia.ask("unblock", { user: "luke" });
  leia.ask("group-join", { group: "jedi" });
  assertEquals(past(leia), ["before luke", "before leia"]);
});

Deno.test("group-set is refused to who does not lead, and undone when it cannot be stored", () => {
  const { harness, yoda, luke } = jedi();
  const leia = harness.login("leia");
  const set = { group: "jedi", history: true };
  assertEquals(
    luke.refused("group-set", set),
    "leader_only: Only yoda, who leads jedi, may do this",
  );
  leia.refused("group-set", set);
  harness.login("hans").refused("group-set", set);
  assertEquals(
    yoda.refused("group-set", { ...set, group: "sith" }).split(":")[0],
    "unknown_group",
  );
  assertEquals(
    yoda.refused("group-set", { group: "jedi" }),
    'bad_request: "history" or "topic" is missing',
  );
  harness.commits = "failing";
  yoda.refused("group-set", set);
  harness.commits = "done";
  assertEquals(luke.ask("group-members", { group: "jedi" }).history, false);
  assertEquals(luke.eventsOf("group-set"), []);
});

Deno.test("group-set topic: members are told, also who was away; it is kept and can be cleared", () => {
  const { harness, yoda, luke } = jedi();
  const about = (client: TestClient) =>
    client.ask("group-members", { group: "jedi" }).topic;
  assertEquals(about(luke), undefined);
  const topic = "the plans";
  assertEquals(yoda.ask("group-set", { group: "JEDI", topic: ` ${topic} ` }), {
    group: "jedi",
    history: false,
    topic,
  });
  const at = harness.now.wall;
  const told = { group: "jedi", topic, by: "yoda", at };
  yoda.ask("group-set", { group: "jedi", topic });
  assertEquals(luke.eventsOf("topic"), [told]);
  assertEquals(luke.eventsOf("group-set"), []);
  assertEquals(yoda.eventsOf("topic"), []);
  assertEquals(about(luke), topic);
  harness.advance(1000);
  const away = luke.token;
  luke.disconnect();
  harness.advance(1000);
  yoda.ask("group-set", { group: "jedi", topic: "the station" });
  const set = { group: "jedi", topic: "the station", at: harness.now.wall };
  const back = harness.connect();
  back.resume(away);
  assertEquals(back.eventsOf("topic"), [set]);
  harness.advance(1000);
  back.ask("logout", {});
  harness.advance(1000);
  // What was known at the logout is no news.
  assertEquals(harness.login("luke").eventsOf("topic"), []);
  const after = harness.restarted();
  const leader = after.login("yoda");
  assertEquals(about(leader), "the station");
  const cleared = leader.ask("group-set", { group: "jedi", topic: "" });
  assertEquals(cleared, { group: "jedi", history: false });
  assertEquals(about(leader), undefined);
});

Deno.test("group-set topic: refused when it is too long or the leader's alone, undone when it cannot be stored", () => {
  const { harness, yoda, luke } = jedi();
  const set = { group: "jedi", topic: "the plans" };
  luke.refused("group-set", set);
  const code = (topic: string) =>
    yoda.refused("group-set", { ...set, topic }).split(":")[0];
  assertEquals(code("x".repeat(257)), "text_too_long");
  assertEquals(code("two\nlines"), "bad_text");
  harness.commits = "failing";
  yoda.refused("group-set", set);
  harness.commits = "done";
  const { topic } = luke.ask("group-members", { group: "jedi" });
  assertEquals([topic, luke.eventsOf("topic")], [undefined, []]);
});

Deno.test("a post and a broadcast that nobody gets say so", () => {
  const harness = new CoreHarness();
  const yoda = harness.login("yoda");
  yoda.ask("group-create", { group: "jedi", users: ["luke", "leia"] });
  const alone = say(yoda, "hello");
  assertEquals([alone.alone, alone.invited], [true, ["luke", "leia"]]);
  const shout = () =>
    yoda.ask("broadcast", { text: "all", mid: `${harness.now.mono}` });
  assertEquals(shout().alone, true);
  harness.advance(1);
  const luke = harness.login("luke");
  assertEquals(shout().alone, undefined);
  luke.ask("group-join", { group: "jedi" });
  luke.ask("block", { user: "yoda" });
  luke.ask("logout", {});
  // A member who is offline, or does not want to hear, is nobody's business.
  const sent = say(yoda, "again");
  assertEquals([sent.alone, sent.invited], [undefined, undefined]);
});

import { assert, assertEquals } from "@std/assert";
import { formatTime } from "../../../lib/base/time.ts";
import { groupDigest } from "../../../lib/wire/group_digest.ts";
import { CoreHarness } from "../../support/core_harness.ts";

/** yoda leads jedi; obiwan has joined, luke is invited, hans knows nothing. */
function jedi() {
  const harness = new CoreHarness();
  const yoda = harness.login("yoda");
  const obiwan = harness.login("obiwan");
  const luke = harness.login("luke");
  const hans = harness.login("hans");
  yoda.ask("group-create", { group: "Jedi", users: ["obiwan", "luke"] });
  obiwan.ask("group-join", { group: "jedi" });
  return { harness, yoda, obiwan, luke, hans };
}

Deno.test("group-create makes the creator leader and invites the others", () => {
  const harness = new CoreHarness();
  const yoda = harness.login("yoda");
  const luke = harness.login("luke");
  const users = ["luke", "obiwan", "yoda", "luke"];
  assertEquals(yoda.ask("group-create", { group: "jedi", users }), {
    group: "jedi",
    members: ["yoda", "luke", "obiwan"],
  });
  const at = harness.now.wall;
  const invited = [{ group: "jedi", by: "yoda", leaderOnly: false, at }];
  assertEquals(luke.eventsOf("invited"), invited);
  assertEquals(yoda.eventsOf("invited"), []);
  assertEquals(yoda.ask("group-members", { group: "JEDI" }), {
    group: "jedi",
    leader: "yoda",
    leaderOnly: false,
    history: false,
    joined: ["yoda"],
    invited: ["luke", "obiwan"],
  });
  assertEquals(harness.login("obiwan").eventsOf("invited"), invited);
});

Deno.test("group-create refuses each fault and makes nothing", () => {
  const { yoda, harness } = jedi();
  const refusal = (group: string, users: string[]) =>
    yoda.refused("group-create", { group, users });
  for (const name of ["", "a b", "a.b", "../x", "é", "x".repeat(33)]) {
    assert(refusal(name, ["luke"]).startsWith("bad_group_name"));
  }
  assertEquals(
    refusal("JEDI", ["luke"]),
    "group_exists: a group chat (Name: Jedi) already exists",
  );
  assert(refusal("sith", []).startsWith("no_other_user"));
  assert(refusal("sith", ["yoda"]).startsWith("no_other_user"));
  assertEquals(
    refusal("sith", ["luke", "vader"]),
    "unknown_user: There is no user vader; the group was not created",
  );
  assertEquals(harness.store.groups.size, 1);
  yoda.ask("group-create", { group: "sith", users: ["luke"] });
});

Deno.test("group-join tells the members and refuses each fault", () => {
  const { yoda, obiwan, luke, hans, harness } = jedi();
  assertEquals(luke.ask("group-join", { group: "JEDI" }), {
    group: "Jedi",
    members: ["yoda", "obiwan", "luke"],
  });
  const at = harness.now.wall;
  const joined = { group: "Jedi", user: "luke", at };
  assertEquals(yoda.eventsOf("joined").at(-1), joined);
  assertEquals(obiwan.eventsOf("joined"), [joined]);
  assertEquals(luke.eventsOf("joined"), []);
  const refusal = (group: string) => hans.refused("group-join", { group });
  assertEquals(
    refusal("sith"),
    "unknown_group: The group chat does not exist",
  );
  assert(refusal("jedi").startsWith("not_invited"));
  assert(
    luke.refused("group-join", { group: "jedi" }).startsWith("already_joined"),
  );
});

Deno.test("group-message reaches every other joined member and the group's log", () => {
  const { yoda, obiwan, luke, harness } = jedi();
  const at = harness.now.wall;
  const first = { group: "jedi", text: "hello", mid: "1" };
  assertEquals(yoda.ask("group-message", first), { at, id: 1, number: 1 });
  obiwan.ask("group-message", { group: "jedi", text: "there", mid: "1" });
  assertEquals(obiwan.texts, ["Jedi, yoda: hello"]);
  assertEquals(yoda.texts, ["Jedi, obiwan: there"]);
  assertEquals(luke.texts, []);
  assertEquals(harness.logOf("Jedi"), [
    `1; ${formatTime(at)}; yoda; hello\n`,
    `2; ${formatTime(at)}; obiwan; there\n`,
  ]);
  assertEquals(harness.log, []);
  assertEquals(yoda.ask("group-message", first), { at, id: 1, number: 1 });
  assertEquals(obiwan.texts.length, 1);
});

Deno.test("group-message refuses each fault", () => {
  const { yoda, luke, hans, harness } = jedi();
  const request = { group: "jedi", text: "x", mid: "1" };
  assertEquals(
    hans.refused("group-message", request),
    "not_in_group: You are not in this group chat",
  );
  assertEquals(
    luke.refused("group-message", request),
    "not_joined: Please join the group before sending messages: /joingroup Jedi",
  );
  assertEquals(
    hans.refused("group-message", { ...request, group: "sith" }),
    "unknown_group: The group chat does not exist",
  );
  assert(
    yoda.refused("group-message", { ...request, text: " " })
      .startsWith("blank_text"),
  );
  yoda.ask("group-create", {
    group: "news",
    users: ["luke"],
    leaderOnly: true,
  });
  luke.ask("group-join", { group: "news" });
  yoda.ask("group-message", { ...request, group: "news" });
  assertEquals(
    luke.refused("group-message", { ...request, group: "news" }),
    "leader_only: Only yoda, who leads news, may post there",
  );
  yoda.ask("message", { to: ["luke"], text: "x", mid: "2" });
  assert(
    yoda.refused("group-message", { ...request, mid: "2" })
      .startsWith("bad_message_id"),
  );
  assertEquals(harness.logOf("Jedi"), []);
});

Deno.test("group messages wait for members who are offline, from when they joined", () => {
  const { yoda, obiwan, luke, harness } = jedi();
  const say = (text: string) =>
    yoda.ask("group-message", { group: "jedi", text, mid: text });
  say("early");
  luke.ask("group-join", { group: "jedi" });
  obiwan.disconnect();
  luke.disconnect();
  harness.advance(1_000);
  say("one");
  yoda.ask("message", { to: ["luke"], text: "two", mid: "two" });
  say("three");
  const again = harness.connect();
  assertEquals(again.login("luke").waiting, 3);
  assertEquals(again.texts, [
    "Jedi, yoda: one (kept)",
    "yoda: two (kept)",
    "Jedi, yoda: three (kept)",
  ]);
  const back = harness.connect();
  assertEquals(back.resume(obiwan.token).waiting, 3);
  assertEquals(back.texts, [
    "Jedi, yoda: early",
    "Jedi, yoda: one (kept)",
    "Jedi, yoda: three (kept)",
  ]);
});

Deno.test("groups and their members outlive a restart", () => {
  const { harness, yoda } = jedi();
  yoda.ask("group-message", { group: "jedi", text: "x", mid: "x" });
  const after = harness.restarted();
  const obiwan = after.login("obiwan");
  const luke = after.login("luke");
  assertEquals(obiwan.ask("groups", {}).groups, [
    { group: "Jedi", leader: "yoda", joined: true, leaderOnly: false, size: 2 },
  ]);
  assertEquals(luke.ask("groups", {}).groups.map((each) => each.joined), [
    false,
  ]);
  luke.ask("group-join", { group: "jedi" });
  assertEquals(
    luke.ask("group-message", { group: "jedi", text: "y", mid: "y" }).number,
    2,
  );
  assertEquals(obiwan.texts.at(-1), "Jedi, luke: y");
});

Deno.test("groups: a digest tells whether group-members says the same as before", () => {
  const { yoda, luke } = jedi();
  const group = "Jedi";
  const seen = new Set<string | undefined>();
  const look = (client = yoda) => {
    const { digest } = client.ask("groups", { digests: true }).groups[0]!;
    const { joined: members, history = false, topic = "" } = client.ask(
      "group-members",
      { group },
    );
    assertEquals(digest, groupDigest({ members, history, topic }));
    seen.add(digest);
  };
  look();
  luke.ask("group-join", { group });
  look(luke);
  yoda.ask("group-set", { group, history: true });
  look();
  yoda.ask("group-set", { group, topic: "the force" });
  look(luke);
  luke.ask("rename", { name: "han2" });
  look();
  assertEquals(seen.size, 5);
  assertEquals(yoda.ask("groups", {}).groups[0]?.digest, undefined);
});

Deno.test("group-members is for those who belong to the group", () => {
  const { luke, hans } = jedi();
  assertEquals(luke.ask("group-members", { group: "jedi" }).invited, ["luke"]);
  assert(
    hans.refused("group-members", { group: "jedi" }).startsWith("not_in_group"),
  );
  assert(
    hans.refused("group-members", { group: "x" }).startsWith("unknown_group"),
  );
});

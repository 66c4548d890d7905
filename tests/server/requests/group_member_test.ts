import { assert, assertEquals } from "@std/assert";
import { limits } from "../../../lib/wire/limits.ts";
import type { RequestFields } from "../../../lib/wire/request.ts";
import type { TestClient } from "../../support/core_client.ts";
import { CoreHarness } from "../../support/core_harness.ts";
import { accountsOf } from "../../support/core_accounts.ts";

const group = "jedi";

/** yoda leads Jedi; obiwan, then luke have joined, leia is invited, hans is not. */
function jedi() {
  const harness = new CoreHarness();
  const [yoda, obiwan, luke, leia, hans] = [
    harness.login("yoda"),
    harness.login("obiwan"),
    harness.login("luke"),
    harness.login("leia"),
    harness.login("hans"),
  ];
  const users = ["luke", "obiwan", "leia"];
  yoda.ask("group-create", { group: "Jedi", users });
  harness.advance(10);
  obiwan.ask("group-join", { group });
  harness.advance(10);
  luke.ask("group-join", { group });
  const all = [yoda, obiwan, luke, leia, hans];
  return { harness, yoda, obiwan, luke, leia, hans, all };
}

function say(client: TestClient, text: string) {
  const mid = text.replaceAll(" ", "-");
  return client.ask("group-message", { group, text, mid });
}

function roles(client: TestClient) {
  const { leader, joined, invited } = client.ask("group-members", { group });
  return { leader, joined: joined.sort(), invited };
}

const names = ["yoda", "obiwan", "luke", "leia", "hans"];

Deno.test("group-leave tells the members, and nothing later arrives", () => {
  const { yoda, obiwan, luke, leia, harness } = jedi();
  assertEquals(obiwan.ask("group-leave", { group: "JEDI" }), {
    group: "Jedi",
    declined: false,
    ended: false,
  });
  const at = harness.now.wall;
  const left = [{ group: "Jedi", user: "obiwan", at, why: "left" as const }];
  for (const client of [yoda, luke]) {
    assertEquals(client.eventsOf("left"), left);
    assertEquals(client.eventsOf("leader"), []);
  }
  for (const client of [obiwan, leia]) {
    assertEquals(client.eventsOf("left"), []);
  }
  say(yoda, "after");
  assertEquals(obiwan.texts, []);
  assertEquals(luke.texts, ["Jedi, yoda: after"]);
  assertEquals(
    obiwan.refused("group-message", { group, text: "x", mid: "x" }),
    "not_in_group: You are not in this group chat",
  );
  assertEquals(
    obiwan.refused("group-leave", { group }),
    "not_in_group: You are not in this group chat",
  );
  assertEquals(
    obiwan.refused("group-leave", { group: "sith" }),
    "unknown_group: The group chat does not exist",
  );
  assert(obiwan.refused("group-join", { group }).startsWith("not_invited"));
  assertEquals(obiwan.ask("groups", {}).groups, []);
  assertEquals(roles(harness.restarted().login("yoda")), {
    leader: "yoda",
    joined: ["luke", "yoda"],
    invited: ["leia"],
  });
});

Deno.test("group-leave of an invited user declines the invitation", () => {
  const { yoda, luke, leia, harness } = jedi();
  assertEquals(leia.ask("group-leave", { group }), {
    group: "Jedi",
    declined: true,
    ended: false,
  });
  assertEquals(yoda.eventsOf("left").map(({ why }) => why), ["declined"]);
  assertEquals(luke.eventsOf("left").map(({ user }) => user), ["leia"]);
  assertEquals(roles(yoda).invited, []);
  leia.disconnect();
  assertEquals(harness.login("leia").eventsOf("invited"), []);
});

Deno.test("group-leave of the leader makes the member of longest standing lead", () => {
  const { yoda, obiwan, luke, leia, harness } = jedi();
  assertEquals(yoda.ask("group-leave", { group }), {
    group: "Jedi",
    declined: false,
    leader: "obiwan",
    ended: false,
  });
  const at = harness.now.wall;
  for (const client of [obiwan, luke]) {
    assertEquals(client.events.slice(-2).map(({ ev }) => ev), [
      "left",
      "leader",
    ]);
    assertEquals(client.eventsOf("leader"), [
      { group: "Jedi", leader: "obiwan", at },
    ]);
  }
  assertEquals(leia.eventsOf("leader"), []);
  const after = harness.restarted();
  assertEquals(roles(after.login("luke")).leader, "obiwan");
  after.login("obiwan").ask("group-add", { group, user: "yoda" });
});

Deno.test("group-leave of the last member ends the group; its name is free and its messages are not the next one's", () => {
  const { yoda, obiwan, luke, leia, harness } = jedi();
  luke.disconnect();
  harness.advance(1_000);
  say(yoda, "old");
  // luke, who is away, is owed the message even after the end.
  yoda.ask("group-remove", { group, user: "luke" });
  obiwan.ask("group-leave", { group });
  assertEquals(yoda.ask("group-leave", { group }), {
    group: "Jedi",
    declined: false,
    ended: true,
  });
  const at = harness.now.wall;
  assertEquals(leia.eventsOf("group-end"), [{ group: "Jedi", at }]);
  assertEquals(leia.ask("groups", {}).groups, []);
  assert(yoda.refused("group-members", { group }).startsWith("unknown_group"));
  // A repetition is answered although the group is gone, also after a restart.
  assertEquals(say(yoda, "old").number, 1);

  const after = harness.restarted();
  const again = after.login("yoda");
  assertEquals(say(again, "old").number, 1);
  again.ask("group-create", { group: "JEDI", users: ["hans"] });
  const han = after.login("hans");
  han.ask("group-join", { group });
  assertEquals(han.texts, []);
  again.ask("group-message", { group, text: "new", mid: "n" });
  assertEquals(han.texts, ["JEDI, yoda: new"]);
  assertEquals(after.login("luke").texts, ["Jedi, yoda: old (kept)"]);
  assert(after.logOf("JEDI")[0]?.startsWith("1; "));
});

Deno.test("group-add invites, once", () => {
  const { yoda, luke, hans, harness } = jedi();
  assertEquals(yoda.ask("group-add", { group, user: "hans" }), {
    group: "Jedi",
    user: "hans",
  });
  const at = harness.now.wall;
  assertEquals(hans.eventsOf("invited"), [
    { group: "Jedi", by: "yoda", leaderOnly: false, at },
  ]);
  say(yoda, "before");
  assertEquals(hans.texts, []);
  hans.ask("group-join", { group });
  assertEquals(luke.eventsOf("joined").at(-1)?.user, "hans");
  say(yoda, "after");
  assertEquals(hans.texts, ["Jedi, yoda: after"]);
});

Deno.test("group-remove takes a member out and tells everyone", () => {
  const { yoda, obiwan, luke, harness } = jedi();
  assertEquals(yoda.ask("group-remove", { group, user: "luke" }), {
    group: "Jedi",
    user: "luke",
    invited: false,
  });
  const at = harness.now.wall;
  const removed = [{ group: "Jedi", user: "luke", by: "yoda", at }];
  assertEquals(luke.eventsOf("removed"), removed);
  assertEquals(obiwan.eventsOf("removed"), removed);
  assertEquals(yoda.eventsOf("removed"), []);
  say(yoda, "after");
  assertEquals(luke.texts, []);
  assertEquals(obiwan.texts, ["Jedi, yoda: after"]);
  yoda.ask("group-add", { group, user: "luke" });
  luke.ask("group-join", { group });
  say(yoda, "again");
  assertEquals(luke.texts, ["Jedi, yoda: again"]);
});

Deno.test("group-remove takes an invitation back", () => {
  const { yoda, leia, harness } = jedi();
  const reply = yoda.ask("group-remove", { group, user: "leia" });
  assertEquals(reply.invited, true);
  assertEquals(leia.eventsOf("removed").length, 1);
  assert(leia.refused("group-join", { group }).startsWith("not_invited"));
  assertEquals(roles(harness.restarted().login("yoda")).invited, []);
});

Deno.test("group-promote hands the lead over", () => {
  const { yoda, obiwan, luke, harness } = jedi();
  assertEquals(yoda.ask("group-promote", { group, user: "luke" }), {
    group: "Jedi",
    leader: "luke",
  });
  const at = harness.now.wall;
  const told = [{ group: "Jedi", leader: "luke", by: "yoda", at }];
  assertEquals(luke.eventsOf("leader"), told);
  assertEquals(obiwan.eventsOf("leader"), told);
  assertEquals(yoda.eventsOf("leader"), []);
  assertEquals(
    yoda.refused("group-add", { group, user: "hans" }),
    "leader_only: Only luke, who leads Jedi, may do this",
  );
  luke.ask("group-remove", { group, user: "yoda" });
  assertEquals(roles(harness.restarted().login("luke")).leader, "luke");
});

Deno.test("what only the leader may do is refused with each fault and changes nothing", () => {
  const { yoda, luke, leia, hans } = jedi();
  const before = roles(yoda);
  const requests = ["group-add", "group-remove", "group-promote"] as const;
  for (const name of requests) {
    const refused = (client: TestClient, fields: RequestFields<"group-add">) =>
      client.refused(name, fields);
    assertEquals(
      refused(luke, { group, user: "hans" }),
      "leader_only: Only yoda, who leads Jedi, may do this",
    );
    for (const client of [leia, luke]) {
      assert(
        refused(client, { group, user: "yoda" }).startsWith("leader_only"),
      );
    }
    assert(refused(hans, { group, user: "luke" }).startsWith("not_in_group"));
    assert(
      refused(yoda, { group: "sith", user: "luke" }).startsWith(
        "unknown_group",
      ),
    );
    assertEquals(
      refused(yoda, { group, user: "vader" }),
      "unknown_user: There is no user vader",
    );
  }
  const cases = [
    ["group-add", "luke", "already_member: luke is already in group chat Jedi"],
    [
      "group-add",
      "leia",
      "already_member: leia is already invited to group chat Jedi",
    ],
    ["group-add", "yoda", "already_member: yoda is already in group chat Jedi"],
    ["group-remove", "hans", "not_a_member: hans is not in group chat Jedi"],
    [
      "group-remove",
      "yoda",
      "is_self: You cannot remove yourself; /leavegroup leaves the group chat",
    ],
    ["group-promote", "hans", "not_a_member: hans is not in group chat Jedi"],
    [
      "group-promote",
      "leia",
      "not_a_member: leia has not joined group chat Jedi yet",
    ],
    [
      "group-promote",
      "yoda",
      "already_leader: You lead group chat Jedi already",
    ],
  ] as const;
  for (const [name, user, refusal] of cases) {
    assertEquals(yoda.refused(name, { group, user }), refusal);
  }
  assertEquals(roles(yoda), before);
});

Deno.test("who was removed or left still gets what was sent before, also after a restart", () => {
  const { yoda, obiwan, luke, harness } = jedi();
  luke.disconnect();
  obiwan.disconnect();
  harness.advance(1_000);
  say(yoda, "one");
  yoda.ask("group-remove", { group, user: "luke" });
  say(yoda, "two");
  yoda.ask("group-add", { group, user: "luke" });
  const after = harness.restarted();
  const back = after.connect();
  assertEquals(back.login("luke").waiting, 1);
  assertEquals(back.texts, ["Jedi, yoda: one (kept)"]);
  back.ask("group-join", { group });
  const leader = after.login("yoda");
  leader.ask("group-message", { group, text: "three", mid: "3" });
  assertEquals(back.texts.at(-1), "Jedi, yoda: three");
  assertEquals(after.login("obiwan").texts.length, 3);
});

Deno.test("a removal that cannot be stored changes nothing, also for who goes offline meanwhile", () => {
  const { yoda, obiwan, luke, all, harness } = jedi();
  const before = roles(yoda);
  harness.commits = "failing";
  for (
    const refusal of [
      yoda.refused("group-remove", { group, user: "luke" }),
      yoda.refused("group-leave", { group }),
      yoda.refused("group-promote", { group, user: "luke" }),
      yoda.refused("group-add", { group, user: "hans" }),
    ]
  ) assert(refusal.startsWith("storage_failed"), refusal);
  harness.commits = "done";
  assertEquals(roles(yoda), before);
  for (const client of all) assertEquals(client.eventsOf("left"), []);
  say(yoda, "still here");
  assertEquals(luke.texts, ["Jedi, yoda: still here"]);

  harness.commits = "held";
  yoda.send("group-remove", { group, user: "luke" });
  luke.disconnect();
  harness.release();
  assertEquals(roles(yoda).joined, ["obiwan", "yoda"]);
  const back = harness.login("luke");
  say(yoda, "to obiwan");
  // What was not confirmed comes again, and nothing new.
  assertEquals(back.texts, ["Jedi, yoda: still here"]);
  assertEquals(obiwan.texts.at(-1), "Jedi, yoda: to obiwan");
});

Deno.test("an account that is removed leaves its groups, and is succeeded", () => {
  const { obiwan, luke, leia, harness } = jedi();
  leia.ask("group-create", { group: "alone", users: ["yoda"] });
  harness.removeAccount("yoda");
  harness.removeAccount("leia");
  const left = (client: TestClient) =>
    client.eventsOf("left").map(({ user, why }) => `${user} ${why}`).sort();
  const gone = ["leia account-removed", "yoda account-removed"];
  assertEquals(left(obiwan), gone);
  assertEquals(left(luke), gone);
  assertEquals(luke.eventsOf("leader").map(({ leader }) => leader), ["obiwan"]);
  for (const server of [harness, harness.restarted()]) {
    const client = server === harness ? obiwan : server.login("obiwan");
    assertEquals(roles(client), {
      leader: "obiwan",
      joined: ["luke", "obiwan"],
      invited: [],
    });
    assert(
      client.refused("group-members", { group: "alone" })
        .startsWith("unknown_group"),
    );
  }
});

Deno.test("an account that was removed while the server was down leaves its groups", () => {
  const { harness } = jedi();
  for (const [index, name] of ["yoda", "obiwan"].entries()) {
    const subject = harness.accountOf(name);
    const request = { number: index + 1, what: "remove", subject } as const;
    harness.store.requests.push(request);
  }
  const after = harness.restarted();
  assertEquals(after.store.requests, []);
  const luke = after.login("luke");
  const expected = { leader: "luke", joined: ["luke"], invited: ["leia"] };
  assertEquals(roles(luke), expected);
  // It is stored: whoever has the name now is not a member.
  const all = after.restarted();
  assertEquals(roles(all.login("luke")), expected);
  assertEquals(all.login("yoda").ask("groups", {}).groups, []);
});

Deno.test("a line that is gone from the accounts takes nothing with it", () => {
  const { harness } = jedi();
  harness.setAccounts(["leia"]);
  harness.setAccounts(["luke", "leia"]);
  const luke = harness.login("luke");
  const expected = {
    leader: "yoda",
    joined: ["luke", "obiwan", "yoda"],
    invited: ["leia"],
  };
  assertEquals(roles(luke), expected);
  harness.setAccounts(names);
  assertEquals(roles(harness.login("yoda")), expected);
  assertEquals(roles(harness.restarted().login("yoda")), expected);
});

Deno.test("memberships of a removed account end once the store works again", () => {
  const { obiwan, harness } = jedi();
  harness.commits = "failing";
  harness.removeAccount("yoda");
  assertEquals(roles(obiwan).leader, "yoda");
  harness.commits = "done";
  harness.advance(2_000);
  assertEquals(roles(obiwan).leader, "obiwan");
});

Deno.test("groups per user, invitations per user and members per group are limited", () => {
  const many = limits.groupUsers + 1;
  const crowd = Array.from({ length: many }, (_, index) => `u${index}`);
  const harness = new CoreHarness({ users: ["yoda", "luke", "leia"] });
  const yoda = harness.login("yoda");
  for (let index = 0; index < limits.groupsPerUser; index++) {
    yoda.ask("group-create", { group: `g${index}`, users: ["luke"] });
  }
  assertEquals(
    yoda.refused("group-create", { group: "more", users: ["luke"] }),
    "too_many_groups: You are in 256 group chats already; /leavegroup leaves one",
  );
  const leia = harness.login("leia");
  leia.ask("group-create", { group: "more", users: ["yoda"] });
  assert(
    yoda.refused("group-join", { group: "more" }).startsWith("too_many_groups"),
  );
  yoda.ask("group-leave", { group: "g0" });
  yoda.ask("group-join", { group: "more" });

  const full = new CoreHarness({ users: ["yoda"] });
  // Nobody but yoda logs in: one verifier does for all.
  const accounts = accountsOf(["yoda"]);
  const credential = accounts.get("yoda");
  assert(credential !== undefined);
  for (const name of crowd) {
    accounts.set(name, credential);
  }
  full.core.handleAccounts(accounts, full.now);
  full.drive();
  const leader = full.login("yoda");
  leader.ask("group-create", { group, users: crowd.slice(1) });
  assertEquals(
    leader.refused("group-add", { group, user: "u0" }),
    "group_full: Group chat jedi is full: it has 5000 members besides its leader",
  );
  leader.ask("group-remove", { group, user: "u7" });
  leader.ask("group-add", { group, user: "u0" });
});

Deno.test("an invitation too many is refused", () => {
  const leaders = ["a", "b", "c", "d", "e"];
  const harness = new CoreHarness({ users: ["luke", ...leaders] });
  let refusal = "";
  for (const name of leaders) {
    const client = harness.login(name);
    for (let index = 0; index < limits.groupsPerUser; index++) {
      const fields = { group: `${name}${index}`, users: ["luke"] };
      if (name !== "e") client.ask("group-create", fields);
      else refusal = client.refused("group-create", fields);
    }
  }
  assertEquals(
    refusal,
    "too_many_groups: luke has 1024 invitations to answer first",
  );
});

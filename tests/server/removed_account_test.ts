/** An account that was removed, and another person who gets its name. */
import { assert, assertEquals } from "@std/assert";
import type { TestClient } from "../support/core_client.ts";
import { CoreHarness } from "../support/core_harness.ts";

/** bob has everything that a person can have; messages wait for him. */
function withBob() {
  const users = ["bob", "leia", "luke"];
  const harness = new CoreHarness({ users });
  const leia = harness.login("leia");
  const luke = harness.login("luke");
  const bob = harness.login("bob", undefined, key);
  bob.ask("message", { to: ["leia"], text: "from bob", mid: "b1" });
  leia.ask("message", { to: ["bob"], text: "secret", mid: "l1" });
  bob.ask("profile-set", { field: "email", value: "bob@example.org" });
  bob.ask("block", { user: "luke" });
  leia.ask("group-create", { group: "jedi", users: ["bob", "luke"] });
  bob.ask("group-join", { group: "jedi" });
  bob.disconnect();
  leia.ask("message", { to: ["bob"], text: "waits", mid: "l2" });
  leia.ask("group-message", { group: "jedi", text: "waits too", mid: "l3" });
  return { harness, leia, luke, bob };
}

Deno.test("a removed account leaves nothing to who has the name next", () => {
  const { harness, leia, luke, bob: before } = withBob();
  harness.removeAccount("bob");
  assert(
    leia.refused("message", { to: ["bob"], text: "x", mid: "l4" })
      .startsWith("unknown_user"),
  );
  harness.setAccounts(["bob", "leia", "luke"]);
  const resumed = harness.connect();
  resumed.hello();
  assert(
    resumed.refused("resume", { token: before.token, udpPort: 0 })
      .startsWith("token_invalid"),
  );
  hasNothing(harness, luke, leia, "n1");
  const after = harness.restarted();
  hasNothing(after, after.login("luke"), after.login("leia"), "n2");
});

Deno.test("a name that is free again may be taken by somebody who keeps what is theirs", () => {
  const { harness, luke } = withBob();
  harness.removeAccount("bob");
  luke.ask("profile-set", { field: "hometown", value: "Tatooine" });
  luke.ask("rename", { name: "bob" });
  assertEquals(luke.ask("profile", {}), {
    user: "bob",
    fields: { hometown: "Tatooine" },
    online: true,
    since: harness.now.wall,
  });
  assertEquals(luke.ask("history", {}).messages, []);
  assertEquals(luke.ask("history", { with: "leia" }).messages, []);
});

Deno.test("what a removed account sent is told from what its successor sends", () => {
  const { harness, leia } = withBob();
  harness.removeAccount("bob");
  const past = () =>
    leia.ask("history", { with: "bob" }).messages
      .map(({ from, to, text }) => `${from} to ${to}: ${text}`);
  const ofFormer = [
    "bob (removed) to leia: from bob",
    "leia to bob (removed): secret",
    "leia to bob (removed): waits",
  ];
  assertEquals(past(), ofFormer);
  harness.setAccounts(["bob", "leia", "luke"]);
  assertEquals(past(), []);
  leia.ask("message", { to: ["bob"], text: "welcome", mid: "l5" });
  assertEquals(past(), ["leia to bob: welcome"]);
  const all = leia.ask("history", { limit: 20 }).messages
    .filter(({ kind }) => kind === "private")
    .map(({ from, to, text }) => `${from} to ${to}: ${text}`);
  assertEquals(all, [...ofFormer, "leia to bob: welcome"]);
});

Deno.test("a removal that cannot be stored is stored later, and shuts out at once", () => {
  const { harness, leia } = withBob();
  harness.commits = "failing";
  harness.removeAccount("bob");
  assert(harness.store.requests.length > 0);
  assert(leia.refused("profile", { user: "bob" }).startsWith("unknown_user"));
  harness.commits = "done";
  harness.advance(2_000);
  assertEquals(harness.store.requests, []);
  assertEquals(harness.store.profiles.size, 0);
});

function hasNothing(
  harness: CoreHarness,
  luke: TestClient,
  leia: TestClient,
  mid: string,
): void {
  const bob = harness.connect();
  assertEquals(bob.login("bob").waiting, 0);
  assertEquals(bob.texts, []);
  assertEquals(bob.eventsOf("invited"), []);
  assertEquals(bob.ask("history", {}).messages, []);
  assertEquals(bob.ask("history", { with: "leia" }).messages, []);
  assertEquals(bob.ask("profile", {}).fields, {});
  assertEquals(bob.ask("groups", {}).groups, []);
  assertEquals(bob.ask("blocked", {}).users, []);
  assert(
    bob.refused("history", { group: "jedi" }).startsWith("not_in_group"),
  );
  assertEquals(leia.ask("identity", { user: "bob" }).identity, undefined);
  // Neither is luke blocked any more.
  luke.ask("find", { name: "bob" });
  luke.ask("message", { to: ["bob"], text: "hi", mid });
  assertEquals(bob.texts, ["luke: hi"]);
  bob.ask("ack", { upto: bob.eventsOf("message").at(-1)?.id ?? 0 });
  bob.disconnect();
  harness.removeAccount("bob");
  harness.setAccounts(["bob", "leia", "luke"]);
}

const key = "iojj3XQJ8ZX9UtstPLpdcspnCb8dlBIb83SIAbQPb1w";

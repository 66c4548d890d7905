/** User names are found in any letter case, and shown as they are stored. */
import { assert, assertEquals } from "@std/assert";
import { CoreHarness } from "../support/core_harness.ts";
import { passwordOf } from "../support/core_accounts.ts";

function inside(harness: CoreHarness, name: string, password: string) {
  const client = harness.connect();
  const reply = client.replyTo(client.sendLogin(name, passwordOf(password)));
  assert(reply !== undefined && "ok" in reply, JSON.stringify(reply));
  return { client, user: (reply.ok as { user: string }).user };
}

Deno.test("names: login and requests take any case, replies, events and logs have the stored form", () => {
  const harness = new CoreHarness();
  const { client: yoda, user } = inside(harness, "YODA", "yoda");
  assertEquals(user, "yoda");
  const luke = harness.login("luke");
  assertEquals(harness.userLog.map(({ user }) => user), ["yoda", "luke"]);
  const sent = yoda.ask("message", {
    to: ["Luke", "luke"],
    text: "1",
    mid: "1",
  });
  assertEquals(sent.sent.map(({ to }) => to), ["luke"]);
  assertEquals(luke.texts, ["yoda: 1"]);
  assert(harness.log[0]?.includes("; yoda; luke; 1"), harness.log[0]);
  assertEquals(
    yoda.refused("message", { to: ["Yoda"], text: "1", mid: "2" }),
    "is_self: You cannot send a message to yourself",
  );
  const users = ["LEIA"];
  const { members } = yoda.ask("group-create", { group: "jedi", users });
  assertEquals(members, ["yoda", "leia"]);
  assertEquals(yoda.ask("profile", { user: "LUKE" }).user, "luke");
  assertEquals(yoda.ask("block", { user: "LUKE" }).user, "luke");
  assertEquals(yoda.ask("unblock", { user: "lUKE" }).user, "luke");
  assertEquals(yoda.ask("history", { with: "LUKE" }).messages.length, 1);
  // The other account is one, too, for who is there already.
  const again = harness.connect();
  const reply = again.replyTo(again.sendLogin("LUKE", passwordOf("luke")));
  assertEquals(reply && "code" in reply && reply.code, "already_online");
});

Deno.test("names: an own name in other letters is another form of it, also over a restart", () => {
  const harness = new CoreHarness();
  const { client: yoda } = inside(harness, "yoda", "yoda");
  const luke = harness.login("luke");
  assertEquals(yoda.ask("rename", { name: "Yoda" }), {
    from: "yoda",
    to: "Yoda",
  });
  assertEquals(luke.eventsOf("renamed"), [{ from: "yoda", to: "Yoda" }]);
  assertEquals(yoda.bye, undefined);
  assertEquals(luke.ask("who", {}).users[0]?.user, "Yoda");
  luke.ask("message", { to: ["yoda"], text: "1", mid: "1" });
  assertEquals(yoda.texts, ["luke: 1"]);
  const after = harness.restarted();
  assertEquals(inside(after, "yoda", "yoda").user, "Yoda");
  assertEquals(
    [...after.store.users.values()].length,
    harness.store.users.size,
  );
});

Deno.test("names: one edited in the accounts in nothing but its case is the same person's", () => {
  const harness = new CoreHarness();
  const luke = harness.login("luke");
  luke.ask("message", { to: ["leia"], text: "1", mid: "1" });
  const count = harness.store.users.size;
  harness.accounts = new Map(
    [...harness.accounts].map(([name, each]) => [
      name === "leia" ? "Leia" : name,
      each,
    ]),
  );
  harness.core.handleAccounts(harness.accounts, harness.now);
  harness.drive();
  const { client, user } = inside(harness, "leia", "leia");
  assertEquals([user, client.texts], ["Leia", ["luke: 1 (kept)"]]);
  harness.advance(1000);
  assertEquals(harness.store.users.size, count);
});

Deno.test("names: of two that an older server let differ only in case, each is found exactly so", () => {
  const both = new CoreHarness();
  const accounts = new Map(both.accounts);
  const credential = accounts.get("luke");
  assert(credential !== undefined);
  accounts.set("Luke", credential);
  const harness = both.restarted({ accounts });
  const one = inside(harness, "luke", "luke");
  const other = inside(harness, "Luke", "luke");
  const yoda = harness.login("yoda");
  assertEquals([one.user, other.user], ["luke", "Luke"]);
  const send = (to: string) => ({ to: [to], text: to, mid: to });
  yoda.ask("message", send("Luke"));
  yoda.ask("message", send("luke"));
  assertEquals(one.client.texts, ["yoda: luke"]);
  assertEquals(other.client.texts, ["yoda: Luke"]);
  assertEquals(
    yoda.refused("message", send("LUKE")),
    "unknown_user: There is no user LUKE",
  );
  // One of them goes: the other is meant in any case.
  accounts.delete("Luke");
  harness.core.handleAccounts(accounts, harness.now);
  harness.drive();
  assertEquals(other.client.bye, "account_removed");
  yoda.ask("message", send("LUKE"));
  assertEquals(one.client.texts.at(-1), "yoda: LUKE");
});

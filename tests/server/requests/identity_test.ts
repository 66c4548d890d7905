import { assert, assertEquals, assertNotEquals } from "@std/assert";
import { limits } from "../../../lib/wire/limits.ts";
import { CoreHarness } from "../../support/core_harness.ts";

const one = `${"1".repeat(42)}A`;
const two = `${"2".repeat(42)}A`;

Deno.test("identity: the key of a login is handed out, online or not, and with presence", () => {
  const harness = new CoreHarness();
  const yoda = harness.login("yoda");
  const luke = harness.login("luke", undefined, one);
  const [account] = yoda.eventsOf("presence").map((each) => each.account);
  assert(account !== undefined);
  const known = { user: "luke", account, identity: one };
  assertEquals(yoda.ask("identity", { user: "luke" }), known);
  assertEquals(yoda.eventsOf("presence").map((each) => each.identity), [one]);
  luke.ask("logout", {});
  assertEquals(yoda.ask("identity", { user: "luke" }), known);
  assertEquals(yoda.eventsOf("presence").at(-1)?.identity, undefined);
  // Whoever has the name next is another person.
  harness.removeAccount("luke");
  harness.setAccounts(["yoda", "luke"]);
  harness.login("luke");
  const { account: next, ...rest } = yoda.ask("identity", { user: "luke" });
  assertEquals(rest, { user: "luke" });
  assertNotEquals(next, account);
  assertEquals(luke.closed, true);
});

Deno.test("identity: it outlives a restart, and another login replaces it", () => {
  const harness = new CoreHarness();
  harness.login("luke", undefined, one).disconnect();
  const again = harness.restarted();
  const yoda = again.login("yoda");
  const ask = () => yoda.ask("identity", { user: "luke" }).identity;
  assertEquals(ask(), one);
  const luke = again.login("luke", undefined, two);
  assertEquals(ask(), two);
  luke.ask("logout", {});
  // A client without a key cannot sign with that of another.
  again.login("luke");
  assertEquals(ask(), undefined);
});

Deno.test("identity: who comes back by token keeps the key, or brings another", () => {
  const harness = new CoreHarness();
  const yoda = harness.login("yoda");
  const ask = () => yoda.ask("identity", { user: "luke" }).identity;
  const luke = harness.login("luke", undefined, one);
  luke.disconnect();
  const back = harness.connect();
  back.resume(luke.token);
  assertEquals(ask(), one);
  back.disconnect();
  harness.connect().resume(back.token, 0, two);
  assertEquals(ask(), two);
});

Deno.test("identity: a login that could not be stored changes nothing", () => {
  const harness = new CoreHarness();
  const yoda = harness.login("yoda");
  harness.login("luke", undefined, one).ask("logout", {});
  harness.commits = "failing";
  const client = harness.connect();
  client.sendLogin("luke", undefined, 0, two);
  harness.commits = "done";
  assertEquals(yoda.ask("identity", { user: "luke" }).identity, one);
});

Deno.test("identity: what is refused", () => {
  const harness = new CoreHarness();
  const yoda = harness.login("yoda", undefined, one);
  const luke = harness.login("luke");
  const refused = (user: string) => yoda.refused("identity", { user });
  assertEquals(refused("vader"), "unknown_user: There is no user vader");
  assertEquals(refused("leia"), "user_offline: leia is offline");
  assertEquals(yoda.ask("identity", { user: "luke" }).identity, undefined);
  luke.ask("block", { user: "yoda" });
  const refusal = "not_delivered: Your request to luke could not be delivered";
  assertEquals(refused("luke"), refusal);
  assertEquals(
    luke.refused("identity", { user: "yoda" }),
    "you_blocked: You have blocked yoda; /unblock yoda first",
  );
  // Whether the one who blocks is online makes no difference.
  luke.disconnect();
  assertEquals(refused("luke"), refusal);
  // Keys have one spelling.
  for (const key of ["", "1".repeat(42), `${"1".repeat(42)}B`, `${one}=`]) {
    const fields = { scram: "n,,n=leia,r=x", udpPort: 0, identity: key };
    const client = harness.connect();
    client.hello();
    const refusal = client.refused("login", fields);
    assertEquals(refusal.split(":")[0], "bad_request", key);
  }
});

Deno.test("identity: offers carry the key of the login and both signatures unchanged", () => {
  const harness = new CoreHarness();
  const yoda = harness.login("yoda", undefined, one);
  const luke = harness.login("luke", undefined, two);
  const offer = "00ff00ff00ff00ff";
  const signature = `${"s".repeat(85)}A`;
  const key = "k".repeat(43);
  const fields = { offer, kind: "session" as const, key, addresses: [] };
  yoda.ask("offer", { ...fields, to: "luke", signature });
  const [event] = luke.eventsOf("offer");
  assertEquals([event?.identity, event?.signature], [one, signature]);
  luke.ask("answer", { offer, accept: true, key, signature });
  assertEquals(yoda.eventsOf("answer")[0]?.signature, signature);
});

Deno.test("identity: the key of the first device stays the user's, whatever others have", () => {
  const harness = new CoreHarness();
  const luke = harness.login("luke");
  const laptop = harness.connect();
  laptop.entry = { device: { id: "00000000000000aa", name: "laptop" } };
  assertEquals(laptop.login("yoda", 0, one).identity, undefined);
  const phone = harness.connect();
  phone.entry = { device: { id: "00000000000000bb", name: "phone" } };
  assertEquals(phone.login("yoda", 0, two).identity, one);
  assertEquals(luke.ask("identity", { user: "yoda" }).identity, one);
  assert(
    phone.refused("identity-set", { identity: two }).startsWith("no_key"),
  );
  // Once linked it has the same.
  phone.ask("identity-set", { identity: one });
  phone.disconnect();
  const again = harness.connect();
  again.entry = phone.entry;
  assertEquals(again.login("yoda", 0, one).identity, undefined);
  assertEquals(luke.eventsOf("presence").length, 1);
});

Deno.test("identity: a new key in its place is stored and told to everybody", () => {
  const harness = new CoreHarness();
  const luke = harness.login("luke");
  const laptop = harness.loginFrom("yoda", "laptop", { identity: one });
  const phone = harness.loginFrom("yoda", "phone", { identity: two });
  const set = { identity: two, replace: true };
  harness.commits = "held";
  const id = phone.send("identity-set", set);
  harness.release("failing");
  const failed = phone.replyTo(id);
  assert(failed !== undefined && "code" in failed);
  assertEquals(failed.code, "storage_failed");
  harness.commits = "done";
  assertEquals(luke.ask("identity", { user: "yoda" }).identity, one);
  phone.ask("identity-set", set);
  assertEquals(laptop.eventsOf("identity"), [{ identity: two }]);
  assertEquals(phone.eventsOf("identity"), []);
  assertEquals(luke.eventsOf("presence").map(({ identity }) => identity), [
    one,
    two,
  ]);
  const restarted = harness.restarted().login("luke");
  assertEquals(
    restarted.ask("identity", { user: "yoda" }).identity,
    two,
  );
});

Deno.test("link: is passed on to the user's other devices, or to the one that is named", () => {
  const harness = new CoreHarness();
  const laptop = harness.loginFrom("yoda", "laptop");
  assertEquals(
    laptop.refused("link", ask),
    "unknown_device: You are online on no other device",
  );
  const phone = harness.loginFrom("yoda", "phone");
  const visit = harness.loginFrom("yoda", "visit", { visit: true });
  const luke = harness.loginFrom("luke", "laptop");
  const old = harness.login("yoda");
  const desktop = harness.loginFrom("yoda", "desktop");
  assertEquals(laptop.ask("link", ask), { device: "laptop", sent: 2 });
  const told = { device: "laptop", ...ask };
  assertEquals([phone, desktop].map((each) => each.eventsOf("link")), [
    [told],
    [told],
  ]);
  assertEquals(desktop.ask("link", { ...ask, device: "Phone" }).sent, 1);
  assertEquals(phone.eventsOf("link").length, 2);
  assertEquals(
    desktop.refused("link", { ...ask, device: "tablet" }),
    "unknown_device: Your device tablet is not online",
  );
  for (const other of [visit, luke, old, laptop]) {
    assertEquals(other.eventsOf("link"), []);
  }
  for (const other of [visit, old]) {
    assert(other.refused("link", ask).startsWith("bad_request"));
  }
});

Deno.test("limit linkCost: so few are passed on at once, each of at most a line", () => {
  const messageRate = 10;
  const harness = new CoreHarness({ options: { messageRate } });
  const laptop = harness.loginFrom("yoda", "laptop");
  const phone = harness.loginFrom("yoda", "phone");
  const burst = messageRate * limits.messageBurstSeconds / limits.linkCost;
  for (let i = 0; i < burst; i++) laptop.ask("link", ask);
  assert(laptop.refused("link", ask).startsWith("too_fast"));
  assertEquals(phone.eventsOf("link").length, burst);
  harness.advance(limits.linkCost / messageRate * 1000);
  laptop.ask("link", ask);
  harness.advance(60_000);
  const data = "A".repeat(60 * 1024);
  laptop.ask("link", { ...ask, data });
  const longer = laptop.refused("link", { ...ask, data: `${data}A` });
  assert(longer.startsWith("bad_request"));
});

const ask = { step: "ask", data: "AAAA" } as const;

Deno.test("identity: an account is found under another name, also when its old one is somebody else's", () => {
  const harness = new CoreHarness();
  const yoda = harness.login("yoda");
  const luke = harness.login("luke", undefined, one);
  const { account } = yoda.ask("identity", { user: "luke" });
  assert(account !== undefined);
  luke.ask("rename", { name: "farmer" });
  harness.login("leia").ask("rename", { name: "luke" });
  const asked = yoda.ask("identity", { user: "luke", account });
  assertEquals(asked, { user: "farmer", account, identity: one });
  // Of none that there is, the name counts.
  const unknown = "0".repeat(16);
  const { user } = yoda.ask("identity", { user: "luke", account: unknown });
  assertEquals(user, "luke");
});

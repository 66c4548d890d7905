import { assert, assertEquals, assertNotEquals } from "@std/assert";
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

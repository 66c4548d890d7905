import { assertEquals } from "@std/assert";
import { CoreHarness } from "../../support/core_harness.ts";

Deno.test("who lists everyone else online, in the order of their logins", () => {
  const harness = new CoreHarness();
  const yoda = harness.login("yoda");
  assertEquals(yoda.ask("who", {}), { users: [] });
  const since = harness.now.wall;
  harness.login("luke", "2001:db8::7");
  harness.advance(1_000);
  const leia = harness.login("leia");
  assertEquals(yoda.ask("who", {}), {
    users: [
      { user: "luke", since, ip: "2001:db8::7", udpPort: 7002 },
      { user: "leia", since: since + 1_000, ip: "192.0.2.1", udpPort: 7003 },
    ],
  });
  leia.disconnect();
  assertEquals(yoda.ask("who", {}).users.length, 1);
});

Deno.test("ack never goes back, nor beyond what was delivered", () => {
  const harness = new CoreHarness();
  const yoda = harness.login("yoda");
  const luke = harness.login("luke");
  for (const mid of ["1", "2"]) {
    yoda.ask("message", { to: ["luke"], text: mid, mid });
  }
  luke.ask("ack", { upto: 2 });
  luke.ask("ack", { upto: 1 });
  luke.ask("ack", { upto: 1000 });
  luke.disconnect();
  yoda.ask("message", { to: ["luke"], text: "3", mid: "3" });
  assertEquals(harness.login("luke").texts, ["yoda: 3 (kept)"]);
});

Deno.test("who-since has who is online and who was a while ago", () => {
  const harness = new CoreHarness();
  const yoda = harness.login("yoda");
  const luke = harness.login("luke");
  const leia = harness.login("leia");
  const seen = (client: typeof yoda, seconds: number) =>
    client.ask("who-since", { seconds }).users.map(({ user, online }) =>
      `${user}${online ? "" : " (gone)"}`
    );
  leia.ask("logout", {});
  harness.advance(5_000);
  luke.disconnect();
  harness.advance(5_000);
  const hans = harness.login("hans");
  assertEquals(seen(yoda, 0), ["hans"]);
  assertEquals(seen(yoda, 7), ["hans", "luke (gone)"]);
  assertEquals(seen(yoda, 10), ["hans", "luke (gone)", "leia (gone)"]);
  // Obiwan never was there; nobody sees oneself.
  assertEquals(seen(hans, 1e12), ["yoda", "luke (gone)", "leia (gone)"]);
  const { total, users } = yoda.ask("who-since", { seconds: 7 });
  assertEquals([total, users[1]?.at], [2, harness.now.wall - 5_000]);
  for (const seconds of [-1, 1.5]) {
    const refused = yoda.refused("who-since", { seconds });
    assertEquals(refused.split(":")[0], "bad_request");
  }
});

Deno.test("who-since knows after a crash who was there", () => {
  const harness = new CoreHarness();
  harness.login("yoda");
  harness.login("luke").disconnect();
  harness.advance(3_600_000);
  const after = harness.restarted();
  const leia = after.login("leia");
  const { users } = leia.ask("who-since", { seconds: 600 });
  assertEquals(users.map(({ user }) => user), ["yoda"]);
});

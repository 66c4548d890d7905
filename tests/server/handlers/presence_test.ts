import { assertEquals } from "@std/assert";
import { CoreHarness } from "../../support/core_harness.ts";

Deno.test("who lists everyone else on line, in the order of their logins", () => {
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

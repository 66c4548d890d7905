/** What senders are told of private messages that have arrived. */
import { assertEquals } from "@std/assert";
import { limits } from "../../../lib/wire/limits.ts";
import { deviceOf, type TestClient } from "../../support/core_client.ts";
import { CoreHarness } from "../../support/core_harness.ts";

let lastMid = 0;

/** @returns The number of the message. */
function say(from: TestClient, text: string, to = "yoda"): number {
  const mid = `${++lastMid}`;
  return from.ask("message", { to: [to], text, mid }).sent[0]!.number;
}

/** The client acknowledges what came to it. */
function ack(client: TestClient): void {
  const upto = client.eventsOf("message").at(-1)?.id ?? 0;
  client.ask("ack", { upto });
}

/** What a client was told since it was asked last. */
function told(client: TestClient) {
  const all = client.eventsOf("delivered");
  const rest = client.events.filter(({ ev }) => ev !== "delivered");
  client.events.splice(0, client.events.length, ...rest);
  return all.map(({ to, number, kept }) => ({ to, number, kept }));
}

Deno.test("delivered: told when the first device of the receiver has acknowledged it, to all devices of the sender", () => {
  const harness = new CoreHarness();
  const luke = harness.loginFrom("luke", "laptop");
  const phone = harness.loginFrom("luke", "phone");
  const desk = harness.loginFrom("yoda", "desk");
  const sofa = harness.loginFrom("yoda", "sofa");
  say(luke, "one");
  const number = say(luke, "two");
  assertEquals(told(luke), []);
  ack(desk);
  const told2 = [{ to: "yoda", number, kept: undefined }];
  assertEquals([told(luke), told(phone)], [told2, told2]);
  // It is there: that another one has it, too, is no news.
  ack(sofa);
  assertEquals([told(luke), told(phone)], [[], []]);
  // Nor is what nobody of them was sent.
  luke.ask("broadcast", { text: "all", mid: "b" });
  ack(desk);
  assertEquals(told(luke), []);
});

Deno.test("delivered: what was kept is when it was taken, and of what the sender missed a login tells", () => {
  const harness = new CoreHarness();
  const luke = harness.loginFrom("luke", "laptop");
  say(luke, "one");
  const number = say(luke, "two");
  const yoda = harness.loginFrom("yoda", "desk");
  assertEquals(told(luke), []);
  ack(yoda);
  assertEquals(told(luke), [{ to: "yoda", number, kept: true }]);
  const third = say(luke, "three");
  luke.disconnect();
  ack(yoda);
  const fourth = say(harness.loginFrom("luke", "phone"), "four");
  const again = harness.loginFrom("luke", "laptop");
  const upto = { to: "yoda", number: third, kept: undefined };
  assertEquals(told(again), [upto]);
  // Also after a crash, as soon as it is known again.
  harness.advance(1000);
  const restarted = harness.restarted();
  const back = restarted.loginFrom("luke", "laptop");
  assertEquals(told(back), [upto]);
  ack(restarted.loginFrom("yoda", "desk"));
  assertEquals(told(back), [{ ...upto, number: fourth }]);
});

Deno.test("delivered: a device whose reply was lost says so when it comes back", () => {
  const harness = new CoreHarness();
  const luke = harness.loginFrom("luke", "laptop");
  const yoda = harness.loginFrom("yoda", "desk");
  const number = say(luke, "one");
  const seen = yoda.eventsOf("message").at(-1)!.id;
  yoda.disconnect();
  assertEquals(told(luke), []);
  const again = harness.connect();
  again.entry = { device: deviceOf("desk") };
  again.login("yoda", seen);
  assertEquals(told(luke), [{ to: "yoda", number, kept: undefined }]);
});

Deno.test("delivered: nobody hears of it who may not know that the other is there, or does not ask", () => {
  const harness = new CoreHarness();
  const luke = harness.loginFrom("luke", "laptop");
  const old = harness.login("leia");
  const yoda = harness.loginFrom("yoda", "desk");
  const number = say(luke, "one");
  say(old, "one");
  yoda.ask("block", { user: "luke" });
  ack(yoda);
  assertEquals([told(luke), told(old)], [[], []]);
  assertEquals(told(harness.loginFrom("luke", "phone")), []);
  yoda.ask("unblock", { user: "luke" });
  const phone = harness.loginFrom("luke", "phone");
  assertEquals(told(phone), [{ to: "yoda", number, kept: undefined }]);
});

Deno.test("delivered: a visit takes nothing", () => {
  const harness = new CoreHarness();
  const luke = harness.loginFrom("luke", "laptop");
  say(luke, "one");
  const visit = harness.loginFrom("yoda", "cron", { visit: true });
  visit.ask("ack", { upto: 99 });
  assertEquals(told(luke), []);
});

Deno.test("limit awaitedMessages: of the oldest that a device does not acknowledge it is told with the next", () => {
  const harness = new CoreHarness();
  const luke = harness.loginFrom("luke", "laptop");
  const leia = harness.loginFrom("leia", "laptop");
  const yoda = harness.loginFrom("yoda", "desk");
  say(leia, "one");
  let number = 0;
  for (let n = 0; n < limits.awaitedMessages; n++) {
    number = say(luke, `${n}`);
    harness.advance(100);
    yoda.ask("ping", {});
  }
  ack(yoda);
  assertEquals(told(luke), [{ to: "yoda", number, kept: undefined }]);
  assertEquals(told(leia), []);
});

Deno.test("limit deliveredUsers: a login tells of those to whom the user wrote last", () => {
  const others = Array.from(
    { length: limits.deliveredUsers + 1 },
    (_, n) => `user${n}`,
  );
  const harness = new CoreHarness({ users: ["luke", ...others] });
  const luke = harness.loginFrom("luke", "laptop");
  for (const name of others) {
    const other = harness.loginFrom(name, "desk");
    say(luke, "hello", name);
    ack(other);
    harness.advance(1000);
  }
  const all = told(harness.loginFrom("luke", "phone"));
  assertEquals(all.map(({ to }) => to), others.slice(1).reverse());
});

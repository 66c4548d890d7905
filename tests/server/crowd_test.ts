import { assertEquals, assertStrictEquals } from "@std/assert";
import type { TestClient } from "../support/core_client.ts";
import { CoreHarness } from "../support/core_harness.ts";

Deno.test("a crowd is told of many logins together, and of nothing else later", () => {
  const names = Array.from({ length: 60 }, (_, index) => `user${index}`);
  const harness = new CoreHarness({ users: names });
  const login = (name: string) => harness.login(name, `192.0.2.${at++}`);
  let at = 1;
  const [first, second] = names.slice(0, 52).map(login);
  harness.advance(200);
  const news = (client?: TestClient) =>
    client?.events.slice(seen).map((each) =>
      each.ev === "presence" ? each.user : each.ev
    );
  let seen = 0;
  assertEquals(
    news(first)?.filter((each) => each !== "ping"),
    names.slice(1, 52),
  );

  seen = first?.events.length ?? 0;
  const secondSeen = second?.events.length ?? 0;
  for (const name of names.slice(52, 58)) login(name);
  assertEquals(news(first), []);
  // A message is not held up, and does not overtake them.
  second?.ask("message", { to: ["user0"], text: "hi", mid: "m1" });
  assertEquals(news(first), [...names.slice(52, 58), "message"]);
  harness.advance(100);
  assertEquals(
    second?.events.slice(secondSeen).filter(({ ev }) => ev === "presence")
      .length,
    6,
  );
  assertEquals(news(first), [...names.slice(52, 58), "message"]);
});

Deno.test("a storm of logins is one frame for each who is there, the same for all", () => {
  const names = Array.from({ length: 72 }, (_, index) => `user${index}`);
  const harness = new CoreHarness({ users: names });
  const [yoda, ...others] = names.slice(0, 52).map((name, index) =>
    harness.login(name, `192.0.2.${index}`)
  );
  yoda?.ask("block", { user: "user60" });
  harness.advance(1000);
  const framesOf = (client?: TestClient) =>
    harness.core.queueOf(client?.id ?? 0)?.take() ?? [];
  for (const each of [yoda, ...others]) if (each) each.reads = false;
  for (const name of names.slice(52)) harness.login(name, "192.0.2.100");
  harness.advance(300);

  const [frame, ...more] = framesOf(others[0]);
  assertEquals(more, []);
  for (const each of others.slice(1)) {
    const [same, ...rest] = framesOf(each);
    assertEquals(rest, []);
    assertStrictEquals(same, frame);
  }
  const told = (bytes: typeof frame) =>
    (typeof bytes === "string" ? bytes : new TextDecoder().decode(bytes))
      .trimEnd().split("\n").map((line) => JSON.parse(line).user);
  assertEquals(told(frame), names.slice(52));
  const [own] = framesOf(yoda);
  const seen = names.slice(52).filter((name) => name !== "user60");
  assertEquals(told(own), seen);
});

Deno.test("who moves to another connection is told there what others were told", () => {
  const names = Array.from({ length: 60 }, (_, index) => `user${index}`);
  const harness = new CoreHarness({ users: names });
  const [first] = names.slice(0, 55).map((name, index) =>
    harness.login(name, `192.0.2.${index}`)
  );
  harness.advance(1000);
  harness.login("user55", "192.0.2.200");
  const again = harness.connect("192.0.2.201");
  again.hello();
  again.ask("resume", { token: first?.token ?? "", udpPort: 1, seen: 0 });
  harness.advance(300);
  assertEquals(again.eventsOf("presence").map(({ user }) => user), ["user55"]);
});

import { assertEquals } from "@std/assert";
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

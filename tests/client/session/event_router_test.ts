import { assertEquals } from "@std/assert";
import { logIn } from "../logged_in.ts";
import { SessionHarness } from "../session_harness.ts";

Deno.test("routeEvent: a topic that this client knows is not told again to who comes back", () => {
  const harness = new SessionHarness();
  logIn(harness);
  const about = { group: "jedi", at: 1 };
  harness.server({ ev: "invited", ...about, by: "luke", leaderOnly: false });
  const told = () =>
    harness.events.flatMap((each) =>
      each.event === "topic" ? [`${each.topic} ${each.by ?? ""}`.trim()] : []
    );
  const topic = (text: string, by?: string) =>
    harness.server({ ev: "topic", ...about, topic: text, ...by && { by } });
  topic("the plans");
  topic("the plans");
  assertEquals(told(), ["the plans"]);
  // Somebody says it again, or says something else.
  topic("the plans", "luke");
  topic("the trap");
  topic("the plans");
  const all = ["the plans", "the plans luke", "the trap", "the plans"];
  assertEquals(told(), all);
});

import { assert, assertEquals } from "@std/assert";
import { CoreHarness } from "../../support/core_harness.ts";

const hour = 3_600_000;

Deno.test("Retention removes what is old and delivered, and nothing else", () => {
  const options = { keepMs: 24 * hour };
  const harness = new CoreHarness({ options });
  const yoda = harness.login("yoda");
  const luke = harness.login("luke");
  yoda.ask("group-create", { group: "g", users: ["luke", "leia"] });
  luke.ask("group-join", { group: "g" });
  for (let i = 0; i < 25; i++) {
    yoda.ask("message", { to: ["luke"], text: "delivered", mid: `a${i}` });
  }
  yoda.ask("message", { to: ["leia"], text: "waits", mid: "b" });
  yoda.ask("group-message", { group: "g", text: "delivered", mid: "c" });
  yoda.ask("broadcast", { text: "delivered", mid: "d" });
  luke.ask("ack", { upto: 1e9 });
  yoda.ask("broadcast", { text: "not confirmed", mid: "e" });
  yoda.ask("group-message", { group: "g", text: "not confirmed", mid: "f" });
  const texts = () => harness.store.messages.map(({ text }) => text);
  harness.advance(23 * hour);
  assertEquals(texts().length, 30);
  yoda.ask("message", { to: ["luke"], text: "new", mid: "g" });
  luke.ask("ack", { upto: 28 });
  harness.advance(2 * hour);
  const left = ["waits", "not confirmed", "not confirmed", "new"];
  assertEquals(texts(), left);

  // The numbers go on, and what waits still comes.
  const after = harness.restarted({ options });
  const leia = after.login("leia");
  assertEquals(leia.texts, ["yoda: waits (kept)"]);
  const ok = leia.ask("message", { to: ["yoda"], text: "x", mid: "x" });
  assertEquals(ok.sent[0]?.number, 30);
  leia.ask("ack", { upto: 1e9 });
  const back = after.login("luke");
  assertEquals(back.texts.length, 3);
  back.ask("ack", { upto: 1e9 });
  after.advance(48 * hour);
  assertEquals(
    after.store.messages.map(({ text }) => text),
    ["x"],
    "yoda has not got it",
  );
});

Deno.test("Retention does not wait for people without an account", () => {
  const options = { keepMs: hour };
  const harness = new CoreHarness({ options });
  const yoda = harness.login("yoda");
  yoda.ask("message", { to: ["leia"], text: "x", mid: "x" });
  harness.advance(3 * hour);
  assertEquals(harness.store.messages.length, 1);
  const after = harness.restarted({ options, users: ["yoda"] });
  after.advance(3 * hour);
  assertEquals(after.store.messages.length, 0);
});

Deno.test("Retention keeps everything without a limit, and tries again after a failure", () => {
  const forever = new CoreHarness();
  forever.login("yoda").ask("broadcast", { text: "x", mid: "x" });
  forever.advance(200 * hour);
  assertEquals(forever.store.messages.length, 1);

  const harness = new CoreHarness({ options: { keepMs: hour } });
  harness.login("yoda").ask("broadcast", { text: "x", mid: "x" });
  harness.queries = "failing";
  harness.advance(3 * hour);
  assertEquals(harness.store.messages.length, 1);
  assert(harness.reports.includes("old messages cannot be removed"));
  harness.queries = "done";
  harness.advance(2 * hour);
  assertEquals(harness.store.messages.length, 0);
});

Deno.test("Retention removes nothing by a clock that may be wrong, until it had time to be set", () => {
  const options = { keepMs: 365 * 24 * hour };
  const years = 800 * 24 * hour;
  const harness = new CoreHarness({ options });
  const yoda = harness.login("yoda");
  yoda.ask("message", { to: ["luke"], text: "x", mid: "x" });
  harness.login("luke").ask("ack", { upto: 1e9 });
  const left = (of: CoreHarness) => of.store.messages.length;
  const setForward = (of: CoreHarness, ms: number) => {
    of.now = { mono: of.now.mono, wall: of.now.wall + ms };
  };
  // Under way.
  setForward(harness, years);
  harness.advance(70 * hour);
  assertEquals(left(harness), 1);
  assert(
    harness.reports.some((each) =>
      each.startsWith(
        "the clock is 800 days further than when it was looked at",
      )
    ),
  );
  setForward(harness, -years);
  harness.advance(5 * hour);
  assertEquals(left(harness), 1);
  // At a start.
  setForward(harness, years);
  const wrong = harness.restarted({ options });
  wrong.advance(70 * hour);
  assertEquals(left(wrong), 1);
  assert(
    wrong.reports.some((each) =>
      each.startsWith(
        "the clock is 800 days further than when anybody was here",
      )
    ),
  );
  // It was right.
  wrong.advance(3 * hour);
  assertEquals(left(wrong), 0);
});

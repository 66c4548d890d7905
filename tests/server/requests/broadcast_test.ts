import { assert, assertEquals } from "@std/assert";
import { formatTime } from "../../../lib/base/time.ts";
import { CoreHarness } from "../../support/core_harness.ts";

Deno.test("broadcast reaches everybody else online, is stored once and logged", () => {
  const harness = new CoreHarness();
  const yoda = harness.login("yoda");
  const others = ["luke", "leia"].map((name) => harness.login(name));
  yoda.ask("message", { to: ["luke"], text: "first", mid: "1" });
  const at = harness.now.wall;
  const text = "the council meets";
  const ok = yoda.ask("broadcast", { text, mid: "2" });
  assertEquals(ok, { at, id: 2, number: 2, partial: false });
  for (const other of others) {
    assertEquals(other.eventsOf("message").at(-1), {
      id: 2,
      kind: "broadcast",
      number: 2,
      at,
      from: "yoda",
      text,
    });
  }
  assertEquals(yoda.texts, []);
  assertEquals(harness.store.messages.length, 2);
  assertEquals(harness.log[1], `2; ${formatTime(at)}; yoda; *; ${text}\n`);
});

Deno.test("broadcast refuses what nobody may send", () => {
  const harness = new CoreHarness();
  const yoda = harness.login("yoda");
  const luke = harness.login("luke");
  const refusal = (text: string) =>
    yoda.refused("broadcast", { text, mid: "m" }).split(":")[0];
  assertEquals(refusal(" "), "blank_text");
  assertEquals(refusal("x".repeat(4097)), "text_too_long");
  assertEquals(refusal("\u001b[2J"), "bad_text");
  assertEquals(luke.texts, []);
  assertEquals(harness.store.messages, []);
});

Deno.test("broadcast comes after a lost connection, and not to who was offline", () => {
  const harness = new CoreHarness();
  const yoda = harness.login("yoda");
  const luke = harness.login("luke");
  yoda.ask("broadcast", { text: "one", mid: "1" });
  luke.ask("ack", { upto: 1 });
  yoda.ask("broadcast", { text: "two", mid: "2" });
  assertEquals(luke.texts, ["yoda: one", "yoda: two"]);
  luke.disconnect();
  yoda.ask("broadcast", { text: "while luke is away", mid: "3" });

  const back = harness.connect();
  assertEquals(back.resume(luke.token, 1).waiting, 1);
  assertEquals(back.texts, ["yoda: two"]);
  yoda.ask("broadcast", { text: "four", mid: "4" });
  assertEquals(back.texts, ["yoda: two", "yoda: four"]);

  // Neither is anything confirmed nor the connection closed in an orderly way.
  const after = harness.restarted();
  const again = after.connect();
  assertEquals(again.login("luke").waiting, 2);
  assertEquals(again.texts, ["yoda: two", "yoda: four"]);
  const leia = after.connect();
  assertEquals(leia.login("leia").waiting, 0);
});

Deno.test("broadcast of the same id is answered as before, also after a restart", () => {
  const harness = new CoreHarness();
  const yoda = harness.login("yoda");
  const luke = harness.login("luke");
  const request = { text: "once", mid: "b" };
  const ok = yoda.ask("broadcast", request);
  harness.advance(1_000);
  assertEquals(yoda.ask("broadcast", request), ok);
  yoda.ask("message", { to: ["luke"], text: "x", mid: "m" });
  for (const mid of ["b", "m"]) {
    const asMessage = { to: ["leia"], text: "once", mid };
    assert(yoda.refused("message", asMessage).startsWith("bad_message_id"));
  }
  const asBroadcast = { text: "once", mid: "m" };
  assert(yoda.refused("broadcast", asBroadcast).startsWith("bad_message_id"));
  assertEquals(luke.texts, ["yoda: once", "yoda: x"]);
  const after = harness.restarted();
  assertEquals(after.login("yoda").ask("broadcast", request), ok);
  assertEquals(after.store.messages.length, 2);
});

Deno.test("broadcast that cannot be stored leaves no gap", () => {
  const harness = new CoreHarness();
  const yoda = harness.login("yoda");
  const luke = harness.login("luke");
  harness.commits = "failing";
  const request = { text: "once", mid: "b" };
  assert(yoda.refused("broadcast", request).startsWith("storage_failed"));
  harness.commits = "done";
  assertEquals(yoda.ask("broadcast", request).number, 1);
  assertEquals(luke.texts, ["yoda: once"]);
});

import { assert, assertEquals, assertMatch } from "@std/assert";
import { formatTime } from "../../../lib/base/time.ts";
import { CoreHarness } from "../../support/core_harness.ts";

Deno.test("message reaches its receiver, is logged and answered", () => {
  const harness = new CoreHarness();
  const yoda = harness.login("yoda");
  const obiwan = harness.login("obiwan");
  const luke = harness.login("luke");
  const at = harness.now.wall;
  const ok = yoda.ask("message", {
    to: ["obiwan"],
    text: "do or do not",
    mid: "a1",
  });
  assertEquals(ok, {
    at,
    sent: [{ to: "obiwan", id: 1, number: 1, kept: false }],
  });
  assertEquals(obiwan.eventsOf("message"), [{
    id: 1,
    kind: "private",
    number: 1,
    at,
    from: "yoda",
    text: "do or do not",
  }]);
  assertEquals(luke.texts, []);
  assertEquals(yoda.texts, []);
  assertEquals(harness.log, [
    `1; ${formatTime(at)}; yoda; obiwan; do or do not\n`,
  ]);
});

Deno.test("message to several people is numbered for each, a name twice is one", () => {
  const harness = new CoreHarness();
  const yoda = harness.login("yoda");
  const luke = harness.login("luke");
  const to = ["obiwan", "luke", "obiwan"];
  const { sent } = yoda.ask("message", { to, text: "hi", mid: "a" });
  assertEquals(sent, [
    { to: "obiwan", id: 1, number: 1, kept: true },
    { to: "luke", id: 2, number: 2, kept: false },
  ]);
  assertEquals(luke.texts, ["yoda: hi"]);
  assertEquals(harness.log.length, 2);
});

Deno.test("message refuses each fault with its own words and sends nothing", () => {
  const harness = new CoreHarness();
  const yoda = harness.login("yoda");
  const luke = harness.login("luke");
  const refusal = (to: string[], text = "x") =>
    yoda.refused("message", { to, text, mid: "m" });
  assertEquals(
    refusal(["luke", "vader"]),
    "unknown_user: There is no user vader",
  );
  assertEquals(
    refusal(["luke", "\u001b[2J"]),
    "unknown_user: There is no user \u241b[2J",
  );
  assertEquals(
    refusal(["luke", "yoda"]),
    "is_self: You cannot send a message to yourself",
  );
  assertEquals(refusal(["luke"], " \u3000 "), "blank_text: The text is blank");
  assertEquals(
    refusal(["luke"], "x".repeat(4097)),
    "text_too_long: The text is longer than 4096 characters: it has 4097; " +
      "send it in parts, or as a file",
  );
  assertEquals(
    refusal(["luke"], "a\u001b[31m"),
    "bad_text: The text has control characters",
  );
  assert(refusal([]).startsWith("bad_request"));
  assertEquals(luke.texts, []);
  assertEquals(harness.log, []);
  assertEquals(harness.store.messages, []);
  const text = "🙂".repeat(4096);
  yoda.ask("message", { to: ["luke"], text, mid: "m" });
  assertEquals(luke.texts, [`yoda: ${text}`]);
  assertEquals(luke.eventsOf("message")[0]?.number, 1);
  const lines = "to leave type\n\t/logout\n2; forged";
  yoda.ask("message", { to: ["luke"], text: lines, mid: "n" });
  assertEquals(luke.texts.at(-1), `yoda: ${lines}`);
  // The log has a line for each message.
  assertMatch(
    harness.log.at(-1) ?? "",
    /^2; .*; yoda; luke; to leave type␊␉\/logout␊2; forged\n$/,
  );
});

Deno.test("message of the same id is answered as before and not sent again", () => {
  const harness = new CoreHarness();
  const yoda = harness.login("yoda");
  const luke = harness.login("luke");
  const request = { to: ["luke", "obiwan"], text: "once", mid: "m7" };
  const first = yoda.ask("message", request);
  harness.advance(5_000);
  harness.login("obiwan").disconnect();
  assertEquals(yoda.ask("message", request), first);
  assertEquals(luke.texts, ["yoda: once"]);
  assert(
    yoda.refused("message", { ...request, to: ["hans"] })
      .startsWith("bad_message_id"),
  );
  // Another sender's ids are another matter.
  luke.ask("message", { to: ["yoda"], text: "mine", mid: "m7" });

  const after = harness.restarted();
  const again = after.login("yoda");
  assertEquals(again.ask("message", request), first);
  assertEquals(after.store.messages.length, 3);
  assertEquals(
    again.ask("message", { to: ["luke"], text: "next", mid: "m8" })
      .sent[0]?.number,
    4,
  );
});

Deno.test("message of the same id twice in one batch is one message", () => {
  const harness = new CoreHarness();
  const yoda = harness.login("yoda");
  harness.commits = "held";
  yoda.send("who", {});
  const request = { to: ["luke"], text: "once", mid: "m" };
  const ids = [yoda.send("message", request), yoda.send("message", request)];
  const replies = () => ids.map((id) => yoda.replyTo(id));
  assertEquals(replies(), [undefined, undefined]);
  harness.release();
  assertEquals(replies()[0], replies()[1]);
  assertEquals(harness.store.messages.length, 1);
});

Deno.test("message remembers the last 1,024 ids of a user", () => {
  const harness = new CoreHarness();
  const yoda = harness.login("yoda");
  const send = (mid: string) =>
    yoda.ask("message", { to: ["luke"], text: "x", mid }).sent[0]?.number;
  for (let i = 1; i <= 1025; i++) assertEquals(send(`m${i}`), i);
  assertEquals(send("m2"), 2);
  assertEquals(send("m1"), 1026);
});

Deno.test("messages wait for who is offline, and come once, in order", () => {
  const harness = new CoreHarness();
  const yoda = harness.login("yoda");
  for (let i = 1; i <= 500; i++) {
    yoda.ask("message", { to: ["luke"], text: `${i}`, mid: `m${i}` });
  }
  const luke = harness.connect();
  assertEquals(luke.login("luke").waiting, 500);
  yoda.ask("message", { to: ["luke"], text: "live", mid: "live" });
  const expected = Array.from(
    { length: 500 },
    (_, i) => `yoda: ${i + 1} (kept)`,
  );
  assertEquals(luke.texts, [...expected, "yoda: live"]);
  const reply = luke.lines.findIndex((line) => line.includes('"waiting":500'));
  const first = luke.lines.findIndex((line) => line.includes('"ev":"message"'));
  assert(reply >= 0 && reply < first, "the reply comes before the messages");

  luke.ask("ack", { upto: 100 });
  luke.disconnect();
  const again = harness.connect();
  assertEquals(again.login("luke").waiting, 401);
  assertEquals(again.texts, [...expected.slice(100), "yoda: live"]);
  again.ask("ack", { upto: 1e9 });
  harness.advance(1_000);
  const after = harness.restarted();
  const last = after.connect();
  assertEquals(last.login("luke").waiting, 0);
  assertEquals(last.texts, []);
});

Deno.test("messages that the client says it has seen do not come again", () => {
  const harness = new CoreHarness();
  const yoda = harness.login("yoda");
  const luke = harness.login("luke");
  for (const mid of ["1", "2", "3"]) {
    yoda.ask("message", { to: ["luke"], text: mid, mid });
  }
  luke.disconnect();
  const seen = luke.eventsOf("message")[1]?.id ?? 0;
  const after = harness.restarted();
  const again = after.connect();
  assertEquals(again.resume(luke.token, seen).waiting, 1);
  assertEquals(again.texts, ["yoda: 3"], "it was not offline as it was sent");
});

Deno.test("an acknowledgement is stored soon, or with the next batch", () => {
  const harness = new CoreHarness();
  const yoda = harness.login("yoda");
  const luke = harness.login("luke");
  yoda.ask("message", { to: ["luke"], text: "x", mid: "x" });
  luke.ask("ack", { upto: 1 });
  assertEquals(harness.cursorOf("luke"), 0);
  harness.advance(200);
  assertEquals(harness.cursorOf("luke"), 1);
});

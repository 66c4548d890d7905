import { assert, assertEquals } from "@std/assert";
import { formatTime } from "../../../lib/base/time.ts";
import { CoreHarness } from "../../support/core_harness.ts";

Deno.test("delete takes a private message back: receiver, history, log, store", () => {
  const harness = new CoreHarness();
  const yoda = harness.login("yoda");
  const luke = harness.login("luke");
  const leia = harness.login("leia");
  yoda.ask("message", { to: ["luke"], text: "oops", mid: "1" });
  harness.advance(1_000);
  const at = harness.now.wall;
  const ok = yoda.ask("delete", { number: 1, mid: "d" });
  assertEquals(ok, { at, number: 2 });
  assertEquals(luke.eventsOf("deleted"), [
    { id: 2, kind: "private", number: 1, at, from: "yoda" },
  ]);
  assertEquals([...yoda.eventsOf("deleted"), ...leia.eventsOf("deleted")], []);
  assertEquals(harness.store.messages[0]?.text, "");
  assertEquals(
    harness.log[1],
    `2; ${formatTime(at)}; yoda; luke; (message 1 deleted)\n`,
  );
  for (const client of [yoda, luke]) {
    const { messages } = client.ask("history", {});
    assertEquals(
      messages.map(({ number, text, deleted }) => [number, text, deleted]),
      [[1, "", true]],
    );
  }
  // The numbers go on after it.
  const next = yoda.ask("message", { to: ["luke"], text: "x", mid: "2" });
  assertEquals(next.sent[0]?.number, 3);
});

Deno.test("delete takes a group's message and a broadcast back", () => {
  const harness = new CoreHarness();
  const yoda = harness.login("yoda");
  const luke = harness.login("luke");
  const leia = harness.login("leia");
  yoda.ask("group-create", { group: "Jedi", users: ["luke"] });
  luke.ask("group-join", { group: "Jedi" });
  yoda.ask("group-message", { group: "Jedi", text: "oops", mid: "1" });
  yoda.ask("broadcast", { text: "oops", mid: "2" });
  const ok = yoda.ask("delete", { group: "jedi", number: 1, mid: "d1" });
  assertEquals(ok.number, 2);
  yoda.ask("delete", { number: 1, mid: "d2" });
  const told = (client: typeof luke) =>
    client.eventsOf("deleted").map(({ kind, number, group }) =>
      `${kind} ${number} ${group ?? ""}`
    );
  assertEquals(told(luke), ["group 1 Jedi", "broadcast 1 "]);
  assertEquals(told(leia), ["broadcast 1 "]);
  assertEquals(told(yoda), []);
  assert(harness.logOf("Jedi")[1]?.endsWith("; yoda; (message 1 deleted)\n"));
  assert(harness.log[1]?.endsWith("; yoda; *; (message 1 deleted)\n"));
  assertEquals(
    harness.store.messages.map(({ text }) => text),
    Array(4).fill(""),
  );
});

Deno.test("delete of a group's message reaches those who are owed it", () => {
  const harness = new CoreHarness();
  const yoda = harness.login("yoda");
  const luke = harness.login("luke");
  const leia = harness.login("leia");
  yoda.ask("group-create", { group: "Jedi", users: ["luke", "leia"] });
  for (const client of [luke, leia]) {
    client.ask("group-join", { group: "Jedi" });
  }
  leia.disconnect();
  yoda.ask("group-message", { group: "Jedi", text: "oops", mid: "1" });
  // He has it, unconfirmed; she waits for it.
  luke.ask("group-leave", { group: "Jedi" });
  yoda.ask("group-remove", { group: "Jedi", user: "leia" });
  yoda.ask("delete", { group: "Jedi", number: 1, mid: "d" });
  // Nothing that is sent later is for them.
  yoda.ask("group-message", { group: "Jedi", text: "later", mid: "2" });
  yoda.ask("group-leave", { group: "Jedi" });
  const told = (client: typeof luke) =>
    client.eventsOf("deleted").map(({ number, group }) => [number, group]);
  assertEquals(told(luke), [[1, "Jedi"]]);
  const again = yoda.ask("delete", { group: "jedi", number: 1, mid: "d" });
  assertEquals(again.number, 2);
  const back = harness.restarted().connect();
  assertEquals(back.login("leia").waiting, 0);
  assertEquals([back.texts, told(back)], [[], []]);
});

Deno.test("delete refuses what is not the sender's or is not there", () => {
  const harness = new CoreHarness();
  const yoda = harness.login("yoda");
  const luke = harness.login("luke");
  const leia = harness.login("leia");
  yoda.ask("message", { to: ["luke"], text: "mine", mid: "1" });
  yoda.ask("group-create", { group: "Jedi", users: ["luke"] });
  yoda.ask("group-message", { group: "Jedi", text: "mine", mid: "2" });
  let last = 0;
  const refused = (client: typeof luke, number: number, group?: string) =>
    client.refused("delete", {
      number,
      mid: `d${++last}`,
      ...(group === undefined ? {} : { group }),
    });
  for (const other of [luke, leia]) {
    assertEquals(refused(other, 1), "not_your_message: Message 1 is not yours");
  }
  assertEquals(
    refused(yoda, 2),
    "unknown_message: There is no message 2",
  );
  assert(refused(yoda, 2, "Jedi").startsWith("unknown_message"));
  assert(refused(yoda, 1, "Sith").startsWith("unknown_group"));
  assert(refused(leia, 1, "Jedi").startsWith("not_in_group"));
  assert(refused(luke, 1, "Jedi").startsWith("not_joined"));
  luke.ask("group-join", { group: "Jedi" });
  assert(refused(luke, 1, "Jedi").startsWith("not_your_message"));
  yoda.ask("delete", { number: 1, mid: "d" });
  assertEquals(
    refused(yoda, 1),
    "already_deleted: Message 1 was deleted before",
  );
  // The line that tells of it is not a message either.
  assert(refused(yoda, 2).startsWith("unknown_message"));
  assert(yoda.refused("delete", { number: 0, mid: "x" }).startsWith("bad_req"));
  assertEquals(harness.log.length, 2);
  assertEquals(luke.eventsOf("deleted").length, 1);
});

Deno.test("delete of what was not delivered: nothing of it comes, and nothing is left to come", () => {
  const harness = new CoreHarness();
  const yoda = harness.login("yoda");
  const send = (text: string) =>
    yoda.ask("message", { to: ["luke"], text, mid: text });
  send("one");
  send("oops");
  send("three");
  yoda.ask("delete", { number: 2, mid: "d" });
  const after = harness.restarted();
  const luke = after.connect();
  assertEquals(luke.login("luke").waiting, 2);
  assertEquals(luke.texts, ["yoda: one (kept)", "yoda: three (kept)"]);
  assertEquals(luke.eventsOf("deleted"), []);
  luke.ask("ack", { upto: 3 });
  luke.disconnect();
  const again = after.connect();
  assertEquals(again.login("luke").waiting, 0);
  assertEquals(again.eventsOf("deleted"), []);
  assertEquals(
    again.ask("history", {}).messages.map(({ deleted = false }) => deleted),
    [false, true, false],
  );
});

Deno.test("delete of all that waited: the mailbox is empty after one login", () => {
  const harness = new CoreHarness();
  const yoda = harness.login("yoda");
  yoda.ask("message", { to: ["luke"], text: "oops", mid: "1" });
  yoda.ask("delete", { number: 1, mid: "d" });
  const luke = harness.connect();
  assertEquals(luke.login("luke").waiting, 0);
  luke.disconnect();
  const again = harness.connect();
  assertEquals(again.login("luke").waiting, 0);
  assertEquals([luke.events, again.events], [[], []]);
  assertEquals(harness.cursorOf("luke"), 2);
});

Deno.test("delete is heard by who had the message and was away, at the next login", () => {
  const harness = new CoreHarness();
  const yoda = harness.login("yoda");
  const luke = harness.login("luke");
  yoda.ask("message", { to: ["luke"], text: "oops", mid: "1" });
  luke.send("ack", { upto: 1 });
  luke.disconnect();
  yoda.ask("delete", { number: 1, mid: "d" });
  const again = harness.restarted().login("luke");
  assertEquals(again.eventsOf("deleted").map(({ number }) => number), [1]);
});

Deno.test("delete of a group's message is not heard by who joined later or had blocked the sender, online or not", () => {
  const harness = new CoreHarness();
  const yoda = harness.login("yoda");
  const luke = harness.login("luke");
  const leia = harness.login("leia");
  yoda.ask("group-create", { group: "Jedi", users: ["luke", "leia"] });
  luke.ask("group-join", { group: "Jedi" });
  luke.ask("block", { user: "yoda" });
  const post = (text: string) =>
    yoda.ask("group-message", { group: "Jedi", text, mid: text });
  post("one");
  post("two");
  luke.ask("unblock", { user: "yoda" });
  leia.ask("group-join", { group: "Jedi" });
  yoda.ask("delete", { group: "Jedi", number: 1, mid: "d1" });
  luke.disconnect();
  leia.disconnect();
  yoda.ask("delete", { group: "Jedi", number: 2, mid: "d2" });
  post("three");
  const after = harness.restarted();
  for (const [name, client] of [["luke", luke], ["leia", leia]] as const) {
    const back = after.login(name);
    const heard = [...client.eventsOf("deleted"), ...back.eventsOf("deleted")];
    assertEquals(heard, [], name);
    assertEquals(back.texts, ["Jedi, yoda: three"]);
  }
  // Who may read the past may have read it.
  const last = after.restarted();
  const master = last.login("yoda");
  const reader = last.login("leia");
  master.ask("group-set", { group: "Jedi", history: true });
  master.ask("group-message", { group: "Jedi", text: "four", mid: "4" });
  master.ask("delete", { group: "Jedi", number: 6, mid: "d6" });
  assertEquals(reader.eventsOf("deleted").map(({ number }) => number), [6]);
});

Deno.test("delete asked twice at once is done once; asked again it is answered as before", () => {
  const harness = new CoreHarness();
  const yoda = harness.login("yoda");
  const luke = harness.login("luke");
  yoda.ask("message", { to: ["luke"], text: "oops", mid: "1" });
  harness.queries = "held";
  harness.commits = "held";
  const ids = ["a", "b", "a"].map((mid) =>
    yoda.send("delete", { number: 1, mid })
  );
  harness.answer();
  harness.answer();
  harness.release();
  const [first, second, third] = ids.map((id) => yoda.replyTo(id));
  assert(first !== undefined && "ok" in first);
  assert(second !== undefined && "code" in second);
  assertEquals(second.code, "already_deleted");
  assertEquals(third, first);
  assertEquals(luke.eventsOf("deleted").length, 1);
  const again = harness.restarted().login("yoda");
  assertEquals(again.ask("delete", { number: 1, mid: "a" }), first.ok as never);
  const other = again.refused("delete", { number: 2, mid: "a" });
  assert(other.startsWith("bad_message_id"));
  const asText = { to: ["luke"], text: "x", mid: "a" };
  assert(again.refused("message", asText).startsWith("bad_message_id"));
});

Deno.test("delete that cannot be stored changes nothing", () => {
  const harness = new CoreHarness();
  const yoda = harness.login("yoda");
  const luke = harness.login("luke");
  yoda.ask("message", { to: ["luke"], text: "stays", mid: "1" });
  harness.commits = "failing";
  const refused = yoda.refused("delete", { number: 1, mid: "a" });
  assert(refused.startsWith("storage_failed"));
  harness.commits = "done";
  assertEquals(luke.eventsOf("deleted"), []);
  assertEquals(yoda.ask("history", {}).messages[0]?.text, "stays");
  assertEquals(yoda.ask("delete", { number: 1, mid: "a" }).number, 2);
});

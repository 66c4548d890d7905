import { assert, assertEquals } from "@std/assert";
import { limits } from "../../../lib/wire/limits.ts";
import type { RequestFields } from "../../../lib/wire/request.ts";
import { joinFrames } from "../../../lib/server/net/join_frames.ts";
import type { TestClient } from "../../support/core_client.ts";
import { CoreHarness } from "../../support/core_harness.ts";

/** `[NUMBER] PLACE, FROM: TEXT` of what a client is told of the past. */
function past(
  client: TestClient,
  fields: RequestFields<"history"> = {},
): string[] {
  return client.ask("history", fields).messages.map((message) => {
    const { number, kind, from, to, group, text, deleted } = message;
    const place = group ?? to ?? kind;
    return `${number} ${place}, ${from}: ${deleted ? "(deleted)" : text}`;
  });
}

function meeting(): CoreHarness & { people: Record<string, TestClient> } {
  const harness = new CoreHarness();
  const people: Record<string, TestClient> = {};
  for (const name of ["yoda", "luke", "leia"]) {
    people[name] = harness.login(name);
  }
  const { yoda, luke, leia } = people as Record<string, TestClient>;
  assert(yoda && luke && leia);
  yoda.ask("message", { to: ["luke"], text: "one", mid: "1" });
  luke.ask("message", { to: ["yoda"], text: "two", mid: "2" });
  leia.ask("message", { to: ["luke"], text: "secret", mid: "3" });
  yoda.ask("group-create", { group: "Jedi", users: ["luke", "leia"] });
  yoda.ask("group-message", { group: "jedi", text: "early", mid: "4" });
  luke.ask("group-join", { group: "Jedi" });
  yoda.ask("group-message", { group: "jedi", text: "late", mid: "5" });
  leia.ask("broadcast", { text: "all", mid: "6" });
  return Object.assign(harness, { people });
}

Deno.test("history with a person has both directions and nothing else", () => {
  const { people: { yoda, luke, leia } } = meeting();
  assert(yoda && luke && leia);
  const both = ["1 luke, yoda: one", "2 yoda, luke: two"];
  assertEquals(past(yoda, { with: "luke" }), both);
  assertEquals(past(luke, { with: "yoda" }), both);
  assertEquals(past(yoda, { with: "leia" }), []);
  assertEquals(past(luke, { with: "leia" }), ["3 luke, leia: secret"]);
});

Deno.test("history of a group begins where the user joined", () => {
  const { people: { yoda, luke } } = meeting();
  assert(yoda && luke);
  const late = "2 Jedi, yoda: late";
  assertEquals(past(yoda, { group: "JEDI" }), ["1 Jedi, yoda: early", late]);
  assertEquals(past(luke, { group: "jedi" }), [late]);
});

Deno.test("history of one kind since a time ends where the time begins", () => {
  const harness = meeting();
  const { yoda, luke, leia } = harness.people;
  assert(yoda && luke && leia);
  harness.advance(60_000);
  const since = harness.now.wall;
  yoda.ask("group-message", { group: "jedi", text: "now", mid: "7" });
  luke.ask("broadcast", { text: "hear", mid: "8" });
  yoda.ask("message", { to: ["luke"], text: "psst", mid: "9" });
  assertEquals(past(luke, { kind: "group" }), [
    "2 Jedi, yoda: late",
    "3 Jedi, yoda: now",
  ]);
  assertEquals(past(luke, { kind: "group", since }), ["3 Jedi, yoda: now"]);
  assertEquals(past(leia, { kind: "group" }), []);
  assertEquals(past(luke, { kind: "broadcast" }), [
    "4 broadcast, leia: all",
    "5 broadcast, luke: hear",
  ]);
  const fields = { kind: "broadcast", since, limit: 1 } as const;
  const { messages, before } = yoda.ask("history", fields);
  assertEquals(messages.map(({ text }) => text), ["hear"]);
  const rest = yoda.ask("history", { ...fields, before: before ?? 0 });
  assertEquals(rest, { messages: [] });
  const refused = yoda.refused("history", { kind: "group", with: "luke" });
  assert(refused.startsWith("bad_request"));
});

Deno.test("history without a name is all of one's own, in order", () => {
  const harness = meeting();
  const { yoda, luke, leia } = harness.people;
  assert(yoda && luke && leia);
  assertEquals(past(luke), [
    "1 luke, yoda: one",
    "2 yoda, luke: two",
    "3 luke, leia: secret",
    "2 Jedi, yoda: late",
    "4 broadcast, leia: all",
  ]);
  assertEquals(past(leia), ["3 luke, leia: secret", "4 broadcast, leia: all"]);
  // Who was offline does not see the broadcast later.
  assertEquals(past(harness.login("hans")), []);
  const again = harness.restarted().login("luke");
  assertEquals(past(again), past(luke));
});

Deno.test("history refuses unknown names and groups of others", () => {
  const { people: { yoda, leia }, ...harness } = meeting();
  assert(yoda && leia && harness.store);
  const refused = (fields: RequestFields<"history">) =>
    leia.refused("history", fields);
  assertEquals(
    refused({ with: "vader" }),
    "unknown_user: There is no user vader",
  );
  assertEquals(
    refused({ name: "\u001b" }),
    "unknown_name: There is no user or group \u241b",
  );
  assert(refused({ group: "sith" }).startsWith("unknown_group"));
  assertEquals(
    refused({ group: "jedi" }),
    "not_joined: Please join the group Jedi first: /joingroup Jedi",
  );
  assert(refused({ with: "a", group: "b" }).startsWith("bad_request"));
  assert(refused({ limit: 501 }).startsWith("bad_request"));
  assert(refused({ limit: 0 }).startsWith("bad_request"));
});

Deno.test("history of a group is not for who does not belong to it", () => {
  const harness = meeting();
  const hans = harness.login("hans");
  assert(hans.refused("history", { group: "Jedi" }).startsWith("not_in_group"));
  assert(hans.refused("history", { name: "Jedi" }).startsWith("not_in_group"));
});

Deno.test("history takes a name for a user's, or else for a group's", () => {
  const harness = meeting();
  const { yoda } = harness.people;
  assert(yoda);
  assertEquals(past(yoda, { name: "jedi" }).length, 2);
  yoda.ask("group-create", { group: "LUKE", users: ["leia"] });
  yoda.ask("group-create", { group: "luke2", users: ["leia"] });
  yoda.ask("group-message", { group: "luke", text: "x", mid: "x" });
  assertEquals(past(yoda, { name: "luke" }).length, 2);
  assertEquals(past(yoda, { name: "LUKE" }).length, 2);
  assertEquals(past(yoda, { group: "luke" }), ["1 LUKE, yoda: x"]);
});

Deno.test("history goes back page by page to the first message", () => {
  const harness = new CoreHarness();
  const yoda = harness.login("yoda");
  const luke = harness.login("luke");
  for (let i = 1; i <= 45; i++) {
    const [from, to] = i % 2 === 0 ? [yoda, "luke"] : [luke, "yoda"];
    from.ask("message", { to: [to], text: `${i}`, mid: `${i}` });
  }
  assertEquals(yoda.ask("history", { with: "luke" }).messages.length, 20);
  const texts: string[] = [];
  let before: number | undefined;
  let pages = 0;
  do {
    const range = { limit: 7, ...(before === undefined ? {} : { before }) };
    const page = yoda.ask("history", { with: "luke", ...range });
    texts.unshift(...page.messages.map(({ text }) => text));
    before = page.before;
    pages++;
  } while (before !== undefined);
  assertEquals(pages, 7);
  assertEquals(texts, Array.from({ length: 45 }, (_, i) => `${i + 1}`));
});

Deno.test("history's pages are bounded in bytes and lose nothing", () => {
  const harness = new CoreHarness();
  const yoda = harness.login("yoda");
  const text = "🙂".repeat(4096);
  for (let i = 0; i < 12; i++) {
    yoda.ask("message", { to: ["luke"], text, mid: `${i}` });
  }
  const ids: number[] = [];
  for (let before = 1e9; ids.length < 12;) {
    const page = yoda.ask("history", { with: "luke", before, limit: 500 });
    assert((yoda.lines.at(-1) ?? "").length < 65_536);
    assert(page.messages.length > 0);
    ids.unshift(...page.messages.map(({ id }) => id));
    before = page.before ?? 0;
  }
  assertEquals(ids, Array.from({ length: 12 }, (_, i) => i + 1));
});

Deno.test("history is answered in turn; many questions at once cost a reader nothing", () => {
  const harness = new CoreHarness();
  const yoda = harness.login("yoda");
  const text = "x".repeat(4000);
  for (let i = 0; i < 20; i++) {
    yoda.ask("message", { to: ["luke"], text, mid: `${i}` });
  }
  yoda.reads = false;
  const ids = Array.from(
    { length: 100 },
    () => yoda.send("history", { with: "luke" }),
  );
  harness.advance(1_000);
  const { core } = harness;
  assert((core.queueOf(yoda.id)?.bytes ?? 0) < 400_000);
  assertEquals(yoda.closed, false);
  yoda.reads = true;
  const rest = joinFrames(core.queueOf(yoda.id)?.take() ?? []);
  if (rest !== undefined) yoda.handleData(rest);
  harness.advance(2_000);
  for (const id of ids) {
    const reply = yoda.replyTo(id);
    assert(reply !== undefined && "ok" in reply);
  }
});

Deno.test("history that cannot be read is refused, and works later", () => {
  const harness = meeting();
  const { yoda } = harness.people;
  assert(yoda);
  harness.queries = "failing";
  assert(yoda.refused("history", {}).startsWith("storage_failed"));
  harness.queries = "held";
  const id = yoda.send("history", {});
  yoda.disconnect();
  harness.answer();
  assertEquals(yoda.replyTo(id), undefined);
  assertEquals(past(harness.login("yoda")).length, 5);
});

/** What a client finds: `FROM: TEXT`, and the place to go on if there is one. */
function found(
  client: TestClient,
  words: string,
  fields: Omit<RequestFields<"search">, "words"> = {},
): (string | number)[] {
  const { messages, before } = client.ask("search", { words, ...fields });
  return [
    ...messages.map(({ from, text }) => `${from}: ${text}`),
    ...before === undefined ? [] : [before],
  ];
}

Deno.test("search finds what the user may see: own messages, groups since joining, nothing of others", () => {
  const { people: { yoda, luke, leia } } = meeting();
  assert(yoda && luke && leia);
  assertEquals(found(yoda, "secret"), []);
  assertEquals(found(luke, "SECR"), ["leia: secret"]);
  assertEquals(found(luke, "secret", { with: "yoda" }), []);
  assertEquals(found(luke, "early"), []);
  assertEquals(found(luke, "e"), ["yoda: one", "leia: secret", "yoda: late"]);
  assertEquals(found(luke, "late", { name: "jedi" }), ["yoda: late"]);
  yoda.ask("group-set", { group: "jedi", history: true });
  assertEquals(found(luke, "early"), ["yoda: early"]);
  yoda.ask("group-remove", { group: "jedi", user: "luke" });
  assertEquals(found(luke, "late"), []);
  assertEquals(
    luke.refused("search", { words: "late", group: "jedi" }),
    "not_in_group: You are not in this group chat",
  );
  yoda.ask("delete", { number: 1, mid: "d" });
  assertEquals(found(yoda, "one"), []);
});

Deno.test("search shows nothing of what a block keeps away, and goes on behind it", () => {
  const { people: { yoda, luke } } = meeting();
  assert(yoda && luke);
  const post = (text: string) =>
    yoda.ask("group-message", { group: "jedi", text, mid: text.slice(5) });
  post("plan one");
  luke.ask("block", { user: "yoda" });
  post("plan two");
  post("plan three");
  luke.ask("unblock", { user: "yoda" });
  post("plan four");
  assertEquals(found(luke, "plan"), ["yoda: plan one", "yoda: plan four"]);
  assertEquals(found(luke, '"plan two"'), []);
  const [first, place] = found(luke, "plan", { limit: 1 });
  const [last] = luke.ask("search", { words: "four" }).messages;
  assertEquals([first, place], ["yoda: plan four", last?.id]);
  const before = Number(place);
  assertEquals(found(luke, "plan", { limit: 1, before }), ["yoda: plan one"]);
  // Nor does a place to go on tell that the words were said.
  assertEquals(found(luke, '"n t"', { limit: 1 }), []);
  assertEquals(found(luke, '"n t"', { limit: 1, before }), []);
});

Deno.test("search: one is under way at a time, whoever asks, and other questions pass by", () => {
  const harness = new CoreHarness();
  const [yoda, luke, leia] = ["yoda", "luke", "leia"].map((name) =>
    harness.login(name)
  );
  assert(yoda && luke && leia);
  const phone = harness.loginFrom("yoda", "phone");
  harness.queries = "held";
  const asked = [yoda, luke, luke, leia].map((client) =>
    [client, client.send("search", { words: "x" })] as const
  );
  yoda.send("history", {});
  assertEquals(harness.unanswered, 1);
  leia.send("history", {});
  phone.send("history", {});
  assertEquals(harness.unanswered, 2);
  luke.disconnect();
  harness.answer();
  for (const [client, id] of asked) {
    assertEquals(client.replyTo(id) !== undefined, client !== luke);
  }
});

Deno.test("limit searchCharacters: too much, and nothing, is not searched for", () => {
  const yoda = new CoreHarness().login("yoda");
  assert(yoda.refused("search", { words: ' "" ' }).startsWith("blank_text"));
  const long = "x".repeat(limits.searchCharacters);
  assertEquals(found(yoda, long), []);
  assert(yoda.refused("search", { words: `${long}x` }).startsWith("text_too"));
});

Deno.test("limit searchCost: a search counts as so many requests", () => {
  const messageRate = 20;
  const yoda = new CoreHarness({ options: { messageRate } }).login("yoda");
  const burst = messageRate * limits.messageBurstSeconds;
  for (let left = burst; left >= limits.searchCost;) {
    found(yoda, "x");
    left -= limits.searchCost;
  }
  assert(yoda.refused("search", { words: "x" }).startsWith("too_fast"));
});

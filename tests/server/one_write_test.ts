/** What is answered of requests that came in one write, and so share a batch. */
import { assertEquals } from "@std/assert";
import type { TestClient } from "../support/core_client.ts";
import { CoreHarness } from "../support/core_harness.ts";

Deno.test("one write: group-create, then group-leave: the creator was a member", () => {
  const harness = new CoreHarness();
  const yoda = harness.login("yoda");
  const told = write(
    yoda,
    { do: "group-create", group: "jedi", users: ["obiwan"] },
    { do: "group-leave", group: "jedi" },
  );
  assertEquals(told, [
    { group: "jedi", members: ["yoda", "obiwan"] },
    { group: "jedi", declined: false, ended: true },
  ]);
});

Deno.test("one write: group-join, then group-leave: the joiner was a member", () => {
  const { luke, yoda } = jedi();
  const told = write(
    luke,
    { do: "group-join", group: "jedi" },
    { do: "group-leave", group: "jedi" },
  );
  assertEquals(told, [
    { group: "jedi", members: ["yoda", "luke"] },
    { group: "jedi", declined: false, ended: false },
  ]);
  assertEquals(yoda.eventsOf("joined").length, 1);
  assertEquals(yoda.eventsOf("left").length, 1);
});

Deno.test("one write: what a leader decides is answered as it was decided", () => {
  const { luke, yoda } = jedi();
  luke.ask("group-join", { group: "jedi" });
  const told = write(
    yoda,
    { do: "group-add", group: "jedi", user: "hans" },
    { do: "group-remove", group: "jedi", user: "hans" },
    { do: "group-promote", group: "jedi", user: "luke" },
    { do: "group-leave", group: "jedi" },
  );
  assertEquals(told, [
    { group: "jedi", user: "hans" },
    { group: "jedi", user: "hans", invited: true },
    { group: "jedi", leader: "luke" },
    { group: "jedi", declined: false, ended: false },
  ]);
});

Deno.test("one write: unblock, then block: who came meanwhile is told of the time between", () => {
  const { harness, yoda, luke: gone } = jedi();
  yoda.ask("block", { user: "luke" });
  gone.ask("logout", {});
  harness.advance(1000);
  const luke = harness.login("luke");
  write(yoda, { do: "unblock", user: "luke" }, { do: "block", user: "luke" });
  const told = luke.eventsOf("presence");
  assertEquals(told.map(({ user, online }) => [user, online]), [
    ["yoda", true],
  ]);
  assertEquals(luke.ask("who", {}), { users: [] });
});

Deno.test("one write: a profile is answered as each request left it", () => {
  const { yoda } = jedi();
  const told = write(
    yoda,
    { do: "profile-set", field: "hometown", value: "Dagobah" },
    { do: "profile-set", field: "hometown", value: "" },
  );
  assertEquals(told, [
    { field: "hometown", value: "Dagobah" },
    { field: "hometown", value: "" },
  ]);
});

/** yoda leads jedi, luke is invited. */
function jedi() {
  const harness = new CoreHarness();
  const yoda = harness.login("yoda");
  const luke = harness.login("luke");
  yoda.ask("group-create", { group: "jedi", users: ["luke"] });
  return { harness, yoda, luke };
}

/** The `ok` of each request, all sent at once. */
function write(client: TestClient, ...requests: object[]): unknown[] {
  const before = client.lines.length;
  const text = requests.map((request, index) =>
    JSON.stringify({ id: firstId + index, ...request })
  );
  client.sendText(text.join("\n") + "\n");
  const replies = client.lines.slice(before).map((line) => JSON.parse(line))
    .filter(({ re }) => re >= firstId);
  return replies.map(({ ok }) => ok);
}

/** Above the ids that the client chooses itself. */
const firstId = 1000;

/** What clients keep until its receivers are back, as the server tells of it. */
import { assertEquals } from "@std/assert";
import { limits } from "../../../lib/wire/limits.ts";
import type { TestClient } from "../../support/core_client.ts";
import { CoreHarness } from "../../support/core_harness.ts";

/** The id of something that is kept. */
function kept(number: number): string {
  return number.toString(16).padStart(16, "0");
}

/** Says that something is kept for these; who of them is there, or why not. */
function keep(client: TestClient, number: number, ...names: string[]) {
  const to = names.map((user) => ({ user }));
  return client.ask("offer-later", { offer: kept(number), to }).to
    .map(({ user, online, code }) => code ?? `${user} ${online}`);
}

/** Whom somebody who logs in is told of. */
function told(harness: CoreHarness, name: string, device = "tablet") {
  const client = harness.loginFrom(name, device);
  const events = client.eventsOf("offers-later");
  client.disconnect();
  return events.flatMap(({ from }) => from.map(({ user }) => user));
}

/** yoda on a laptop; nobody else is there. */
function world(users?: readonly string[]) {
  const harness = new CoreHarness(users === undefined ? {} : { users });
  return { harness, yoda: harness.loginFrom("yoda", "laptop") };
}

Deno.test("offer-later: who is there is said; who logs in is told when the one who keeps it is away", () => {
  const { harness, yoda } = world();
  harness.loginFrom("leia", "desktop");
  assertEquals(keep(yoda, 1, "LUKE", "leia", "nobody", "yoda"), [
    "luke false",
    "leia true",
    "unknown_user",
    "yoda false",
  ]);
  harness.loginFrom("yoda", "phone");
  assertEquals(keep(yoda, 2, "yoda"), ["yoda true"]);
  // What is kept by a client that is there is offered in a moment.
  assertEquals(told(harness, "luke"), []);
  const { wall } = harness.now;
  harness.advance(1000);
  yoda.disconnect();
  const luke = harness.loginFrom("luke", "phone");
  assertEquals(luke.eventsOf("offers-later"), [
    { from: [{ user: "yoda", since: wall }] },
  ]);
  // Of several things it is told once, and by a visit as well.
  const visit = harness.loginFrom("yoda", "visit", { visit: true });
  keep(visit, 3, "luke");
  visit.disconnect();
  assertEquals(told(harness, "luke"), ["yoda"]);
  // Nobody who has been told is told again when the connection comes back.
  harness.advance(1);
  luke.disconnect();
  const back = harness.connect();
  back.entry = luke.entry;
  back.resume(luke.token);
  assertEquals(back.eventsOf("offers-later"), []);
});

Deno.test("offer-later: it outlives the server, and ends when it is taken back", () => {
  const { harness, yoda } = world();
  keep(yoda, 1, "luke", "leia");
  keep(yoda, 2, "hans");
  const restarted = harness.restarted();
  for (const name of ["luke", "leia", "hans"]) {
    assertEquals(told(restarted, name), ["yoda"]);
  }
  const again = restarted.loginFrom("yoda", "laptop");
  keep(again, 1, "leia");
  keep(again, 2);
  again.disconnect();
  for (const each of [restarted, restarted.restarted()]) {
    assertEquals(told(each, "luke"), []);
    assertEquals(told(each, "leia"), ["yoda"]);
    assertEquals(told(each, "hans"), []);
  }
});

Deno.test("offer-later: what could not be stored is neither kept nor taken back", () => {
  const { harness, yoda } = world();
  keep(yoda, 1, "luke");
  harness.commits = "failing";
  for (const to of [[{ user: "leia" }], []]) {
    const refused = yoda.refused("offer-later", { offer: kept(1), to });
    assertEquals(refused.split(":")[0], "storage_failed");
  }
  harness.commits = "done";
  yoda.disconnect();
  assertEquals(told(harness, "luke"), ["yoda"]);
  assertEquals(told(harness, "leia"), []);
});

Deno.test("offer-later: nothing waits of who is blocked, removed, or another person", () => {
  const { harness, yoda } = world();
  const leia = harness.loginFrom("leia", "desktop");
  const luke = harness.loginFrom("luke", "desktop");
  const account = harness.accountOf("luke");
  luke.ask("block", { user: "yoda" });
  assertEquals(keep(yoda, 1, "luke"), ["not_delivered"]);
  luke.ask("unblock", { user: "yoda" });
  assertEquals(keep(yoda, 1, "luke"), ["luke true"]);
  yoda.disconnect();
  luke.ask("block", { user: "yoda" });
  assertEquals(told(harness, "luke"), []);
  luke.ask("unblock", { user: "yoda" });
  assertEquals(told(harness, "luke"), ["yoda"]);
  // Whoever has the name later is told of nothing, and is not who was meant.
  luke.ask("rename", { name: "farmboy" });
  leia.ask("rename", { name: "luke" });
  const again = harness.loginFrom("yoda", "laptop");
  const to = [{ user: "luke", account }];
  const reply = again.ask("offer-later", { offer: kept(1), to });
  assertEquals(reply.to, [{ user: "farmboy", account, online: true }]);
  harness.removeAccount("farmboy");
  const gone = again.ask("offer-later", { offer: kept(1), to });
  assertEquals(gone.to.map(({ code }) => code), ["unknown_user"]);
  keep(again, 2, "hans");
  again.disconnect();
  assertEquals(told(harness, "hans"), ["yoda"]);
  harness.removeAccount("yoda");
  assertEquals(told(harness, "hans"), []);
  assertEquals(told(harness.restarted(), "hans"), []);
});

Deno.test("offer-later: a client that does not know of it is not told", () => {
  const { harness, yoda } = world();
  keep(yoda, 1, "luke");
  yoda.disconnect();
  const features = ["devices", "trees"];
  const luke = harness.loginFrom("luke", "phone", { features });
  assertEquals(luke.eventsOf("offers-later"), []);
});

Deno.test("limits laterOffers and laterMs: what was told longest ago is forgotten, and what is told no more", () => {
  const { harness, yoda } = world();
  keep(yoda, 0, "leia");
  keep(yoda, 1, "luke");
  keep(yoda, 0, "leia");
  for (let each = 2; each <= limits.laterOffers; each++) {
    keep(yoda, each, "hans");
  }
  yoda.disconnect();
  assertEquals(told(harness, "luke"), []);
  assertEquals(told(harness, "leia"), ["yoda"]);
  assertEquals(harness.store.later.size, limits.laterOffers);
  harness.advance(limits.laterMs);
  assertEquals(told(harness, "leia"), []);
});

Deno.test("limits laterReceivers and laterSenders: no more are taken, or told", () => {
  const many = limits.laterSenders + 1;
  const senders = Array.from({ length: many }, (_, each) => `user${each}`);
  const { harness, yoda } = world(["yoda", "luke", ...senders]);
  const to = Array(limits.laterReceivers + 1).fill({ user: "luke" });
  const refused = yoda.refused("offer-later", { offer: kept(1), to });
  assertEquals(refused.split(":")[0], "bad_request");
  for (const name of senders) {
    const client = harness.loginFrom(name, "laptop");
    keep(client, 1, "luke");
    client.disconnect();
    harness.advance(1);
  }
  assertEquals(told(harness, "luke"), senders.slice(1).toReversed());
});

/** What a user does on one device, as the others hear of it. */
import { assertEquals } from "@std/assert";
import type { ServerEvent } from "../../../lib/wire/server_frame.ts";
import type { TestClient } from "../../support/core_client.ts";
import { CoreHarness } from "../../support/core_harness.ts";

Deno.test("own messages come to the user's other devices, in order and once", () => {
  const { harness, luke, laptop, desktop } = twoDevices();
  laptop.ask("message", { to: ["luke", "leia"], text: "one", mid: "1" });
  luke.ask("message", { to: ["yoda"], text: "two", mid: "2" });
  desktop.ask("group-message", { group: "jedi", text: "three", mid: "3" });
  laptop.ask("broadcast", { text: "four", mid: "4" });
  // Sent again after a lost reply.
  laptop.ask("broadcast", { text: "four", mid: "4" });
  assertEquals(ownOf(laptop), ["luke: two", "mine to jedi: three"]);
  const all = [
    "mine to luke: one",
    "mine to leia: one",
    "luke: two",
    "mine to all: four",
  ];
  assertEquals(ownOf(desktop), all);
  const ids = desktop.eventsOf("message").map(({ id }) => id);
  assertEquals(ids, [...ids].sort());
  // The same after what was not confirmed, also when the server was killed.
  desktop.disconnect();
  const back = harness.loginFrom("yoda", "desktop");
  assertEquals(ownOf(back), all);
  const restarted = harness.restarted();
  assertEquals(ownOf(restarted.loginFrom("yoda", "desktop")), all);
  assertEquals(ownOf(restarted.login("yoda")), ["luke: two"]);
});

Deno.test("own messages: a device that was away gets them, a new one what was not had by any", () => {
  const { harness, luke, laptop, desktop } = twoDevices();
  desktop.ask("ack", { upto: 1 });
  desktop.disconnect();
  laptop.ask("message", { to: ["luke"], text: "one", mid: "1" });
  const visit = harness.loginFrom("yoda", "cron", { visit: true });
  visit.ask("message", { to: ["luke"], text: "two", mid: "2" });
  assertEquals(ownOf(laptop), ["mine to luke: two"]);
  const back = harness.connect();
  back.entry = desktop.entry;
  assertEquals(back.login("yoda").waiting, 0);
  assertEquals(ownOf(back), ["mine to luke: one", "mine to luke: two"]);
  back.ask("ack", { upto: 2 });
  luke.ask("message", { to: ["yoda"], text: "three", mid: "3" });
  const phone = harness.connect();
  phone.entry = { device: { id: "0123456789abcdef", name: "phone" } };
  assertEquals(phone.login("yoda").waiting, 1);
  assertEquals(ownOf(phone), ["luke: three"]);
});

Deno.test("own deletions come to who sent or had what they delete", () => {
  const { harness, laptop, desktop } = twoDevices();
  desktop.ask("message", { to: ["luke"], text: "one", mid: "1" });
  laptop.ask("ack", { upto: 1 });
  desktop.ask("message", { to: ["luke"], text: "two", mid: "2" });
  laptop.ask("message", { to: ["luke"], text: "three", mid: "3" });
  desktop.disconnect();
  for (const number of [1, 2, 3]) {
    laptop.ask("delete", { number, mid: `d${number}` });
  }
  const back = harness.loginFrom("yoda", "desktop");
  assertEquals(ownOf(back), [
    "mine to luke: 1 deleted",
    "mine to luke: 2 deleted",
  ]);
  laptop.disconnect();
  back.ask("group-message", { group: "jedi", text: "four", mid: "4" });
  back.ask("delete", { number: 1, group: "jedi", mid: "d4" });
  assertEquals(ownOf(harness.loginFrom("yoda", "laptop")), []);
});

Deno.test("what is changed on one device is told to the others, and to no old client", () => {
  const { harness, luke, laptop, desktop } = twoDevices();
  const old = harness.login("yoda");
  const told = (client: TestClient) =>
    client.events.splice(0).map(summary).filter((each) => each !== "");
  const steps: [() => unknown, string[]][] = [
    [
      () => laptop.ask("profile-set", { field: "status", value: "well" }),
      ["changed profile"],
    ],
    [() => laptop.ask("block", { user: "leia" }), ["changed blocks"]],
    [() => laptop.ask("unblock", { user: "leia" }), ["changed blocks"]],
    [
      () => laptop.ask("group-create", { group: "sith", users: ["luke"] }),
      ["joined sith yoda"],
    ],
    [
      () => laptop.ask("group-set", { group: "sith", topic: "plans" }),
      ["topic sith plans"],
    ],
    [
      () => laptop.ask("group-remove", { group: "sith", user: "luke" }),
      ["removed sith luke"],
    ],
    [() => laptop.ask("group-leave", { group: "sith" }), ["left sith yoda"]],
    [
      () => luke.ask("group-create", { group: "ewok", users: ["yoda"] }),
      ["invited ewok"],
    ],
    [
      () => laptop.ask("group-join", { group: "ewok" }),
      ["joined ewok yoda"],
    ],
    [
      () => laptop.ask("group-promote", { group: "jedi", user: "luke" }),
      ["leader jedi luke"],
    ],
    [
      () => laptop.ask("rename", { name: "master" }),
      ["renamed yoda master"],
    ],
  ];
  told(desktop);
  told(laptop);
  told(old);
  for (const [act, expected] of steps) {
    act();
    assertEquals(told(desktop), expected);
    const isOfOther = expected[0] === "invited ewok";
    assertEquals(told(laptop), isOfOther ? expected : []);
    assertEquals(told(old), isOfOther ? expected : []);
  }
});

/** yoda with two devices leads jedi; luke is a member. */
function twoDevices() {
  const harness = new CoreHarness();
  const luke = harness.login("luke");
  const laptop = harness.loginFrom("yoda", "laptop");
  const desktop = harness.loginFrom("yoda", "desktop");
  laptop.ask("group-create", { group: "jedi", users: ["luke"] });
  luke.ask("group-join", { group: "jedi" });
  return { harness, luke, laptop, desktop };
}

/** Messages and deletions as they came. */
function ownOf(client: TestClient): string[] {
  return client.events.flatMap((event) => {
    if (event.ev !== "message" && event.ev !== "deleted") return [];
    const { from, mine, to, group, kind } = event;
    const what = event.ev === "message"
      ? event.text
      : `${event.number} deleted`;
    const place = to ?? group ?? (kind === "broadcast" ? "all" : "");
    return [`${mine ? `mine to ${place}` : from}: ${what}`];
  });
}

/** What an event tells of a change. */
function summary(event: ServerEvent): string {
  switch (event.ev) {
    case "changed":
      return `changed ${event.what}`;
    case "joined":
    case "left":
    case "removed":
      return `${event.ev} ${event.group} ${event.user}`;
    case "invited":
      return `invited ${event.group}`;
    case "topic":
      return `topic ${event.group} ${event.topic}`;
    case "leader":
      return `leader ${event.group} ${event.leader}`;
    case "renamed":
      return `renamed ${event.from} ${event.to}`;
    default:
      return "";
  }
}

/** What a user does on one device, as the others hear of it. */
import { assert, assertEquals } from "@std/assert";
import type {
  ReplyFields,
  ServerEvent,
} from "../../../lib/wire/server_frame.ts";
import type { TestClient } from "../../support/core_client.ts";
import { passwordOf } from "../../support/core_accounts.ts";
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

Deno.test("own messages: a device that was away while its user was renamed gets them by the new name", () => {
  const { harness, luke, laptop, desktop } = twoDevices();
  const id = "fedcba9876543210";
  laptop.ask("rename", { name: "master" });
  desktop.disconnect();
  luke.ask("message", { to: ["master"], text: "one", mid: "1" });
  laptop.ask("ack", { upto: 1 });
  const enter = (also: string[]) => {
    const back = harness.connect();
    back.entry = { device: { id, name: "desktop", also } };
    const proof = back.sendLogin("master", passwordOf("yoda"));
    const reply = back.replyTo(proof);
    assert(reply !== undefined && "ok" in reply);
    return { back, device: (reply.ok as ReplyFields<"proof">).device };
  };
  const known = desktop.entry.device?.id ?? "";
  const { back, device } = enter(["0123456789abcdef", known]);
  assertEquals(device, { name: "desktop", id: known });
  assertEquals(ownOf(back), ["luke: one"]);
  assertEquals(laptop.eventsOf("device-login").at(-1)?.new, undefined);
  back.disconnect();
  // None of the ids is one of this user's.
  const another = enter(["0123456789abcdef"]);
  assertEquals(another.device, { name: "desktop-2" });
  // By its own one it is what it says.
  assertEquals(enter([known]).device, { name: "desktop-2" });
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

Deno.test("an old client beside other devices gets no event and no field that it does not know", () => {
  const harness = new CoreHarness();
  const luke = harness.login("luke");
  const old = harness.connect();
  assertEquals(old.hello().features, []);
  const told = old.login("yoda", 0, "A".repeat(43));
  assertEquals(Object.keys(told).sort(), [
    ...["account", "epochs", "ip", "scram", "seen", "setBack", "token"],
    ...["user", "waiting"],
  ]);
  const laptop = harness.loginFrom("yoda", "laptop");
  luke.ask("message", { to: ["yoda"], text: "one", mid: "1" });
  laptop.ask("message", { to: ["luke"], text: "two", mid: "1" });
  laptop.ask("delete", { number: 2, mid: "d" });
  laptop.ask("broadcast", { text: "three", mid: "2" });
  laptop.ask("group-create", { group: "jedi", users: ["luke"] });
  luke.ask("group-join", { group: "jedi" });
  luke.ask("group-message", { group: "jedi", text: "four", mid: "3" });
  laptop.ask("profile-set", { field: "status", value: "well" });
  laptop.ask("device-rename", { device: "laptop", name: "tower" });
  const fields = old.lines.map((line) => JSON.parse(line))
    .filter(({ ev }) => ev !== undefined)
    .map((event) => Object.keys(event).join());
  const message = "ev,id,kind,number,at,from";
  assertEquals(fields, [
    `${message},text`,
    "ev,group,user,at",
    "ev,id,number,at,text,from,group,kind",
  ]);
  old.disconnect();
  const back = harness.connect();
  assertEquals(Object.keys(back.resume(old.token)).sort(), [
    ...["account", "epochs", "ip", "seen", "setBack", "token", "user"],
    "waiting",
  ]);
  assertEquals(back.texts, ["luke: one", "jedi, luke: four"]);
});

Deno.test("devices: who asks sees all of the user's own, and which it is", () => {
  const harness = new CoreHarness();
  const key = "A".repeat(43);
  const laptop = harness.loginFrom("yoda", "laptop", {
    ...{ ip: "192.0.2.7", identity: key },
  });
  const start = harness.now.wall;
  harness.advance(1000);
  const desktop = harness.loginFrom("yoda", "desktop", { ip: "192.0.2.8" });
  harness.loginFrom("yoda", "cron", { visit: true });
  harness.loginFrom("luke", "phone");
  harness.advance(2000);
  laptop.ask("who", {});
  harness.advance(3000);
  desktop.disconnect();
  harness.advance(4000);
  const place = { since: start, ip: "192.0.2.7", lastActive: start + 10_000 };
  assertEquals(laptop.ask("devices", {}).devices, [
    { name: "laptop", ...place, online: true, current: true, key: true },
    {
      ...{ name: "desktop", since: start + 1000, ip: "192.0.2.8" },
      ...{ lastActive: start + 6000, online: false },
    },
  ]);
  harness.advance(5000);
  const again = harness.restarted().loginFrom("yoda", "desktop");
  const [first, second] = again.ask("devices", {}).devices;
  assertEquals([first?.name, first?.online, first?.since], [
    ...["laptop", false, start],
  ]);
  assertEquals([second?.name, second?.online, second?.current], [
    ...["desktop", true, true],
  ]);
});

Deno.test("device-login: the other devices hear of each, and whether it was known", () => {
  const { harness, laptop, desktop } = twoDevices();
  desktop.disconnect();
  harness.loginFrom("yoda", "desktop", { ip: "192.0.2.9" });
  harness.loginFrom("yoda", "cron", { visit: true });
  harness.login("yoda");
  const at = harness.now.wall;
  const common = { ip: "192.0.2.1", at };
  assertEquals(laptop.eventsOf("device-login"), [
    { device: "desktop", ...common, new: true },
    { device: "desktop", ip: "192.0.2.9", at },
    { device: "old client", ...common, new: true },
  ]);
});

Deno.test("device-end logs one of the user's devices out, voids its token and forgets it", () => {
  const { harness, luke, laptop, desktop } = twoDevices();
  luke.ask("message", { to: ["yoda"], text: "one", mid: "1" });
  laptop.ask("ack", { upto: 1 });
  assertEquals(laptop.ask("device-end", { device: "Desktop" }), {
    device: "desktop",
  });
  assertEquals(desktop.eventsOf("bye"), [{
    code: "logged_out_elsewhere",
    message: "You were logged out from laptop",
  }]);
  for (const each of [harness, harness.restarted()]) {
    const back = each.connect();
    back.hello();
    const { token } = desktop;
    assertEquals(
      back.refused("resume", { token, udpPort: 0 }),
      "token_invalid: This session has ended. Please log in again",
    );
  }
  assertEquals(laptop.ask("devices", {}).devices.length, 1);
  // It starts like a new one.
  assertEquals(harness.loginFrom("yoda", "desktop").texts, []);
  assertEquals(
    laptop.refused("device-end", { device: "laptop" }).split(":")[0],
    "is_self",
  );
  assertEquals(
    laptop.refused("device-end", { device: "x\u0007y" }),
    "unknown_device: You have no device x\u2407y; /devices lists them",
  );
});

Deno.test("device-end that cannot be stored changes nothing", () => {
  const { harness, laptop, desktop } = twoDevices();
  harness.commits = "failing";
  const id = laptop.send("device-end", { device: "desktop" });
  const reply = laptop.replyTo(id);
  assertEquals(reply && "code" in reply && reply.code, "storage_failed");
  harness.commits = "done";
  assertEquals(desktop.bye, undefined);
  desktop.disconnect();
  const back = harness.connect();
  back.entry = desktop.entry;
  assertEquals(back.resume(desktop.token).device, { name: "desktop" });
});

Deno.test("device-rename: the name is kept, whatever the client calls it", () => {
  const { harness, laptop, desktop } = twoDevices();
  const fields = { device: "desktop", name: "tower" };
  assertEquals(laptop.ask("device-rename", fields), {
    ...{ from: "desktop", to: "tower" },
  });
  assertEquals(desktop.eventsOf("changed"), [
    { what: "devices", from: "desktop", to: "tower" },
  ]);
  const restarted = harness.restarted();
  const back = restarted.connect();
  back.entry = desktop.entry;
  assertEquals(back.login("yoda").device, { name: "tower" });
  const refused = (device: string, name: string) =>
    back.refused("device-rename", { device, name });
  assertEquals(
    refused("tower", "LAPTOP"),
    "device_name_taken: Another of your devices is called laptop",
  );
  assertEquals(refused("tower", "a@b").split(":")[0], "bad_device_name");
  assertEquals(refused("desktop", "x").split(":")[0], "unknown_device");
  back.ask("device-rename", { device: "tower", name: "Tower" });
});

Deno.test("password-change ends the user's other sessions: they know the old one", () => {
  const { harness, laptop, desktop } = twoDevices();
  const visit = harness.loginFrom("yoda", "cron", { visit: true });
  laptop.sendPassword("yoda", passwordOf("yoda"), "another password");
  for (const { bye } of [desktop, visit]) {
    assertEquals(bye, "logged_out_elsewhere");
  }
  assertEquals(desktop.eventsOf("bye").map(({ message }) => message), [
    "The password was changed on laptop: log in again with the new one",
  ]);
  assertEquals(laptop.bye, undefined);
  const back = harness.connect();
  back.hello();
  const { token } = desktop;
  assertEquals(
    back.refused("resume", { token, udpPort: 0 }).split(":")[0],
    "token_invalid",
  );
});

Deno.test("a removed account ends every session, and its devices are no more", () => {
  const { harness, laptop, desktop } = twoDevices();
  const visit = harness.loginFrom("yoda", "cron", { visit: true });
  harness.removeAccount("yoda");
  for (const { bye } of [laptop, desktop, visit]) {
    assertEquals(bye, "account_removed");
  }
  assertEquals([...harness.store.devices.values()].map(({ user }) => user), [
    3,
  ]);
  assertEquals(harness.userLog.map(({ user }) => user), ["luke"]);
});

Deno.test("each session is logged out for its own inactivity", () => {
  const harness = new CoreHarness({ options: { idleMs: 60_000 } });
  const laptop = harness.loginFrom("yoda", "laptop");
  const desktop = harness.loginFrom("yoda", "desktop");
  harness.advance(50_000);
  laptop.ask("who", {});
  harness.advance(20_000);
  assertEquals([laptop.bye, desktop.bye], [undefined, "idle"]);
});

Deno.test("what a user may send is counted for all devices together", () => {
  const harness = new CoreHarness({ options: { messagesPerDay: 2 } });
  harness.login("luke");
  const clients = ["laptop", "desktop"].map((name) =>
    harness.loginFrom("yoda", name)
  );
  for (const [index, client] of clients.entries()) {
    client.ask("message", { to: ["luke"], text: "x", mid: `${index}` });
  }
  const fields = { to: ["luke"], text: "x", mid: "3" };
  assertEquals(
    clients[0]?.refused("message", fields).split(":")[0],
    "history_full",
  );
});

Deno.test("what is confirmed together is stored together: a write a device and batch", () => {
  const { harness, luke, laptop, desktop } = twoDevices();
  const phone = harness.loginFrom("yoda", "phone");
  for (let index = 0; index < 100; index++) {
    luke.ask("message", { to: ["yoda"], text: "x", mid: `${index}` });
  }
  const before = harness.store.writes.length;
  for (const client of [laptop, desktop, phone]) {
    for (let upto = 1; upto <= 100; upto++) client.send("ack", { upto });
  }
  harness.advance(1000);
  const writes = harness.store.writes.slice(before);
  assertEquals(writes.map(({ write }) => write), Array(3).fill("cursor"));
  assertEquals(harness.cursorOf("yoda"), 100);
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

/** Several sessions of one user, each from another device. */
import { assert, assertEquals } from "@std/assert";
import { limits } from "../../../lib/wire/limits.ts";
import { deviceOf, type TestClient } from "../../support/core_client.ts";
import { CoreHarness } from "../../support/core_harness.ts";

Deno.test("devices: a user is logged in from several, and each gets every message once", () => {
  const harness = new CoreHarness();
  const luke = harness.login("luke");
  const laptop = harness.loginFrom("yoda", "laptop");
  const desktop = harness.loginFrom("yoda", "desktop");
  luke.ask("group-create", { group: "jedi", users: ["yoda"] });
  laptop.ask("group-join", { group: "jedi" });
  luke.ask("message", { to: ["yoda"], text: "one", mid: "1" });
  luke.ask("broadcast", { text: "two", mid: "2" });
  luke.ask("group-message", { group: "jedi", text: "three", mid: "3" });
  const texts = ["luke: one", "luke: two", "jedi, luke: three"];
  assertEquals([laptop.texts, desktop.texts], [texts, texts]);
  laptop.ask("ack", { upto: 3 });
  // What one has confirmed the other has not.
  desktop.disconnect();
  const again = harness.loginFrom("yoda", "desktop");
  assertEquals(again.texts, texts);
  again.ask("ack", { upto: 3 });
  harness.advance(storedMs);
  const restarted = harness.restarted();
  for (const name of ["laptop", "desktop"]) {
    assertEquals(restarted.loginFrom("yoda", name).texts, []);
  }
});

Deno.test("devices: a new one starts with what no other one has confirmed", () => {
  const harness = new CoreHarness();
  const luke = harness.login("luke");
  const laptop = harness.loginFrom("yoda", "laptop");
  luke.ask("message", { to: ["yoda"], text: "one", mid: "1" });
  luke.ask("message", { to: ["yoda"], text: "two", mid: "2" });
  laptop.ask("ack", { upto: 1 });
  assertEquals(harness.loginFrom("yoda", "phone").texts, ["luke: two"]);
  assertEquals(harness.loginFrom("yoda", "tablet").texts, ["luke: two"]);
});

Deno.test("devices: others see one person, from the first session to the last", () => {
  const harness = new CoreHarness();
  const luke = harness.login("luke");
  const laptop = harness.loginFrom("yoda", "laptop", { ip: "192.0.2.7" });
  harness.advance(1000);
  const desktop = harness.loginFrom("yoda", "desktop", { ip: "192.0.2.8" });
  const { users } = luke.ask("who", {});
  assertEquals(users.map(({ user, ip }) => [user, ip]), [
    ["yoda", "192.0.2.7"],
    ["yoda", "192.0.2.8"],
  ]);
  assertEquals(
    harness.userLog.map(({ user, ip }) => [user, ip]),
    [["luke", "192.0.2.1"], ["yoda", "192.0.2.7"], ["yoda", "192.0.2.8"]],
  );
  laptop.ask("logout", {});
  assertEquals(luke.ask("profile", { user: "yoda" }).since, users[0]?.since);
  desktop.disconnect();
  const told = luke.eventsOf("presence").map(({ user, online }) =>
    `${user} ${online}`
  );
  assertEquals(told, ["yoda true", "yoda false"]);
  assertEquals(luke.ask("who", {}), { users: [] });
});

Deno.test("devices: a login of the same device replaces its session at once", () => {
  const harness = new CoreHarness();
  const luke = harness.login("luke");
  const dead = harness.loginFrom("yoda", "laptop");
  luke.ask("message", { to: ["yoda"], text: "one", mid: "1" });
  const laptop = harness.loginFrom("yoda", "laptop");
  assertEquals(dead.bye, "session_moved");
  assert(dead.closed);
  assertEquals(laptop.texts, ["luke: one"]);
  assertEquals(luke.eventsOf("presence").length, 1);
  assertEquals(harness.userLog.length, 2);
  // The token of the one before is void.
  const late = harness.connect();
  late.hello();
  const { token } = dead;
  assert(
    late.refused("resume", { token, udpPort: 0 }).startsWith("token_invalid"),
  );
  luke.ask("message", { to: ["yoda"], text: "two", mid: "2" });
  assertEquals(laptop.texts, ["luke: one", "luke: two"]);
});

Deno.test("devices: two logins of one device in one batch: the later one stays", () => {
  const harness = new CoreHarness();
  harness.commits = "held";
  const logins = [harness.connect(), harness.connect()].map((client) => {
    client.entry = { device: deviceOf("laptop") };
    return [client, client.sendLogin("yoda")] as const;
  });
  harness.release();
  const [first, second] = logins.map(([client]) => client);
  assertEquals([first?.bye, second?.bye], ["session_moved", undefined]);
  assertEquals(harness.userLog.length, 1);
});

Deno.test("devices: a session whose login could not be stored leaves nothing behind", () => {
  const harness = new CoreHarness({ options: { sessions: 1 } });
  const laptop = harness.loginFrom("yoda", "laptop");
  harness.commits = "held";
  const other = harness.connect();
  other.entry = { device: deviceOf("desktop"), takeOver: true };
  const id = other.sendLogin("yoda");
  harness.release("failing");
  assertEquals(codeOf(other, id), "storage_failed");
  assertEquals(laptop.bye, undefined);
  laptop.disconnect();
  const back = harness.connect();
  back.entry = { device: deviceOf("laptop") };
  back.resume(laptop.token);
  assertEquals(harness.userLog.length, 1);
});

Deno.test("limit sessionsPerUser: one more is refused, or takes the place of the idlest", () => {
  const harness = new CoreHarness();
  const ip = (index: number) => `192.0.2.${index + 1}`;
  const clients: TestClient[] = [];
  for (let index = 0; index < limits.sessionsPerUser; index++) {
    const name = `laptop ${index}`;
    clients.push(harness.loginFrom("yoda", name, { ip: ip(index) }));
    harness.advance(1000);
  }
  clients[0]?.ask("who", {});
  const since = harness.userLog[1]?.since;
  const late = harness.connect("192.0.2.99");
  late.entry = { device: deviceOf("phone") };
  assertEquals(late.replyTo(late.sendLogin("yoda")), {
    ...{ code: "already_online", since, from: ip(1) },
    message: "This account is already logged in",
  });
  late.entry = { ...late.entry, takeOver: true };
  late.login("yoda");
  assertEquals(clients.map(({ bye }) => bye), [
    undefined,
    "taken_over",
    ...Array(limits.sessionsPerUser - 2).fill(undefined),
  ]);
  assertEquals(clients[1]?.eventsOf("bye").map(({ message }) => message), [
    "Your session was taken over from 192.0.2.99",
  ]);
  const back = harness.connect();
  back.hello();
  const token = clients[1]?.token ?? "";
  assert(
    back.refused("resume", { token, udpPort: 0 }).startsWith("token_invalid"),
  );
});

Deno.test("devices: with one session, who takes it over is never seen to go", () => {
  const harness = new CoreHarness({ options: { sessions: 1 } });
  const luke = harness.login("luke");
  const laptop = harness.loginFrom("yoda", "laptop");
  harness.loginFrom("yoda", "desktop", { takeOver: true });
  assertEquals(luke.eventsOf("presence").length, 1);
  assertEquals(harness.userLog.length, 2);
  // The one that it ends reads why, and of no login besides.
  assertEquals(laptop.bye, "taken_over");
  assertEquals(laptop.eventsOf("device-login"), []);
});

Deno.test("devices: a device comes back to a full house only over another", () => {
  const harness = new CoreHarness({ options: { sessions: 1 } });
  const laptop = harness.loginFrom("yoda", "laptop");
  laptop.disconnect();
  const desktop = harness.loginFrom("yoda", "desktop");
  const back = harness.connect();
  back.entry = { device: deviceOf("laptop") };
  back.hello();
  const fields = { token: laptop.token, udpPort: 0 };
  const refused = back.refused("resume", fields);
  assertEquals(refused, "already_online: This account is already logged in");
  back.ask("resume", { ...fields, takeOver: true });
  assertEquals(desktop.bye, "taken_over");
});

Deno.test("limit devicesPerUser: the one longest away is forgotten, and starts anew", () => {
  const harness = new CoreHarness();
  const luke = harness.login("luke");
  for (let index = 0; index <= limits.devicesPerUser; index++) {
    harness.loginFrom("yoda", `tty ${index}`).disconnect();
    if (index > 0) continue;
    luke.ask("message", { to: ["yoda"], text: "one", mid: "1" });
    const second = harness.loginFrom("yoda", "tty 1");
    second.ask("ack", { upto: 1 });
    second.disconnect();
  }
  harness.advance(1000);
  assertEquals(harness.store.devices.size, limits.devicesPerUser + 1);
  assertEquals(harness.loginFrom("yoda", "tty 0").texts, []);
});

Deno.test("limit deviceMs: a device not seen for so long starts like a new one", () => {
  const texts = [0, 1].map((late) => {
    const harness = new CoreHarness();
    const luke = harness.login("luke");
    harness.loginFrom("yoda", "laptop").disconnect();
    luke.ask("message", { to: ["yoda"], text: "one", mid: "1" });
    harness.loginFrom("yoda", "desktop").ask("ack", { upto: 1 });
    harness.advance(storedMs);
    const { mono, wall } = harness.now;
    const later = limits.deviceMs - storedMs - 1 + late;
    const now = { mono: mono + later, wall: wall + later };
    return harness.restarted({ now }).loginFrom("yoda", "laptop").texts;
  });
  assertEquals(texts, [["luke: one (kept)"], []]);
});

Deno.test("limit deviceNameCharacters: a longer name is refused, one that is taken gets a number", () => {
  const harness = new CoreHarness();
  const nameOf = (client: TestClient, name: string) => {
    client.entry = { device: { ...deviceOf(`${++last}`), name } };
    return client.replyTo(client.sendLogin("yoda"));
  };
  let last = 0;
  for (const name of ["", " a", "a@b", "a\u0007", "x".repeat(33)]) {
    const reply = nameOf(harness.connect(), name);
    assertEquals(reply && "code" in reply && reply.code, "bad_device_name");
  }
  const long = "\u{1f642}".repeat(limits.deviceNameCharacters);
  const names = [long, long, "Laptop", "laptop", "laptop-2"].map((name) => {
    const reply = nameOf(harness.connect(), name);
    return (reply as { ok: { device: { name: string } } }).ok.device.name;
  });
  const short = "\u{1f642}".repeat(limits.deviceNameCharacters - 2) + "-2";
  assertEquals(names, [long, short, "Laptop", "laptop-2", "laptop-2-2"]);
});

Deno.test("devices: an old client is one device, and a second one is refused", () => {
  const harness = new CoreHarness();
  const old = harness.login("yoda");
  const laptop = harness.loginFrom("yoda", "laptop");
  const second = harness.connect();
  assertEquals(second.replyTo(second.sendLogin("yoda")), {
    code: "already_online",
    message: "This account is already logged in",
  });
  assertEquals(harness.userLog.length, 2);
  old.ask("logout", {});
  harness.login("yoda");
  assertEquals(laptop.bye, undefined);
});

Deno.test("limit visits: one more is refused, until one ends", () => {
  const harness = new CoreHarness();
  const visits = Array.from(
    { length: limits.visits },
    () => harness.loginFrom("yoda", "cron", { visit: true }),
  );
  const late = harness.connect();
  late.entry = { device: deviceOf("cron"), visit: true };
  assertEquals(codeOf(late, late.sendLogin("yoda")), "already_online");
  visits[0]?.ask("logout", {});
  late.login("yoda");
  // One that lost its connection makes room.
  visits[1]?.disconnect();
  harness.loginFrom("yoda", "cron", { visit: true });
  assertEquals(harness.store.devices.size, 0);
});

Deno.test("devices: a visit is seen by nobody and takes no message away", () => {
  const harness = new CoreHarness({ options: { sessions: 1 } });
  const luke = harness.login("luke");
  luke.ask("group-create", { group: "jedi", users: ["yoda"] });
  luke.ask("message", { to: ["yoda"], text: "one", mid: "1" });
  harness.advance(1000);
  const visit = harness.connect();
  visit.entry = { device: deviceOf("laptop"), visit: true };
  assertEquals(visit.login("yoda", 9).waiting, 0);
  visit.ask("group-join", { group: "jedi" });
  luke.ask("message", { to: ["yoda"], text: "two", mid: "2" });
  luke.ask("group-message", { group: "jedi", text: "three", mid: "3" });
  luke.ask("broadcast", { text: "four", mid: "4" });
  visit.ask("ack", { upto: 9 });
  assertEquals(luke.ask("who", {}), { users: [] });
  assertEquals(luke.eventsOf("presence"), []);
  assertEquals(harness.userLog.map(({ user }) => user), ["luke"]);
  assertEquals(harness.core.gauges().online, 1);
  visit.ask("message", { to: ["luke"], text: "five", mid: "5" });
  assertEquals(luke.texts, ["yoda: five"]);
  const laptop = harness.loginFrom("yoda", "laptop");
  assertEquals(visit.events, []);
  visit.disconnect();
  const back = harness.connect();
  back.entry = visit.entry;
  back.resume(visit.token);
  back.ask("logout", {});
  assertEquals(luke.eventsOf("presence").map(({ online }) => online), [true]);
  const texts = ["luke: one (kept)", "luke: two (kept)"];
  const jedi = "jedi, luke: three (kept)";
  assertEquals(laptop.texts, [...texts, jedi, "yoda: five"]);
});

Deno.test("devices: what a device is told of itself when it comes in", () => {
  const harness = new CoreHarness();
  const [one, two] = ["A", "B"].map((letter) => letter.repeat(42) + "A");
  const first = harness.connect();
  first.entry = { device: deviceOf("laptop") };
  const told = first.login("yoda", 0, one);
  assertEquals([told.device, told.others, told.identity], [
    { name: "laptop" },
    0,
    undefined,
  ]);
  for (const key of [undefined, two, one]) {
    const other = harness.connect();
    other.entry = { device: deviceOf("desktop") };
    const told = other.login("yoda", 0, key);
    assertEquals([told.device, told.others, told.identity], [
      { name: "desktop" },
      1,
      key === one ? undefined : one,
    ]);
  }
  const { device, others } = harness.login("luke").ask("identity", {
    user: "yoda",
  }) as { device?: object; others?: number };
  assertEquals([device, others], [undefined, undefined]);
});

Deno.test("devices: a database of before is one of old clients, who lose and repeat nothing", () => {
  const harness = new CoreHarness();
  const luke = harness.login("luke");
  const yoda = harness.login("yoda");
  luke.ask("message", { to: ["yoda"], text: "one", mid: "1" });
  luke.ask("message", { to: ["yoda"], text: "two", mid: "2" });
  yoda.ask("ack", { upto: 1 });
  harness.advance(storedMs);
  const restarted = harness.restarted();
  assertEquals(restarted.loginFrom("yoda", "laptop").texts, ["luke: two"]);
  const again = restarted.connect();
  again.resume(yoda.token);
  assertEquals(again.texts, ["luke: two"]);
});

/** After which an acknowledgement is stored, ms. */
const storedMs = 300;

function codeOf(client: TestClient, id: number): string | undefined {
  const reply = client.replyTo(id);
  return reply && "code" in reply ? reply.code : undefined;
}

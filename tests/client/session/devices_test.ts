/** A client as one of its user's devices: what it says, is asked and is told. */
import { assert, assertEquals } from "@std/assert";
import { Identity } from "../../../lib/client/trust/identity.ts";
import { plainPalette } from "../../../lib/cli/palette.ts";
import { renderText } from "../../../lib/client/text/render_text.ts";
import { linkMs } from "../../../lib/client/trust/device_link.ts";
import { formatTime } from "../../../lib/base/time.ts";
import { MemoryDevices } from "../../support/memory_devices.ts";
import { SeededRandom } from "../../support/seeded_random.ts";
import { openedSession, scramServer } from "../logged_in.ts";
import { type HarnessOptions, SessionHarness } from "../session_harness.ts";

/** A client that has sent its `login`, to a server that knows devices. */
function started(
  options: HarnessOptions = {},
  features = ["devices"],
): SessionHarness {
  const harness = new SessionHarness("always", options);
  harness.serverFeatures = features;
  harness.session.start(harness.now);
  harness.connect();
  harness.credentials();
  return harness;
}

function loggedIn(options?: HarnessOptions): SessionHarness {
  const harness = started(options);
  scramServer(harness);
  return harness;
}

/** Another session is in the way, since an hour and a day ago. */
function refuse(harness: SessionHarness): string {
  const since = Math.floor(harness.now.wall) - 90_000_000;
  const message = "This account is already logged in";
  const error = { code: "already_online", message, since, from: "192.0.2.7" };
  harness.server({ re: harness.take("login").id, error });
  return `${message} since ${formatTime(since).slice(0, -3)} from 192.0.2.7`;
}

Deno.test("Login: a client says which device it is, a visit only that it is one", () => {
  const device = { id: "00112233445566ff", name: "laptop" };
  const cases: [HarnessOptions, string[], object][] = [
    [{}, ["devices"], { device }],
    [{ takeOver: "ask" }, ["devices"], { device }],
    [{ takeOver: "yes" }, ["devices"], { device, takeOver: true }],
    [{ isVisit: true, takeOver: "yes" }, ["devices"], { visit: true }],
    [{ isVisit: true, takeOver: "yes" }, [], {}],
  ];
  for (const [options, features, expected] of cases) {
    const { sent } = started(options, features);
    const {
      do: name,
      id: _,
      scram: _scram,
      udpPort: _port,
      identity,
      ...rest
    } = sent[0]!;
    assertEquals([name, rest], ["login", expected]);
    assert(identity !== undefined);
  }
  const harness = loggedIn({ takeOver: "yes" });
  harness.lose();
  harness.toTimeout();
  harness.connect();
  const resume = harness.take("resume");
  // Who is taken over later stays it.
  assertEquals([resume.device, resume.takeOver], [device, undefined]);
});

Deno.test("Login: who was renamed from another device is the same device by the new name", () => {
  const devices = new MemoryDevices();
  const id = "fedcba9876543210";
  devices.own = { id: "00112233445566ff", name: "laptop", also: [id] };
  const harness = started({ devices });
  assertEquals(harness.sent.at(-1)?.device, devices.own);
  scramServer(harness, "t", { device: { name: "laptop", id } });
  assertEquals(devices.own, { id, name: "laptop" });
  // While the connection is lost, and the event with it.
  devices.write({ store: "s", user: "yoda" }, { id: 5, epochs: [] });
  harness.lose();
  harness.toTimeout();
  harness.connect();
  const user = "master";
  harness.answer("resume", { ...openedSession("t2"), user });
  assertEquals(devices.ids, [["s master", 5]]);
});

Deno.test("Login: a visit neither says nor remembers what was shown", () => {
  for (const isVisit of [true, false]) {
    const devices = new MemoryDevices();
    devices.write({ store: "s", user: "yoda" }, { id: 5, epochs: [] });
    const harness = loggedIn({ devices, isVisit });
    harness.lose();
    harness.toTimeout();
    harness.connect();
    const { seen } = harness.answer("resume", openedSession("t2"));
    assertEquals(seen, isVisit ? undefined : 5);
    assertEquals(devices.ids, [["s yoda", 5]]);
  }
});

Deno.test("Login: who is asked and says yes is logged in instead", () => {
  const harness = started({ takeOver: "ask" });
  const why = refuse(harness);
  assertEquals(harness.lastEffect("ask-take-over").message, why);
  assertEquals([harness.events, harness.sent], [[], []]);
  harness.session.handleTakeOver(true, harness.now);
  harness.drain();
  assertEquals(harness.sent[0]?.takeOver, true);
  scramServer(harness);
  assertEquals(harness.count("welcome"), 1);
});

Deno.test("Login: who thinks about it for long gets a connection with the answer", () => {
  const harness = started({ takeOver: "ask" });
  refuse(harness);
  harness.lose();
  harness.session.handleTakeOver(true, harness.now);
  harness.drain();
  harness.connect();
  assertEquals(harness.take("login").takeOver, true);
  assertEquals([harness.events, harness.session.ended], [[], false]);
});

Deno.test("Login: who says no, and who is not asked, is told and left out", () => {
  const asked = started({ takeOver: "ask" });
  refuse(asked);
  asked.session.handleTakeOver(false, asked.now);
  asked.drain();
  const unasked = started();
  const why = refuse(unasked);
  const messages = [
    [asked, "This account is already logged in"],
    [unasked, `${why}; --take-over logs in here instead`],
  ] as const;
  for (const [harness, message] of messages) {
    const code = "already_online";
    assertEquals(harness.events, [{ event: "login-failed", code, message }]);
    assertEquals(harness.lastEffect("end").reason, "login-refused");
  }
});

Deno.test("Login: whose place was taken while away is asked, or told and left out", () => {
  for (const takeOver of ["ask", "no"] as const) {
    const harness = loggedIn({ takeOver });
    harness.lose();
    harness.toTimeout();
    harness.connect();
    harness.refuse("resume", "already_online");
    assertEquals(harness.session.ended, false);
    refuse(harness);
    assertEquals(harness.session.ended, takeOver === "no");
    const asked = harness.effects.some((each) =>
      each.effect === "ask-take-over"
    );
    assertEquals(asked, takeOver === "ask");
  }
});

Deno.test("ClientSession: what was ended from another device does not come back", () => {
  for (const code of ["taken_over", "logged_out_elsewhere"]) {
    const harness = loggedIn();
    const message = "Your session was taken over from 192.0.2.7";
    harness.server({ ev: "bye", code, message });
    const told = harness.events.filter(({ event }) => event !== "welcome");
    assertEquals(told, [
      { event: "disconnected", code, message, retrying: false },
    ]);
    assertEquals(harness.lastEffect("end").reason, "ended-elsewhere");
    assertEquals(harness.session.pollTimeout(), undefined);
  }
});

Deno.test("ClientSession: what this user says on another device stands in the conversation", () => {
  const harness = loggedIn();
  const common = { at: 1, from: "yoda", mine: true } as const;
  const own = { kind: "private", number: 8, to: "luke", ...common } as const;
  harness.server({ ev: "message", id: 5, ...own, text: "psst" });
  harness.server({ ev: "message", id: 5, ...own, text: "psst" });
  const group = { kind: "group", number: 1, group: "jedi", ...common } as const;
  harness.server({ ev: "message", id: 6, ...group, text: "hi" });
  harness.server({ ev: "deleted", id: 7, ...own });
  const told = harness.events.filter(({ event }) => event !== "welcome");
  assertEquals(told, [
    { event: "message", id: 5, ...own, text: "psst", kept: false },
    { event: "message", id: 6, ...group, text: "hi", kept: false },
    { event: "deleted", ...own, text: "psst" },
  ]);
  const said = { at: 1, from: "yoda", own: true } as const;
  assertEquals(harness.view.conversation("@luke"), {
    key: "@luke",
    messages: [{ ...said, id: 5, number: 8, text: "", deleted: true }],
    ...{ unread: 0, seen: 0, counted: 5, last: 0 },
  });
  assertEquals(harness.view.conversation("#jedi")?.messages, [
    { ...said, id: 6, number: 1, text: "hi" },
  ]);
  // Nobody's key is looked up for it.
  assertEquals(harness.sent.filter((each) => each.do === "identity"), []);
  assertEquals(harness.take("ack").upto, 5);
});

Deno.test("ClientSession: another name from another device is this one's, too", () => {
  const devices = new MemoryDevices();
  const harness = loggedIn({ devices });
  const message = { kind: "broadcast", number: 1, at: 1, from: "luke" };
  harness.server({ ev: "message", id: 5, ...message, text: "hi" });
  harness.server({ ev: "renamed", from: "yoda", to: "master" });
  assertEquals(harness.events.at(-1), {
    ...{ event: "renamed", from: "yoda", to: "master", me: true },
  });
  assertEquals(harness.view.me.user, "master");
  assertEquals(devices.ids, [["s master", 5]]);
});

Deno.test("ClientSession: a group joined or left on another device is so here, too", () => {
  const harness = loggedIn();
  const joined = { group: "jedi", user: "yoda", at: 1 };
  harness.server({ ev: "joined", ...joined });
  assertEquals(harness.events.at(-1), { event: "joined", ...joined, me: true });
  assertEquals(harness.view.group("jedi")?.joined, true);
  harness.line("/chat jedi");
  harness.answer("find", { kind: "group", name: "jedi", ambiguous: false });
  harness.server({ ev: "left", ...joined, why: "left" });
  assertEquals(harness.view.group("jedi"), undefined);
  assertEquals(harness.view.chat, undefined);
  harness.server({ ev: "joined", ...joined, user: "luke" });
  assertEquals(harness.events.at(-1), {
    ...{ event: "joined", ...joined, user: "luke" },
  });
});

Deno.test("ClientSession: blocks from another device are this one's, too", () => {
  const harness = loggedIn({ learnNames: true });
  harness.answer("blocked", { users: [] });
  harness.server({ ev: "changed", what: "profile" });
  assertEquals(harness.sent.filter((each) => each.do === "blocked"), []);
  harness.server({ ev: "changed", what: "blocks" });
  harness.answer("blocked", { users: [{ user: "hans", since: 1 }] });
  assertEquals(harness.view.blocked(), ["hans"]);
  // Who offers no names needs none.
  const script = loggedIn();
  script.server({ ev: "changed", what: "blocks" });
  assertEquals(script.events.at(-1), { event: "changed", what: "blocks" });
  assertEquals(script.sent, []);
});

Deno.test("ClientSession: the user's devices are known by their names", () => {
  const memory = new MemoryDevices();
  const harness = loggedIn({ learnNames: true, devices: memory });
  const isCalled = () => [...memory.names];
  const device = { since: 1, ip: "::1", lastActive: 1, online: true };
  const [laptop, desk] = [
    { ...device, name: "laptop", current: true },
    { ...device, name: "desk" },
  ];
  harness.answer("devices", { devices: [laptop, desk] });
  assertEquals(harness.view.devices(), ["desk", "laptop"]);
  assertEquals(isCalled(), [["s yoda", "laptop"]]);
  harness.server({ ev: "device-login", device: "phone", ip: "::1", at: 1 });
  harness.line("/logoutdevice desk");
  harness.answer("device-end", { device: "desk" });
  assertEquals(harness.view.devices(), ["laptop", "phone"]);

  // Without a name it is about this one.
  harness.line("/renamedevice 'my laptop'");
  harness.answer("devices", { devices: [laptop] });
  const asked = harness.answer("device-rename", {
    ...{ from: "laptop", to: "my laptop" },
  });
  assertEquals([asked.device, asked.name], ["laptop", "my laptop"]);
  assertEquals(harness.view.devices(), ["my laptop", "phone"]);
  assertEquals(isCalled(), [["s yoda", "my laptop"]]);
  // What another device of the user is called is nothing to remember.
  harness.line("/renamedevice phone mobile");
  harness.answer("device-rename", { from: "phone", to: "mobile" });
  assertEquals(isCalled(), [["s yoda", "my laptop"]]);
  // The server says it at each login, too.
  harness.lose();
  harness.toTimeout();
  harness.connect();
  harness.answer("resume", {
    ...openedSession("t2"),
    device: { name: "sofa" },
  });
  assertEquals(isCalled(), [["s yoda", "sofa"]]);

  const visit = loggedIn({ isVisit: true });
  visit.line("/renamedevice desk");
  visit.answer("devices", { devices: [desk] });
  const [result] = visit.results();
  assert(result?.outcome.ok === false);
  assertEquals(result.outcome.code, "unknown_device");
});

Deno.test("ClientSession: without the user's key nothing is signed, until /link new makes this device's the user's", () => {
  const harness = loggedIn();
  const [mine, other, luke] = [8, 7, 6].map((seed) =>
    Identity.fromSeed(new SeededRandom(seed).bytes(32)).publicKey
  );
  const told = () =>
    harness.events.map((each) =>
      each.event === "warning" && each.message.slice(0, 34)
    );
  const lacking = "This device does not have your key";
  harness.events.length = 0;
  harness.server({ ev: "identity", identity: mine });
  assertEquals(told(), []);
  harness.server({ ev: "identity", identity: other });
  harness.server({ ev: "identity", identity: other });
  assertEquals(told(), [lacking]);
  const codes = () =>
    harness.results().map(({ outcome }) => !outcome.ok && outcome.code);
  harness.line("/verify luke");
  harness.answer("identity", { user: "luke", identity: luke });
  assertEquals(codes(), ["no_key"]);

  harness.line("/link new");
  const { identity, replace } = harness.answer("identity-set", {});
  assertEquals([identity, replace], [mine, true]);
  harness.line("/verify luke");
  harness.answer("identity", { user: "luke", identity: luke });
  assertEquals(codes(), ["no_key", false, false]);

  harness.line("/link new");
  harness.answer("identity-set", {});
  const said = harness.results().flatMap((result) =>
    result.outcome.ok && result.outcome.command === "link"
      ? renderText(result, plainPalette)
      : []
  );
  assertEquals(said, [
    "this device's key is yours now; others have to accept it: /verify",
    "this device's key is yours already: nothing changes",
  ]);
});

Deno.test("ClientSession: /link asks the other devices, and gives up in time", () => {
  const harness = loggedIn();
  const identity = Identity.fromSeed(new SeededRandom(7).bytes(32)).publicKey;
  const device = { since: 1, ip: "::1", lastActive: 1, online: true };
  harness.server({ ev: "identity", identity });
  harness.line("/link");
  harness.answer("identity", {
    user: "yoda",
    account: "0".repeat(16),
    identity,
  });
  const devices = [
    { ...device, name: "laptop", current: true },
    { ...device, name: "desk", key: true },
  ];
  harness.answer("devices", { devices });
  assertEquals(harness.results(), []);
  const ask = harness.answer("link", { device: "laptop", sent: 1 });
  assertEquals([ask.step, ask.device], ["ask", undefined]);
  assertEquals(harness.results().map(({ outcome }) => outcome.ok), [true]);
  let waited = 0;
  while (harness.count("link") === 0 && waited <= 120_000) {
    harness.sent.length = 0;
    harness.server({ ev: "ping" });
    waited += harness.toTimeout();
  }
  assertEquals(waited, 120_000);
  const last = harness.events.at(-1);
  assertEquals(last?.event === "link" && last.code, "late");
  assertEquals(harness.take("link").step, "stop");
});

/** Two devices of yoda whose frames the test carries; `fresh` asked `old`. */
function linkingDevices() {
  const identity = Identity.fromSeed(new SeededRandom(9).bytes(32));
  const fresh = loggedIn({ identity });
  const old = loggedIn();
  const names = new Map([[fresh, "new"], [old, "old"]]);
  const usersKey = old.identity.publicKey;
  fresh.server({ ev: "identity", identity: usersKey });
  /** Answers both and carries what they say until there is nothing more. */
  const settle = () => {
    for (const [from, other] of [[fresh, old], [old, fresh]] as const) {
      for (let each = from.sent.shift(); each; each = from.sent.shift()) {
        const { do: name, id, device, step, data } = each;
        const answer = (ok: object) => from.server({ re: id, ok });
        if (name === "identity") {
          const account = "0123456789abcdef";
          answer({ user: "yoda", account, identity: usersKey });
        } else if (name === "devices") {
          const devices = [fresh, old].map((of) => ({
            ...{ name: names.get(of), since: 1, ip: "::1", lastActive: 1 },
            ...{ online: true, ...of === from && { current: true } },
            ...of === old && { key: true },
          }));
          answer({ devices });
        } else if (name === "link") {
          assert([undefined, names.get(other)].includes(device as string));
          answer({ device: names.get(from), sent: 1 });
          other.server({ ev: "link", device: names.get(from), step, data });
        } else answer({});
      }
    }
    if (fresh.sent.length + old.sent.length > 0) settle();
  };
  const type = (harness: SessionHarness, line: string) => {
    harness.line(line);
    settle();
    const last = harness.results().at(-1)?.outcome;
    assert(last?.ok, JSON.stringify(last));
  };
  const told = (harness: SessionHarness) => {
    const last = harness.events.findLast(({ event }) => event === "link");
    assert(last?.event === "link");
    return last;
  };
  type(fresh, "/link");
  return { fresh, old, names, settle, type, told };
}

Deno.test("ClientSession: two minutes after /link its own timer ends it on both devices", () => {
  const { fresh, old, settle, type, told } = linkingDevices();
  type(old, "/link approve");
  type(fresh, "/link yes");
  const begin = old.now.mono;
  // Between them the timers of the heartbeat come.
  for (const device of [fresh, old]) {
    const isLate = () => told(device).code === "late";
    for (let timers = 0; timers < 100 && !isLate(); timers++) {
      device.toTimeout();
      settle();
    }
  }
  assertEquals([fresh.now.mono, old.now.mono], [begin + linkMs, begin]);
  for (const device of [fresh, old]) {
    assertEquals(
      told(device).message,
      "It took longer than two minutes: nothing went over; /link begins anew",
    );
    assertEquals(device.effects.at(-1)?.effect, "link-answered");
  }
  old.line("/link yes");
  assertEquals(old.results().at(-1)?.outcome.ok, false);
  assertEquals(old.sent, []);
});

Deno.test("ClientSession: /link goes on under the new name of a device", () => {
  for (const renamed of ["new", "old"]) {
    for (const isCompared of [false, true]) {
      const { fresh, old, names, settle, type, told } = linkingDevices();
      if (isCompared) type(old, "/link approve");
      const [own, other] = renamed === "new" ? [fresh, old] : [old, fresh];
      own.line(`/renamedevice ${renamed} sofa`);
      names.set(own, "sofa");
      own.answer("device-rename", { from: renamed, to: "sofa" });
      const changed = { what: "devices", from: renamed, to: "sofa" };
      other.server({ ev: "changed", ...changed });
      settle();
      if (!isCompared) type(old, "/link approve");
      assertEquals(told(fresh).number, told(old).number);
      type(fresh, "/link yes");
      assertEquals(told(fresh).state, "waiting");
      type(old, "/link yes");
      assertEquals([told(fresh).state, told(fresh).received], ["linked", true]);
      assertEquals([told(old).state, told(old).device], [
        ...["linked", names.get(fresh)],
      ]);
    }
  }
});

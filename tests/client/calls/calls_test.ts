import {
  assert,
  assertEquals,
  assertMatch,
  assertNotEquals,
} from "@std/assert";
import { limits } from "../../../lib/wire/limits.ts";
import type { ServerEvent } from "../../../lib/wire/server_frame.ts";
import { type CallsPeer, CallsWorld, descriptionOf } from "./calls_world.ts";

/** A world with these; the first three by name. */
function worldOf(...names: string[]) {
  const world = new CallsWorld(...names);
  const [yoda, luke, leia] = world.peers;
  assert(yoda && luke);
  return { world, yoda, luke, leia: leia! };
}

Deno.test("calls: it rings, is answered, connects and is hung up", () => {
  const { world, yoda, luke } = worldOf("yoda", "luke");
  const asked = yoda.call("LUKE");
  world.settle();
  assertEquals([yoda.codeOf(asked), yoda.states, luke.states], [
    "ok",
    ["ringing"],
    ["ringing"],
  ]);
  const answered = luke.answer();
  world.settle();
  assertEquals(luke.codeOf(answered), "ok");
  world.describeAll();
  assertEquals(yoda.states, ["ringing", "connecting", "open"]);
  assertEquals(luke.states, ["ringing", "connecting", "open"]);
  for (const peer of [yoda, luke]) {
    const other = peer === yoda ? "luke" : "yoda";
    assertEquals(peer.pages, [
      "call-taken",
      `call-peer ${other}`,
      `call-description ${other}`,
    ]);
    const described = peer.told.find((told) =>
      told.tell === "call-description"
    );
    assertEquals(described?.description.ufrag, other);
    assert(peer.effects.some(({ effect }) => effect === "bridge-call"));
  }
  // One is the offerer, by the keys.
  const roles = [yoda, luke].map(({ told }) =>
    told.find((each) => each.tell === "call-peer")?.role
  );
  assertEquals(roles.toSorted(), ["answerer", "offerer"]);
  const isSmaller = yoda.identity.publicKey < luke.identity.publicKey;
  assertEquals(roles[0], isSmaller ? "offerer" : "answerer");
  yoda.end();
  world.settle();
  assertEquals([yoda.states.at(-1), luke.states.at(-1)], [
    "ended: closed",
    "ended: closed",
  ]);
  assertEquals([yoda.calls.list(), luke.calls.list()], [[], []]);
});

Deno.test("calls: who was called may decline, and who called may take it back", () => {
  const { world, yoda, luke } = worldOf("yoda", "luke");
  yoda.call("luke");
  world.settle();
  luke.end(undefined, true);
  world.settle();
  assertEquals([yoda.states.at(-1), luke.states.at(-1)], [
    "ended: rejected",
    "ended: rejected",
  ]);
  yoda.call("luke");
  world.settle();
  yoda.end();
  world.settle();
  assertEquals([yoda.states.at(-1), luke.states.at(-1)], [
    "ended: cancelled",
    "ended: cancelled",
  ]);
  yoda.call("luke");
  world.settle();
  world.harness.advance(limits.ringMs);
  world.settle();
  assertEquals([yoda.states.at(-1), luke.states.at(-1)], [
    "ended: expired",
    "ended: expired",
  ]);
});

Deno.test("calls: all devices ring, and one takes it", () => {
  const { world, yoda, luke, leia: desktop } = worldOf(
    "yoda",
    "luke laptop",
    "luke desktop",
  );
  yoda.call("luke");
  world.settle();
  desktop.answer();
  world.settle();
  assertEquals(luke.states, ["ringing", "ended: answered"]);
  const last = luke.events.at(-1);
  assertEquals(last?.event === "call" && last.message, "answered on desktop");
  assertEquals(yoda.states.at(-1), "connecting");
});

Deno.test("calls: who is away is left a note, one for all of a group", () => {
  const { world, yoda, luke } = worldOf("yoda", "luke");
  const away = yoda.call("leia");
  world.settle();
  assertEquals(yoda.codeOf(away), "user_offline");
  assertEquals(yoda.states, []);
  assertEquals(yoda.notes, [
    { to: { kind: "user", name: "leia" }, text: "(missed call)" },
  ]);
  luke.calls.handleReady(false);
  world.settle();
  const none = yoda.call("luke");
  world.settle();
  assertEquals(yoda.codeOf(none), "no_calls");
  assertEquals(yoda.notes.length, 1);
});

Deno.test("calls: without a window here nobody is called or answered", () => {
  const { world, yoda, luke } = worldOf("yoda", "luke");
  yoda.calls.handleReady(false);
  assertEquals(yoda.codeOf(yoda.call("luke")), "no_window");
  luke.call("yoda");
  world.settle();
  assertEquals(yoda.states, []);
  yoda.calls.handleReady(true);
  world.settle();
  luke.call("yoda");
  world.settle();
  yoda.calls.handleReady(false);
  assertEquals(yoda.codeOf(yoda.answer()), "no_window");
  assertEquals(yoda.codeOf(yoda.end(undefined, true)), "ok");
});

Deno.test("calls: who is in one is in no other, here or elsewhere", () => {
  const { world, yoda, luke, leia } = worldOf("yoda", "luke", "leia");
  yoda.call("luke");
  leia.call("luke");
  world.settle();
  assertEquals(yoda.codeOf(yoda.call("leia")), "busy_here");
  const [first] = luke.calls.list();
  luke.answer(first?.call);
  world.settle();
  assertEquals(luke.codeOf(luke.answer()), "busy_here");
  leia.end();
  world.settle();
  const busy = leia.call("luke");
  world.settle();
  assertEquals(leia.codeOf(busy), "in_call");
});

Deno.test("calls: two who call each other at once are in one call", () => {
  // Whose offer stays.
  const kept = new Set<string>();
  for (let drawn = 0; drawn < 8; drawn++) {
    const { world, yoda, luke } = worldOf("yoda", "luke");
    yoda.random.bytes(8 * drawn);
    const ns = [yoda.call("luke"), luke.call("yoda")];
    world.settle();
    assertEquals([yoda.codeOf(ns[0]!), luke.codeOf(ns[1]!)], ["ok", "ok"]);
    world.describeAll();
    assertEquals(yoda.calls.list().map(({ state }) => state), ["open"]);
    assertEquals(luke.calls.list().map(({ state }) => state), ["open"]);
    assertEquals(
      yoda.told.filter(({ tell }) => tell === "call-peer").length,
      1,
    );
    assertEquals(yoda.pages[0], "call-taken");
    assertEquals(luke.pages[0], "call-taken");
    const connected = yoda.effects.find(({ effect }) =>
      effect === "connect-call"
    );
    assert(connected?.effect === "connect-call");
    kept.add(connected.end);
  }
  assertEquals(kept, new Set(["caller", "callee"]));
});

Deno.test("calls: whoever calls somebody who calls them answers", () => {
  const { world, yoda, luke } = worldOf("yoda", "luke");
  yoda.call("luke");
  world.settle();
  const n = luke.call("yoda");
  world.settle();
  assertEquals(luke.codeOf(n), "ok");
  assertEquals(luke.states, ["ringing", "connecting"]);
});

Deno.test("calls: a call outlives the server, a ringing one does not", () => {
  const { world, yoda, luke, leia } = worldOf("yoda", "luke", "leia");
  yoda.call("luke");
  world.settle();
  luke.answer();
  world.settle();
  world.describeAll();
  luke.reconnect();
  world.harness.advance(limits.tokenMs + 1000);
  world.settle();
  assertEquals(yoda.states.at(-1), "open");
  assertEquals(luke.states.at(-1), "open");
  assertEquals(leia.states, []);
  const rung = worldOf("yoda", "luke");
  rung.yoda.call("luke");
  rung.world.settle();
  rung.luke.reconnect();
  assertEquals(rung.luke.states.at(-1), "ended: lost");
});

Deno.test("calls: a window that is closed hangs up", () => {
  const { world, yoda, luke } = worldOf("yoda", "luke");
  yoda.call("luke");
  world.settle();
  luke.answer();
  world.settle();
  luke.calls.handleTakerGone(luke.calls.list()[0]!.call);
  world.settle();
  assertEquals(luke.states.at(-1), "ended: window_closed");
  assertEquals(yoda.states.at(-1), "ended: closed");
});

Deno.test("calls: members of a group's call are all connected, whoever answers when", () => {
  const { world, yoda, luke, leia } = worldOf("yoda", "luke", "leia", "han");
  const han = world.peers[3]!;
  world.group("jedi");
  const n = yoda.call("#JEDI");
  world.settle();
  assertEquals(yoda.codeOf(n), "ok");
  luke.answer();
  leia.answer();
  world.settle();
  han.answer();
  world.settle();
  world.describeAll();
  for (const peer of world.peers) {
    const [info] = peer.calls.list();
    assertEquals(info?.group, "jedi");
    assertEquals(info?.state, "open");
    assertEquals(
      info?.members.map(({ user, state }) => `${user} ${state}`).toSorted(),
      ["han", "leia", "luke", "yoda"].filter((each) => each !== peer.name)
        .map((each) => `${each} open`),
      peer.name,
    );
    const compared = info?.members.filter(({ compared }) => compared);
    assertEquals(compared?.length, peer.name === "leia" ? 0 : 1);
  }
  // Who began it may leave it; the others go on.
  yoda.end();
  world.settle();
  assert(luke.pages.includes("call-gone yoda"));
  assertEquals(luke.calls.list()[0]?.state, "open");
  leia.end();
  han.end();
  world.settle();
  assertEquals(luke.calls.list(), []);
});

Deno.test("calls: with video no more than four are in a call", () => {
  const names = ["yoda", "luke", "leia", "han", "lando", "chewie"];
  const { world, yoda } = worldOf(...names);
  world.group("jedi");
  yoda.call("#jedi", "video");
  world.settle();
  for (const peer of world.peers.slice(1)) {
    peer.answer();
    world.settle();
  }
  world.describeAll();
  const inside = world.peers.filter(({ calls }) => calls.list().length > 0);
  assertEquals(inside.map(({ name }) => name), names.slice(0, 4));
  for (const { calls } of inside) {
    const present = calls.list()[0]?.members.filter(({ state }) =>
      state === "open"
    );
    assertEquals(present?.length, 3);
  }
});

Deno.test("calls: who left a group's call, or found it full, can be asked in", () => {
  const names = ["yoda", "luke", "leia", "han", "lando"];
  const { world, yoda, luke, leia } = worldOf(...names);
  const [han, lando] = world.peers.slice(3) as [CallsPeer, CallsPeer];
  world.group("jedi");
  yoda.call("#jedi", "video");
  world.settle();
  for (const peer of [luke, leia, han]) peer.answer();
  world.settle();
  world.describeAll();
  const last = lando.events.at(-1);
  assert(last?.event === "call");
  assertEquals(lando.states.at(-1), "ended: busy");
  assertEquals(last.message, "it is full: a video call takes 4 people");
  assertEquals(yoda.codeOf(yoda.call("lando")), "busy_here");
  assertEquals(yoda.codeOf(yoda.call("LEIA")), "busy_here");

  leia.end();
  world.settle();
  for (const peer of [leia, lando]) {
    assertEquals(yoda.codeOf(yoda.call(peer.name.toUpperCase())), "ok");
    world.settle();
    assertEquals(peer.states.at(-1), "ringing");
    peer.answer();
    world.settle();
    world.describeAll();
    for (const { name, calls } of [yoda, luke, han, peer]) {
      const open = calls.list()[0]?.members
        .filter(({ state }) => state === "open").map(({ user }) => user);
      const others = ["yoda", "luke", "han", peer.name];
      assertEquals(open?.sort(), others.filter((one) => one !== name).sort());
    }
    peer.end();
    world.settle();
  }
});

Deno.test("calls: who left a group's call cannot call those who go on, and is told what to do", () => {
  const { world, yoda, luke, leia } = worldOf("yoda", "luke", "leia");
  world.group("jedi");
  yoda.call("#jedi");
  world.settle();
  for (const peer of [luke, leia]) peer.answer();
  world.settle();
  leia.end();
  world.settle();
  const again = leia.call("#jedi");
  world.settle();
  const outcome = leia.outcomes.get(again);
  assert(outcome !== undefined && !outcome.ok);
  assertMatch(outcome.message, /one of them can ask you in: \/call leia$/);
});

Deno.test("calls: a server that changes an offer or an answer, or makes one up, connects nobody", () => {
  const lies: [string, (event: ServerEvent) => ServerEvent][] = [
    [
      "key of the offer",
      (e) => e.ev === "offer" ? { ...e, key: "X".repeat(42) + "A" } : e,
    ],
    [
      "id of the call",
      (e) =>
        e.ev === "offer" && e.call
          ? { ...e, call: { ...e.call, id: "f".repeat(16) } }
          : e,
    ],
    [
      "media",
      (e) =>
        e.ev === "offer" && e.call
          ? { ...e, call: { ...e.call, media: "video" } }
          : e,
    ],
    [
      "joins",
      (e) =>
        e.ev === "offer" && e.call
          ? { ...e, call: { ...e.call, joins: true } }
          : e,
    ],
    ["caller", (e) => e.ev === "offer" ? { ...e, from: "leia" } : e],
    [
      "key of the answer",
      (e) => e.ev === "answer" ? { ...e, key: "X".repeat(42) + "A" } : e,
    ],
    [
      "a yes for a no",
      (e) => e.ev === "answer" ? { ...e, signature: "A".repeat(86) } : e,
    ],
  ];
  for (const [what, lie] of lies) {
    const { world, yoda, luke } = worldOf("yoda", "luke");
    yoda.meddle = luke.meddle = lie;
    yoda.call("luke");
    world.settle();
    luke.answer();
    world.settle();
    world.describeAll();
    const bridged = [yoda, luke].flatMap(({ effects }) => effects)
      .some(({ effect }) => effect === "bridge-call");
    assert(!bridged, what);
    assertEquals(yoda.calls.list(), [], what);
  }
});

Deno.test("calls: a description that was changed, or is of another call, reaches no page", () => {
  const { world, yoda, luke } = worldOf("yoda", "luke");
  const said: string[] = [];
  const talk = () => {
    yoda.call("luke");
    world.settle();
    luke.answer();
    world.settle();
    world.describeAll();
  };
  world.intercept = (text) => {
    said.push(text);
    return text.replace("0f0f", "0e0f");
  };
  talk();
  for (const { told } of [yoda, luke]) {
    assertEquals(told.filter(({ tell }) => tell === "call-description"), []);
  }
  yoda.end();
  world.settle();
  // What was said in the last call, word for word.
  world.intercept = () => said.shift();
  talk();
  for (const { told } of [yoda, luke]) {
    assertEquals(told.filter(({ tell }) => tell === "call-description"), []);
  }
});

Deno.test("calls: a description that comes before the path is known here reaches the page, too", () => {
  const { world, yoda, luke } = worldOf("yoda", "luke");
  world.slow = luke;
  yoda.call("luke");
  world.settle();
  luke.answer();
  world.settle();
  world.describeAll();
  assertEquals(luke.pages, ["call-taken"]);
  world.link();
  assertEquals(luke.pages, [
    "call-taken",
    "call-peer yoda",
    "call-description yoda",
  ]);
});

Deno.test("calls: a page may describe its end anew, and an older one does not come back", () => {
  const { world, yoda, luke } = worldOf("yoda", "luke");
  yoda.call("luke");
  world.settle();
  luke.answer();
  world.settle();
  const said: string[] = [];
  world.intercept = (text) => {
    said.push(text);
    return text;
  };
  const [call] = yoda.calls.list();
  for (const ufrag of ["aaaa", "bbbb"]) {
    yoda.calls.describe(call!.call, "luke", descriptionOf(ufrag));
    world.settle();
  }
  assertNotEquals(said[0], said[1]);
  world.intercept = () => said[0];
  yoda.calls.describe(call!.call, "luke", descriptionOf("cccc"));
  world.settle();
  const heard = luke.told.flatMap((told) =>
    told.tell === "call-description" ? [told.description.ufrag] : []
  );
  assertEquals(heard, ["aaaa", "bbbb"]);
});

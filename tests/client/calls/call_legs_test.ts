import { assert, assertEquals, assertMatch } from "@std/assert";
import { type CallsPeer, CallsWorld } from "./calls_world.ts";

/** A call of a group that all of these are in, and hear each other. */
function callOf(media: "voice" | "video", ...names: string[]) {
  const world = new CallsWorld(...names);
  world.group("jedi");
  const [first, ...others] = world.peers;
  first!.call("#jedi", media);
  world.settle();
  for (const each of others.slice(0, media === "video" ? 3 : 7)) each.answer();
  world.settle();
  world.describeAll();
  return { world, peers: world.peers as [CallsPeer, CallsPeer, CallsPeer] };
}

/** Yoda and luke in a call in which both are heard. */
function callOfTwo(group?: string) {
  const world = new CallsWorld("yoda", "luke", "leia");
  const [yoda, luke] = world.peers as [CallsPeer, CallsPeer];
  if (group !== undefined) world.group(group);
  yoda.call(group === undefined ? "luke" : `#${group}`);
  world.settle();
  luke.answer();
  world.settle();
  if (group !== undefined) world.peers[2]!.end(undefined, true);
  world.describeAll();
  return { world, yoda, luke };
}

/** How somebody is in another's call. */
function stateAt(peer: CallsPeer, user: string): string | undefined {
  return peer.calls.list()[0]?.members.find((each) => each.user === user)
    ?.state;
}

/** What a peer read of its call besides its states. */
function texts({ events }: CallsPeer): string[] {
  return events.flatMap((event) =>
    event.event === "call" && event.message !== undefined ? [event.message] : []
  );
}

/** How many offers a peer has made. */
function offers({ effects }: CallsPeer): number {
  return effects.filter(({ effect }) => effect === "prepare-call").length;
}

function losePage(peer: CallsPeer, user: string): void {
  peer.calls.handleConnected(peer.calls.list()[0]!.call, user, "lost");
}

Deno.test("CallLegs: two who have lost each other in a group's call find each other again", () => {
  for (const how of ["page", "path"]) {
    const { world, peers: [yoda, luke, leia] } = callOf(
      ...["voice", "yoda", "luke", "leia"] as const,
    );
    if (how === "page") losePage(luke, "leia");
    else world.breakPath(luke, leia);
    world.settle();
    assertEquals(stateAt(luke, "leia"), "reconnecting");
    assertEquals(stateAt(leia, "luke"), "reconnecting");
    assertEquals(
      texts(luke),
      ["the connection to leia was lost, and is tried again"],
    );
    assert(leia.pages.includes("call-gone luke"));
    for (const { told } of [luke, leia]) told.splice(0);
    world.pass(999);
    assertEquals(luke.pages, []);
    world.pass(1);
    assertEquals(luke.pages[0], "call-peer leia");
    assertEquals(leia.pages[0], "call-peer luke");
    // Until they are heard.
    assertEquals(stateAt(luke, "leia"), "reconnecting");
    world.describeAll();
    assertEquals(stateAt(luke, "leia"), "open");
    assertEquals(stateAt(leia, "luke"), "open");
    world.pass(600_000);
    assertEquals(texts(luke).length, 1);
    assertEquals(texts(leia).length, 1);
    assertEquals(yoda.states.at(-1), "open");
  }
});

Deno.test("CallLegs: one way that does not come back is tried for a minute, and then by who wants it", () => {
  const { world, peers: [, luke, leia] } = callOf(
    ...["voice", "yoda", "luke", "leia"] as const,
  );
  const before = offers(leia);
  world.isCut = (...pair) => pair.every((name) => name.startsWith("l"));
  world.breakPath(luke, leia);
  world.pass(1000 + 2000 + 4000 + 8000);
  assertEquals(offers(leia) - before, 4);
  assertEquals(stateAt(luke, "leia"), "reconnecting");
  world.pass(3_600_000);
  assertEquals(offers(leia) - before, 9);
  assertEquals(stateAt(luke, "leia"), "ended");
  assertEquals(stateAt(leia, "luke"), "ended");
  for (const [peer, user] of [[luke, "leia"], [leia, "luke"]] as const) {
    assertEquals(texts(peer), [
      `the connection to ${user} was lost, and is tried again`,
      `${user} could not be reached again; /call ${user} tries once more`,
    ]);
  }
  world.isCut = () => false;
  // Also the one who does not ask by itself.
  const n = luke.call("leia");
  world.settle();
  assertEquals(luke.codeOf(n), "ok");
  world.describeAll();
  assertEquals(stateAt(luke, "leia"), "open");
  assertEquals(stateAt(leia, "luke"), "open");
});

Deno.test("CallLegs: who hangs up, or dies, is not asked again", () => {
  for (const how of ["hangs up", "dies"]) {
    const { world, peers: [yoda, luke, leia] } = callOf(
      ...["voice", "yoda", "luke", "leia"] as const,
    );
    const before = [yoda, luke].map(offers);
    if (how === "hangs up") leia.end();
    else {
      // It hears of nothing any more.
      leia.calls.handleCallEvent = () => {};
      leia.meddle = () => undefined;
      world.breakPath(luke, leia);
      world.pass(400);
      assertEquals(stateAt(luke, "leia"), "reconnecting");
      world.breakPath(yoda, leia);
    }
    world.pass(600_000);
    assertEquals(stateAt(yoda, "leia"), "ended");
    assertEquals(stateAt(luke, "leia"), "ended");
    assertEquals([yoda, luke].map(offers), before, how);
    assertEquals(
      texts(luke).at(-1),
      how === "dies" ? "leia is not in the call any more" : "leia hung up",
    );
  }
});

Deno.test("CallLegs: who loses all at once is in the call for a minute, and whole again when there is a path", () => {
  for (const cutMs of [40_000, 70_000]) {
    for (const name of ["leia", "luke", "yoda"]) {
      const { world, peers } = callOf(
        ...["voice", "yoda", "luke", "leia"] as const,
      );
      const one = peers.find((each) => each.name === name)!;
      const others = peers.filter((each) => each !== one);
      world.isCut = (...pair) => pair.includes(name);
      for (const other of others) world.breakPath(one, other);
      for (const { told } of peers) told.splice(0);
      world.pass(cutMs);
      world.isCut = () => false;
      world.pass(10_000);
      if (cutMs > 60_000) {
        assertEquals(one.calls.list(), []);
        assertEquals(one.states.at(-1), "ended: unreachable");
        assertEquals(
          texts(one).at(-1),
          "the connection to all others was lost, and did not come back within a minute",
        );
        for (const other of others) {
          assertEquals(
            texts(other).at(-1),
            `${name} is not in the call any more`,
          );
        }
        continue;
      }
      world.describeAll();
      for (const other of others) {
        assertEquals(stateAt(other, name), "open");
        assertEquals(stateAt(one, other.name), "open");
        const asked = other.pages.filter((each) =>
          each === `call-peer ${name}`
        );
        assertEquals(asked.length, 1);
      }
    }
  }
});

Deno.test("CallLegs: a call of two that is lost goes on when there is a path again, and ends when there is none", () => {
  for (const group of [undefined, "jedi"]) {
    for (const cutMs of [45_000, 70_000]) {
      const { world, yoda, luke } = callOfTwo(group);
      world.isCut = () => true;
      world.breakPath(yoda, luke);
      assertEquals(yoda.states.at(-1), "reconnecting");
      world.pass(cutMs);
      world.isCut = () => false;
      world.pass(10_000);
      if (cutMs > 60_000) {
        assertEquals([yoda.calls.list(), luke.calls.list()], [[], []]);
        assertMatch(texts(luke).at(-1) ?? "", /did not come back within a min/);
        continue;
      }
      for (const { told } of world.peers) told.splice(0, told.length - 1);
      world.describeAll();
      assertEquals(stateAt(yoda, "luke"), "open");
      assertEquals(stateAt(luke, "yoda"), "open");
      luke.end();
      world.settle();
      assertEquals(yoda.states.at(-1), "ended: closed");
    }
  }
});

Deno.test("CallLegs: who hangs up while all are lost has left for the others at once", () => {
  for (const at of [0, 1]) {
    const { world, yoda, luke } = callOfTwo();
    const [one, other] = at === 0 ? [yoda, luke] : [luke, yoda];
    world.isCut = () => true;
    world.breakPath(yoda, luke);
    // Also while it is asked for.
    if (at === 0) world.pass(1500);
    one.end();
    world.settle();
    assertEquals(other.states.at(-1), "ended: closed");
    assertEquals(texts(other).at(-1), `${one.name} hung up`);
    assertEquals(other.calls.list(), []);
  }
});

Deno.test("CallLegs: who was offline before being lost is not waited for as long", () => {
  const { world, yoda, luke } = callOfTwo();
  world.isCut = () => true;
  yoda.away.add("luke");
  world.breakPath(yoda, luke);
  world.pass(20_000);
  assertEquals(yoda.calls.list(), []);
  assertEquals(luke.states.at(-1), "reconnecting");
});

Deno.test("CallLegs: nobody is asked without the server, and all at once when it is back", () => {
  const { world, yoda, luke } = callOfTwo();
  world.breakPath(yoda, luke);
  luke.calls.handleDisconnected();
  const before = offers(luke);
  world.pass(30_000);
  assertEquals(offers(luke), before);
  luke.calls.handleOpened();
  world.settle();
  assertEquals(offers(luke), before + 1);
  world.describeAll();
  assertEquals(stateAt(yoda, "luke"), "open");
});

Deno.test("CallLegs: who lost a call of two and begins anew rings", () => {
  const { world, yoda, luke } = callOfTwo();
  world.isCut = () => true;
  world.breakPath(yoda, luke);
  yoda.calls.handleOfferEnd = () => true;
  luke.end();
  world.settle();
  assertEquals(yoda.states.at(-1), "reconnecting");
  luke.call("yoda");
  world.settle();
  assertEquals(yoda.states.slice(-2), ["ended: lost", "ringing"]);
});

Deno.test("CallLegs: nobody else comes into a call of two", () => {
  const { world, luke } = callOfTwo();
  const call = { ...luke.client.eventsOf("offer")[0]?.call, joins: true };
  const before = offers(luke);
  const offer = { offer: "00ff00ff00ff00ff", from: "leia", addresses: [] };
  luke.calls.handleOffer({ ...offer, call } as never);
  world.settle();
  assertEquals(offers(luke), before);
  assertEquals(luke.calls.list()[0]?.members.length, 1);
});

Deno.test("CallLegs: who is tried again keeps the place, and one too many stays out", () => {
  const names = ["yoda", "luke", "leia", "han", "lando"];
  const { world, peers: [yoda, luke, leia] } = callOf("video", ...names);
  const lando = world.peers[4]!;
  world.isCut = (...pair) => pair.every((name) => /^l(uke|eia)$/.test(name));
  world.breakPath(luke, leia);
  for (const peer of [yoda, luke, leia]) {
    assertEquals(peer.codeOf(peer.call("lando")), "busy_here", peer.name);
  }
  world.isCut = () => false;
  world.pass(8000);
  world.describeAll();
  assertEquals(stateAt(luke, "leia"), "open");
  const [info] = yoda.calls.list();
  assertEquals(info?.members.filter(({ state }) => state === "open").length, 3);
  assertEquals(lando.calls.list(), []);
});

Deno.test("CallLegs: another browser than the one that signed is not tried again", () => {
  const { world, peers: [, luke, leia] } = callOf(
    ...["voice", "yoda", "luke", "leia"] as const,
  );
  const [info] = luke.calls.list();
  luke.calls.handleConnected(info!.call, "leia", "untrusted");
  world.settle();
  assertMatch(texts(luke)[0] ?? "", /is not the one whose certificate leia/);
  assertEquals(stateAt(luke, "leia"), "ended");
  world.pass(600_000);
  // Leia asks once, and is told.
  assertMatch(texts(leia).at(-1) ?? "", /^luke does not trust your key/);
  assertEquals(stateAt(luke, "leia"), "ended");
  luke.call("leia");
  world.settle();
  world.describeAll();
  assertEquals(stateAt(luke, "leia"), "open");
});

Deno.test("CallLegs: pages that do not find each other in time are tried again", () => {
  const { world, peers: [yoda, luke, leia] } = callOf(
    ...["voice", "yoda", "luke", "leia"] as const,
  );
  world.breakPath(luke, leia);
  world.pass(1000);
  for (const { told } of world.peers) told.splice(0);
  // Nobody describes anything.
  world.pass(90_000);
  assert(luke.pages.includes("call-gone leia"));
  world.pass(2000);
  world.describeAll();
  assertEquals(stateAt(luke, "leia"), "open");
  assertEquals(stateAt(yoda, "leia"), "open");
});

Deno.test("CallLegs: a call of two whose pages never find each other ends in time, however long it rang", () => {
  const world = new CallsWorld("yoda", "luke");
  const [yoda, luke] = world.peers as [CallsPeer, CallsPeer];
  yoda.call("luke");
  world.settle();
  world.pass(40_000);
  luke.answer();
  world.settle();
  world.pass(89_000);
  assertEquals(stateAt(yoda, "luke"), "connecting");
  world.pass(5_000);
  assertEquals([yoda.calls.list(), luke.calls.list()], [[], []]);
  assertEquals(texts(yoda).at(-1), "the connection was lost");
});

Deno.test("CallLegs: who does not know yet that it is lost takes the new one", () => {
  const { world, peers: [, luke, leia] } = callOf(
    ...["voice", "yoda", "luke", "leia"] as const,
  );
  // Neither the server nor the path tells luke.
  luke.meddle = (event) => event.ev === "offer-end" ? undefined : event;
  const { handleCallEvent } = luke.calls;
  luke.calls.handleCallEvent = (event) =>
    event.event === "call-closed"
      ? undefined
      : handleCallEvent.call(luke.calls, event);
  losePage(leia, "luke");
  world.settle();
  assertEquals(stateAt(luke, "leia"), "open");
  for (const { told } of world.peers) told.splice(0);
  world.pass(1000);
  assertEquals(luke.pages.slice(0, 2), ["call-gone leia", "call-peer leia"]);
  world.describeAll();
  assertEquals(stateAt(luke, "leia"), "open");
  assertEquals(stateAt(leia, "luke"), "open");
});

Deno.test("CallLegs: two who want each other back at once are connected once", () => {
  const { world, peers: [, luke, leia] } = callOf(
    ...["voice", "yoda", "luke", "leia"] as const,
  );
  world.isCut = (...pair) => pair.every((name) => name.startsWith("l"));
  world.breakPath(luke, leia);
  world.pass(600_000);
  world.isCut = () => false;
  for (let drawn = 0; drawn < 4; drawn++) {
    luke.random.bytes(8 * drawn);
    for (const { told } of world.peers) told.splice(0);
    const ns = [luke.call("leia"), leia.call("luke")];
    world.settle();
    assertEquals([luke.codeOf(ns[0]!), leia.codeOf(ns[1]!)], ["ok", "ok"]);
    world.describeAll();
    const peers = luke.pages.filter((each) => each === "call-peer leia");
    assertEquals(peers.length, 1);
    assertEquals(stateAt(luke, "leia"), "open");
    assertEquals(stateAt(leia, "luke"), "open");
    world.isCut = (...pair) => pair.every((name) => name.startsWith("l"));
    world.breakPath(luke, leia);
    world.pass(600_000);
    world.isCut = () => false;
  }
});

Deno.test("CallLegs: a member that makes up names, or has them come and go, makes nobody ask for ever", () => {
  const { world, peers: [, luke, leia] } = callOf(
    ...["voice", "yoda", "luke", "leia"] as const,
  );
  const before = offers(leia);
  const id = leia.effects.findLast(({ effect }) => effect === "connect-call");
  assert(id?.effect === "connect-call");
  for (let times = 0; times < 800; times++) {
    const names = times % 2 === 0 ? [`obiwan${times}`, "mace"] : [];
    const text = JSON.stringify(names);
    const said = { event: "call-said", topic: "members", text } as const;
    leia.calls.handleCallEvent({ ...said, id: id.id });
    world.pass(500);
  }
  const made = offers(leia) - before;
  assert(made > 0 && made <= 81, `${made} offers`);
  assertEquals(stateAt(leia, "luke"), "open");
  assertEquals(stateAt(luke, "leia"), "open");
});

Deno.test("CallLegs: another name is the same person, also for who was lost", () => {
  const { world, peers: [, luke, leia] } = callOf(
    ...["voice", "yoda", "luke", "leia"] as const,
  );
  world.breakPath(luke, leia);
  assertEquals(stateAt(luke, "leia"), "reconnecting");
  luke.calls.handleRenamed("leia", "lea");
  assertEquals(stateAt(luke, "lea"), "reconnecting");
  assertEquals(luke.calls.list()[0]?.members.length, 2);
});

Deno.test("CallLegs: where the relay's quota ends, just those are lost who were reached by it, and it is told whose", () => {
  const names = ["yoda", "luke", "leia", "han"];
  const { world, peers: [yoda, luke, leia] } = callOf("video", ...names);
  const han = world.peers[3]!;
  // Leia asked for two of hers, and one of them needs no relay.
  const legOf = (peer: CallsPeer) => {
    const leg = peer.effects.find((each) =>
      each.effect === "connect-call" &&
      leia.effects.some((other) =>
        other.effect === "connect-call" && other.id === each.id
      )
    );
    assert(leg?.effect === "connect-call");
    return leg;
  };
  for (const [peer, via] of [[luke, "relay"], [yoda, "direct-v4"]] as const) {
    const { id } = legOf(peer);
    for (const { calls } of [peer, leia]) {
      const link = { via, rtt: 40, loss: 0 };
      calls.handleCallEvent({ event: "call-link", id, link });
      const at = Date.UTC(2026, 11, 1);
      const ended = { ev: "relay-end", offer: id, user: "leia", at } as const;
      assert(calls.handleRelayEnd(ended));
    }
  }
  world.settle();
  assertEquals(legOf(luke).end, "callee");
  assertMatch(
    texts(luke).at(-1) ?? "",
    /^leia's quota of the server's relay is used up; it starts again at /,
  );
  assertMatch(texts(leia).at(-1) ?? "", /^your quota of the server's relay/);
  // A word over the path might be there before the one that says why.
  for (const peer of [luke, leia]) {
    assertEquals(
      peer.effects.find((each) => each.effect === "close-call"),
      { effect: "close-call", id: legOf(luke).id, farewell: "none" },
    );
  }
  const before = offers(leia);
  world.pass(3_600_000);
  assertEquals(offers(leia), before);
  assertEquals(stateAt(leia, "luke"), "ended");
  for (const [one, other] of [[leia, "yoda"], [leia, "han"], [luke, "han"]]) {
    assertEquals(stateAt(one as CallsPeer, other as string), "open");
  }
  assertEquals(stateAt(han, "luke"), "open");
  // At the cost of luke, who wants it.
  luke.call("leia");
  world.settle();
  world.describeAll();
  assertEquals(stateAt(leia, "luke"), "open");
});

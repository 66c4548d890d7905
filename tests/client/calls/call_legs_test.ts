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

Deno.test("CallLegs: one way that does not come back is tried five times, and then by who wants it", () => {
  const { world, peers: [, luke, leia] } = callOf(
    ...["voice", "yoda", "luke", "leia"] as const,
  );
  const before = offers(leia);
  world.isCut = (...pair) => pair.every((name) => name.startsWith("l"));
  world.breakPath(luke, leia);
  world.pass(1000 + 2000 + 4000 + 8000);
  assertEquals(offers(leia) - before, 4);
  assertEquals(stateAt(luke, "leia"), "reconnecting");
  world.pass(8000);
  world.pass(3_600_000);
  assertEquals(offers(leia) - before, 5);
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

Deno.test("CallLegs: with two in it, a call that is lost is over", () => {
  const { world, peers: [yoda, luke] } = callOf("voice", "yoda", "luke");
  losePage(luke, "yoda");
  world.pass(60_000);
  assertEquals([yoda.calls.list(), luke.calls.list()], [[], []]);
  assertEquals(yoda.states.at(-1), "ended: lost");
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
  assert(made > 0 && made <= 41, `${made} offers`);
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

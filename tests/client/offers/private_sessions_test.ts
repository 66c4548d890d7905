import { assert, assertEquals, assertMatch } from "@std/assert";
import fc from "fast-check";
import type { AcceptRule } from "../../../lib/client/offers/peer_host.ts";
import { limits } from "../../../lib/wire/limits.ts";
import { type OffersPeer, OffersWorld } from "../offers_harness.ts";
import { PeerSigner } from "../peer_signer.ts";

/** Two clients with an open session that yoda asked for. */
function opened(): OffersWorld {
  const world = new OffersWorld("ask", "always");
  const n = world.yoda.start("luke");
  world.settle();
  assertEquals(world.yoda.codeOf(n), "ok");
  return world;
}

function messageOf(world: OffersWorld, n: number): string {
  const outcome = world.yoda.outcomes.get(n);
  return outcome?.ok === false ? outcome.message : "";
}

Deno.test("PrivateSessions: asks, is accepted, opens, ends for both", () => {
  const { yoda, luke, settle } = bound(new OffersWorld());
  const n = yoda.start("luke");
  settle();
  assertEquals([yoda.states, luke.states], [["offered"], ["offered"]]);
  assertEquals(yoda.codeOf(n), "waiting");
  luke.offers.accept(1, luke.n);
  settle();
  const states = ["offered", "connecting", "open"];
  assertEquals([yoda.states, luke.states], [states, states]);
  assertEquals([yoda.codeOf(n), luke.codeOf(1)], ["ok", "ok"]);
  const roles = [yoda, luke].map((peer) => {
    const effect = peer.effects.find((each) => each.effect === "open-session");
    assert(effect?.effect === "open-session");
    return [effect.role, effect.self, effect.peer.user];
  });
  assertEquals(roles, [["offerer", "yoda", "luke"], [
    "answerer",
    "luke",
    "yoda",
  ]]);
  luke.offers.sessions.stop("yoda", luke.n);
  settle();
  assertEquals([yoda.states.at(-1), luke.states.at(-1)], ["closed", "closed"]);
  assertEquals(yoda.offers.list(), { transfers: [], sessions: [] });
  assertEquals(luke.offers.list(), { transfers: [], sessions: [] });
});

Deno.test("PrivateSessions: a name in any letter case is the same session, under its stored name", () => {
  const world = new OffersWorld("ask", "always");
  const { yoda, settle } = bound(world);
  const first = yoda.start("LUKE");
  const twice = yoda.start("Luke");
  settle();
  assertEquals([yoda.codeOf(first), yoda.codeOf(twice)], [
    "ok",
    "session_exists",
  ]);
  assertEquals(yoda.offers.list().sessions.map(({ user }) => user), ["luke"]);
  const offers = world.requests.filter((each) =>
    "to" in each && each.to === "luke"
  );
  assertEquals(offers.length, 1);
  const text = yoda.n;
  yoda.offers.sendPrivate("lUKE", "hush", text);
  assertEquals(yoda.outcomes.get(text), {
    command: "private",
    ok: true,
    answer: { user: "luke" },
  });
  const stop = yoda.n;
  yoda.offers.sessions.stop("LUKE", stop);
  assertEquals(yoda.outcomes.get(stop), {
    command: "stopprivate",
    ok: true,
    answer: { user: "luke" },
  });
  const self = yoda.start("YODA");
  settle();
  assertEquals(yoda.codeOf(self), "is_self");
});

Deno.test("PrivateSessions: both ask at once: one session opens, in every order of events", () => {
  fc.assert(fc.property(crossings, ([choices, atYoda, atLuke, seed]) => {
    const world = new OffersWorld(atYoda, atLuke, seed);
    const peers = [world.yoda, world.luke] as const;
    const starts = [world.yoda.start("luke"), world.luke.start("yoda")];
    world.settle(() => choices.next().value ?? 0);
    const ids = peers.map((peer) =>
      peer.offers.open.sessions().map(({ id }) => id)
    );
    assertEquals(ids[0]?.length, 1);
    assertEquals(ids[0], ids[1]);
    for (const [i, peer] of peers.entries()) {
      assertEquals(peer.codeOf(starts[i] ?? 0), "ok");
      assertEquals(peer.states.filter((state) => state === "open").length, 1);
      const extra = peer.states.filter((state) =>
        !["offered", "connecting", "open"].includes(state)
      );
      assertEquals(extra, []);
      // One session, one number, whoever's offer it came from.
      assertEquals(peer.offers.list().sessions[0]?.session, 1);
    }
  }));
});

Deno.test("PrivateSessions: both ask at once and one of them may not: both agree on what came of it", () => {
  fc.assert(fc.property(crossings, ([choices, atYoda, atLuke, seed]) => {
    const world = new OffersWorld(atYoda, atLuke, seed);
    const { yoda, luke } = world;
    world.unreachable.add(luke);
    const refused = yoda.start("luke");
    const asked = luke.start("yoda");
    world.settle(() => choices.next().value ?? 0);
    const ids = [yoda, luke].map((peer) =>
      peer.offers.open.sessions().map(({ id }) => id)
    );
    assertEquals(ids[0], ids[1]);
    // Refused first, yoda is asked like anybody else.
    const isSeparate = yoda.codeOf(refused) === "not_delivered";
    if (!isSeparate) assertEquals(yoda.codeOf(refused), "ok");
    const expected = !isSeparate || atYoda === "always"
      ? "ok"
      : atYoda === "ask"
      ? "waiting"
      : "rejected";
    assertEquals(luke.codeOf(asked), expected);
  }));
});

Deno.test("PrivateSessions: each refusal settles its command with its own code", () => {
  const world = opened();
  const { yoda } = world;
  const { sessions } = yoda.offers;
  const send = (user: string, text: string) => {
    const n = yoda.n;
    yoda.offers.sendPrivate(user, text, n);
    return yoda.codeOf(n);
  };
  const stop = (user: string) => {
    const n = yoda.n;
    sessions.stop(user, n);
    if (user === "leia") {
      assertEquals(
        messageOf(world, n),
        "There is no private session with leia",
      );
    }
    return yoda.codeOf(n);
  };
  const self = yoda.start("yoda");
  world.settle();
  assertEquals(yoda.codeOf(self), "is_self");
  const again = yoda.start("luke");
  assertEquals(yoda.codeOf(again), "session_exists");
  assertMatch(messageOf(world, again), /open already/);
  assertEquals(send("leia", "x"), "no_session");
  assertEquals(stop("leia"), "no_session");
  assertEquals(send("luke", "x".repeat(limits.textCharacters)), "ok");
  assertEquals(
    send("luke", "x".repeat(limits.textCharacters + 1)),
    "text_too_long",
  );
  assertEquals(send("luke", " \t "), "blank_text");
  assertEquals(send("luke", "\x07"), "bad_text");
  const texts = yoda.effects.filter((each) =>
    each.effect === "send-private-text"
  );
  assertEquals(texts.length, 1);
  assertEquals(stop("luke"), "ok");
  assertEquals(send("luke", "x"), "no_session");
});

Deno.test("PrivateSessions: blocked, rejected, --accept never and no port each say why", () => {
  const blocked = new OffersWorld();
  blocked.unreachable.add(blocked.luke);
  const first = blocked.yoda.start("luke");
  blocked.settle();
  assertEquals(blocked.yoda.codeOf(first), "not_delivered");
  assertEquals(blocked.luke.events, []);

  const never = new OffersWorld("ask", "never");
  const second = never.yoda.start("luke");
  never.settle();
  assertEquals(never.yoda.codeOf(second), "rejected");
  assertEquals(never.luke.states, ["rejected"]);

  const { yoda, luke, settle } = bound(new OffersWorld());
  const third = yoda.start("luke");
  settle();
  luke.offers.reject(1, luke.n);
  settle();
  assertEquals([yoda.codeOf(third), luke.codeOf(1)], ["rejected", "ok"]);
  assertEquals([isOwn(yoda), isOwn(luke)], [false, true]);

  const fourth = yoda.start("luke");
  yoda.ways[2].length = 0;
  const id = yoda.offers.open.sessionWith("luke")?.id ?? "";
  yoda.tell({
    event: "session-failed",
    id,
    failure: "failed",
    message: "no port",
  });
  assertEquals(yoda.codeOf(fourth), "failed");
  settle();
  assertEquals(luke.states, ["offered", "rejected"]);
});

Deno.test("PrivateSessions: no text before it is open; taken back before it is", () => {
  const { yoda, luke, settle } = bound(new OffersWorld());
  const start = yoda.start("luke");
  assert(yoda.offers.isMakingSession("luke"));
  const early = yoda.n;
  yoda.offers.sendPrivate("luke", "x", early);
  assertEquals(yoda.codeOf(early), "session_not_open");
  settle();
  assert(!luke.offers.isMakingSession("yoda"), "luke has not answered");
  assertEquals(yoda.codeOf(yoda.start("luke")), "session_exists");
  yoda.offers.cancel(1, yoda.n);
  settle();
  assertEquals(yoda.codeOf(start), "cancelled");
  assertEquals([isOwn(yoda), isOwn(luke)], [true, false]);
  assertEquals([yoda.states.at(-1), luke.states.at(-1)], [
    "cancelled",
    "cancelled",
  ]);
  const late = luke.n;
  luke.offers.accept(1, late);
  assertEquals(luke.codeOf(late), "unknown_transfer");
});

Deno.test("PrivateSessions: who asked takes it back, who agreed to it ends it", () => {
  for (const side of ["yoda", "luke"] as const) {
    const world = bound(new OffersWorld());
    world.yoda.start("luke");
    world.settle();
    if (side === "luke") {
      world.luke.offers.accept(1, world.luke.n);
      // Agreed on, and the connection not made yet.
      world.luke.ways[2].shift()?.();
      while (world.luke.ways[0].length > 0) world.luke.ways[0].shift()?.();
    }
    world[side].offers.cancel(1, world[side].n);
    world.settle();
    const other = side === "yoda" ? world.luke : world.yoda;
    const last = other.events.at(-1);
    assert(last?.event === "session" && last.info.state === "cancelled");
    const what = side === "yoda" ? "yoda took it back" : "luke ended it";
    assertEquals(last.message, what);
  }
});

Deno.test("PrivateSessions: an answer after the end of the offer fails and is told", () => {
  const { yoda, luke, settle } = bound(new OffersWorld());
  yoda.start("luke");
  settle();
  const n = luke.n;
  luke.offers.accept(1, n);
  luke.ways[2].shift()?.();
  yoda.offers.cancel(1, yoda.n);
  yoda.ways[0].shift()?.();
  settle();
  assert(luke.codeOf(n) !== "ok" && luke.codeOf(n) !== "waiting");
  assertEquals(luke.offers.list().sessions, []);
  assertEquals(luke.connecting.size, 0);
});

Deno.test("PrivateSessions: a lost server leaves open ones alone and offers again", () => {
  const world = opened();
  const { yoda, luke } = world;
  for (const peer of [yoda, luke]) peer.offers.handleDisconnected();
  const [session] = yoda.offers.open.sessions();
  assertEquals(session?.state, "open");
  const id = session?.id ?? "";
  // The server gave up on whom it has not seen for long; the connection lives.
  const gone = { offer: id, from: "luke", result: "failed" } as const;
  yoda.offers.handleOfferEnd(gone, yoda.instant);
  assertEquals(session?.state, "open");
  for (const peer of [yoda, luke]) peer.offers.handleOpened();
  world.settle();
  yoda.tell({ event: "session-text", id, text: "still here" });
  assertEquals(yoda.events.at(-1), {
    event: "private-message",
    session: 1,
    at: yoda.instant.wall,
    from: "luke",
    text: "still here",
  });

  const waiting = new OffersWorld();
  const n = waiting.yoda.start("luke");
  waiting.settle();
  for (const peer of [waiting.yoda, waiting.luke]) {
    peer.offers.handleDisconnected();
  }
  assertEquals(waiting.luke.states.at(-1), "failed");
  waiting.yoda.offers.handleOpened();
  assertEquals(waiting.yoda.ways[0].length, 1);
  assertEquals(waiting.yoda.codeOf(n), "waiting");
});

Deno.test("PrivateSessions: the end through the server waits for the last texts", () => {
  const { yoda } = opened();
  const id = yoda.offers.open.sessionWith("luke")?.id ?? "";
  const end = { offer: id, from: "luke", result: "closed" } as const;
  yoda.offers.handleOfferEnd(end, yoda.instant);
  assertEquals(yoda.states.at(-1), "open");
  yoda.tell({ event: "session-text", id, text: "last words" });
  assertEquals(yoda.events.at(-1)?.event, "private-message");
  const at = yoda.offers.pollTimeout();
  assert(at !== undefined);
  yoda.now = Math.max(at, yoda.now + 2000);
  yoda.offers.handleTimeout(yoda.instant);
  assertEquals(yoda.states.at(-1), "closed");
  assertEquals(yoda.effects.at(-1), { effect: "close-session", id });
});

Deno.test("PrivateSessions: what did not arrive is told", () => {
  const { yoda } = opened();
  const id = yoda.offers.open.sessionWith("luke")?.id ?? "";
  const refused = { text: "x", message: "try again" };
  yoda.tell({ event: "session-text-refused", id, ...refused });
  assertEquals(yoda.events.at(-1), {
    event: "private-refused",
    session: 1,
    user: "luke",
    ...refused,
  });
  yoda.tell({
    event: "session-closed",
    id,
    reason: "lost",
    message: "gone",
    unconfirmed: 2,
  });
  const last = yoda.events.at(-1);
  assert(last?.event === "session");
  assertEquals([last.info.state, last.message, last.unconfirmed], [
    "failed",
    "gone",
    2,
  ]);
});

Deno.test("PrivateSessions: whoever asks anew lost the old one", () => {
  const { yoda, luke, settle } = bound(opened());
  const signer = new PeerSigner("yoda", 501);
  const { publicKey: identity } = luke.identity;
  const offered = (offer: string) => {
    const session = { offer, kind: "session", addresses: [] } as const;
    const fields = { ...session, key: "A".repeat(43) };
    const to = { user: "luke", identity };
    luke.offers.handleOffer(signer.offer(fields, to));
  };
  offered("00000000000000aa");
  assertEquals(luke.states.slice(-2), ["failed", "offered"]);
  offered("00000000000000aa");
  offered("00000000000000bb");
  assertEquals(luke.offers.list().sessions.length, 1);
  settle();
  assertEquals(yoda.states.at(-1), "closed");
});

Deno.test("PrivateSessions: whoever ends one and asks anew at once has ended it", () => {
  const { yoda, luke } = opened();
  yoda.offers.sessions.stop("luke", yoda.n);
  const n = yoda.start("luke");
  // The server is faster than the connection.
  luke.ways[2].length = 0;
  const [toServer, fromServer, ready] = yoda.ways;
  // Prepared, asked for the key, offered, passed on.
  for (const way of [ready, toServer, fromServer, toServer, luke.ways[1]]) {
    while (way.length > 0) way.shift()?.();
  }
  assertEquals(luke.states.slice(-2), ["closed", "offered"]);
  assertEquals(yoda.codeOf(n), "waiting");
  assertEquals(luke.offers.list().sessions.length, 1);
});

Deno.test("PrivateSessions: a crowd of offers is bounded", () => {
  const { luke } = new OffersWorld();
  for (let i = 0; i < 300; i++) {
    const signer = new PeerSigner(`user${i}`, 1000 + i);
    luke.offers.handleOffer(signer.offer({
      offer: i.toString(16).padStart(16, "0"),
      kind: "session",
      key: "A".repeat(43),
      addresses: [],
    }, { user: "luke", identity: luke.identity.publicKey }));
  }
  assertEquals(luke.offers.list().sessions.length, 256);
  // The others were declined.
  assertEquals(luke.ways[0].length, 44);
});

Deno.test("PrivateSessions: the end of the program ends all, once, and says so", () => {
  const { yoda, luke, settle } = bound(opened());
  yoda.offers.close();
  yoda.offers.close();
  const ends = yoda.effects.filter((each) => each.effect === "close-sessions");
  assertEquals(ends.length, 1);
  assertEquals(yoda.states.at(-1), "closed");
  settle();
  const [session] = luke.offers.open.sessions();
  assert(session?.settleAt !== undefined, "the server's word came");
});

Deno.test("Offers: traffic with other clients is told to the server, at most once a second", () => {
  const { yoda } = opened();
  const id = yoda.offers.open.sessionWith("luke")?.id ?? "";
  assertEquals(yoda.offers.pollTimeout(), undefined);
  const end = yoda.now + 10_000;
  while (yoda.now < end) {
    yoda.tell({ event: "session-text", id, text: "x" });
    const at = yoda.offers.pollTimeout() ?? Infinity;
    if (at <= yoda.now) yoda.offers.handleTimeout(yoda.instant);
    yoda.now += 100;
  }
  assert(yoda.sent.length >= 9 && yoda.sent.length <= 11);
  assertEquals(yoda.sent[0], { do: "ping", active: true });
  // Own texts count; the last traffic is told, then nothing more.
  yoda.now += 5000;
  yoda.offers.handleTimeout(yoda.instant);
  assertEquals(yoda.offers.pollTimeout(), undefined);
  const before = yoda.sent.length;
  yoda.offers.sendPrivate("luke", "x", yoda.n);
  yoda.now += 1000;
  yoda.offers.handleTimeout(yoda.instant);
  assertEquals(yoda.sent.length, before + 1);
  // Without a server it waits for its return.
  yoda.offers.handleDisconnected();
  yoda.tell({ event: "session-text", id, text: "x" });
  assertEquals(yoda.offers.pollTimeout(), undefined);
  yoda.offers.handleOpened();
  yoda.now += 1000;
  yoda.offers.handleTimeout(yoda.instant);
  assertEquals(yoda.sent.length, before + 2);
});

const rule = fc.constantFrom<AcceptRule>("always", "ask", "never");
/** Which way moves next, what the two do with offers, and who has which id. */
const crossings = fc.tuple(
  fc.infiniteStream(fc.nat(5)),
  rule,
  rule,
  fc.nat(1000),
);

/** With its `settle` for taking apart. */
function bound(world: OffersWorld) {
  const { yoda, luke } = world;
  return { yoda, luke, settle: () => world.settle() };
}

/** Whether the last that was shown was by this user's own will. */
function isOwn(peer: OffersPeer): boolean {
  const last = peer.events.findLast(({ event }) => event === "session");
  return last?.event === "session" && last.own === true;
}

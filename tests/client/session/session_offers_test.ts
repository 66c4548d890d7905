/** Offers and transfers, as a client's session passes them on. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { plainPalette } from "../../../lib/cli/palette.ts";
import type { RequestFields } from "../../../lib/wire/request.ts";
import { renderTransfer } from "../../../lib/client/text/offers.ts";
import { encodeParts } from "../../../lib/engine/resume_map.ts";
import { renderText } from "../../../lib/client/text/render_text.ts";
import { key, luke, offerAccepted } from "../accepted_offer.ts";
import { loggedIn, logIn, openedSession } from "../logged_in.ts";
import { SessionHarness } from "../session_harness.ts";

Deno.test("ClientSession: binds to the server's UDP port, and passes on new addresses", () => {
  const harness = loggedIn();
  assertEquals(harness.sent.filter((each) => each.do === "rendezvous"), []);
  harness.lose();
  harness.toTimeout();
  harness.serverUdpPort = 6000;
  harness.connect();
  harness.answer("resume", openedSession("t2"));
  const grant = { id: "00ff00ff00ff00ff", key };
  harness.answer("rendezvous", grant);
  assertEquals(harness.lastEffect("bind"), {
    effect: "bind",
    port: 6000,
    grant,
  });
  harness.line("/p2pvideo luke /films/a.mp4");
  const { id } = harness.lastEffect("prepare-offer");
  const addresses = [{ ip: "203.0.113.9", port: 4 }];
  const candidates = { ev: "candidates", offer: id, addresses };
  harness.server({ ...candidates, from: "leia" });
  assert(harness.effects.every(({ effect }) => effect !== "add-addresses"));
  harness.server({ ...candidates, from: "luke" });
  assertEquals(harness.lastEffect("add-addresses").addresses, addresses);
});

Deno.test("ClientSession: a block ends what runs, also where the server has forgotten it or another device blocked", () => {
  for (const byOther of [false, true]) {
    const harness = new SessionHarness("always", { learnNames: true });
    logIn(harness);
    harness.answer("blocked", { users: [{ user: "leia", since: 1 }] });
    const { id } = offerAccepted(harness);
    if (byOther) {
      harness.server({ ev: "changed", what: "blocks" });
      harness.answer("blocked", { users: [{ user: "Luke", since: 1 }] });
    } else {
      harness.line("/block luke");
      harness.answer("block", { user: "luke" });
    }
    const end = harness.events.findLast(({ event }) => event === "transfer");
    assert(end?.event === "transfer");
    assertEquals([end.info.state, end.message], ["failed", "you blocked luke"]);
    assertEquals(harness.lastEffect("cancel-transfer").id, id);
    // What the server says of it comes late.
    const late = { ev: "offer-end", offer: id, from: "luke" };
    harness.server({ ...late, result: "failed", reason: "blocked" });
    const ends = harness.events.filter((each) =>
      each.event === "transfer" && each.info.state === "failed"
    );
    assertEquals(ends.length, 1);
  }
});

Deno.test("ClientSession: a sent file is offered, sent, verified and settled", () => {
  const harness = loggedIn();
  const n = harness.line("/p2pvideo luke /films/a.mp4");
  const { id, what } = harness.lastEffect("prepare-offer");
  assertEquals(what.path, "/films/a.mp4");
  assertMatch(id, /^[0-9a-f]{16}$/);
  const file = { name: "a.mp4", size: 100 };
  harness.peer({ event: "offer-ready", id, file, key, addresses: [] });
  const offered = luke.takeOffer(harness);
  assertEquals(offered.to, "luke");
  const yoda = { user: "yoda", identity: harness.identity.publicKey };
  harness.server({ ev: "answer", ...luke.accept(offered, yoda, key) });
  assertEquals(harness.lastEffect("start-sending").id, id);
  // Who merely lost the server may still receive: only the service can tell.
  harness.server({ ev: "presence", user: "leia", online: false, at: 1 });
  assert(harness.effects.every(({ effect }) => effect !== "doubt-transfer"));
  harness.server({ ev: "presence", user: "luke", online: false, at: 1 });
  assertEquals(harness.lastEffect("doubt-transfer").id, id);
  const doubts = () =>
    harness.effects.filter(({ effect }) => effect === "doubt-transfer").length;
  const away = { ev: "offer-away", offer: id } as const;
  harness.server({ ...away, from: "leia" });
  assertEquals(doubts(), 1);
  harness.server({ ...away, from: "luke" });
  assertEquals(doubts(), 2);
  // Whose machine sleeps comes back.
  harness.server({ ...away, from: "luke", silent: true });
  assertEquals(doubts(), 2);
  assertEquals(harness.lastEffect("await-transfer").id, id);
  harness.lose();
  harness.peer({ event: "progress", id, bytes: 50, size: 100, rate: 10 });
  // Told when the way changes, and to whoever draws when it falls silent.
  const link = { via: "lan", rtt: 1 } as const;
  for (const silence of [{}, {}, { silence: 3_100 }, {}, {}]) {
    harness.peer({ event: "path", id, link: { ...link, ...silence } });
  }
  assertEquals(harness.count("path"), 1);
  assertEquals(harness.count("progress"), 3);
  harness.peer({ event: "done", id, bytes: 100, ms: 500, digest: "d" });
  const [result] = harness.results();
  assertEquals(result?.n, n);
  assert(result?.outcome.ok && result.outcome.command === "p2pvideo");
  assertEquals(result.outcome.answer.rate, 200);
  harness.toTimeout();
  harness.connect();
  harness.answer("resume", openedSession("t2"));
  assertEquals(harness.answer("offer-end", {}).result, "verified");
});

Deno.test("ClientSession: an answer that waited for the connection may come before the reply to the offer", () => {
  const file = { name: "a.mp4", size: 100 };
  for (const accept of [true, false]) {
    const harness = loggedIn();
    const n = harness.line("/p2pvideo luke /films/a.mp4");
    const { id } = harness.lastEffect("prepare-offer");
    harness.peer({ event: "offer-ready", id, file, key, addresses: [] });
    const { user, identity } = luke;
    harness.answer("identity", { user, identity: identity.publicKey });
    const offered = harness.take("offer") as unknown as RequestFields<"offer">;
    // Its reply is lost with the connection; luke answers meanwhile.
    harness.lose();
    harness.toTimeout();
    harness.connect();
    harness.answer("resume", openedSession("t2"));
    const yoda = { user: "yoda", identity: harness.identity.publicKey };
    const no = { offer: id, from: "luke", accept: false, reason: "rejected" };
    const answer = accept ? luke.accept(offered, yoda, key) : no;
    harness.server({ ev: "answer", ...answer });
    const states = harness.events.flatMap((event) =>
      event.event === "transfer" ? [event.info.state] : []
    );
    const [result] = harness.results();
    if (accept) {
      assertEquals(states, ["offered", "running"]);
      assertEquals(harness.lastEffect("start-sending").id, id);
      // Whatever is said of the offer now is too late.
      harness.refuse("offer", "user_offline");
      assertEquals(harness.view.running()[0]?.state, "running");
    } else {
      assertEquals(states, ["offered", "rejected"]);
      assertEquals([result?.n, result?.outcome.ok], [n, false]);
      // The offer was sent again: the receiver is not left with it.
      harness.answer("offer", {});
      assertEquals(harness.take("offer-end").result, "cancelled");
    }
  }
});

Deno.test("ClientSession: what was offered is offered again for a while to who is not back yet", () => {
  for (const isBack of [true, false]) {
    const harness = loggedIn();
    const n = harness.line("/p2pvideo luke /films/a.mp4");
    const { id } = harness.lastEffect("prepare-offer");
    const file = { name: "a.mp4", size: 100 };
    harness.peer({ event: "offer-ready", id, file, key, addresses: [] });
    luke.takeOffer(harness);
    harness.lose();
    harness.toTimeout();
    harness.connect();
    harness.answer("resume", openedSession("t2"));
    const { user, identity } = luke;
    const answerIdentity = () =>
      harness.answer("identity", { user, identity: identity.publicKey });
    let waited = 0;
    let tries = 0;
    for (; harness.results().length === 0 && waited < 60_000; tries++) {
      if (isBack && tries === 3) break;
      answerIdentity();
      harness.refuse("offer", "user_offline", "luke is offline");
      while (harness.results().length === 0 && !isIdentityAsked(harness)) {
        waited += harness.toTimeout();
      }
    }
    if (isBack) {
      answerIdentity();
      harness.answer("offer", {});
      assertEquals(harness.view.running()[0]?.state, "offered");
      assert(waited <= 3_000, `${waited}`);
    } else {
      const outcome = harness.outcome(n);
      assert(!outcome.ok);
      assertEquals(
        outcome.message,
        "luke is offline; with --when-back at the end it waits for luke",
      );
      assert(waited > 29_000 && waited < 32_000, `${waited}`);
      assert(tries > 20, `${tries}`);
    }
  }
});

Deno.test("ClientSession: a transfer that goes on says where, on both sides", () => {
  const file = { name: "a.mp4", size: 20_000_000, fingerprint: "f" };
  const resume = encodeParts([{ endBlock: 31, digest: new Uint8Array(32) }]);
  const sending = loggedIn();
  sending.line("/p2pvideo luke a.mp4");
  const { id } = sending.lastEffect("prepare-offer");
  sending.peer({ event: "offer-ready", id, file, key, addresses: [] });
  const offered = luke.takeOffer(sending);
  const yoda = { user: "yoda", identity: sending.identity.publicKey };
  const answer = { ...luke.accept(offered, yoda, key), resume };
  sending.server({ ev: "answer", ...answer });
  const receiving = loggedIn("always");
  const own = { user: "yoda", identity: receiving.identity.publicKey };
  const offer = { offer: id, kind: "file", key, addresses: [], file } as const;
  receiving.server({ ev: "offer", ...luke.offer(offer, own) });
  receiving.peer({ event: "answer-ready", id, key, addresses: [], resume });
  for (
    const [harness, way] of [[sending, "to"], [receiving, "from"]] as const
  ) {
    const [info] = harness.view.running();
    assert(info !== undefined && info.state === "running");
    const [line] = renderTransfer({ event: "transfer", info }, plainPalette);
    assertMatch(
      line!,
      new RegExp(`${way} luke; it goes on at 8.1 of 20.0 MB$`),
    );
  }
});

Deno.test("ClientSession: that all was stored is not believed while some was not taken", () => {
  for (const [bytes, state] of [[50, "failed"], [100, "verified"]] as const) {
    const harness = loggedIn();
    const { id } = offerAccepted(harness, "a.mp4");
    harness.peer({ event: "progress", id, bytes, size: 100, rate: 10 });
    harness.server({
      ev: "offer-end",
      offer: id,
      from: "luke",
      result: "verified",
    });
    for (let i = 0; i < 3 && harness.results().length === 0; i++) {
      harness.toTimeout();
    }
    const [result] = harness.results();
    assertEquals(result?.outcome.ok, state === "verified");
  }
});

Deno.test("ClientSession: of two sides without a path, each says what it tried itself", () => {
  const why = "No path to the other side was found: none answered";
  const other = "luke's client gets nothing from yours";
  const cases = [
    { hasPath: false, isKnown: true, expected: why },
    { hasPath: false, isKnown: false, expected: other },
    { hasPath: true, isKnown: false, expected: other },
  ];
  for (const { hasPath, isKnown, expected } of cases) {
    const harness = loggedIn();
    const { id } = offerAccepted(harness);
    if (hasPath) {
      harness.peer({ event: "path", id, link: { via: "lan", rtt: 1 } });
    }
    const end = { offer: id, from: "luke", result: "failed" } as const;
    harness.server({ ev: "offer-end", ...end, reason: "unreachable" });
    assertEquals(harness.results().length, hasPath ? 1 : 0);
    if (isKnown) {
      harness.peer({
        event: "failed",
        id,
        failure: "unreachable",
        message: why,
      });
    }
    for (let i = 0; i < 3 && harness.results().length === 0; i++) {
      harness.toTimeout();
    }
    const outcome = harness.results()[0]?.outcome;
    assert(outcome !== undefined && !outcome.ok);
    assertEquals([outcome.code, outcome.message], ["unreachable", expected]);
  }
});

Deno.test("ClientSession: a refused, a rejected and an unreadable file fail their command", () => {
  const harness = loggedIn();
  const file = { name: "a", size: 1 };
  harness.line("/p2pvideo luke a");
  const unreadable = harness.lastEffect("prepare-offer").id;
  harness.peer({
    event: "failed",
    id: unreadable,
    failure: "unreadable",
    message: "no such file",
  });
  harness.line("/p2pvideo luke a");
  harness.peer({
    event: "offer-ready",
    id: harness.lastEffect("prepare-offer").id,
    file,
    key,
    addresses: [],
  });
  harness.refuse("identity", "user_offline", "luke is offline");
  harness.line("/p2pvideo luke a");
  const { id } = harness.lastEffect("prepare-offer");
  harness.peer({ event: "offer-ready", id, file, key, addresses: [] });
  luke.takeOffer(harness);
  harness.server({
    ev: "answer",
    offer: id,
    from: "luke",
    accept: false,
    reason: "rejected",
  });
  const codes = harness.results().map(({ outcome }) =>
    outcome.ok ? "" : outcome.code
  );
  assertEquals(codes, ["unreadable", "user_offline", "rejected"]);
  assertEquals(harness.view.running(), []);
});

Deno.test("ClientSession: an offer waits for /accept, then the file is received", () => {
  const harness = loggedIn("ask");
  const id = "00000000000000aa";
  const file = { name: "a.mp4", size: 100 };
  const yoda = { user: "yoda", identity: harness.identity.publicKey };
  const offer = { offer: id, kind: "file", key, addresses: [], file } as const;
  harness.server({ ev: "offer", ...luke.offer(offer, yoda) });
  assertEquals(harness.view.running()[0]?.state, "offered");
  harness.line("/accept 2");
  harness.line("/accept 1");
  assertEquals(harness.lastEffect("prepare-answer").from, "luke");
  harness.peer({ event: "answer-ready", id, key, addresses: [] });
  assertEquals(harness.answer("answer", {}).accept, true);
  harness.peer({
    event: "done",
    id,
    bytes: 100,
    ms: 1,
    digest: "d",
    path: "luke_a.mp4",
  });
  assertEquals(harness.results().map(({ outcome }) => outcome.ok), [
    false,
    true,
  ]);
  assertEquals(harness.take("offer-end").result, "verified");
});

Deno.test("ClientSession: nobody is asked to answer what is answered by itself", () => {
  const fields = { offer: "00000000000000aa", key, addresses: [] } as const;
  const file = { name: "a", size: 1 };
  const told = (rule: "always" | "ask" | "never", line?: string) => {
    const harness = loggedIn(rule);
    if (line !== undefined) harness.line(line);
    harness.events.length = 0;
    const yoda = { user: "yoda", identity: harness.identity.publicKey };
    const offer = luke.offer({ ...fields, kind: "file", file }, yoda);
    harness.server({ ev: "offer", ...offer });
    harness.line("/transfers");
    return harness.events.flatMap((event) => renderText(event, plainPalette))
      .filter((text) => !text.startsWith("First contact"));
  };
  const hint = "/accept 1 or /reject 1";
  assertEquals(told("ask"), [
    `luke offers a (1 B); ${hint}`,
    `1: a from luke, 1 B, ${hint}`,
  ]);
  const taken = ["luke offers a (1 B)", "1: a from luke, 1 B, accepted"];
  assertEquals(told("always"), taken);
  assertEquals(told("ask", "/receive luke"), taken);
  assertEquals(told("never"), [
    "1: a from luke was rejected: refused by --accept never",
    "no transfers",
  ]);
});

Deno.test("ClientSession: --accept never rejects, and /reject and /cancel tell the other side", () => {
  const never = loggedIn("never");
  const yoda = { user: "yoda", identity: never.identity.publicKey };
  const fields = {
    offer: "00000000000000aa",
    kind: "file",
    key,
    addresses: [],
    file: { name: "a", size: 1 },
  } as const;
  const offer = { ev: "offer", ...luke.offer(fields, yoda) };
  never.server(offer);
  assertEquals(never.take("answer").reason, "rejected");
  const ask = loggedIn("ask");
  ask.server(offer);
  ask.line("/reject 1");
  assertEquals(ask.take("answer").accept, false);
  const always = loggedIn();
  always.server(offer);
  always.peer({
    event: "answer-ready",
    id: offer.offer,
    key,
    addresses: [],
  });
  always.line("/cancel 1");
  assertEquals(always.take("offer-end").result, "cancelled");
  assertEquals(always.lastEffect("cancel-transfer").id, offer.offer);
});

Deno.test("ClientSession: an answer that names what is not there leaves the offer open", () => {
  const harness = loggedIn("ask");
  const id = "00000000000000aa";
  const file = { name: "a.mp4", size: 100 };
  const yoda = { user: "yoda", identity: harness.identity.publicKey };
  const offer = { offer: id, kind: "file", key, addresses: [], file } as const;
  harness.server({ ev: "offer", ...luke.offer(offer, yoda) });
  const fail = (why: "storage" | "space" | "internal", message: string) =>
    harness.peer({ event: "failed", id, failure: why, message });
  const outcome = (n: number) => {
    const found = harness.results().find((each) => each.n === n)?.outcome;
    return found?.ok === false ? `${found.code}: ${found.message}` : "";
  };
  const waits = "; the offer still waits for your answer";
  const mistyped = harness.line("/accept 1 --to flims");
  fail("storage", 'The folder "flims" does not exist');
  assertEquals(
    outcome(mistyped),
    `storage: The folder "flims" does not exist${waits}`,
  );
  const full = harness.line("/accept 1 --to /stick");
  fail("space", "Too little room");
  assertEquals(outcome(full), `space: Too little room${waits}`);
  const received = harness.line("/receive luke --to flims");
  fail("storage", "It does not exist");
  assertEquals(outcome(received), `storage: It does not exist${waits}`);
  const [info] = harness.view.running();
  assertEquals([info?.transfer, info?.state], [1, "offered"]);
  assertEquals(harness.sent.filter((each) => each.do === "answer"), []);
  harness.line("/accept 1");
  assertEquals(harness.lastEffect("prepare-answer").into, undefined);
  // What no argument is to blame for ends it, and the other side is told.
  fail("space", "Too little room");
  assertEquals(harness.view.running(), []);
  assertEquals(harness.take("answer").reason, "space");
});

Deno.test("ClientSession: /receive does not wait for what has nowhere to go", () => {
  const harness = loggedIn("ask");
  const n = harness.line("/receive luke --to flims");
  const { id, folder } = harness.lastEffect("check-folder");
  assertEquals(folder, "flims");
  const message = 'The folder "flims" does not exist';
  harness.peer({ event: "failed", id, failure: "storage", message });
  const refused = harness.results().find((each) => each.n === n)?.outcome;
  assertEquals(refused?.ok === false && refused.message, message);
  const second = harness.line("/receive luke --to films");
  const check = harness.lastEffect("check-folder");
  harness.peer({ event: "folder-ready", id: check.id });
  assertEquals(harness.results().some((each) => each.n === second), false);
});

/** What is offered is signed for whoever that is now. */
function isIdentityAsked(harness: SessionHarness): boolean {
  return harness.sent.some((request) => request.do === "identity");
}

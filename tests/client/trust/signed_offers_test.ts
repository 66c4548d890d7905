/**
 * Whatever a server changes, makes up or sends again of what two clients agree
 * on: neither side goes on, and both say so.
 */
import { onePath } from "../../support/one_path.ts";
import { assert, assertEquals, assertMatch } from "@std/assert";
import { Identity } from "../../../lib/client/trust/identity.ts";
import { SeededRandom } from "../../support/seeded_random.ts";
import {
  type Meddled,
  type OffersPeer,
  OffersWorld,
} from "../offers_harness.ts";
import { PeerSigner } from "../peer_signer.ts";

const otherKey = "B".repeat(42) + "A";
const mallory = Identity.fromSeed(new SeededRandom(9).bytes(32));
const file = { name: "a.mp4", size: 100, fingerprint: "f" };

/** yoda sends luke a file, as far as it comes. */
function send(world: OffersWorld, user = "luke"): number {
  const { yoda } = world;
  const n = yoda.n;
  yoda.offers.transfers.send({ user }, onePath("/films/a.mp4"), n);
  const id = lastOf(yoda, "prepare-offer").id;
  const key = "A".repeat(43);
  yoda.tell({ event: "offer-ready", id, file, key, addresses: [] });
  world.settle();
  if (world.luke.effects.some((each) => each.effect === "prepare-answer")) {
    world.luke.tell({
      event: "answer-ready",
      id,
      key: otherKey,
      addresses: [],
    });
    world.settle();
  }
  return n;
}

function lastOf(peer: OffersPeer, name: "prepare-offer") {
  const found = peer.effects.findLast((each) => each.effect === name);
  assert(found?.effect === name);
  return found;
}

/** True when nothing of the file, nor a session, was begun on this side. */
function isUntouched({ effects }: OffersPeer): boolean {
  return !effects.some(({ effect }) =>
    effect === "start-sending" || effect === "prepare-answer" ||
    effect === "open-session"
  );
}

function refusals(peer: OffersPeer): string[] {
  return peer.events.flatMap((each) =>
    each.event === "offer-refused" ? [each.code] : []
  );
}

Deno.test("SignedOffers: two that meet for the first time are told of it once, and exchange", () => {
  const world = new OffersWorld("always", "always");
  send(world);
  const { yoda, luke } = world;
  assert(yoda.effects.some(({ effect }) => effect === "start-sending"));
  assert(luke.effects.some(({ effect }) => effect === "prepare-answer"));
  send(world);
  const numbers = [yoda, luke].map(({ events }) => {
    const first = events.filter((each) => each.event === "peer-key");
    assertEquals(first.length, 1);
    const [event] = first;
    assert(event?.event === "peer-key");
    assertMatch(event.message, /^First contact with (yoda|luke): .*\/verify/);
    return event.safetyNumber;
  });
  assertEquals(numbers[0], numbers[1]);
});

Deno.test("SignedOffers: an offer that the server changed is refused on both sides", () => {
  const changes: Meddled[] = [
    { key: otherKey },
    { offer: "0123456789abcdef" },
    { from: "leia" },
    { identity: mallory.publicKey },
    { identity: "A".repeat(43) },
    { signature: mallory.sign(new Uint8Array(3)) },
    { file: { ...file, name: "b.exe" } },
    { file: { ...file, size: 101 } },
    { file: { name: file.name, size: file.size } },
  ];
  for (const change of changes) {
    const world = new OffersWorld("always", "always");
    world.meddle = (frame) => ({ ...frame, ...change });
    const n = send(world);
    const { yoda, luke } = world;
    const what = JSON.stringify(change);
    assert(isUntouched(luke) && isUntouched(yoda), what);
    assertEquals(refusals(luke).length, 1, what);
    assert(["bad_signature", "no_identity"].includes(refusals(luke)[0] ?? ""));
    // Where luke's refusal finds its way back, yoda is told.
    if (change.offer === undefined) assertEquals(yoda.codeOf(n), "rejected");
    assertEquals(luke.identities.known.find("yoda"), undefined, what);
  }
});

Deno.test("SignedOffers: an answer that the server changed or made up sends nothing", () => {
  const changes: Meddled[] = [
    { key: "A".repeat(43) },
    { signature: mallory.sign(new Uint8Array(3)) },
    { key: otherKey, signature: "A".repeat(86) },
  ];
  for (const change of changes) {
    const world = new OffersWorld("always", "always");
    world.meddle = (frame) =>
      frame.accept === undefined ? frame : { ...frame, ...change };
    const n = send(world);
    assert(isUntouched(world.yoda));
    assertEquals(world.yoda.codeOf(n), "bad_signature");
    const told = world.luke.events.at(-1);
    assert(told?.event === "transfer" && told.info.state === "failed");
    assertMatch(told.message ?? "", /^yoda does not trust your key/);
  }
});

Deno.test("SignedOffers: an old signed answer does not fit a new offer", () => {
  const world = new OffersWorld("always", "always");
  let old: Meddled | undefined;
  world.meddle = (frame) => {
    if (frame.accept === undefined) return frame;
    old ??= frame;
    return { ...old, offer: frame.offer ?? "" };
  };
  assertEquals(world.yoda.codeOf(send(world)), "waiting");
  const started = world.yoda.effects.length;
  assertEquals(world.yoda.codeOf(send(world)), "bad_signature");
  const later = world.yoda.effects.slice(started).map(({ effect }) => effect);
  assert(!later.includes("start-sending"));
});

Deno.test("SignedOffers: a session is not opened on a changed offer or answer", () => {
  for (const side of ["offer", "answer"]) {
    const world = new OffersWorld("always", "always");
    world.meddle = (frame) =>
      (frame.accept === undefined) === (side === "offer")
        ? { ...frame, key: otherKey }
        : frame;
    const n = world.yoda.start("luke");
    world.settle();
    const code = side === "offer" ? "rejected" : "bad_signature";
    assertEquals(world.yoda.codeOf(n), code);
    assertEquals([...world.yoda.connecting], []);
    assertEquals([...world.luke.connecting], []);
    if (side === "offer") assertEquals(refusals(world.luke), ["bad_signature"]);
    else assertEquals(world.luke.states.at(-1), "failed");
  }
});

Deno.test("SignedOffers: a bad offer does not end the session that is open", () => {
  const world = new OffersWorld("always", "always");
  world.yoda.start("luke");
  world.settle();
  const bad = new PeerSigner("yoda", 77).offer({
    offer: "00000000000000aa",
    kind: "session",
    key: "A".repeat(43),
    addresses: [],
  }, { user: "luke", identity: world.luke.identity.publicKey });
  world.luke.offers.handleOffer(bad);
  assertEquals(refusals(world.luke), ["key_changed"]);
  assertEquals(world.luke.offers.open.sessionWith("yoda")?.state, "open");
});

Deno.test("SignedOffers: a server that names its own keys is found out after the first contact", () => {
  const world = new OffersWorld("always", "always");
  send(world);
  const { yoda, luke } = world;
  for (const { name } of [yoda, luke]) {
    world.identities.set(name, mallory.publicKey);
  }
  const before = yoda.effects.length + luke.effects.length;
  assertEquals(yoda.codeOf(send(world)), "key_changed");
  // Also when it signs in yoda's name itself.
  const forged = new PeerSigner("yoda", 9).offer({
    offer: "00000000000000aa",
    kind: "file",
    key: "A".repeat(43),
    addresses: [],
    file,
  }, { user: "luke", identity: luke.identity.publicKey });
  luke.offers.handleOffer(forged);
  world.settle();
  assertEquals(refusals(luke), ["key_changed"]);
  const changed = luke.events.findLast((each) => each.event === "key-changed");
  assert(changed?.event === "key-changed" && changed.user === "yoda");
  assertMatch(changed.message, /^WARNING: the key of yoda has changed/);
  const after = [...yoda.effects, ...luke.effects].slice(before)
    .map(({ effect }) => effect);
  assert(!after.includes("start-sending") && !after.includes("open-session"));
});

Deno.test("SignedOffers: nothing is offered to who has no key, oneself, or under another name's key", () => {
  const world = new OffersWorld("always", "always");
  world.identities.delete("luke");
  assertEquals(world.yoda.codeOf(send(world)), "no_identity");
  // And nothing is taken of who has none.
  world.identities.delete("yoda");
  world.luke.offers.transfers.send(
    { user: "yoda" },
    onePath("/films/a.mp4"),
    1,
  );
  const unsigned = { offer: "00000000000000aa", from: "yoda", kind: "file" };
  const rest = { key: "A".repeat(43), addresses: [], file };
  world.luke.offers.handleOffer({ ...unsigned, ...rest, kind: "file" });
  assertEquals(refusals(world.luke), ["no_identity"]);
  const alone = new OffersWorld("always", "always");
  assertEquals(alone.yoda.codeOf(send(alone, "yoda")), "is_self");
});

Deno.test("SignedOffers: between one's own devices the own key counts, and nobody is met", () => {
  const world = new OffersWorld("always", "always", 1, "yoda");
  const n = send(world, "yoda");
  const { yoda, luke: other } = world;
  assert(yoda.effects.some(({ effect }) => effect === "start-sending"));
  assert(other.effects.some(({ effect }) => effect === "prepare-answer"));
  assertEquals(yoda.codeOf(n), "waiting");
  for (const { events, identities } of [yoda, other]) {
    assert(!events.some(({ event }) => event === "peer-key"));
    assertEquals(identities.known.find("yoda"), undefined);
  }
});

Deno.test("SignedOffers: a server that names another key as one's own moves nothing between devices", () => {
  const asked = new OffersWorld("always", "always", 1, "yoda");
  asked.identities.set("yoda", mallory.publicKey);
  assertEquals(asked.yoda.codeOf(send(asked, "yoda")), "no_key");
  assertEquals(asked.luke.events, []);
  const made = new OffersWorld("always", "always", 1, "yoda");
  made.meddle = (frame) => ({ ...frame, identity: mallory.publicKey });
  const n = send(made, "yoda");
  assert(isUntouched(made.luke));
  assertEquals(refusals(made.luke), ["no_key"]);
  assertEquals(made.yoda.codeOf(n), "rejected");
  const outcome = made.yoda.outcomes.get(n);
  assert(outcome?.ok === false);
  assertEquals(outcome.message, "your other device does not have your key");
});

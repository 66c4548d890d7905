import { assert, assertEquals } from "@std/assert";
import { TransferKeyPair } from "../../lib/engine/blocks/keys.ts";
import { CallChannel, callTopics } from "../../lib/engine/call_channel.ts";
import { mostMediaBytes } from "../../lib/engine/call_media.ts";
import { mostTextBytes } from "../../lib/engine/call_text.ts";
import { ControlSealer } from "../../lib/engine/control_sealer.ts";
import {
  controlHeaderBytes,
  packetType,
} from "../../lib/engine/packets/packet.ts";
import { isCheck } from "../../lib/client/calls/stun.ts";
import {
  openDescription,
  signDescription,
} from "../../lib/client/trust/signed_descriptions.ts";
import { Identity } from "../../lib/client/trust/identity.ts";
import { CallPair } from "../support/call_pair.ts";
import { SeededRandom } from "../support/seeded_random.ts";
import { stunCheck } from "../support/stun_check.ts";
import type { FuzzSession, FuzzTarget } from "./fuzz_target.ts";
import { Mutator } from "./mutator.ts";

/** What is changed on the way of a call, or made up, reaches no browser. */
export const callDatagramsTarget: FuzzTarget = {
  name: "call-datagrams",
  about: "datagrams to both ends of a call",
  shortRuns: 3_000,
  open: (random) => new ForgedCall(new Mutator(random)),
};

/** What the other client itself sends is bounded, and ends nothing but the call. */
export const callPeerTarget: FuzzTarget = {
  name: "call-peer",
  about: "what a hostile client says in a call",
  shortRuns: 3_000,
  open(random) {
    const mutator = new Mutator(random);
    return { step: () => hostilePeer(mutator) };
  },
};

/** Only what the browser signs is a check, and only what a key signs is read. */
export const callBrowserTarget: FuzzTarget = {
  name: "call-browser",
  about: "a browser's checks, and descriptions of its end of a call",
  shortRuns: 1_000,
  open(random) {
    const mutator = new Mutator(random);
    return { step: () => checks(mutator) + descriptions(mutator) };
  },
};

class ForgedCall implements FuzzSession {
  readonly #mutator: Mutator;
  readonly #pair: CallPair;
  readonly #seen: Uint8Array[] = [];
  readonly #sent = new Set<string>();

  constructor(mutator: Mutator) {
    this.#mutator = mutator;
    const { random } = mutator;
    const pair = new CallPair({ seed: random.below(2 ** 31), links: [{}, {}] });
    this.#pair = pair;
    pair.intercept = (bytes) => {
      if (this.#seen.length >= mostSeen) this.#seen.shift();
      this.#seen.push(bytes);
      return bytes;
    };
    pair.run(1_000);
  }

  step(): number {
    const pair = this.#pair;
    const { random } = this.#mutator;
    for (const end of [pair.caller, pair.callee]) {
      const bytes = random.bytes(1 + random.below(mostMediaBytes));
      this.#sent.add(bytes.join());
      end.handleMedia(bytes);
    }
    for (let count = 0; count < forgedPerStep; count++) {
      const bytes = this.#forge();
      const path = random.below(4);
      pair.caller.handleDatagram(bytes, path, pair.now);
      pair.callee.handleDatagram(bytes, path, pair.now);
    }
    pair.run(10);
    for (const side of ["caller", "callee"] as const) {
      for (const { bytes } of pair.media[side].splice(0)) {
        assert(this.#sent.has(bytes.join()), "nobody has sent that");
      }
      assertEquals(pair.types(side), ["connected"]);
    }
    // What is late by more than this is lost.
    if (this.#sent.size > mostSeen) this.#sent.clear();
    return forgedPerStep;
  }

  #forge(): Uint8Array {
    const mutator = this.#mutator;
    if (mutator.chance(6)) {
      const bytes = mutator.noise(100);
      bytes.set([mutator.pick(types)].slice(0, bytes.length));
      if (bytes.length > 9) bytes.set(this.#pair.id, 1);
      return bytes;
    }
    const bytes = mutator.pick(this.#seen);
    return mutator.chance(4) ? bytes : mutator.bytes(bytes);
  }
}

function hostilePeer(mutator: Mutator): number {
  const { random } = mutator;
  const id = random.bytes(8);
  const [one, other] = [
    new TransferKeyPair(random),
    new TransferKeyPair(random),
  ];
  const theirs = one.agree(other.publicKey, id, "sender", "call 1");
  const keys = other.agree(one.publicKey, id, "receiver", "call 1");
  const sealer = new ControlSealer(id, theirs, "sender");
  const callee = new CallChannel({ id, keys, paths: [0], now: 0 }, "callee");
  const out = new Uint8Array(65_536);
  let now = 0;
  let media = 0;
  for (let count = 0; count < datagramsOfPeer; count++) {
    const body = random.bytes(random.below(mutator.chance(4) ? 1_300 : 20));
    if (body.length > 0 && mutator.chance(2)) body[0] = random.below(3);
    out.set(body, controlHeaderBytes);
    const type = mutator.pick(types.slice(0, -1)) as typeof packetType.probe;
    const length = sealer.seal(out, type, body.length);
    callee.handleDatagram(out.slice(0, length), random.below(40), now);
    let polled = 0;
    while (callee.pollTransmit(out, now) > 0) {
      assert(++polled < 100, "it sends without end");
    }
    for (let m = callee.pollMedia(); m; m = callee.pollMedia()) {
      assert(m.length > 0 && m.length <= mostMediaBytes);
      media++;
    }
    for (let e = callee.pollEvent(); e; e = callee.pollEvent()) {
      if (e.type !== "said") continue;
      assert(callTopics.includes(e.topic) && e.text.length <= mostTextBytes);
    }
    assert(callee.loss >= 0 && callee.loss <= 1);
    now += random.below(40);
    callee.handleTimeout(now);
  }
  assert(media <= datagramsOfPeer);
  return datagramsOfPeer;
}

function checks(mutator: Mutator): number {
  const own = { ufrag: "yoda", pwd: "y".repeat(22) };
  const theirs = { ufrag: "luke", pwd: "l".repeat(22) };
  const name = `${theirs.ufrag}:${own.ufrag}`;
  const transaction = mutator.random.bytes(12);
  const good = stunCheck({ name, password: theirs.pwd, transaction });
  assert(isCheck(good, { own, theirs }));
  const changed = mutator.chance(8) ? mutator.noise(200) : mutator.bytes(good);
  const covered = good.length - 8;
  const isSame = changed.length === good.length &&
    changed.subarray(0, covered).join() === good.subarray(0, covered).join();
  if (!isSame) assert(!isCheck(changed, { own, theirs }));
  return 1;
}

function descriptions(mutator: Mutator): number {
  const end = {
    ...{ call: "00ff00ff00ff00ff", offer: "11ff00ff00ff00ff" },
    ...{ from: "yoda", fromIdentity: yoda.publicKey },
    ...{ to: "luke", toIdentity: "l".repeat(43), role: "offerer" as const },
  };
  const good = signDescription(end, description, 1_000, yoda);
  const changed = mutator.chance(3)
    ? JSON.stringify(mutator.json(JSON.parse(good))) ?? ""
    : mutator.text(good);
  const opened = openDescription(end, changed, 0);
  if (opened === undefined) return 1;
  // Spaces and the like: what was signed is the same.
  assertEquals(JSON.stringify(opened.description), JSON.stringify(description));
  assertEquals(opened.time, 1_000);
  return 1;
}

const yoda = Identity.fromSeed(new SeededRandom(1).bytes(32));
const description = {
  fingerprint: "0f".repeat(32),
  ufrag: "abcd",
  pwd: "p".repeat(22),
  types: [111, 96, 97],
  extensions: [4, 3],
  sources: [1, 2, 3, 4, 5],
};
const types = [...Object.values(packetType), 0xff];
const forgedPerStep = 8;
const datagramsOfPeer = 50;
const mostSeen = 200;

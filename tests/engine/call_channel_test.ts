import { assert, assertEquals } from "@std/assert";
import {
  callDatagramBytes,
  callSilentMs,
} from "../../lib/engine/call_channel.ts";
import {
  mostMediaBytes,
  mostMediaPartBytes,
} from "../../lib/engine/call_media.ts";
import { transferLimits } from "../../lib/engine/packets/limits.ts";
import { callPacketType, packetType } from "../../lib/engine/packets/packet.ts";
import { CallLoss } from "../../lib/engine/call_loss.ts";
import { mostTextBytes } from "../../lib/engine/call_text.ts";
import { CallPair, relayPath } from "../support/call_pair.ts";
import { SeededRandom } from "../support/seeded_random.ts";

const far = { delayMs: 20 };

/** Sends `count` datagrams from the caller, one each `everyMs`. */
function talk(pair: CallPair, count: number, everyMs = 5, bytes = 200) {
  const random = new SeededRandom(3);
  const sent = Array.from({ length: count }, () => random.bytes(bytes));
  for (const each of sent) {
    pair.caller.handleMedia(each);
    pair.run(everyMs);
  }
  return sent;
}

function connected(pair: CallPair): boolean {
  return pair.types("caller").includes("connected") &&
    pair.types("callee").includes("connected");
}

Deno.test("call_channel: the largest datagram fits the least packet of IPv6, relayed too", () => {
  assertEquals(callDatagramBytes, 1231);
  const [ipv6, udp, relayed] = [40, 8, 1];
  assertEquals(callDatagramBytes + ipv6 + udp + relayed, 1280);
});

Deno.test("call_channel: datagrams go both ways as they are, and too large ones not", () => {
  const pair = new CallPair({ links: [far] });
  pair.caller.handleMedia(new Uint8Array(1));
  pair.run(5000, () => connected(pair));
  const random = new SeededRandom(7);
  const [part, most] = [mostMediaPartBytes, mostMediaBytes];
  const all = [1, part - 1, part, part + 1, part + 10, most - 1, most]
    .map((length) => random.bytes(length));
  for (const bytes of all) {
    pair.caller.handleMedia(bytes);
    pair.callee.handleMedia(bytes);
  }
  pair.caller.handleMedia(new Uint8Array(mostMediaBytes + 1));
  pair.caller.handleMedia(new Uint8Array(0));
  pair.run(100);
  // What was sent before there was a path is lost.
  for (const side of ["caller", "callee"] as const) {
    assertEquals(pair.media[side].map(({ bytes }) => bytes), all);
  }
  assertEquals(pair.largest, callDatagramBytes);
});

Deno.test("call_channel: two parts of one datagram come in any order, other things between, or not at all", () => {
  for (let seed = 1; seed <= 10; seed++) {
    const links = [{ ...far, jitterMs: 4, loss: 0.02, duplicate: 0.1 }];
    const pair = new CallPair({ seed, links });
    pair.run(5000, () => connected(pair));
    pair.caller.say("members", "[]", pair.now);
    const sent = talk(pair, 300, 2, mostMediaPartBytes + 1 + seed)
      .map((bytes) => bytes.join());
    pair.run(200);
    const got = pair.media.callee.map(({ bytes }) => bytes.join());
    assertEquals(got.filter((each) => !sent.includes(each)), []);
    // Both have to come; none is put together twice.
    assertEquals(new Set(got).size, got.length);
    assert(got.length > 270, String(got.length));
  }
});

Deno.test("call_channel: it connects in one round trip of the path", () => {
  const pair = new CallPair({ links: [far] });
  const before = pair.now;
  pair.run(5000, () => connected(pair));
  assert(pair.now - before < 41, String(pair.now - before));
});

Deno.test("call_channel: what is lost is not sent again, and is counted", () => {
  const pair = new CallPair({ links: [{ ...far, loss: 0.05 }] });
  pair.run(5000, () => connected(pair));
  const media: Uint8Array[] = [];
  pair.intercept = (bytes) => {
    if (bytes[0] === callPacketType.media) media.push(bytes);
    return bytes;
  };
  const sent = talk(pair, 2000);
  pair.run(100);
  assertEquals(media.length, sent.length);
  const share = 1 - pair.media.callee.length / sent.length;
  assert(share > 0.03 && share < 0.07, String(share));
  assert(Math.abs(pair.callee.loss - 0.05) < 0.02, String(pair.callee.loss));
});

Deno.test("call_channel: what only asks for a better path is not counted as lost", () => {
  const dead = { loss: 1 };
  const pair = new CallPair({
    links: [dead, dead, dead],
    relay: { delayMs: 30 },
  });
  pair.run(5000, () => connected(pair));
  pair.run(12_000);
  for (const side of ["caller", "callee"] as const) {
    assertEquals(pair[side].loss, 0);
  }
  talk(pair, 500, 20);
  assertEquals(pair.callee.loss, 0);
});

Deno.test("CallLoss counts between reports, whatever they say", () => {
  const loss = new CallLoss();
  const report = (arrived: number, sent: number) => {
    for (let i = 0; i < arrived; i++) loss.handleArrival();
    loss.handleReport(sent);
    return loss.share;
  };
  assertEquals(report(5, 100), 0, "what was before is not known");
  assertEquals(report(75, 200), 0.25);
  assertEquals(report(0, 50), 0.25, "an old one");
  assertEquals(report(125, 300), 0, "those were late");
  assertEquals(report(0, 2 ** 32 - 1) <= 1, true);
  for (let i = 0; i < 10; i++) report(1, 2 ** 32 - 1);
  assertEquals(loss.share, 0);
});

Deno.test("call_channel: one that comes twice, was changed or is another's is not taken", () => {
  const pair = new CallPair({
    links: [{ ...far, duplicate: 0.3, corrupt: 0.1 }],
  });
  pair.run(5000, () => connected(pair));
  const sent = talk(pair, 500).map((bytes) => bytes.join());
  pair.run(100);
  const got = pair.media.callee.map(({ bytes }) => bytes.join());
  assertEquals(new Set(got).size, got.length);
  assertEquals(got.filter((each) => !sent.includes(each)), []);
  assert(got.length > 400);
  const stranger = new CallPair({ seed: 2 });
  stranger.run(1000, () => connected(stranger));
  stranger.intercept = (bytes) => {
    assert(!pair.callee.handleDatagram(bytes, 0, pair.now));
    return bytes;
  };
  talk(stranger, 3);
});

Deno.test("call_channel: texts arrive whole in spite of loss, the last one of each topic", () => {
  for (let seed = 1; seed <= 20; seed++) {
    const pair = new CallPair({
      seed,
      links: [{ ...far, loss: 0.3, jitterMs: 50, duplicate: 0.1 }],
    });
    const long = "ü".repeat(mostTextBytes / 2);
    pair.caller.say("description", "old", pair.now);
    pair.caller.say("description", long, pair.now);
    pair.caller.say("members", '["leia"]', pair.now);
    pair.callee.say("description", "", pair.now);
    pair.run(8000);
    assertEquals(pair.said("callee"), [long]);
    assertEquals(pair.said("callee", "members"), ['["leia"]']);
    assertEquals(pair.said("caller"), [""]);
    pair.caller.say("members", "[]", pair.now);
    pair.run(5000);
    assertEquals(pair.said("callee", "members"), ['["leia"]', "[]"]);
    // Heard, and so not said again.
    pair.intercept = (bytes) => {
      assert(bytes[0] !== callPacketType.text);
      return bytes;
    };
    pair.run(2000);
  }
});

Deno.test("call_channel: a path that is too small for a call is none", () => {
  const small = { ...far, mtu: callDatagramBytes - 1 };
  const pair = new CallPair({ links: [small], relay: { delayMs: 50 } });
  pair.run(5000, () => connected(pair));
  assert(connected(pair));
  pair.run(3000);
  const lost = new CallPair({ links: [small] });
  lost.run(20_000);
  assertEquals(lost.types("caller"), ["unreachable"]);
});

Deno.test("call_channel: the relay is taken after a second without another path", () => {
  const dead = { loss: 1 };
  const pair = new CallPair({ links: [dead], relay: { delayMs: 30 } });
  const before = pair.now;
  pair.run(5000, () => connected(pair));
  const ms = pair.now - before;
  assert(ms > 1000 && ms < 1600, String(ms));
  assertEquals(pair.caller.pathInfo.path, relayPath);
});

Deno.test("call_channel: it is over when one hangs up, and for both", () => {
  const pair = new CallPair({ links: [far] });
  pair.run(5000, () => connected(pair));
  let closes = 0;
  pair.intercept = (bytes) => {
    if (bytes[0] === packetType.close) closes++;
    return bytes;
  };
  pair.caller.close(pair.now);
  pair.run(100);
  assertEquals(pair.events.callee.at(-1), { type: "closed", isLost: false });
  assert(pair.callee.isDrained);
  pair.run(5000);
  assert(pair.caller.isDrained);
  // Once, and for each datagram of the other side that was on its way.
  assert(closes >= 1 && closes < 5, String(closes));
});

Deno.test("call_channel: who is still in the call says so when it is lost there", () => {
  const pair = new CallPair({ links: [far] });
  pair.run(5000, () => connected(pair));
  pair.callee.close(pair.now, "lost");
  pair.run(100);
  assertEquals(pair.events.caller.at(-1), { type: "closed", isLost: true });
});

Deno.test("call_channel: who is to say nothing at the end sends nothing more", () => {
  const pair = new CallPair({ links: [far] });
  pair.run(5000, () => connected(pair));
  // What is on its way arrives.
  pair.run(100);
  const before = pair.events.caller.length;
  pair.callee.close(pair.now, "none");
  assert(pair.callee.isDrained);
  assertEquals(pair.callee.pollTransmit(new Uint8Array(1500), pair.now), 0);
  pair.run(5000);
  assertEquals(pair.events.caller.length, before);
});

Deno.test("call_channel: silence ends it, a short one does not", () => {
  const blackouts = [{ from: 5000, to: 5000 + callSilentMs - 3000 }];
  const pair = new CallPair({ links: [{ ...far, blackouts }] });
  pair.run(5000 + callSilentMs);
  assertEquals(pair.types("caller"), ["connected"]);
  const gone = new CallPair({
    links: [{ ...far, blackouts: [{ from: 5000, to: Infinity }] }],
  });
  gone.run(5000 + callSilentMs + 3000);
  assertEquals(gone.events.caller.at(-1), {
    type: "unreachable",
    wasConnected: true,
  });
});

Deno.test("call_channel: time in which an end did not run is nobody's silence", () => {
  const pair = new CallPair({ links: [far] });
  // Before they have found each other, and later.
  for (const ms of [transferLimits.connectMs, callSilentMs]) {
    pair.now += ms + 1000;
    pair.run(5000);
    for (const side of ["caller", "callee"] as const) {
      assertEquals(pair.types(side), ["connected"], `${side}, ${ms} ms`);
    }
  }
});

Deno.test("call_channel: a path that dies is replaced by another one", () => {
  const blackouts = [{ from: 5000, to: Infinity }];
  const pair = new CallPair({
    links: [{ ...far, blackouts }, { delayMs: 60 }],
  });
  pair.run(4500);
  assertEquals(pair.caller.pathInfo.path, 0);
  talk(pair, 1500);
  assertEquals(pair.caller.pathInfo.path, 1);
  const late = pair.media.callee.filter(({ at }) => at > 8500);
  assert(late.length > 500, String(late.length));
  assert(!pair.types("caller").includes("unreachable"));
});

Deno.test("call_channel: what a stalled end holds of datagrams is bounded, the latest", () => {
  const pair = new CallPair({ links: [far] });
  pair.run(5000, () => connected(pair));
  for (let i = 0; i < 1000; i++) {
    pair.caller.handleMedia(new Uint8Array([i >> 8, i & 0xff]));
  }
  pair.run(100);
  assertEquals(pair.media.callee.length, 256);
  assertEquals(pair.media.callee.at(-1)?.bytes, new Uint8Array([3, 231]));
});

/** A transfer that a user has wait: little is sent, and it goes on. */
import { assert, assertEquals } from "@std/assert";
import { Hold } from "../../lib/engine/hold.ts";
import {
  controlHeaderBytes,
  packetType,
} from "../../lib/engine/packets/packet.ts";
import { transferLimits } from "../../lib/engine/packets/limits.ts";
import { testFile, TransferPair } from "../support/transfer_pair.ts";

Deno.test("Hold tells what is news until that is answered", () => {
  const hold = new Hold();
  assertEquals([hold.flags, hold.deadline()], [2, Infinity]);
  hold.handleSent(1, 0);
  hold.set(true, 100);
  assertEquals([hold.flags, hold.deadline()], [3, 100]);
  hold.handleAnswer(1);
  assertEquals(hold.deadline(), 100, "that probe said nothing of it");
  hold.handleSent(2, 110);
  hold.handleSent(3, 120);
  assertEquals(hold.deadline(), 370);
  hold.handleAnswer(2);
  assertEquals(hold.deadline(), Infinity);
  hold.set(true, 500);
  assertEquals(hold.deadline(), Infinity, "no news");
});

Deno.test("Hold takes the newest word of the other end", () => {
  const hold = new Hold();
  hold.handleProbe(5, 0);
  assertEquals([hold.isKnown, hold.isPeer], [false, false]);
  hold.handleProbe(7, 3);
  hold.handleProbe(6, 2);
  assertEquals([hold.isKnown, hold.isPeer, hold.isHeld], [true, true, true]);
  assertEquals([hold.takeChanged(), hold.takeChanged()], [true, false]);
});

Deno.test("Hold tells of a call, and knows of one of either end's", () => {
  const hold = new Hold();
  hold.setInCall(true, 100);
  assertEquals([hold.flags, hold.deadline()], [10, 100]);
  assertEquals([hold.isInCall, hold.isHeld], [true, false]);
  hold.setInCall(false, 200);
  assertEquals([hold.flags, hold.isInCall], [2, false]);
  hold.handleProbe(1, 10);
  assertEquals([hold.isInCall, hold.isHeld, hold.takeChanged()], [
    true,
    false,
    false,
  ]);
  hold.handleProbe(2, 2);
  assertEquals(hold.isInCall, false);
});

const hour = 3_600_000;
const day = 24 * hour;

/** A pair in the middle of a file, over a path that loses and delays. */
function pairUnderWay(loss = 0.05): TransferPair {
  const link = { delayMs: 10, rate: 12_500, loss };
  const pair = new TransferPair({ seed: 1, file: testFile(8_000_000), link });
  pair.run(day, () => pair.writtenBytes > 2_000_000);
  return pair;
}

Deno.test("transfer pair: either side has it wait for an hour, and it goes on", () => {
  for (const by of ["sender", "receiver"] as const) {
    const pair = pairUnderWay(0);
    const others = by === "sender" ? pair.receiverEvents : pair.senderEvents;
    assert(pair[by].setHeld(true, pair.now));
    const saidAt = pair.now;
    pair.run(day, () => others.at(-1)?.type === "held");
    assert(pair.now - saidAt < 50, `${pair.now - saidAt} ms`);
    // What was under way arrives.
    pair.run(day, () => pair.now > saidAt + 2_000);
    const before = pair.writtenBytes;
    let bytes = 0;
    pair.intercept = (datagram) => {
      bytes += datagram.length;
      return datagram;
    };
    const start = pair.now;
    pair.run(2 * day, () => pair.now >= start + hour);
    assertEquals(pair.writtenBytes, before);
    const perSecond = 1_000 * bytes / hour;
    assert(perSecond < 400, `${perSecond} bytes a second`);
    assert(pair[by].setHeld(false, pair.now));
    const goesOnAt = pair.now;
    pair.run(2 * day);
    // The 6 MB that are missing take 480 ms.
    const took = pair.now - transferLimits.lingerMs - goesOnAt;
    assert(took < 1_000, `${took} ms`);
    assertEquals(pair.written, testFile(8_000_000));
  }
});

Deno.test("transfer pair: it goes on when neither side has it wait, whatever is lost", () => {
  const pair = pairUnderWay(0.3);
  for (const side of ["sender", "receiver"] as const) {
    assert(pair[side].setHeld(true, pair.now));
  }
  const wait = (ms: number) => {
    const start = pair.now;
    pair.run(day, () => pair.now > start + ms);
  };
  wait(20_000);
  const before = pair.writtenBytes;
  pair.sender.setHeld(false, pair.now);
  wait(20_000);
  assertEquals(pair.writtenBytes, before);
  pair.receiver.setHeld(false, pair.now);
  pair.run(day);
  assertEquals(pair.written, testFile(8_000_000));
  const told = pair.senderEvents.filter(({ type }) => type === "held");
  assertEquals(told, [
    { type: "held", isHeld: true },
    { type: "held", isHeld: false },
  ]);
});

Deno.test("transfer pair: one that does not know of it is not asked to wait", () => {
  const link = { delayMs: 10, rate: 12_500 };
  const pair = new TransferPair({ seed: 1, file: testFile(8_000_000), link });
  pair.intercept = (bytes, from) =>
    from === "receiver" && isProbeWithHold(bytes) ? undefined : bytes;
  pair.run(day, () => pair.writtenBytes > 2_000_000);
  assertEquals(pair.sender.setHeld(true, pair.now), false);
  pair.run(day);
  assertEquals(pair.written, testFile(8_000_000));
});

Deno.test("transfer pair: a receiver of the first version, which takes a fin of digests alone, gets the file", () => {
  const link = { delayMs: 10, rate: 12_500 };
  for (const loss of [0, 0.1]) {
    const file = testFile(800_000);
    const pair = new TransferPair({ seed: 1, file, link: { ...link, loss } });
    const digestsBytes = controlHeaderBytes + 64 + transferLimits.tagBytes;
    pair.intercept = (bytes, from) => {
      const isOfLater = from === "receiver"
        ? isProbeWithHold(bytes)
        : bytes[0] === packetType.fin && bytes.length !== digestsBytes;
      return isOfLater ? undefined : bytes;
    };
    pair.run(60_000);
    assertEquals(pair.written, file);
    assertEquals(pair.senderEvents.at(-1)?.type, "done");
  }
});

/** Those of before say no more than a token. */
function isProbeWithHold(bytes: Uint8Array): boolean {
  const short = controlHeaderBytes + 4 + transferLimits.tagBytes;
  return bytes[0] === packetType.probe && bytes.length === short + 1;
}

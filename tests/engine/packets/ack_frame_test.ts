import { assert, assertEquals } from "@std/assert";
import {
  AckFrame,
  maxAckBytes,
} from "../../../lib/engine/packets/ack_frame.ts";
import { RangeSet } from "../../../lib/engine/packets/range_set.ts";
import { SeededRandom } from "../../support/seeded_random.ts";

function encoded(frame: AckFrame): Uint8Array {
  const out = new Uint8Array(maxAckBytes);
  return out.slice(0, frame.encode(out, 0));
}

function fields(frame: AckFrame) {
  const { largest, finReceived, base, limit, rangeCount, refetchCount } = frame;
  return {
    largest,
    finReceived,
    base,
    limit,
    starts: [...frame.starts.subarray(0, rangeCount)],
    ends: [...frame.ends.subarray(0, rangeCount)],
    blocks: [...frame.refetchBlocks.subarray(0, refetchCount)],
    times: [...frame.refetchTimes.subarray(0, refetchCount)],
  };
}

Deno.test("AckFrame decodes what it encodes", () => {
  for (let seed = 1; seed <= 300; seed++) {
    const random = new SeededRandom(seed);
    const received = new RangeSet(64);
    const start = seed % 2 === 0 ? 0 : 2 ** 33;
    for (let i = random.below(300); i > 0; i--) {
      const at = start + random.below(1000);
      received.add(at, at + 1 + random.below(5));
    }
    const frame = new AckFrame();
    frame.setRanges(received);
    frame.delay = random.below(10_000) / 1000;
    frame.finReceived = seed % 3 === 0;
    frame.base = random.below(2 ** 31);
    frame.limit = frame.base + random.below(40);
    frame.refetchCount = random.below(17);
    for (let i = 0; i < frame.refetchCount; i++) {
      frame.refetchBlocks[i] = random.below(2 ** 32);
      frame.refetchTimes[i] = random.below(256);
    }
    const bytes = encoded(frame);
    const decoded = new AckFrame();
    assert(decoded.decode(bytes));
    assertEquals(fields(decoded), fields(frame));
    assert(Math.abs(decoded.delay - frame.delay) < 0.001);
    for (let length = 0; length < bytes.length; length++) {
      assertEquals(decoded.decode(bytes.subarray(0, length)), false);
    }
  }
});

Deno.test("AckFrame.decode of random bytes gives valid ranges or nothing", () => {
  const random = new SeededRandom(7);
  const frame = new AckFrame();
  let valid = 0;
  for (let i = 0; i < 20_000; i++) {
    const bytes = random.bytes(random.below(120));
    // Let the counts often fit, so that the ranges themselves are reached.
    if (bytes.length >= 25 && i % 2 === 0) {
      bytes.fill(0, 11, 15);
      const rest = bytes.length - 21;
      bytes[20] = (rest + 4) % 8;
      bytes[19] = Math.floor((rest + 4 - 5 * bytes[20]!) / 8);
      bytes.fill(0, 21, 23);
    }
    if (!frame.decode(bytes)) continue;
    valid++;
    let above = frame.largest + 1;
    for (let r = 0; r < frame.rangeCount; r++) {
      assert(frame.ends[r]! <= above && frame.starts[r]! < frame.ends[r]!);
      assert(frame.starts[r]! >= 0);
      above = frame.starts[r]! - 1;
    }
  }
  assert(valid > 100);
});

Deno.test("AckFrame.includes: what its ranges hold", () => {
  const received = new RangeSet(64);
  for (const [start, end] of [[2, 4], [6, 7], [9, 12]] as const) {
    received.add(start, end);
  }
  const frame = new AckFrame();
  frame.setRanges(received);
  const included = Array.from({ length: 14 }, (_, number) => number)
    .filter((number) => frame.includes(number));
  assertEquals(included, [2, 3, 6, 9, 10, 11]);
});

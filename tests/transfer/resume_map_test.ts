import { assert, assertEquals } from "@std/assert";
import * as fc from "fast-check";
import {
  decodeParts,
  encodeParts,
  type ReceivedPart,
  ResumeMap,
} from "../../lib/transfer/resume_map.ts";
import { transferLimits } from "../../lib/transfer/transfer_limits.ts";
import { SeededRandom } from "../support/seeded_random.ts";

const { blockBytes } = transferLimits;
const identity = {
  sender: "yoda",
  name: "Фильм 映画.mp4",
  size: 1000 * blockBytes,
  fingerprint: "abc",
};

function parts(...ends: number[]): ReceivedPart[] {
  const random = new SeededRandom(1);
  return ends.map((endBlock) => ({ endBlock, digest: random.bytes(32) }));
}

Deno.test("ResumeMap: what was encoded is decoded", () => {
  for (const list of [parts(), parts(1), parts(1, 2, 500, 999)]) {
    const map = ResumeMap.decode(new ResumeMap(identity, list).encode());
    assertEquals(map?.identity, identity);
    assertEquals(map?.parts, list);
    assertEquals(map?.blocks, list.at(-1)?.endBlock ?? 0);
    assert(map?.matches(identity));
  }
});

Deno.test("ResumeMap.matches: any difference makes it another file", () => {
  const map = new ResumeMap(identity, []);
  for (
    const change of [
      { sender: "luke" },
      { name: "other" },
      { size: 1 },
      { fingerprint: "abd" },
    ]
  ) assert(!map.matches({ ...identity, ...change }));
});

Deno.test("ResumeMap.decode: whatever is wrong, there is no map", () => {
  const good = JSON.parse(new ResumeMap(identity, parts(5)).encode());
  const bad: unknown[] = [
    null,
    [],
    "x",
    {},
    { ...good, format: "parley part 1" },
    { ...good, size: -1 },
    { ...good, size: 1.5 },
    { ...good, size: "1000" },
    { ...good, size: 2 ** 48 },
    { ...good, size: 5 * blockBytes },
    { ...good, sender: 1 },
    { ...good, fingerprint: undefined },
    { ...good, parts: [] },
    { ...good, parts: "5" },
  ];
  for (const value of bad) {
    assertEquals(ResumeMap.decode(JSON.stringify(value)), undefined);
  }
  const text = new ResumeMap(identity, parts(5)).encode();
  for (let end = 0; end < text.length - 2; end++) {
    assertEquals(ResumeMap.decode(text.slice(0, end)), undefined);
  }
});

Deno.test("ResumeMap.decode: random text never throws", () => {
  fc.assert(fc.property(fc.string(), (text) => {
    assertEquals(ResumeMap.decode(text), undefined);
  }));
  const text = new ResumeMap(identity, parts(5, 9)).encode();
  const random = new SeededRandom(4);
  for (let i = 0; i < 2000; i++) {
    const at = random.below(text.length);
    const damaged = text.slice(0, at) +
      String.fromCharCode(random.below(256)) + text.slice(at + 1);
    const map = ResumeMap.decode(damaged);
    for (const { endBlock, digest } of map?.parts ?? []) {
      assert(endBlock > 0 && digest.length === 32);
    }
  }
});

Deno.test("decodeParts: ends must rise and leave the last block", () => {
  const size = 10 * blockBytes;
  assertEquals(decodeParts("", size), []);
  assertEquals(decodeParts(encodeParts(parts(9)), size)?.length, 1);
  for (const ends of [[10], [11], [0], [3, 3], [3, 2], [2 ** 40]]) {
    assertEquals(decodeParts(encodeParts(parts(...ends)), size), undefined);
  }
  assertEquals(decodeParts(encodeParts(parts(1)), blockBytes), undefined);
  assertEquals(decodeParts(encodeParts(parts(1)), 0), undefined);
  for (const text of [" ", "1", "1:", ":x", "1:é", "01:" + "A".repeat(43)]) {
    assertEquals(decodeParts(text, size), undefined);
  }
});

Deno.test("decodeParts: the most parts there may be fit an answer", () => {
  const { resumeParts, fileBytes } = transferLimits;
  const list = parts(
    ...Array.from({ length: resumeParts }, (_, i) => 1_000_000_000 + i),
  );
  const text = encodeParts(list);
  assert(text.length < 16 * 1024, `${text.length}`);
  assertEquals(decodeParts(text, fileBytes)?.length, resumeParts);
  const more = `${text} ${encodeParts(parts(1_050_000_000))}`;
  assertEquals(decodeParts(more, fileBytes), undefined);
});

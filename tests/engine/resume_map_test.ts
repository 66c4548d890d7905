import { assert, assertEquals } from "@std/assert";
import * as fc from "fast-check";
import {
  decodeParts,
  encodeParts,
  partOf,
  type ReceivedPart,
  ResumeMap,
} from "../../lib/engine/resume_map.ts";
import { transferLimits } from "../../lib/engine/packets/limits.ts";
import { ContentDigest } from "../../lib/engine/blocks/content_digest.ts";
import { testFile } from "../support/transfer_pair.ts";
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

/** A map file with these entries, of blocks from the first to before the end. */
function mapText(...entries: [first: number, end: number][]): string {
  return ResumeMap.encodeHead(identity) +
    entries.map(([first, end]) =>
      ResumeMap.encodeEntry(first, checks(first, end))
    ).join("");
}

function checks(first: number, end: number): Uint32Array {
  return Uint32Array.from(
    { length: end - first },
    (_, i) => 7 ** 9 * (first + i),
  );
}

Deno.test("ResumeMap: what was encoded is decoded", () => {
  const maps: [string, number][] = [
    [mapText(), 0],
    [mapText([0, 1]), 1],
    [mapText([0, 1], [1, 5], [5, 999]), 999],
    // Some was found damaged, and came again.
    [mapText([0, 9], [4, 4]), 4],
    [mapText([0, 9], [4, 6], [6, 7]), 7],
  ];
  for (const [text, blocks] of maps) {
    const map = ResumeMap.decode(text);
    assertEquals(map?.identity, identity);
    assertEquals(map?.checks, checks(0, blocks));
    assertEquals(map?.length, text.length);
    assert(map?.matches(identity));
  }
});

Deno.test("ResumeMap.matches: any difference makes it another file", () => {
  const map = ResumeMap.decode(mapText());
  for (
    const change of [
      { sender: "luke" },
      { name: "other" },
      { size: 1 },
      { fingerprint: "abd" },
    ]
  ) assertEquals(map?.matches({ ...identity, ...change }), false);
  const unknown = { ...identity, fingerprint: "" };
  const text = ResumeMap.encodeHead(unknown);
  assertEquals(ResumeMap.decode(text)?.matches(unknown), false);
});

Deno.test("ResumeMap.decode: without a right first line there is no map", () => {
  const good = JSON.parse(mapText());
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
    { ...good, sender: 1 },
    { ...good, fingerprint: undefined },
  ];
  for (const value of bad) {
    assertEquals(ResumeMap.decode(`${JSON.stringify(value)}\n`), undefined);
  }
  const text = mapText();
  for (let end = 0; end < text.length; end++) {
    assertEquals(ResumeMap.decode(text.slice(0, end)), undefined);
  }
});

Deno.test("ResumeMap.decode: a torn or damaged line ends what is believed", () => {
  const before = mapText([0, 3]);
  const text = before + ResumeMap.encodeEntry(3, checks(3, 6));
  for (let end = before.length; end < text.length; end++) {
    const map = ResumeMap.decode(text.slice(0, end));
    assertEquals([map?.checks.length, map?.length], [3, before.length]);
  }
  for (let at = before.length; at < text.length; at++) {
    const damaged = `${text.slice(0, at)}x${text.slice(at + 1)}`;
    assertEquals(ResumeMap.decode(damaged)?.checks, checks(0, 3));
  }
  // A gap, the file's last block, more blocks than it has.
  for (const [first, end] of [[4, 6], [3, 1000], [3, 1005]] as const) {
    const more = before + ResumeMap.encodeEntry(first, checks(first, end));
    assertEquals(ResumeMap.decode(more)?.checks.length, 3);
  }
});

Deno.test("ResumeMap.decode: random text never throws", () => {
  fc.assert(fc.property(fc.string(), (text) => {
    assertEquals(ResumeMap.decode(text), undefined);
  }));
  const text = mapText([0, 5], [5, 9]);
  const random = new SeededRandom(4);
  for (let i = 0; i < 2000; i++) {
    const at = random.below(text.length);
    const damaged = text.slice(0, at) +
      String.fromCharCode(random.below(256)) + text.slice(at + 1);
    const map = ResumeMap.decode(damaged);
    assert(map === undefined || map.checks.length <= 9);
  }
});

Deno.test("partOf: one part, whose digest is that of its blocks", () => {
  assertEquals(partOf(new Uint32Array(0)), []);
  const digest = new ContentDigest();
  const kept = Uint32Array.from(
    [1, 2, 3].map((seed) => digest.update(testFile(1000, seed))),
  );
  assertEquals(partOf(kept), [{ endBlock: 3, digest: digest.digest() }]);
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

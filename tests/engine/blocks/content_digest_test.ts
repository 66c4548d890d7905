import { assertEquals, assertNotEquals } from "@std/assert";
import { encodeHex } from "@std/encoding/hex";
import {
  ContentDigest,
  digestOfChecks,
} from "../../../lib/engine/blocks/content_digest.ts";
import { transferLimits } from "../../../lib/engine/packets/limits.ts";
import { testFile } from "../../support/transfer_pair.ts";

const { blockBytes } = transferLimits;
const nine = new TextEncoder().encode("123456789");

function digestOf(...blocks: Uint8Array[]): string {
  const digest = new ContentDigest();
  for (const block of blocks) digest.update(block);
  return encodeHex(digest.digest());
}

Deno.test("ContentDigest.digest: known values, computed by other programs", () => {
  assertEquals(
    [digestOf(), digestOf(nine), digestOf(new Uint8Array(blockBytes), nine)],
    [
      "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
      "561352a29992d77b1351cd792192665fd58b1238e1c53d4415df7bf6cb57783e",
      "4a7318ac885cb64f7b14bb6dae61c01e50a4a35a06a4964afecdd90c8f08fc4c",
    ],
  );
});

Deno.test("ContentDigest.update: the CRC-32 of RFC 1952 §8", () => {
  assertEquals(new ContentDigest().update(nine), 0xcbf43926);
  assertEquals(new ContentDigest().update(new Uint8Array(0)), 0);
});

Deno.test("ContentDigest.digest: every block counts, and more may follow", () => {
  const blocks = [1, 2, 3].map((seed) => testFile(1000, seed));
  const digest = new ContentDigest();
  for (const [index, block] of blocks.entries()) {
    digest.update(block);
    const expected = digestOf(...blocks.slice(0, index + 1));
    assertEquals(encodeHex(digest.digest()), expected);
    assertEquals(encodeHex(digest.digest()), expected, "asked again");
  }
});

Deno.test("ContentDigest.add: a block by its CRC-32 is the block itself", () => {
  const [first, second] = [testFile(1000, 1), testFile(1000, 2)];
  const whole = new ContentDigest();
  const part = new ContentDigest();
  whole.update(first);
  part.add(whole.update(second));
  assertEquals(encodeHex(whole.digest()), digestOf(first, second));
  assertEquals(encodeHex(part.digest()), digestOf(second));
});

Deno.test("ContentDigest: order, repetition, gaps and cuts matter", () => {
  const [a, b, c] = [1, 2, 3].map((seed) => testFile(1000, seed));
  const all = [
    digestOf(a!, b!, c!),
    digestOf(b!, a!, c!),
    digestOf(a!, c!),
    digestOf(a!, a!, b!, c!),
    digestOf(a!, b!),
    digestOf(a!, b!, c!, new Uint8Array(0)),
    digestOf(a!, b!.subarray(1), c!),
    digestOf(a!, b!, Uint8Array.of(...c!, 0)),
  ];
  assertEquals(new Set(all).size, all.length);
});

Deno.test("ContentDigest: every byte and every bit of a block is noticed", () => {
  const block = testFile(2000);
  const good = digestOf(nine, block);
  for (let at = 0; at < block.length; at++) {
    const before = block[at]!;
    block[at] = before ^ (1 << at % 8);
    assertNotEquals(digestOf(nine, block), good, `bit of byte ${at}`);
    block[at] = ~before;
    assertNotEquals(digestOf(nine, block), good, `byte ${at}`);
    block[at] = before;
  }
  assertEquals(digestOf(nine, block), good);
});

Deno.test("digestOfChecks() is that of the same blocks one after the other, of few and of many", () => {
  for (const count of [0, 1, 2, 13, 14, 100, 20_000]) {
    const checks = new Uint32Array(count).map((_, index) =>
      Math.imul(index + 1, 0x9e3779b1)
    );
    const digest = new ContentDigest();
    for (const check of checks) digest.add(check);
    assertEquals(digestOfChecks(checks), digest.digest());
  }
});

import { createDecipheriv } from "node:crypto";
import { Buffer } from "node:buffer";
import { assert, assertEquals } from "@std/assert";
import { BlockSealer } from "../../../lib/engine/blocks/block_sealer.ts";
import { SeededRandom } from "../../support/seeded_random.ts";
import { testFile } from "../../support/transfer_pair.ts";

const random = new SeededRandom(1);
const key = random.bytes(32);
const id = random.bytes(8);

function sealed(sealer: BlockSealer, block: number, plaintext: Uint8Array) {
  return sealer.seal(block, plaintext, new Uint8Array(plaintext.length + 16));
}

/** Opens a copy: what is opened is overwritten. */
function opened(sealer: BlockSealer, block: number, bytes: Uint8Array) {
  return sealer.open(block, bytes.slice());
}

Deno.test("BlockSealer opens what it sealed, in its place only", () => {
  const sealer = new BlockSealer(key, id, 1000);
  const plaintext = random.bytes(1000);
  const bytes = sealed(sealer, 3, plaintext);
  assertEquals(bytes.length, 1016);
  assertEquals(opened(sealer, 3, bytes), plaintext);
  assertEquals(opened(sealer, 4, bytes), undefined);
  const otherSize = new BlockSealer(key, id, 1001);
  assertEquals(opened(otherSize, 3, bytes), undefined);
  const otherId = Uint8Array.from(id).fill(9);
  const ofOtherId = new BlockSealer(key, otherId, 1000);
  assertEquals(opened(ofOtherId, 3, bytes), undefined);
  const otherKey = Uint8Array.from(key).fill(9);
  const ofOtherKey = new BlockSealer(otherKey, id, 1000);
  assertEquals(opened(ofOtherKey, 3, bytes), undefined);
});

Deno.test("BlockSealer.open refuses every changed byte", () => {
  const sealer = new BlockSealer(key, id, 40);
  const bytes = sealed(sealer, 0, random.bytes(40));
  for (let i = 0; i < bytes.length; i++) {
    bytes[i]! ^= 1;
    assertEquals(opened(sealer, 0, bytes), undefined);
    bytes[i]! ^= 1;
  }
  assertEquals(opened(sealer, 0, bytes.subarray(0, 15)), undefined);
});

Deno.test("BlockSealer works in the memory that the bytes are in", () => {
  const sealer = new BlockSealer(key, id, 300_000);
  for (const length of [0, 1, 131_072, 131_073, 262_144]) {
    const plaintext = testFile(length);
    const memory = new Uint8Array(length + 20).fill(7);
    memory.set(plaintext);
    const bytes = sealer.seal(1, memory.subarray(0, length), memory);
    assert(bytes.buffer === memory.buffer);
    assertEquals(bytes.length, length + 16);
    assert(Buffer.compare(bytes, sealed(sealer, 1, plaintext)) === 0);
    assertEquals([...memory.subarray(length + 16)], [7, 7, 7, 7]);
    const result = sealer.open(1, bytes)!;
    assert(result.buffer === memory.buffer && result.byteOffset === 0);
    assert(Buffer.compare(result, plaintext) === 0);
  }
});

Deno.test("BlockSealer uses the documented nonce and associated data", () => {
  const size = 2 ** 40 + 5;
  const plaintext = random.bytes(100);
  const bytes = sealed(new BlockSealer(key, id, size), 0x01020304, plaintext);
  const nonce = Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4);
  const associated = Uint8Array.of(...id, 1, 2, 3, 4, 1, 0, 0, 0, 0, 5);
  const decipher = createDecipheriv("chacha20-poly1305", key, nonce, {
    authTagLength: 16,
  });
  decipher.setAAD(associated, { plaintextLength: 100 });
  decipher.setAuthTag(bytes.subarray(100));
  const text = decipher.update(bytes.subarray(0, 100));
  decipher.final();
  assertEquals(new Uint8Array(text), plaintext);
});

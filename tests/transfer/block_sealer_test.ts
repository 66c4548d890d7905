import { createDecipheriv } from "node:crypto";
import { assertEquals } from "@std/assert";
import { BlockSealer } from "../../lib/transfer/block_sealer.ts";
import { SeededRandom } from "../support/seeded_random.ts";

const random = new SeededRandom(1);
const key = random.bytes(32);
const id = random.bytes(8);

function sealed(sealer: BlockSealer, block: number, plaintext: Uint8Array) {
  const { ciphertext, tag } = sealer.seal(block, plaintext);
  const bytes = new Uint8Array(ciphertext.length + tag.length);
  bytes.set(ciphertext);
  bytes.set(tag, ciphertext.length);
  return bytes;
}

Deno.test("BlockSealer opens what it sealed, in its place only", () => {
  const sealer = new BlockSealer(key, id, 1000);
  const plaintext = random.bytes(1000);
  const bytes = sealed(sealer, 3, plaintext);
  assertEquals(bytes.length, 1016);
  assertEquals(new Uint8Array(sealer.open(3, bytes)!), plaintext);
  assertEquals(sealer.open(4, bytes), undefined);
  assertEquals(new BlockSealer(key, id, 1001).open(3, bytes), undefined);
  const otherId = Uint8Array.from(id).fill(9);
  assertEquals(new BlockSealer(key, otherId, 1000).open(3, bytes), undefined);
  const otherKey = Uint8Array.from(key).fill(9);
  assertEquals(new BlockSealer(otherKey, id, 1000).open(3, bytes), undefined);
});

Deno.test("BlockSealer.open refuses every changed byte", () => {
  const sealer = new BlockSealer(key, id, 40);
  const bytes = sealed(sealer, 0, random.bytes(40));
  for (let i = 0; i < bytes.length; i++) {
    bytes[i]! ^= 1;
    assertEquals(sealer.open(0, bytes), undefined);
    bytes[i]! ^= 1;
  }
  assertEquals(sealer.open(0, bytes.subarray(0, 15)), undefined);
});

Deno.test("BlockSealer uses the documented nonce and associated data", () => {
  const size = 2 ** 40 + 5;
  const plaintext = random.bytes(100);
  const { ciphertext, tag } = new BlockSealer(key, id, size)
    .seal(0x01020304, plaintext);
  const nonce = Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4);
  const associated = Uint8Array.of(...id, 1, 2, 3, 4, 1, 0, 0, 0, 0, 5);
  const decipher = createDecipheriv("chacha20-poly1305", key, nonce, {
    authTagLength: 16,
  });
  decipher.setAAD(associated, { plaintextLength: 100 });
  decipher.setAuthTag(tag);
  const opened = decipher.update(ciphertext);
  decipher.final();
  assertEquals(new Uint8Array(opened), plaintext);
});

import { Buffer } from "node:buffer";
import { assert, assertEquals } from "@std/assert";
import { BlockSealer } from "../../../lib/engine/blocks/block_sealer.ts";
import { ContentDigest } from "../../../lib/engine/blocks/content_digest.ts";
import {
  type FileKey,
  FileSealer,
} from "../../../lib/engine/blocks/file_sealer.ts";
import { transferLimits } from "../../../lib/engine/packets/limits.ts";
import { testFile } from "../../support/transfer_pair.ts";

const { blockBytes } = transferLimits;
const file = testFile(3 * blockBytes + 5);
const blocks = [0, 1, 2, 3].map((block) =>
  file.subarray(block * blockBytes, (block + 1) * blockBytes)
);
const key = new Uint8Array(32).fill(1);
const id = new Uint8Array(8).fill(2);

function fileKey(firstBlock: number, size = file.length): FileKey {
  return { key, id, size, firstBlock };
}

function digestOf(...some: readonly Uint8Array[]): Uint8Array {
  const digest = new ContentDigest();
  for (const block of some) digest.update(block);
  return digest.digest();
}

function sealNext(sealer: FileSealer, plaintext: Uint8Array): Uint8Array {
  return sealer.seal(plaintext, new Uint8Array(plaintext.length + 16));
}

function isSame(opened: Uint8Array | undefined, block: Uint8Array): boolean {
  return opened !== undefined && Buffer.compare(opened, block) === 0;
}

Deno.test("FileSealer.seal: every block is sealed in its place", () => {
  const sealer = new FileSealer(fileKey(0));
  const opener = new BlockSealer(key, id, file.length);
  for (const [number, plaintext] of blocks.entries()) {
    const sealed = sealNext(sealer, plaintext);
    assertEquals(opener.open(number + 1, sealed.slice()), undefined);
    assert(isSame(opener.open(number, sealed), plaintext));
  }
});

Deno.test("FileSealer.digests: both are the file's, after its last block", () => {
  const sealer = new FileSealer(fileKey(0));
  for (const block of blocks) {
    assertEquals(sealer.digests(), undefined);
    sealNext(sealer, block);
  }
  const expected = digestOf(...blocks);
  assertEquals(sealer.digests(), { file: expected, part: expected });
});

Deno.test("FileSealer.digests: an empty file has them at once", () => {
  const { file, part } = new FileSealer(fileKey(0, 0)).digests()!;
  assertEquals([file, part], [digestOf(), digestOf()]);
});

Deno.test("FileSealer.skip: the file's digest is whole, the part's is not", () => {
  for (const first of [1, 2, 3]) {
    const sealer = new FileSealer(fileKey(first));
    const opener = new BlockSealer(key, id, file.length);
    const before = new ContentDigest();
    const checks = blocks.slice(0, first).map((block) => before.update(block));
    sealer.skip(Uint32Array.from(checks));
    for (const [index, block] of blocks.slice(first).entries()) {
      const sealed = sealNext(sealer, block);
      assert(isSame(opener.open(first + index, sealed), block));
    }
    assertEquals(sealer.digests(), {
      file: digestOf(...blocks),
      part: digestOf(...blocks.slice(first)),
    });
  }
});

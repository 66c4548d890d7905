import { assertEquals } from "@std/assert";
import { BlockSealer } from "../../../lib/engine/blocks/block_sealer.ts";
import { blockCheck } from "../../../lib/engine/blocks/content_digest.ts";
import { FileOpener } from "../../../lib/engine/blocks/file_sealer.ts";
import { transferLimits } from "../../../lib/engine/packets/limits.ts";
import { SeededRandom } from "../../support/seeded_random.ts";
import { testFile } from "../../support/transfer_pair.ts";

const { blockBytes } = transferLimits;
const file = testFile(5 * blockBytes + 5);
const blocks = [0, 1, 2, 3, 4, 5].map((block) =>
  file.subarray(block * blockBytes, (block + 1) * blockBytes)
);
const key = new Uint8Array(32).fill(1);
const id = new Uint8Array(8).fill(2);
const sealed = blocks.map((plaintext, block) => {
  const sealer = new BlockSealer(key, id, file.length);
  return sealer.seal(block, plaintext, new Uint8Array(plaintext.length + 16));
});

function openerFrom(firstBlock: number): FileOpener {
  return new FileOpener({ key, id, size: file.length, firstBlock });
}

/** What is to come out for these blocks, in order. */
function opened(...numbers: number[]) {
  return numbers.map((number) => {
    const plaintext = Uint8Array.from(blocks[number]!);
    return { plaintext, check: blockCheck(plaintext) };
  });
}

/** Opens a copy, in memory that is taken over. */
function openBlock(opener: FileOpener, block: number, bytes = sealed[block]!) {
  return opener.open(block, bytes.slice())?.map(({ plaintext, check }) => ({
    plaintext: Uint8Array.from(plaintext),
    check,
  }));
}

Deno.test("FileOpener.open: blocks in order come out one by one", () => {
  const opener = openerFrom(0);
  for (const block of blocks.keys()) {
    assertEquals(openBlock(opener, block), opened(block));
  }
});

Deno.test("FileOpener.open: an early block waits for its turn", () => {
  const opener = openerFrom(0);
  assertEquals(openBlock(opener, 2), []);
  assertEquals(openBlock(opener, 1), []);
  assertEquals(openBlock(opener, 0), opened(0, 1, 2));
  assertEquals(openBlock(opener, 4), []);
  assertEquals(openBlock(opener, 3), opened(3, 4));
  assertEquals(openBlock(opener, 5), opened(5));
});

Deno.test("FileOpener.open: in any order the same comes out", () => {
  const random = new SeededRandom(3);
  for (let run = 0; run < 20; run++) {
    const order = [...blocks.keys()];
    for (let at = order.length - 1; at > 0; at--) {
      const other = random.below(at + 1);
      [order[at], order[other]] = [order[other]!, order[at]!];
    }
    const opener = openerFrom(0);
    const out = order.flatMap((block) => openBlock(opener, block) ?? []);
    assertEquals(out, opened(...blocks.keys()), String(order));
  }
});

Deno.test("FileOpener.open: a part begins with its first block", () => {
  const opener = openerFrom(3);
  assertEquals(openBlock(opener, 4), []);
  assertEquals(openBlock(opener, 3), opened(3, 4));
  assertEquals(openBlock(opener, 5), opened(5));
});

Deno.test("FileOpener.open: what is forged is refused and changes nothing", () => {
  const opener = openerFrom(0);
  const damaged = sealed[0]!.slice();
  damaged[77]! ^= 1;
  assertEquals(openBlock(opener, 0, damaged), undefined);
  assertEquals(openBlock(opener, 0, sealed[1]), undefined, "another's place");
  assertEquals(openBlock(opener, 0, new Uint8Array(3)), undefined);
  assertEquals(openBlock(opener, 1), []);
  assertEquals(openBlock(opener, 0), opened(0, 1));
});

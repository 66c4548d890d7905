import { assertEquals } from "@std/assert";
import { BlockSealer } from "../../lib/engine/blocks/block_sealer.ts";
import { FileOpener } from "../../lib/engine/blocks/file_sealer.ts";
import { ReceiveWindow } from "../../lib/engine/receive_window.ts";
import { transferLimits } from "../../lib/engine/packets/limits.ts";
import { SeededRandom } from "../support/seeded_random.ts";
import { testFile } from "../support/transfer_pair.ts";

const { blockBytes, windowBlocks } = transferLimits;

function setUp(size: number) {
  const random = new SeededRandom(1);
  const key = random.bytes(32);
  const id = random.bytes(8);
  const sealer = new BlockSealer(key, id, size);
  const opener = new FileOpener({ key, id, size, firstBlock: 0 });
  const file = testFile(size);
  const sealed = (block: number): Uint8Array => {
    const start = block * blockBytes;
    const plaintext = file.subarray(start, start + blockBytes);
    return sealer.seal(block, plaintext, new Uint8Array(plaintext.length + 16));
  };
  const window = new ReceiveWindow(size, 0);
  const open = () => {
    for (let each = window.takeComplete(); each; each = window.takeComplete()) {
      const opened = opener.open(each.block, each.sealed);
      if (opened === undefined) window.handleForged(each.block, each.sealed);
      for (const block of opened ?? []) window.handleOpened(block);
    }
  };
  return { window, open, file, sealed, random };
}

Deno.test("ReceiveWindow hands out blocks in order, however slices come", () => {
  const size = 5 * blockBytes + 1234;
  const { window, open, file, sealed, random } = setUp(size);
  const slices: { block: number; at: number; bytes: Uint8Array }[] = [];
  for (let block = 0; block < 6; block++) {
    const bytes = sealed(block);
    for (let at = 0; at < bytes.length; at += 30_000) {
      // Every slice overlaps the next, as after a change of datagram size.
      slices.push({ block, at, bytes: bytes.subarray(at, at + 40_000) });
    }
  }
  const taken: number[] = [];
  while (slices.length > 0) {
    const [slice] = slices.splice(random.below(slices.length), 1);
    window.add(slice!.block, slice!.at, slice!.bytes);
    window.add(slice!.block, slice!.at, slice!.bytes);
    open();
    for (let p = window.take(); p !== undefined; p = window.take()) {
      const block = window.taken - 1;
      taken.push(block);
      const start = block * blockBytes;
      assertEquals(
        new Uint8Array(p),
        file.subarray(start, start + blockBytes),
      );
      window.handleWritten();
    }
  }
  assertEquals(taken, [0, 1, 2, 3, 4, 5]);
  assertEquals(window.base, 6);
});

Deno.test("ReceiveWindow refuses what lies outside of file, block and window", () => {
  const size = 100 * blockBytes;
  const { window } = setUp(size);
  const slice = new Uint8Array(10);
  assertEquals(window.add(windowBlocks, 0, slice), "refused");
  assertEquals(window.add(2 ** 32 - 1, 0, slice), "refused");
  assertEquals(window.add(0, blockBytes + 7, slice), "refused");
  assertEquals(window.add(0, 2 ** 24 - 1, slice), "refused");
  assertEquals(window.add(0, 0, new Uint8Array(0)), "refused");
  assertEquals(window.add(0, blockBytes + 6, slice), "stored");
  assertEquals(window.add(0, blockBytes + 6, slice), "known");
});

Deno.test("ReceiveWindow opens a place only when a block is written", () => {
  const { window, open, sealed } = setUp(100 * blockBytes);
  for (let block = 0; block < windowBlocks; block++) {
    assertEquals(window.add(block, 0, sealed(block)), "completed");
  }
  open();
  assertEquals(window.limit, windowBlocks);
  window.take();
  assertEquals(window.limit, windowBlocks);
  window.handleWritten();
  assertEquals(window.limit, windowBlocks + 1);
  assertEquals(window.add(0, 0, new Uint8Array(1)), "known");
});

Deno.test("ReceiveWindow collects a block again when its tag fails", () => {
  const { window, open, sealed, file } = setUp(blockBytes);
  const good = sealed(0);
  const bad = Uint8Array.from(good);
  bad[1000]! ^= 1;
  assertEquals(window.add(0, 0, bad), "completed");
  assertEquals(window.add(0, 0, good), "known");
  open();
  assertEquals(window.failures(0), 1);
  assertEquals(window.take(), undefined);
  assertEquals(window.add(0, 0, good), "completed");
  open();
  assertEquals(window.base, 1);
  assertEquals(new Uint8Array(window.take()!), file);
});

Deno.test("ReceiveWindow bounds the scattered slices of a block", () => {
  const { window } = setUp(blockBytes);
  const byte = new Uint8Array(1);
  let stored = 0;
  for (let at = 0; at < 1000; at += 2) {
    if (window.add(0, at, byte) === "stored") stored++;
  }
  assertEquals(stored, 128);
});

import { assert, assertEquals } from "@std/assert";
import { BlockPool, sealedBlockBytes } from "../../lib/engine/send_window.ts";
import { transferLimits } from "../../lib/engine/packets/limits.ts";

Deno.test("BlockPool gives the same memory again, whole", () => {
  const pool = new BlockPool();
  const bytes = pool.take();
  assertEquals(bytes.length, sealedBlockBytes);
  pool.give(bytes.subarray(0, 5));
  const again = pool.take();
  assert(again.buffer === bytes.buffer);
  assertEquals([again.byteOffset, again.length], [
    bytes.byteOffset,
    sealedBlockBytes,
  ]);
  assert(pool.take().buffer !== bytes.buffer, "each to one only");
});

Deno.test("BlockPool takes nothing else, and nothing that went elsewhere", () => {
  const pool = new BlockPool();
  const foreign = new Uint8Array(sealedBlockBytes);
  pool.give(foreign);
  assert(pool.take().buffer !== foreign.buffer);
  const moved = pool.take();
  structuredClone(moved, { transfer: [moved.buffer] });
  pool.give(moved);
  assertEquals(pool.take().length, sealedBlockBytes);
});

Deno.test("BlockPool keeps no more than a window of blocks", () => {
  const pool = new BlockPool();
  const most = transferLimits.windowBlocks;
  const all = Array.from({ length: most + 3 }, () => pool.take());
  for (const bytes of all) pool.give(bytes);
  const known = new Set(all.map(({ buffer }) => buffer));
  const taken = Array.from({ length: most + 3 }, () => pool.take());
  const reused = taken.filter(({ buffer }) => known.has(buffer));
  assertEquals(reused.length, most);
});

Deno.test("BlockPool of a small file gives no more than its block needs", () => {
  const pool = new BlockPool(30);
  const bytes = pool.take();
  assertEquals(bytes.length, 30);
  pool.give(bytes.subarray(0, 5));
  const again = pool.take();
  assert(again.buffer === bytes.buffer);
  assertEquals(again.length, 30);
  assertEquals(new BlockPool(1e12).take().length, sealedBlockBytes);
});

Deno.test("BlockPool.end() gives back what nobody uses, and the rest when it comes", () => {
  const pool = new BlockPool(30);
  const [spare, used] = [pool.take(), pool.take()];
  pool.give(spare);
  pool.end();
  assertEquals([spare.length, used.length], [0, 30]);
  pool.give(used);
  assertEquals(used.length, 0);
  // Once more is no harm.
  pool.give(used);
});

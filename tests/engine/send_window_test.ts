import { assert, assertEquals, assertThrows } from "@std/assert";
import { BlockPool, SendWindow } from "../../lib/engine/send_window.ts";
import { transferLimits } from "../../lib/engine/packets/limits.ts";

function sealed(length: number, value: number) {
  return new Uint8Array(length).fill(value);
}

Deno.test("SendWindow holds blocks from the first to the last", () => {
  const window = new SendWindow(5, new BlockPool());
  assertEquals([window.base, window.end], [5, 5]);
  window.push(sealed(100, 1));
  window.push(sealed(50, 2));
  assertEquals([window.base, window.end], [5, 7]);
  assertEquals([4, 5, 6, 7].map((block) => window.has(block)), [
    false,
    true,
    true,
    false,
  ]);
  assertEquals(window.sealedBytes(6), 50);
  window.release(6);
  assertEquals(window.has(5), false);
  assertThrows(() => window.sealedBytes(5), RangeError);
  window.release(1000);
  assertEquals([window.base, window.end], [7, 7]);
});

Deno.test("SendWindow gives back the memory of what it releases", () => {
  const pool = new BlockPool();
  const window = new SendWindow(0, pool);
  const memory = [pool.take(), pool.take()];
  for (const bytes of memory) window.push(bytes.subarray(0, 100));
  window.release(1);
  assert(pool.take().buffer === memory[0]!.buffer);
  window.release(2);
  assert(pool.take().buffer === memory[1]!.buffer);
  assert(pool.take().buffer !== memory[0]!.buffer, "each once");
});

Deno.test("SendWindow.copySlice: any slice of a sealed block", () => {
  const window = new SendWindow(0, new BlockPool());
  const whole = Array.from({ length: 116 }, (_, index) => index + 1);
  window.push(Uint8Array.from(whole));
  for (let offset = 0; offset < 116; offset += 7) {
    for (let length = 1; offset + length <= 116; length += 5) {
      const out = new Uint8Array(130);
      window.copySlice(0, offset, length, out, 3);
      assertEquals(
        [...out.subarray(3, 3 + length)],
        whole.slice(
          offset,
          offset + length,
        ),
      );
      assertEquals(out[3 + length], 0);
    }
  }
});

Deno.test("SendWindow goes round as often as it must", () => {
  const window = new SendWindow(0, new BlockPool());
  const out = new Uint8Array(1);
  for (let block = 0; block < 5 * transferLimits.windowBlocks; block++) {
    window.push(sealed(10, block % 100));
    window.copySlice(block, 0, 1, out, 0);
    assertEquals(out[0], block % 100);
    window.release(block);
  }
});

import { assertEquals } from "@std/assert";
import { LossExcess } from "../../../lib/engine/path/fragments.ts";

/** Datagrams of 8,872 bytes until it is too much; Infinity when it never is. */
function sentUntilTooMuch(share: number, isApart: boolean): number {
  const excess = new LossExcess();
  let due = 0;
  for (let sent = 0; sent < 300_000; sent++) {
    due += share;
    const lost = due >= 1 ? 1 : 0;
    due -= lost;
    if (excess.add(1, lost, isApart && lost > 0, 8_872, true)) {
      return sent + 1;
    }
  }
  return Infinity;
}

Deno.test("LossExcess bears what may get lost for ever, and more for a while", () => {
  assertEquals(sentUntilTooMuch(0.014, true), Infinity);
  assertEquals(sentUntilTooMuch(0.3, false), Infinity);
  // 3 MiB are 354.6 of them.
  const some = sentUntilTooMuch(0.03, true);
  assertEquals(Math.round(some * 0.015), 355);
  assertEquals(Math.round(sentUntilTooMuch(1, false) * 0.6), 355);
});

Deno.test("LossExcess forgets when it is told to, or has told", () => {
  const excess = new LossExcess();
  assertEquals(excess.add(300, 300, false, 8_872, true), false);
  excess.clear();
  assertEquals(excess.add(500, 500, false, 8_872, true), false);
  assertEquals(excess.add(100, 100, false, 8_872, true), true);
  assertEquals(excess.add(500, 500, false, 8_872, true), false);
});

Deno.test("LossExcess bears less of the largest where they go far", () => {
  const lose = (size: number, isFar: boolean, share: number) => {
    const excess = new LossExcess();
    for (let lost = 0; lost < 100; lost++) {
      if (excess.add(1 / share, 1, false, size, isFar)) return lost;
    }
    return Infinity;
  };
  assertEquals(lose(26_632, true, 0.05), 73);
  assertEquals(lose(26_632, true, 0.009), Infinity);
  assertEquals(lose(26_632, false, 0.05), Infinity);
  assertEquals(lose(8_872, true, 0.05), Infinity);
});

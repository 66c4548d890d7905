import { assertEquals } from "@std/assert";
import { fragmentReach } from "../../../lib/engine/path/fragments.ts";

Deno.test("fragmentReach: those who are near, and fast ones not far away", () => {
  const reach = (minRtt: number, pacingRate: number) =>
    fragmentReach({
      minRtt,
      pacingRate,
      isStarting: false,
      isReordered: false,
    });
  assertEquals(reach(0.3, 1_000), "near");
  assertEquals(reach(4, 30_000), "far");
  assertEquals(reach(4, 12_500), undefined, "single packets are fast enough");
  assertEquals(reach(40, 100_000), undefined, "too many would be under way");
  assertEquals(reach(Infinity, 100_000), undefined, "nothing is known yet");
});

Deno.test("fragmentReach: while starting only where the line must be fast", () => {
  const reach = (minRtt: number, pacingRate: number) =>
    fragmentReach({ minRtt, pacingRate, isStarting: true, isReordered: false });
  // A line of 100 Mbit/s, paced ahead by the gain of the start.
  assertEquals(reach(0.3, 2.885 * 12_500), undefined);
  assertEquals(reach(4, 2.885 * 12_500), undefined);
  assertEquals(reach(0.3, 60_000), "near");
  assertEquals(reach(4, 60_000), "far");
});

Deno.test("fragmentReach: not where packets overtake each other: one that is ahead of all tells nothing", () => {
  const path = { minRtt: 0.3, pacingRate: 60_000, isStarting: false };
  assertEquals(fragmentReach({ ...path, isReordered: true }), undefined);
});

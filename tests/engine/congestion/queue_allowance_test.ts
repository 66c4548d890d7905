import { assert, assertEquals } from "@std/assert";
import { queueAllowance } from "../../../lib/engine/congestion/bbr_model.ts";

/** Bytes that a path holds on which nothing is short. */
const wide = 500_000;

Deno.test("queueAllowance is less where little gets lost", () => {
  const calm = queueAllowance(40, 0.001, wide);
  const lossy = queueAllowance(40, 0.02, wide);
  assertEquals(calm, 14);
  assertEquals(lossy, 50);
  const between = queueAllowance(40, 0.006, wide);
  assert(between > calm && between < lossy, `${between}`);
});

Deno.test("queueAllowance is about a round trip at most, and a third of a long one", () => {
  assertEquals(queueAllowance(2, 0, wide), 2);
  assertEquals(queueAllowance(5, 0, wide), 4);
  assertEquals(queueAllowance(4, 0.1, wide), 5);
  assertEquals(queueAllowance(200, 0, wide), 70);
  assertEquals(queueAllowance(200, 0.1, wide), 70);
});

Deno.test("queueAllowance is less on a path that holds little, where losses are those of short queues", () => {
  assertEquals(queueAllowance(15, 0.1, 18_750), 9);
  assertEquals(queueAllowance(15, 0.1, wide), 18.75);
  const between = queueAllowance(15, 0.1, 144 * 1024);
  assert(between > 9 && between < 18.75, `${between}`);
  assertEquals(queueAllowance(40, 0, 18_750), queueAllowance(40, 0, wide));
});

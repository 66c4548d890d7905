import { assert, assertEquals } from "@std/assert";
import { queueAllowance } from "../../../lib/engine/congestion/bbr_model.ts";

/** Bytes that a path holds on which nothing is short. */
const wide = 500_000;
/** And one that holds little. */
const narrow = 18_750;
const longQueueMs = 200;

Deno.test("queueAllowance is less where little gets lost", () => {
  const calm = queueAllowance(40, 0.001, wide, longQueueMs);
  const lossy = queueAllowance(40, 0.02, wide, longQueueMs);
  assertEquals(calm, 14);
  assertEquals(lossy, 50);
  const between = queueAllowance(40, 0.006, wide, longQueueMs);
  assert(between > calm && between < lossy, `${between}`);
});

Deno.test("queueAllowance is about a round trip at most, and a third of a long one", () => {
  assertEquals(queueAllowance(2, 0, wide, longQueueMs), 1.6);
  assertEquals(queueAllowance(5, 0, wide, longQueueMs), 4);
  assertEquals(queueAllowance(4, 0.1, wide, longQueueMs), 5);
  assertEquals(queueAllowance(200, 0, wide, longQueueMs), 70);
  assertEquals(queueAllowance(200, 0.1, wide, longQueueMs), 70);
});

Deno.test("queueAllowance is less on a path that holds little, where losses are those of short queues", () => {
  assertEquals(queueAllowance(15, 0.1, narrow, longQueueMs), 9);
  assertEquals(queueAllowance(15, 0.1, wide, longQueueMs), 18.75);
  const between = queueAllowance(15, 0.1, 144 * 1024, longQueueMs);
  assert(between > 9 && between < 18.75, `${between}`);
  assertEquals(
    queueAllowance(40, 0, narrow, longQueueMs),
    queueAllowance(40, 0, wide, longQueueMs),
  );
});

Deno.test("queueAllowance is half of the queue or so where that is short, on a path that holds little", () => {
  assertEquals(queueAllowance(40, 0.1, narrow, 20), 12);
  assertEquals(queueAllowance(40, 0, narrow, 20), 12);
  assertEquals(queueAllowance(40, 0.1, narrow, 100), 24);
  assertEquals(queueAllowance(40, 0.1, narrow, 0), 4, "the ends' own delays");
  assertEquals(queueAllowance(40, 0.1, wide, 20), 50);
});

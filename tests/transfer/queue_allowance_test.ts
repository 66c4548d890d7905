import { assert, assertEquals } from "@std/assert";
import { queueAllowance } from "../../lib/transfer/queue_allowance.ts";

Deno.test("queueAllowance is less where little gets lost", () => {
  const calm = queueAllowance(40, 70, 0.001);
  const lossy = queueAllowance(40, 70, 0.02);
  assertEquals(calm, 28);
  assertEquals(lossy, 40);
  const between = queueAllowance(40, 70, 0.006);
  assert(between > calm && between < lossy, `${between}`);
});

Deno.test("queueAllowance is at most a round trip, and a quarter of a long one", () => {
  assertEquals(queueAllowance(5, 6, 0.1), 5);
  assertEquals(queueAllowance(200, 210, 0), 50);
});

Deno.test("queueAllowance follows a queue that others fill deep, within bounds", () => {
  assertEquals(queueAllowance(40, 79, 0), 28);
  assertEquals(queueAllowance(40, 120, 0), 40);
  const deep = queueAllowance(40, 160, 0);
  assert(deep > 120 && deep < 140, `${deep}`);
  assertEquals(queueAllowance(40, 5_000, 0), 160);
});

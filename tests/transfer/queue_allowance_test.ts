import { assert, assertEquals } from "@std/assert";
import { queueAllowance } from "../../lib/transfer/queue_allowance.ts";

Deno.test("queueAllowance is less where little gets lost", () => {
  const calm = queueAllowance(40, 0.001);
  const lossy = queueAllowance(40, 0.02);
  assertEquals(calm, 14);
  assertEquals(lossy, 50);
  const between = queueAllowance(40, 0.006);
  assert(between > calm && between < lossy, `${between}`);
});

Deno.test("queueAllowance is about a round trip at most, and a third of a long one", () => {
  assertEquals(queueAllowance(2, 0), 2);
  assertEquals(queueAllowance(5, 0), 4);
  assertEquals(queueAllowance(4, 0.1), 5);
  assertEquals(queueAllowance(200, 0), 70);
  assertEquals(queueAllowance(200, 0.1), 70);
});

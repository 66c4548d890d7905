import { assert, assertEquals } from "@std/assert";
import { Rtt } from "../../../lib/engine/recovery/rtt.ts";

Deno.test("Rtt takes its first sample whole", () => {
  const rtt = new Rtt();
  assertEquals(rtt.isMeasured, false);
  assertEquals(rtt.smoothed, 333);
  rtt.update(40);
  assertEquals([rtt.smoothed, rtt.variation, rtt.min], [40, 20, 40]);
});

Deno.test("Rtt smooths as RFC 9002 §5.3 says", () => {
  const rtt = new Rtt();
  rtt.update(40);
  rtt.update(60);
  assertEquals(rtt.smoothed, 40 + 20 / 8);
  assertEquals(rtt.variation, 20 + (20 - 20) / 4);
});

Deno.test("Rtt subtracts the peer's delay, but never below the minimum", () => {
  const rtt = new Rtt();
  rtt.update(40);
  rtt.update(60, 10);
  assertEquals(rtt.smoothed, 40 + 10 / 8);
  rtt.update(45, 1000);
  assert(rtt.smoothed > 40);
  assertEquals(rtt.min, 40);
});

Deno.test("Rtt.probeTimeout covers variation and the peer's delay", () => {
  const rtt = new Rtt();
  rtt.update(100);
  assertEquals(rtt.probeTimeout(5), 100 + 200 + 5);
});

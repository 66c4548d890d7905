import { assertEquals } from "@std/assert";
import { transferLimits } from "../../../lib/engine/packets/limits.ts";
import { wantedSubflows } from "../../../lib/engine/path/subflows.ts";

Deno.test("wantedSubflows: more on one machine than through a network", () => {
  const all = transferLimits.subflows - 1;
  assertEquals(wantedSubflows(65_507, 1_000, "local"), all);
  assertEquals(wantedSubflows(53_272, 1_000, "network"), 7);
  assertEquals(wantedSubflows(2_048, 16, "network"), 7);
});

Deno.test("wantedSubflows: none where they are of no use", () => {
  assertEquals(wantedSubflows(65_507, 1_000, "relay"), 0);
  assertEquals(wantedSubflows(2_047, 1_000, "local"), 0);
  assertEquals(wantedSubflows(65_507, 15, "local"), 0);
});

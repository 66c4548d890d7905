import { assertEquals } from "@std/assert";
import { transferLimits } from "../../../lib/engine/packets/limits.ts";
import {
  ArrivalRate,
  wantedSubflows,
} from "../../../lib/engine/path/subflows.ts";

Deno.test("wantedSubflows: more on one machine than through a network", () => {
  const all = transferLimits.subflows - 1;
  assertEquals(wantedSubflows(65_507, 1_000, "local", false), all);
  assertEquals(wantedSubflows(53_272, 1_000, "network", false), 7);
  assertEquals(wantedSubflows(2_048, 16, "network", false), 7);
});

Deno.test("wantedSubflows: none where they are of no use", () => {
  assertEquals(wantedSubflows(65_507, 1_000, "relay", false), 0);
  assertEquals(wantedSubflows(2_047, 1_000, "local", false), 0);
  assertEquals(wantedSubflows(65_507, 15, "local", false), 0);
});

Deno.test("wantedSubflows: of what comes fast through a network one socket holds little", () => {
  assertEquals(wantedSubflows(1_472, 1_000, "network", true), 3);
  assertEquals(wantedSubflows(8_872, 1_000, "network", true), 7);
  assertEquals(wantedSubflows(1_472, 15, "network", true), 0);
  assertEquals(wantedSubflows(1_472, 1_000, "relay", true), 0);
  assertEquals(wantedSubflows(1_472, 1_000, "local", true), 0);
});

Deno.test("ArrivalRate: 10 MB/s are fast, and what waited to be read is not", () => {
  const isFast = (comes: (rate: ArrivalRate) => void) => {
    const rate = new ArrivalRate();
    comes(rate);
    return rate.isFast;
  };
  const steadily = (bytes: number) => (rate: ArrivalRate) => {
    for (let now = 0; now < 300; now++) rate.handleData(bytes, now);
  };
  assertEquals(isFast(steadily(9_900)), false);
  assertEquals(isFast(steadily(10_300)), true);
  assertEquals(
    isFast((rate) => {
      steadily(10_300)(rate);
      rate.handleData(1, 10_000);
    }),
    true,
    "and stay it",
  );
  assertEquals(
    isFast((rate) => {
      for (let now = 0; now < 3_000; now += 250) {
        for (let i = 0; i < 1_000; i++) rate.handleData(1_000, now);
      }
    }),
    false,
    "1 MB each quarter of a second",
  );
});

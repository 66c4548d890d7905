import { assertEquals } from "@std/assert";
import { parseRate } from "../../lib/commands/rate.ts";

Deno.test("parseRate reads numbers with and without suffix", () => {
  const cases: [string, number | undefined][] = [
    ["0", 0],
    ["off", 0],
    ["OFF", 0],
    ["10000", 10_000],
    ["500k", 500_000],
    ["2M", 2_000_000],
    ["1.5m", 1_500_000],
    ["1g", 1_000_000_000],
    ["9999", undefined],
    ["", undefined],
    ["-1", undefined],
    ["2 M", undefined],
    ["2MB", undefined],
    ["fast", undefined],
  ];
  for (const [text, rate] of cases) assertEquals(parseRate(text), rate, text);
});

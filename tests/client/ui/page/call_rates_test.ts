import { assertEquals } from "@std/assert";
import { ratesFor } from "../../../../lib/client/ui/page/model/call_rates.ts";

Deno.test("the more there are in a call, the less is sent to each", () => {
  const rates = [1, 2, 3, 4, 8].map((people) => {
    const { voice, video } = ratesFor(people);
    return [voice, video].map((rate) => rate / 1000);
  });
  assertEquals(rates, [
    [40, 700],
    [40, 700],
    [32, 300],
    [24, 150],
    [24, 150],
  ]);
});

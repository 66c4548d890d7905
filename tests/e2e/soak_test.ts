import { assert } from "@std/assert";
import { soak } from "../soak/soak.ts";

Deno.test("soak: clients and server die and return, every confirmed message arrives once and in order", async () => {
  const result = await soak({
    seconds: 22,
    clients: 20,
    groups: 4,
    messagesPerSecond: 100,
    killSeconds: 5,
    seed: 7,
  });
  assert(result.serverKills >= 3 && result.departures > 20);
  assert(result.confirmed > 1000);
});

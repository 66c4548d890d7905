import { assert } from "@std/assert";
import { soak } from "../soak/soak.ts";

Deno.test("soak: devices and server die and return, every confirmed message arrives at each device once and in order", async () => {
  const result = await soak({
    // Some twenty seconds, and what a busy machine takes for starts.
    seconds: Infinity,
    kills: 5,
    accounts: 10,
    devices: 3,
    groups: 4,
    messagesPerSecond: 100,
    killSeconds: 5,
    seed: 7,
  });
  assert(result.departures > 20);
  assert(result.confirmed > 1000);
});

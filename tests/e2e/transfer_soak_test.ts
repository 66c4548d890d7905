import { assert, assertEquals } from "@std/assert";
import { killReceivers } from "../soak/resume_soak.ts";
import { sparseFile } from "../soak/transfer_soak.ts";

Deno.test("soak of transfers, in small: a sparse file whose receiver cancels half-way", async () => {
  const { had, resumed } = await sparseFile(64 * 1024 * 1024, "cancel");
  assert(had > 0 && resumed > 0);
});

Deno.test("soak of resuming, in small: killed receivers go on within a second of where they were", async () => {
  const costs = await killReceivers(2, 10 * 1024 * 1024);
  assertEquals(costs.length, 2);
});

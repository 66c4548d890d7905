import { assert } from "@std/assert";
import { sparseFile } from "../soak/transfer_soak.ts";

Deno.test("soak of transfers, in small: a sparse file whose receiver cancels half-way", async () => {
  const { had, resumed } = await sparseFile(300 * 1024 * 1024, "cancel");
  assert(had > 0 && resumed > 0);
});

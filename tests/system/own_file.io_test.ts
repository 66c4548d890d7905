import { assert } from "@std/assert";
import { join } from "@std/path";
import { closeLocked, tryLock } from "../../lib/system/own_file.io.ts";
import { withTempFolder } from "../support/temp_folder.ts";

Deno.test("closeLocked() gives the lock back also while other programs are started", async () => {
  await withTempFolder(async (folder) => {
    const path = join(folder, "lock");
    await Deno.writeTextFile(path, "");
    let isStarting = true;
    const starts = Array.from({ length: 3 }, async () => {
      while (isStarting) await new Deno.Command("true").output();
    });
    try {
      for (let time = 0; time < 2_000; time++) {
        const file = await Deno.open(path, { write: true });
        const isLocked = await tryLock(file);
        closeLocked(file);
        assert(isLocked, `not at time ${time}`);
      }
    } finally {
      isStarting = false;
      await Promise.all(starts);
    }
  });
});

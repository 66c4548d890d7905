import { assertEquals } from "@std/assert";
import { join } from "@std/path";
import { WriteWatch } from "../../../lib/client/files/write_watch.io.ts";
import { withTempFolder } from "../../support/temp_folder.ts";

Deno.test({
  name: "WriteWatch: only what another one writes is noticed",
  ignore: Deno.build.os !== "linux",
  fn: async () => {
    await withTempFolder(async (folder) => {
      const path = join(folder, "file");
      using own = await Deno.open(path, { write: true, createNew: true });
      const watch = new WriteWatch(path);
      for (let i = 0; i < 100; i++) await own.write(new Uint8Array(1000));
      await own.sync();
      await Deno.readFile(path);
      assertEquals(await watch.wasWritten(), false);
      const bytes = new Uint8Array(1);
      for (const write of [Deno.writeFile, Deno.truncate]) {
        const other = new WriteWatch(path);
        const { size } = await Deno.stat(path);
        if (write === Deno.truncate) await Deno.truncate(path, size - 1);
        else await Deno.writeFile(path, bytes, { append: true });
        assertEquals(await other.wasWritten(), true);
        other.close();
      }
      assertEquals(await watch.wasWritten(), true);
      watch.close();
    });
  },
});

Deno.test("WriteWatch: where nothing can be known, it was written", async () => {
  const watch = new WriteWatch("/nowhere/at/all");
  assertEquals(await watch.wasWritten(), true);
  watch.close();
});

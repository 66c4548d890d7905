import { assertEquals, assertRejects } from "@std/assert";
import { join } from "@std/path";
import { setRights } from "../../lib/system/set_rights.io.ts";
import { withTempFolder } from "../support/temp_folder.ts";

Deno.test({
  name:
    "setRights(): of the file that is open alone, whatever has its name now",
  ignore: Deno.build.os === "windows",
  fn: () =>
    withTempFolder(async (folder) => {
      const path = join(folder, "a");
      const rights = async () => (await Deno.stat(path)).mode! & 0o777;
      using file = await Deno.open(path, {
        write: true,
        createNew: true,
        mode: 0o600,
      });
      for (const mode of [0o600, 0o640, 0o640]) {
        await setRights(file, path, { mode });
        assertEquals(await rights(), mode);
      }
      await Deno.rename(path, join(folder, "b"));
      const missing = Deno.errors.NotFound;
      for (const prepare of [() => Deno.writeTextFile(path, ""), noFile]) {
        await prepare();
        for (const mode of [0o640, 0o600]) {
          await assertRejects(() => setRights(file, path, { mode }), missing);
        }
        await Deno.remove(path).catch(() => {});
      }
      await Deno.symlink(join(folder, "b"), path);
      for (const mode of [0o640, 0o600]) {
        await assertRejects(() => setRights(file, path, { mode }), missing);
      }
      assertEquals(await rights(), 0o640);
    }),
});

async function noFile(): Promise<void> {}

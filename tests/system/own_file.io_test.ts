import { assert, assertEquals } from "@std/assert";
import { join } from "@std/path";
import { closeLocked, tryLock } from "../../lib/system/own_file.io.ts";
import { withTempFolder } from "../support/temp_folder.ts";

Deno.test({
  name: "openAgain() says so when too many files are open: the file is there",
  ignore: Deno.build.os === "windows",
  fn: () =>
    withTempFolder(async (folder) => {
      const path = join(folder, "part");
      await Deno.writeTextFile(path, "");
      const module = new URL(
        "../../lib/system/own_file.io.ts",
        import.meta.url,
      );
      const code = `
        import { openAgain } from "${module}";
        const path = ${JSON.stringify(path)};
        const file = Deno.openSync(path);
        (await openAgain(file, path)).close();
        try {
          for (;;) Deno.openSync(path);
        } catch {
          // No more can be opened.
        }
        console.log(await openAgain(file, path).catch(({ message }) => message));
      `;
      const { stdout } = await new Deno.Command("sh", {
        args: [
          ...["-c", 'ulimit -n 300 && exec "$@"', "sh", Deno.execPath()],
          ...["eval", "--quiet", "--no-config", code],
        ],
      }).output();
      assertEquals(
        new TextDecoder().decode(stdout),
        `Too many open files (os error 24): open '${path}'\n`,
      );
    }),
});

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

import { assertEquals } from "@std/assert";
import { join } from "@std/path";
import { FileCheck } from "../../../lib/client/tree/file_check.ts";
import { isAsLeft } from "../../../lib/client/tree/whole_reads.io.ts";
import { withTempFolder } from "../../support/temp_folder.ts";

for (const size of [0, 5, 100_000, 600_000]) {
  Deno.test(`isAsLeft() sees of ${size} bytes that they, their time or their names changed`, () =>
    withTempFolder(async (folder) => {
      const { path, known } = await receivedFile(folder, size);
      assertEquals(isAsLeft(path, known), true);
      await Deno.utime(path, 0, 0);
      assertEquals(isAsLeft(path, known), false);
      await Deno.writeFile(path, new Uint8Array(size + 1).fill(8));
      await Deno.utime(path, time, time);
      assertEquals(isAsLeft(path, known), false);
      await Deno.writeFile(path, new Uint8Array(size).fill(9));
      await Deno.utime(path, time, time);
      assertEquals(isAsLeft(path, known), size === 0);
      await Deno.writeFile(path, new Uint8Array(size).fill(8));
      await Deno.utime(path, time, time);
      assertEquals(isAsLeft(path, known), true);
      await Deno.link(path, join(folder, "another name"));
      assertEquals(isAsLeft(path, known), false);
      await Deno.remove(path);
      assertEquals(isAsLeft(path, known), false);
    }));
}

for (const kind of ["pipe", "link", "folder"] as const) {
  Deno.test({
    name:
      `isAsLeft() neither follows nor waits for a ${kind} put there between look and opening`,
    ignore: Deno.build.os === "windows",
    fn: () =>
      withTempFolder(async (folder) => {
        const { path, known } = await receivedFile(folder, 5);
        const other = join(folder, "other");
        const moved = join(folder, "moved");
        if (kind === "link") await Deno.symlink(moved, other);
        else if (kind === "folder") await Deno.mkdir(other);
        else await new Deno.Command("mkfifo", { args: [other] }).output();
        const { lstatSync } = Deno;
        let looks = 0;
        const lookAndSwap = (looked: string) => {
          const info = lstatSync(looked);
          looks++;
          Deno.renameSync(path, moved);
          Deno.renameSync(other, path);
          return info;
        };
        Object.assign(Deno, { lstatSync: lookAndSwap });
        try {
          assertEquals([isAsLeft(path, known), looks], [false, 1]);
        } finally {
          Object.assign(Deno, { lstatSync });
        }
      }),
  });
}

/** A file of so many bytes, and what is known of it. */
async function receivedFile(folder: string, size: number) {
  const path = join(folder, "file");
  const bytes = new Uint8Array(size).fill(8);
  await Deno.writeFile(path, bytes);
  await Deno.utime(path, time, time);
  const check = new FileCheck();
  check.update(bytes);
  const checks = [...check.end().slice(0)];
  const modified = time.getTime();
  return { path, known: { local: "file", size, modified, checks, digest: "" } };
}

const time = new Date(1_700_000_000_123);

import { assertEquals } from "@std/assert";
import { join } from "@std/path";
import { SeenFiles } from "../../lib/io/seen_files.ts";
import { withTempFolder } from "../support/temp_folder.ts";

const owner = { store: "ab", user: "yoda" };

Deno.test("SeenFiles reads what was written last, for each database and user", async () => {
  await withTempFolder((folder) => {
    const env = () => folder;
    const files = new SeenFiles(env);
    assertEquals(files.read(owner), undefined);
    for (const id of [123_456, 7, Number.MAX_SAFE_INTEGER, 9]) {
      files.write(owner, id);
      assertEquals(new SeenFiles(env).read(owner), id);
    }
    files.write({ ...owner, user: "Yoda" }, 3);
    files.write({ ...owner, store: "../../x" }, 4);
    assertEquals(files.read(owner), 9);
    assertEquals(files.read({ ...owner, user: "Yoda" }), 3);
    assertEquals(files.read({ ...owner, store: "../../x" }), 4);
    return Promise.resolve();
  });
});

Deno.test("SeenFiles takes anything else in a file for nothing", async () => {
  await withTempFolder(async (folder) => {
    const files = new SeenFiles(() => folder);
    files.write(owner, 5);
    const seen = join(folder, "parley", "seen");
    for await (const { name } of Deno.readDir(seen)) {
      for (const text of ["", "x", "-1", "1e3", "99999999999999999999"]) {
        await Deno.writeTextFile(join(seen, name), text);
        assertEquals(files.read(owner), undefined, text);
      }
    }
  });
});

Deno.test("SeenFiles does without a folder", () => {
  const files = new SeenFiles(() => undefined);
  files.write(owner, 5);
  assertEquals(files.read(owner), undefined);
});

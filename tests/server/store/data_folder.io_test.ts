import { assert, assertEquals, assertRejects } from "@std/assert";
import { DataFolder } from "../../../lib/server/store/data_folder.io.ts";
import { StartError } from "../../../lib/system/errors.io.ts";
import { withTempFolder } from "../../support/temp_folder.ts";

Deno.test("DataFolder.open makes the folder and keeps others out", async () => {
  await withTempFolder(async (folder) => {
    const path = `${folder}/a/data`;
    const data = await DataFolder.open(path);
    assert((await Deno.stat(path)).isDirectory);
    await assertRejects(() => DataFolder.open(path), StartError, path);
    data.close();
    (await DataFolder.open(path)).close();
    assertEquals(data.file("x.txt"), `${path}/x.txt`);
  });
});

Deno.test("DataFolder.open refuses what is no folder, in one line", async () => {
  await withTempFolder(async (folder) => {
    const path = `${folder}/file`;
    await Deno.writeTextFile(path, "");
    const open = () => DataFolder.open(path);
    const error = await assertRejects(open, StartError, "--data-dir");
    assert(!error.message.includes("\n"));
  });
});

Deno.test("DataFolder.open removes what a killed server left half written", async () => {
  await withTempFolder(async (folder) => {
    const leftover = `${folder}/.userlog.txt.0a1b2c3d.tmp`;
    const note = `${folder}/.userlog.txt.mine.tmp`;
    await Deno.writeTextFile(leftover, "1; ");
    await Deno.writeTextFile(note, "");
    (await DataFolder.open(folder)).close();
    await assertRejects(() => Deno.stat(leftover), Deno.errors.NotFound);
    assert((await Deno.stat(note)).isFile);
  });
});

import { assertEquals, assertRejects } from "@std/assert";
import { join } from "@std/path";
import {
  DownloadFolder,
  folderWarning,
} from "../../../lib/client/files/download_folder.io.ts";
import { FileSink } from "../../../lib/client/files/file_sink.io.ts";
import { SinkError } from "../../../lib/client/files/sink_error.io.ts";
import { withTempFolder } from "../../support/temp_folder.ts";

const file = { sender: "yoda", name: "a", size: 3 };

/** Checks what is said at the start, and what of a file that is offered. */
async function check(folder: string, fault: string): Promise<void> {
  const warning = await folderWarning(folder);
  const rest =
    "files that are sent to you cannot be stored (see --download-dir)";
  assertEquals(warning, `${fault}; ${rest}`);
  const error = await assertRejects(async () => {
    await FileSink.open(await new DownloadFolder(folder).locate(), file);
  }, SinkError);
  assertEquals([error.message, error.failure], [fault, "storage"]);
}

Deno.test("folderWarning: names the folder itself, and why", async () => {
  await withTempFolder(async (root) => {
    assertEquals(await folderWarning(root), undefined);
    assertEquals(
      await Array.fromAsync(Deno.readDir(root)),
      [],
      "nothing is left of the try",
    );
    const path = join(root, "downloads");
    await check(path, `The folder "${path}" does not exist`);
    await Deno.writeTextFile(path, "");
    await check(path, `"${path}" is not a folder`);
    if (Deno.build.os === "windows") return;
    const link = join(root, "link");
    await Deno.symlink("nowhere", link);
    await check(
      link,
      `The folder "${link}" is a link to "nowhere", which does not exist`,
    );
  });
});

Deno.test({
  name: "DownloadFolder: a link is followed, one that takes its place is not",
  ignore: Deno.build.os === "windows",
  fn: async () => {
    await withTempFolder(async (root) => {
      const real = await Deno.realPath(root);
      const [path, other, link] = ["downloads", "other", "link"].map((name) =>
        join(real, name)
      ) as [string, string, string];
      await Deno.mkdir(path);
      await Deno.mkdir(other);
      await Deno.symlink(path, link);
      const linked = new DownloadFolder(link);
      assertEquals(await linked.locate(), path);
      const folder = new DownloadFolder(path);
      assertEquals(await folder.locate(), path);
      // Made anew it is the same; a link in its place is not.
      await Deno.remove(path);
      await Deno.mkdir(path);
      (await FileSink.open(await folder.locate(), file)).discard();
      await Deno.remove(path);
      await Deno.symlink(other, path);
      await assertRejects(
        async () => await FileSink.open(await folder.locate(), file),
        SinkError,
        `The folder "${path}" was replaced by a link`,
      );
      assertEquals(await Array.fromAsync(Deno.readDir(other)), []);
    });
  },
});

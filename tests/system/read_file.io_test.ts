import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { join } from "@std/path";
import {
  readGivenFile,
  readPlainFile,
  readPlainTextSync,
} from "../../lib/system/read_file.io.ts";
import { makePipe, noPipes, writePipe } from "../support/named_pipe.ts";
import { withTempFolder } from "../support/temp_folder.ts";
import { testUnless } from "../support/test_unless.ts";

Deno.test("readGivenFile() and readPlainFile() read a plain file, and no folder nor more than it may hold", async () => {
  await withTempFolder(async (folder) => {
    const path = join(folder, "a");
    await Deno.writeTextFile(path, "the text");
    for (const read of [readGivenFile, readPlainFile]) {
      const text = new TextDecoder().decode(await read(path, 8));
      assertEquals(text, "the text");
      await assertRejects(() => read(path, 7), Error, "it is larger than 7 B");
      await assertRejects(() => read(folder), Deno.errors.IsADirectory);
      await assertRejects(() => read(`${path}b`), Deno.errors.NotFound);
    }
    assertEquals(readPlainTextSync(path), "the text");
    // It takes no room on the disk.
    await Deno.truncate(path, 1e11);
    assertThrows(() => readPlainTextSync(path), Error, "it is larger than 16");
  });
});

testUnless(
  noPipes,
  "readGivenFile() reads a pipe to its end, as long as that comes and is not far",
  async () => {
    await withTempFolder(async (folder) => {
      const pipe = await makePipe(folder, "pipe");
      let written = writePipe(pipe, "the text");
      const text = new TextDecoder().decode(await readGivenFile(pipe));
      assertEquals(text, "the text");
      await written;

      const long = await makePipe(folder, "long");
      written = writePipe(long, "the text");
      await assertRejects(() => readGivenFile(long, 7), Error, "larger than 7");
      await written;

      // Of its own: who gave up waiting reads what comes to it all the same.
      const silent = await makePipe(folder, "silent");
      await assertRejects(
        () => readGivenFile(silent, 100, 10),
        Error,
        "its end did not come within 0.01 seconds",
      );
      // It is let go.
      await writePipe(silent, "");
      assertEquals((await readGivenFile("/dev/null")).length, 0);
    });
  },
);

testUnless(
  noPipes,
  "readPlainFile() and readPlainTextSync() wait for no pipe",
  async () => {
    await withTempFolder(async (folder) => {
      const pipe = await makePipe(folder, "pipe");
      const text = "it is not a regular file";
      await assertRejects(() => readPlainFile(pipe), Error, text);
      assertThrows(() => readPlainTextSync(pipe), Error, text);
    });
  },
);

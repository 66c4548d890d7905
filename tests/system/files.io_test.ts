import { assert, assertEquals, assertRejects } from "@std/assert";
import { join } from "@std/path";
import {
  replaceFile,
  tidyFile,
  updateFileAtomically,
  writeFileAtomically,
} from "../../lib/system/files.io.ts";

const isWindows = Deno.build.os === "windows";

folderTest("writeFileAtomically() makes a private file", async (folder) => {
  const path = join(folder, "new");
  await writeFileAtomically(path, "text ä\n");
  assertEquals(await Deno.readTextFile(path), "text ä\n");
  if (!isWindows) assertEquals(await modeOf(path), 0o600);
  await writeFileAtomically(join(folder, "open"), "", { mode: 0o644 });
  if (!isWindows) assertEquals(await modeOf(join(folder, "open")), 0o644);
  assertEquals(names(folder), ["new", "open"]);
});

folderTest("writeFileAtomically() keeps the mode of a file", async (folder) => {
  if (isWindows) return;
  const path = join(folder, "file");
  await Deno.writeTextFile(path, "old");
  await Deno.chmod(path, 0o640);
  await writeFileAtomically(path, "new");
  assertEquals(await Deno.readTextFile(path), "new");
  assertEquals(await modeOf(path), 0o640);
});

folderTest(
  "writeFileAtomically() writes through a symbolic link",
  async (folder) => {
    if (isWindows) return;
    const path = join(folder, "real");
    await Deno.mkdir(path);
    await Deno.writeTextFile(join(path, "file"), "old");
    await Deno.symlink(join(path, "file"), join(folder, "link"));
    await writeFileAtomically(join(folder, "link"), "new");
    assertEquals(await Deno.readTextFile(join(path, "file")), "new");
    assert((await Deno.lstat(join(folder, "link"))).isSymlink);
  },
);

folderTest(
  "writeFileAtomically() leaves nothing behind when it fails",
  async (folder) => {
    const path = join(folder, "target");
    await Deno.mkdir(path);
    await Deno.writeTextFile(join(path, "inside"), "kept");
    await assertRejects(() => writeFileAtomically(path, "text"));
    assertEquals(names(folder), ["target"]);
    assertEquals(names(path), ["inside"]);
    await assertRejects(
      () => writeFileAtomically(join(folder, "missing", "file"), "text"),
      Deno.errors.NotFound,
    );
  },
);

folderTest("writeFileAtomically() never shows half a file", async (folder) => {
  const path = join(folder, "file");
  const texts = ["a".repeat(300_000), "b".repeat(200_000)];
  await writeFileAtomically(path, texts[0] ?? "");
  let writing = true;
  const writer = (async () => {
    for (let i = 0; i < 20; i++) {
      await writeFileAtomically(path, texts[i % 2] ?? "");
    }
    writing = false;
  })();
  while (writing) assert(texts.includes(await Deno.readTextFile(path)));
  await writer;
});

folderTest(
  "updateFileAtomically() loses no edit of several at once",
  async (folder) => {
    const path = join(folder, "file");
    await Promise.all(
      Array.from(
        { length: 20 },
        (_, i) => updateFileAtomically(path, (text) => `${text ?? ""}${i}\n`),
      ),
    );
    const lines = (await Deno.readTextFile(path)).trim().split("\n");
    assertEquals(lines.length, 20);
    assertEquals(names(folder), ["file"]);
  },
);

folderTest(
  "updateFileAtomically() leaves the file alone when it should",
  async (folder) => {
    const path = join(folder, "file");
    await updateFileAtomically(path, () => undefined);
    assertEquals(names(folder), []);
    await Deno.writeFile(path, new Uint8Array([0xff, 0x0a]));
    await assertRejects(() => updateFileAtomically(path, () => "x"), TypeError);
    assertEquals(await Deno.readFile(path), new Uint8Array([0xff, 0x0a]));
  },
);

folderTest(
  "updateFileAtomically() removes what killed writers left, and no other file",
  async (folder) => {
    const path = join(folder, "file");
    for (let i = 10; i < 30; i++) {
      await Deno.writeTextFile(join(folder, `.file.0a1b2c${i}.tmp`), "ha");
    }
    await Deno.writeTextFile(join(folder, ".files.0a1b2c10.tmp"), "mine");
    await updateFileAtomically(path, () => "text");
    assertEquals(names(folder), [".files.0a1b2c10.tmp", "file"]);
    await Deno.writeTextFile(join(folder, ".file.0a1b2c3d.tmp"), "ha");
    await tidyFile(path);
    assertEquals(names(folder), [".files.0a1b2c10.tmp", "file"]);
  },
);

folderTest(
  "updateFileAtomically() closes a file of secrets that all can read, and says so",
  async (folder) => {
    if (isWindows) return;
    const path = join(folder, "file");
    let closed = 0;
    const rewrite = (text: string) =>
      updateFileAtomically(path, () => text, { onClosed: () => closed++ });
    await Deno.writeTextFile(path, "old", { mode: 0o644 });
    await rewrite("new");
    assertEquals([await modeOf(path), closed], [0o600, 1]);
    // A group that was let in on purpose stays.
    await Deno.chmod(path, 0o640);
    await rewrite("newer");
    assertEquals([await modeOf(path), closed], [0o640, 1]);
  },
);

folderTest(
  "updateFileAtomically() keeps a byte order mark and shows none",
  async (folder) => {
    const path = join(folder, "file");
    await Deno.writeTextFile(path, "\ufeffone\r\n");
    await updateFileAtomically(path, (text) => `${text}two\r\n`);
    const bytes = await Deno.readFile(path);
    assertEquals(
      new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes),
      "\ufeffone\r\ntwo\r\n",
    );
  },
);

folderTest(
  "tidyFile() finishes what was being written over a file, not what was edited since",
  async (folder) => {
    const path = join(folder, "file");
    const copy = join(folder, ".file.new");
    await Deno.writeTextFile(copy, "the new text");
    await Deno.writeTextFile(path, "the nold text that was longer");
    await tidyFile(path);
    assertEquals(await Deno.readTextFile(path), "the new text");
    assertEquals(names(folder), ["file"]);
    await Deno.writeTextFile(copy, "never mind");
    await Deno.writeTextFile(path, "edited");
    const now = Date.now() / 1000;
    await Deno.utime(copy, now - 60, now - 60);
    await tidyFile(path);
    assertEquals(await Deno.readTextFile(path), "edited");
    assertEquals(names(folder), ["file"]);
  },
);

folderTest(
  "replaceFile() overwrites nothing where the disk is what refuses",
  async (folder) => {
    const path = join(folder, "target");
    await Deno.mkdir(path);
    await assertRejects(() => replaceFile(path, "text"));
    const missing = join(folder, "missing", "file");
    await assertRejects(() => replaceFile(missing, ""), Deno.errors.NotFound);
    assertEquals(names(folder), ["target"]);
  },
);

function folderTest(
  name: string,
  run: (folder: string) => Promise<void>,
): void {
  Deno.test(name, async () => {
    const folder = await Deno.makeTempDir();
    try {
      await run(folder);
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  });
}

function names(folder: string): string[] {
  return [...Deno.readDirSync(folder)].map((entry) => entry.name).sort();
}

async function modeOf(path: string): Promise<number> {
  return ((await Deno.stat(path)).mode ?? 0) & 0o777;
}

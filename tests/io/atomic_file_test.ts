import { assert, assertEquals, assertRejects } from "@std/assert";
import { join } from "@std/path";
import {
  updateFileAtomically,
  writeFileAtomically,
} from "../../lib/io/atomic_file.ts";

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

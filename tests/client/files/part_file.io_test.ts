import { assert, assertEquals, assertRejects } from "@std/assert";
import { join } from "@std/path";
import {
  PartFile,
  removeStaleParts,
} from "../../../lib/client/files/part_file.io.ts";
import { keepsTimes } from "../../../lib/client/files/write_watch.io.ts";
import { SinkError } from "../../../lib/client/files/sink_error.io.ts";
import { transferLimits } from "../../../lib/engine/packets/limits.ts";
import { checksOf } from "../../support/checks_of.ts";
import { testFile } from "../../support/transfer_pair.ts";

const { blockBytes } = transferLimits;
const file = testFile(10 * blockBytes + 5);
const checks = checksOf(file);
const identity = {
  sender: "yoda",
  name: "film.mp4",
  size: file.length,
  fingerprint: "abc",
};
const final = "yoda_film.mp4";

async function withPath(
  body: (path: string, folder: string) => Promise<void>,
): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "parley-part-" });
  try {
    await body(join(folder, `${final}.part`), folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** @param watchedBytes With 0 it is watched, where that can be. */
async function open(path: string, watchedBytes?: number): Promise<PartFile> {
  const part = await PartFile.open(path, identity, watchedBytes);
  assert(part !== undefined);
  return part;
}

/** Writes and records blocks from the first to before the end. */
async function add(part: PartFile, first: number, end: number): Promise<void> {
  await part.write(file.subarray(first * blockBytes, end * blockBytes));
  await part.record(first, checks.slice(first, end));
}

/** A part with `blocks` blocks that are recorded, and a bit more. */
async function leave(path: string, blocks: number): Promise<void> {
  const part = await open(path);
  await add(part, 0, blocks);
  await part.write(new Uint8Array(100));
  part.close();
}

/** Blocks that are kept of what is there. */
async function keptAt(path: string): Promise<number | undefined> {
  const part = await PartFile.open(path, identity);
  if (part === undefined) return undefined;
  await part.keep(await part.readBack(part.kept));
  const { length } = part.kept;
  assertEquals(part.kept, checks.slice(0, length));
  assertEquals((await Deno.stat(path)).size, length * blockBytes);
  part.close();
  return length;
}

function names(folder: string): string[] {
  return [...Deno.readDirSync(folder)].map(({ name }) => name).sort();
}

async function writeInto(path: string, at: number, text: string) {
  using handle = await Deno.open(path, { write: true });
  await handle.seek(at, Deno.SeekMode.Start);
  await handle.write(new TextEncoder().encode(text));
}

Deno.test("PartFile.open: goes on behind what was recorded", async () => {
  await withPath(async (path, folder) => {
    await leave(path, 3);
    const part = await open(path);
    assertEquals(part.kept, checks.slice(0, 3));
    assertEquals((await Deno.stat(path)).size, 3 * blockBytes);
    await add(part, 3, 4);
    part.close();
    assertEquals(await keptAt(path), 4);
    const again = await open(path);
    await again.write(file.subarray(4 * blockBytes));
    await again.confirm(checks);
    await again.giveName([final]);
    assertEquals(await Deno.readFile(join(folder, final)), file);
    assertEquals(names(folder), [final]);
  });
});

Deno.test("PartFile.open: what is damaged is not kept, nor what follows", async () => {
  const cases: [string, number, (path: string) => Promise<void>][] = [
    ["overwritten", 2, (path) => writeInto(path, 2 * blockBytes + 77, "x")],
    ["its first byte", 0, (path) => writeInto(path, 0, "?")],
    ["cut off", 3, (path) => Deno.truncate(path, 3 * blockBytes + 5)],
    ["emptied", 0, (path) => Deno.truncate(path, 0)],
    ["cut off and grown back", 3, async (path) => {
      await Deno.truncate(path, 3 * blockBytes + 5);
      await Deno.truncate(path, 6 * blockBytes);
    }],
    ["removed", 0, (path) => Deno.remove(path)],
    ["replaced", 0, async (path) => {
      await Deno.remove(path);
      await Deno.writeFile(path, new Uint8Array(6 * blockBytes));
    }],
    ["an older copy of it", 2, async (path) => {
      const bytes = await Deno.readFile(path);
      await Deno.writeFile(path, bytes.subarray(0, 2 * blockBytes));
    }],
    ["its map: the last line", 4, async (path) => {
      const { size } = await Deno.stat(`${path}.map`);
      await writeInto(`${path}.map`, size - 12, "x");
    }],
    ["its map: torn", 4, async (path) => {
      const { size } = await Deno.stat(`${path}.map`);
      await Deno.truncate(`${path}.map`, size - 3);
    }],
    ["its map: older", 4, async (path) => {
      const lines = (await Deno.readTextFile(`${path}.map`)).split("\n");
      await Deno.writeTextFile(
        `${path}.map`,
        `${lines.slice(0, 2).join("\n")}\n`,
      );
    }],
  ];
  for (const [what, right, damage] of cases) {
    await withPath(async (path, folder) => {
      const before = await open(path);
      await add(before, 0, 4);
      await add(before, 4, 6);
      before.close();
      await damage(path);
      assertEquals(await keptAt(path), right, what);
      // Killed at once, it goes on from there again; else it gets whole.
      assertEquals(await keptAt(path), right, what);
      const part = await open(path);
      await add(part, right, 9);
      part.close();
      assertEquals(await keptAt(path), 9, what);
      const last = await open(path);
      await last.write(file.subarray(9 * blockBytes));
      await last.confirm(checks);
      await last.giveName([final]);
      assertEquals(await Deno.readFile(join(folder, final)), file, what);
    });
  }
});

Deno.test("PartFile.confirm: damage done meanwhile is found, and nothing gets its name", async () => {
  const cases: [string, string, (path: string) => Promise<void>][] = [
    ["overwritten", "integrity", (path) => writeInto(path, 5e6 / 4, "xxx")],
    [
      "its last byte",
      "integrity",
      (path) => writeInto(path, file.length - 1, "x"),
    ],
    ["longer", "integrity", (path) => writeInto(path, file.length, "x")],
    ["cut off", "integrity", (path) => Deno.truncate(path, 2 * blockBytes)],
    ["grown back", "integrity", async (path) => {
      await Deno.truncate(path, 2 * blockBytes);
      await Deno.truncate(path, file.length);
    }],
    ["removed", "removed", (path) => Deno.remove(path)],
    ["moved", "removed", (path) => Deno.rename(path, `${path}.moved`)],
    ["replaced", "removed", async (path) => {
      await Deno.copyFile(path, `${path}.copy`);
      await Deno.rename(`${path}.copy`, path);
    }],
    ["a link", "removed", async (path) => {
      await Deno.rename(path, `${path}.moved`);
      await Deno.symlink(`${path}.moved`, path);
    }],
  ];
  if (Deno.build.os === "windows") cases.splice(5);
  for (const watchedBytes of [0, undefined]) {
    for (const [what, failure, damage] of cases) {
      await withPath(async (path, folder) => {
        const part = await open(path, watchedBytes);
        await add(part, 0, 9);
        await part.write(file.subarray(9 * blockBytes));
        await damage(path);
        const error = await assertRejects(
          () => part.confirm(checks),
          SinkError,
          undefined,
          what,
        );
        assertEquals(error.failure, failure, what);
        part.close();
        assertEquals(names(folder).includes(final), false, what);
      });
    }
  }
});

/** Does it until the file's times, which move in steps, tell of it. */
async function noticeably(path: string, work: () => Promise<unknown>) {
  const { mtime } = await Deno.stat(path);
  do await work(); while (
    (await Deno.stat(path)).mtime?.getTime() === mtime?.getTime()
  );
}

/** Sizes of what is read of the file while `body` runs. */
async function reading(
  body: () => Promise<unknown>,
  onRead: (reads: number) => Promise<void> = async () => {},
): Promise<number> {
  const { read } = Deno.FsFile.prototype;
  let reads = 0;
  Deno.FsFile.prototype.read = async function (into) {
    const count = await read.call(this, into);
    if (count !== null && count >= blockBytes) await onRead(++reads);
    return count;
  };
  try {
    await body();
  } finally {
    Deno.FsFile.prototype.read = read;
  }
  return reads;
}

Deno.test({
  name: "PartFile.confirm: what nobody else changed is not read once more",
  ignore: Deno.build.os !== "linux",
  fn: async () => {
    await withPath(async (path, folder) => {
      if (!await keepsTimes(folder)) return;
      const part = await open(path, 0);
      await part.write(file);
      assertEquals(await reading(() => part.confirm(checks)), 0);
      await part.giveName([final]);
      assertEquals(await Deno.readFile(join(folder, final)), file);
    });
  },
});

Deno.test("PartFile: a block that is damaged after it was read back is found", async () => {
  const overwrite = (path: string) => writeInto(path, 300_000, "xxx");
  for (const watchedBytes of [0, undefined]) {
    // What was kept: read back before the rest came.
    await withPath(async (path, folder) => {
      await leave(path, 6);
      const part = await open(path, watchedBytes);
      assertEquals(await part.readBack(part.kept), 6);
      await overwrite(path);
      await part.write(file.subarray(6 * blockBytes));
      await assertRejects(() => part.confirm(checks), SinkError, "changed");
      part.close();
      assertEquals(names(folder).includes(final), false);
    });
    // By one that had it open before and keeps it so.
    await withPath(async (path, folder) => {
      await leave(path, 6);
      using other = await Deno.open(path, { write: true });
      const part = await open(path, watchedBytes);
      assertEquals(await part.readBack(part.kept), 6);
      await noticeably(path, () => other.write(new Uint8Array(3)));
      await part.write(file.subarray(6 * blockBytes));
      await assertRejects(() => part.confirm(checks), SinkError, "changed");
      part.close();
      assertEquals(names(folder).includes(final), false);
    });
    // Just before it is named.
    await withPath(async (path, folder) => {
      const part = await open(path, watchedBytes);
      await part.write(file);
      await part.confirm(checks);
      await noticeably(path, () => overwrite(path));
      await assertRejects(() => part.giveName([final]), SinkError, "changed");
      part.close();
      assertEquals(names(folder).includes(final), false);
    });
  }
  // While what follows it is read back.
  await withPath(async (path, folder) => {
    const part = await open(path);
    await part.write(file);
    const reads = await reading(async () => {
      await assertRejects(() => part.confirm(checks), SinkError, "changed");
    }, async (reads) => {
      if (reads === 3) await noticeably(path, () => overwrite(path));
    });
    assert(reads > 3);
    part.close();
    assertEquals(names(folder).includes(final), false);
  });
});

Deno.test("PartFile.confirm: what is changed again and again gets no name", async () => {
  await withPath(async (path) => {
    const part = await open(path);
    await part.write(file);
    const touch = () => Deno.utime(path, new Date(), new Date());
    const reads = await reading(async () => {
      await assertRejects(() => part.confirm(checks), SinkError, "changed");
    }, () => noticeably(path, touch));
    assert(reads < 20);
    // Left alone, it is as it was written.
    await part.confirm(checks);
    part.close();
  });
});

Deno.test("PartFile.giveName: only the file that was checked gets it", async () => {
  await withPath(async (path, folder) => {
    const part = await open(path);
    await part.write(file);
    await part.confirm(checks);
    // In the last moment.
    await Deno.rename(path, `${path}.moved`);
    await Deno.writeTextFile(path, "precious");
    await assertRejects(() => part.giveName([final]), SinkError, "replaced");
    assertEquals(await Deno.readTextFile(path), "precious");
    await Deno.remove(path);
    await assertRejects(() => part.giveName([final]), SinkError, "removed");
    part.close();
    assertEquals(names(folder), [`${final}.part.map`, `${final}.part.moved`]);
  });
});

Deno.test("PartFile.giveName: whoever is killed while giving it goes on", async () => {
  await withPath(async (path, folder) => {
    await leave(path, 3);
    await Deno.link(path, join(folder, ".parley-0c65acc5.tmp"));
    await Deno.writeTextFile(join(folder, ".parley-1c65acc5.tmp"), "other");
    assertEquals(await keptAt(path), 3);
    const part = `${final}.part`;
    assertEquals(names(folder), [".parley-1c65acc5.tmp", part, `${part}.map`]);
  });
});

Deno.test("PartFile.open: another version starts from nothing", async () => {
  await withPath(async (path) => {
    await leave(path, 3);
    const other = { ...identity, fingerprint: "other" };
    const part = await PartFile.open(path, other);
    assertEquals(part?.kept.length, 0);
    assertEquals((await Deno.stat(path)).size, 0);
    part?.close();
    assertEquals(await keptAt(path), 0);
  });
});

Deno.test("PartFile.open: a file that cannot be told from others is not gone on with", async () => {
  await withPath(async (path) => {
    const unknown = { ...identity, fingerprint: "" };
    const part = await PartFile.open(path, unknown);
    assertEquals(part?.isResumable, false);
    await part?.write(file.subarray(0, blockBytes));
    await part?.record(0, checks.slice(0, 1));
    part?.close();
    const again = await PartFile.open(path, unknown);
    assertEquals(again?.kept.length, 0);
    assertEquals((await Deno.stat(path)).size, 0);
    again?.close();
  });
});

Deno.test("PartFile.open: another sender's or name's part is left alone", async () => {
  await withPath(async (path) => {
    await leave(path, 3);
    for (const other of [{ sender: "luke" }, { name: "b.mp4" }]) {
      const part = await PartFile.open(path, { ...identity, ...other });
      assertEquals(part, undefined);
    }
    assertEquals((await Deno.stat(path)).size, 3 * blockBytes + 100);
    // Nor is a part without a map ours, whatever is in it.
    await Deno.remove(`${path}.map`);
    assertEquals(await PartFile.open(path, identity), undefined);
    assertEquals((await Deno.stat(path)).size, 3 * blockBytes + 100);
  });
});

Deno.test("PartFile.open: one that is being written is left alone", async () => {
  await withPath(async (path) => {
    const writer = await open(path);
    assertEquals(await PartFile.open(path, identity), undefined);
    writer.close();
    (await open(path)).close();
    // However many come at once, each for itself.
    for (let i = 0; i < 20; i++) {
      const all = await Promise.all(
        [1, 2, 3, 4].map(() => PartFile.open(path, identity)),
      );
      const got = all.filter((part) => part !== undefined);
      assert(got.length <= 1);
      for (const part of got) i % 2 ? part.discard() : part.close();
    }
  });
});

Deno.test("PartFile.open: whoever was killed before there was more than a map goes on", async () => {
  await withPath(async (path, folder) => {
    await Deno.writeTextFile(`${path}.map`, "");
    (await open(path)).discard();
    assertEquals(names(folder), []);
    // With something else at the part's place neither is ours.
    await Deno.writeTextFile(path, "mine");
    await Deno.writeTextFile(`${path}.map`, "");
    assertEquals(await PartFile.open(path, identity), undefined);
    assertEquals(names(folder), [`${final}.part`, `${final}.part.map`]);
    assertEquals(await Deno.readTextFile(path), "mine");
  });
});

Deno.test("PartFile.open: corrupt and hostile maps are not believed", async () => {
  await withPath(async (path) => {
    await leave(path, 3);
    const mapPath = `${path}.map`;
    const good = await Deno.readTextFile(mapPath);
    const bad = [
      "",
      "{",
      good.slice(0, 20),
      "x".repeat(100_000),
      "\n".repeat(9),
    ];
    for (const text of bad) {
      await Deno.writeTextFile(mapPath, text);
      assertEquals(await PartFile.open(path, identity), undefined, text);
    }
    await Deno.writeTextFile(mapPath, good);
    // It says more than there is, and has no end.
    await Deno.truncate(mapPath, 2 ** 40);
    assertEquals(await PartFile.open(path, identity), undefined);
    await Deno.truncate(mapPath);
  });
});

Deno.test({
  name: "PartFile.open: links lead nowhere",
  ignore: Deno.build.os === "windows",
  fn: async () => {
    await withPath(async (path, folder) => {
      const precious = join(folder, "precious");
      await leave(path, 3);
      await Deno.rename(path, precious);
      const before = await Deno.readFile(precious);
      for (const make of [Deno.symlink, Deno.link]) {
        await make(precious, path);
        assertEquals(await PartFile.open(path, identity), undefined);
        await Deno.remove(path);
        // A map that is a link: nothing is written through it.
        await Deno.rename(`${path}.map`, `${path}.kept`);
        await make(precious, `${path}.map`);
        assertEquals(await PartFile.open(path, identity), undefined);
        await Deno.rename(`${path}.kept`, `${path}.map`);
      }
      // One that is put there later gets nothing, and neither does its target.
      await Deno.remove(`${path}.map`);
      const part = await open(path);
      await Deno.remove(`${path}.map`);
      await Deno.symlink(precious, `${path}.map`);
      await add(part, 0, 4);
      await part.sync();
      part.discard();
      assertEquals(await Deno.readFile(precious), before);
      assertEquals(names(folder), ["precious", `${final}.part.map`]);
    });
  },
});

Deno.test("PartFile.discard: removes part and map", async () => {
  await withPath(async (path, folder) => {
    (await open(path)).discard();
    assertEquals(names(folder), []);
  });
});

Deno.test("removeStaleParts: only what is ours, old and not in use", async () => {
  await withPath(async (path, folder) => {
    const now = Date.now();
    const old = new Date(now - 15 * 24 * 3600_000);
    const foreign = join(folder, "foreign.part");
    await Deno.writeTextFile(foreign, "x");
    await Deno.writeTextFile(`${foreign}.map`, "not ours");
    const between = join(folder, ".parley-0c65acc5.tmp");
    const earlier = join(folder, "earlier.part");
    await Deno.writeTextFile(earlier, "x");
    await Deno.writeTextFile(
      `${earlier}.map`,
      '{\n  "format": "parley part 2",\n',
    );
    await Deno.writeTextFile(between, "x");
    await leave(path, 3);
    const count = names(folder).length;
    await removeStaleParts(folder, now);
    assertEquals(names(folder).length, count, "all is young");
    for (const name of names(folder)) {
      await Deno.utime(join(folder, name), old, old);
    }
    const writer = await PartFile.open(path, identity);
    await Deno.utime(`${path}.map`, old, old);
    await removeStaleParts(folder, now);
    const left = ["foreign.part", "foreign.part.map"];
    const used = [`${final}.part`, `${final}.part.map`];
    assertEquals(names(folder), [...left, ...used]);
    writer?.close();
    // A name that another program has given it stays.
    await Deno.link(path, join(folder, "linked"));
    await removeStaleParts(folder, now);
    assertEquals(names(folder), [...left, "linked"].sort());
  });
});

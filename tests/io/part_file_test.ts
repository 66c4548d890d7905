import { assert, assertEquals, assertRejects } from "@std/assert";
import { join } from "@std/path";
import { PartFile, removeStaleParts } from "../../lib/io/part_file.ts";
import { transferLimits } from "../../lib/transfer/transfer_limits.ts";

const { blockBytes } = transferLimits;
const identity = {
  sender: "yoda",
  name: "film.mp4",
  size: 10 * blockBytes,
  fingerprint: "abc",
};
const digest = new Uint8Array(32).fill(7);

async function withPath(
  body: (path: string, folder: string) => Promise<void>,
): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "parley-part-" });
  try {
    await body(join(folder, "yoda_film.mp4.part"), folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** A part with `blocks` blocks that are recorded, and a bit more. */
async function leave(path: string, blocks: number): Promise<void> {
  const part = await PartFile.open(path, identity);
  assert(part !== undefined);
  await part.write(new Uint8Array(blocks * blockBytes + 100).fill(1));
  await part.save({ endBlock: blocks, digest });
  part.close();
}

Deno.test("PartFile.open: goes on behind what was recorded", async () => {
  await withPath(async (path) => {
    await leave(path, 3);
    const part = await PartFile.open(path, identity);
    assertEquals(part?.parts, [{ endBlock: 3, digest }]);
    assertEquals((await Deno.stat(path)).size, 3 * blockBytes);
    await part?.write(new Uint8Array(blockBytes).fill(2));
    await part?.save({ endBlock: 4, digest });
    part?.close();
    const bytes = await Deno.readFile(path);
    assertEquals([bytes[3 * blockBytes - 1], bytes[3 * blockBytes]], [1, 2]);
    const again = await PartFile.open(path, identity);
    assertEquals(again?.parts.map(({ endBlock }) => endBlock), [3, 4]);
    again?.close();
  });
});

Deno.test("PartFile.open: removes what was left of a map that was being written", async () => {
  await withPath(async (path, folder) => {
    await leave(path, 3);
    const kept = [".film.part.map.0c65acc5.tmp", ".yoda_film.mp4.part.map.tmp"];
    const left = ".yoda_film.mp4.part.map.0c65acc5.tmp";
    for (const name of [...kept, left]) {
      await Deno.writeTextFile(join(folder, name), "{");
    }
    (await PartFile.open(path, identity))?.close();
    const entries = await Array.fromAsync(Deno.readDir(folder));
    const names = entries.map(({ name }) => name).sort();
    const part = ["yoda_film.mp4.part", "yoda_film.mp4.part.map"];
    assertEquals(names, [...kept, ...part]);
  });
});

Deno.test("PartFile.open: another version starts from nothing", async () => {
  await withPath(async (path) => {
    await leave(path, 3);
    const other = { ...identity, fingerprint: "other" };
    const part = await PartFile.open(path, other);
    assertEquals(part?.parts, []);
    assertEquals((await Deno.stat(path)).size, 0);
    part?.close();
    const old = await PartFile.open(path, identity);
    assertEquals(old?.parts, []);
    old?.close();
  });
});

Deno.test("PartFile.open: another sender's or name's part is left alone", async () => {
  await withPath(async (path) => {
    await leave(path, 3);
    for (const other of [{ sender: "luke" }, { name: "b.mp4" }]) {
      const part = await PartFile.open(path, { ...identity, ...other });
      assertEquals(part, undefined);
    }
    assertEquals(await PartFile.open(path, undefined), undefined);
    assertEquals((await Deno.stat(path)).size, 3 * blockBytes + 100);
  });
});

Deno.test("PartFile.open: one that is being written is left alone", async () => {
  await withPath(async (path) => {
    const writer = await PartFile.open(path, identity);
    assertEquals(await PartFile.open(path, identity), undefined);
    await writer?.saved();
    writer?.close();
    const next = await PartFile.open(path, identity);
    assert(next !== undefined);
    next.close();
  });
});

Deno.test("PartFile.open: corrupt and hostile maps are not believed", async () => {
  await withPath(async (path) => {
    await leave(path, 3);
    const mapPath = `${path}.map`;
    const good = await Deno.readTextFile(mapPath);
    const bad = ["", "{", good.slice(0, -20), "x".repeat(100_000)];
    bad.push(good.replace(/"3:/, '"11:'), good.replace(/"3:/, '"-3:'));
    for (const text of bad) {
      await Deno.writeTextFile(mapPath, text);
      assertEquals(await PartFile.open(path, identity), undefined, text);
    }
    // It says more than there is.
    await Deno.writeTextFile(mapPath, good.replace(/"3:/, '"9:'));
    const part = await PartFile.open(path, identity);
    assertEquals(part?.parts, []);
    part?.close();
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
      const { size } = await Deno.stat(precious);
      await Deno.symlink(precious, path);
      assertEquals(await PartFile.open(path, identity), undefined);
      await Deno.remove(path);
      await Deno.link(precious, path);
      assertEquals(await PartFile.open(path, identity), undefined);
      assertEquals((await Deno.stat(precious)).size, size);

      // A map that is a link: nothing is written through it.
      await Deno.remove(path);
      await Deno.remove(`${path}.map`);
      await Deno.symlink(precious, `${path}.map`);
      assertEquals(await PartFile.open(path, identity), undefined);
      assertEquals((await Deno.stat(precious)).size, size);
    });
  },
});

Deno.test("PartFile.open: records beside what follows that nothing is here", async () => {
  await withPath(async (path) => {
    const part = await PartFile.open(path, identity);
    await part?.write(new Uint8Array(blockBytes));
    await part?.saved();
    assertEquals(part?.isResumable, true);
    part?.close();
    const again = await PartFile.open(path, identity);
    assertEquals(again?.parts, []);
    assertEquals((await Deno.stat(path)).size, 0);
    // What has its name is no part any more, whenever the map was written.
    const next = `${path}.next.part`;
    const quick = await PartFile.open(next, identity);
    await quick?.forgetMap();
    await assertRejects(() => Deno.stat(`${next}.map`), Deno.errors.NotFound);
    for (const each of [again, quick]) each?.close();
  });
});

Deno.test("PartFile.discard: removes part and map", async () => {
  await withPath(async (path, folder) => {
    const part = await PartFile.open(path, identity);
    await part?.discard();
    for await (const entry of Deno.readDir(folder)) throw entry;
  });
});

Deno.test("removeStaleParts: only what is ours, old and not in use", async () => {
  await withPath(async (path, folder) => {
    const now = Date.now();
    const old = new Date(now - 15 * 24 * 3600_000);
    const others = join(folder, "foreign.part");
    await Deno.writeTextFile(others, "x");
    await Deno.writeTextFile(`${others}.map`, "not ours");
    await Deno.utime(`${others}.map`, old, old);
    await leave(path, 3);
    const names = () => [...Deno.readDirSync(folder)].map((e) => e.name).sort();
    await removeStaleParts(folder, now);
    assertEquals(names().length, 4, "it is young");
    await Deno.utime(`${path}.map`, old, old);
    const writer = await PartFile.open(path, identity);
    await removeStaleParts(folder, now);
    assertEquals(names().length, 4, "it is in use");
    writer?.close();
    await removeStaleParts(folder, now);
    assertEquals(names(), ["foreign.part", "foreign.part.map"]);
  });
});

import { assert, assertEquals, assertRejects } from "@std/assert";
import { join } from "@std/path";
import { SinkError } from "../../../lib/client/files/sink_error.io.ts";
import { encodeManifest } from "../../../lib/client/tree/manifest.ts";
import {
  decodeChoice,
  encodeChoice,
  streamSize,
} from "../../../lib/client/tree/tree_choice.ts";
import { SourceError } from "../../../lib/client/files/source_error.io.ts";
import { limits } from "../../../lib/wire/limits.ts";
import { TreeJob } from "../../../lib/client/tree/tree_job.io.ts";
import { TreeReader } from "../../../lib/client/tree/tree_reader.io.ts";
import {
  type FoundTree,
  listTree,
  walkBriefly,
  walkTree,
} from "../../../lib/client/tree/tree_walk.io.ts";
import { TreeWriter } from "../../../lib/client/tree/tree_writer.io.ts";
import { describeTree, makeTree } from "../../support/file_tree.ts";
import { withFoldingDisk } from "../../support/folding_disk.ts";
import { withTempFolder } from "../../support/temp_folder.ts";

const mixed = {
  "trip/a.txt": "one",
  "trip/empty": "",
  "trip/nothing": undefined,
  "trip/sub/deep/er/b.bin": new Uint8Array(700_000).map((_, i) => i * 7),
  "trip/sub/run.sh": "#!/bin/sh\n",
  "trip/ünï 😀.txt": "two",
  "trip/zz/c.bin": new Uint8Array(2 * 1024 * 1024).map((_, i) => i * 13),
};

/** Opens what is to be received of `found`. */
async function receive(
  folder: string,
  found: FoundTree,
  more: { included?: boolean[]; name?: string } = {},
): Promise<TreeWriter> {
  const { included = Array.from(found.entries, () => true), name = "trip" } =
    more;
  return await TreeWriter.open(folder, {
    sender: "yoda",
    name,
    entries: found.entries,
    included,
    manifest: encodeManifest(found.entries),
    severalName: "2026-11-29 06.40",
  });
}

/** Moves `bytes` of the stream, all by default, in pieces of a size. */
function move(
  found: FoundTree,
  writer: TreeWriter,
  { most = Infinity, piece = 300_000, meanwhile = (_: number) => {} } = {},
): TreeReader {
  const choice = decodeChoice(encodeChoice(writer.choice), found.entries)!;
  const reader = new TreeReader(found, choice, encodeManifest(found.entries));
  let left = Math.min(streamSize(found.entries, choice), most);
  while (left > 0) {
    const bytes = new Uint8Array(Math.min(piece, left));
    const length = reader.read(bytes);
    writer.write(bytes.subarray(0, length));
    if (length < bytes.length) break;
    left -= bytes.length;
    meanwhile(left);
  }
  return reader;
}

/** Receives so many bytes of the stream, all by default, and no more. */
async function leaveOff(
  folder: string,
  found: FoundTree,
  most = Infinity,
): Promise<void> {
  const writer = await receive(folder, found);
  move(found, writer, { most }).close();
  writer.close();
}

Deno.test("a tree arrives with names, times, modes and empty folders", () =>
  withTempFolder(async (folder) => {
    makeTree(folder, mixed);
    const found = walkTree([join(folder, "trip")], { followsLinks: false });
    for (const piece of [1, 1_000, 262_144, 10_000_000]) {
      const into = join(folder, `into ${piece}`);
      await Deno.mkdir(into);
      if (piece === 1) {
        // Byte by byte only what is small.
        const small = walkTree([join(folder, "trip/sub/run.sh")], {
          followsLinks: false,
        });
        const writer = await receive(into, small);
        move(small, writer, { piece });
        const { path } = await writer.finish();
        assertEquals(path, join(into, "yoda_2026-11-29 06.40"));
        continue;
      }
      const writer = await receive(into, found);
      assertEquals(namesIn(into), [
        "yoda_trip.part",
        "yoda_trip.part.map",
      ]);
      move(found, writer, { piece });
      const { path, renamed } = await writer.finish();
      assertEquals(path, join(into, "yoda_trip"));
      assertEquals(renamed, []);
      assertEquals(describeTree(path), describeTree(join(folder, "trip")));
      assertEquals(namesIn(into).length, 1);
    }
  }));

Deno.test("a tree of whose name there are thousands gets the next one", () =>
  withTempFolder(async (folder) => {
    makeTree(folder, { "trip/a": "one" });
    const found = walkTree([join(folder, "trip")], { followsLinks: false });
    for (let copy = 0; copy < 1_500; copy++) {
      const suffix = copy === 0 ? "" : ` (${copy})`;
      await Deno.mkdir(join(folder, `yoda_trip${suffix}`));
    }
    const writer = await receive(folder, found);
    move(found, writer).close();
    const { path } = await writer.finish();
    assertEquals(path, join(folder, "yoda_trip (1500)"));
  }));

Deno.test("what is whole stays when a tree is interrupted anywhere, and the file under way goes on", () =>
  withTempFolder(async (folder) => {
    makeTree(folder, mixed);
    const found = walkTree([join(folder, "trip")], { followsLinks: false });
    const all = streamSize(found.entries, {
      wanted: Array.from(found.entries, () => true),
      start: { entry: 0, blocks: 0, digest: new Uint8Array(32) },
    });
    for (let most = 1; most < all; most += 250_001) {
      const into = join(folder, `into ${most}`);
      await Deno.mkdir(into);
      await leaveOff(into, found, most);
      const second = await receive(into, found);
      const left = streamSize(found.entries, second.choice);
      assert(left <= all - most + 262_144 + 70, `${left} of ${all - most}`);
      move(found, second);
      const { path } = await second.finish();
      assertEquals(describeTree(path), describeTree(join(folder, "trip")));
    }
  }));

Deno.test("of a folder that changed between two tries only what changed comes again", () =>
  withTempFolder(async (folder) => {
    makeTree(folder, mixed);
    const before = walkTree([join(folder, "trip")], { followsLinks: false });
    await leaveOff(folder, before);
    await Deno.writeTextFile(join(folder, "trip/a.txt"), "three");
    await Deno.remove(join(folder, "trip/empty"));
    await Deno.writeTextFile(join(folder, "trip/added"), "new");
    const now = walkTree([join(folder, "trip")], { followsLinks: false });
    const second = await receive(folder, now);
    const wanted = [...now.entries].filter(({ isFolder }, index) =>
      second.choice.wanted[index] && !isFolder
    );
    assertEquals(wanted.map(({ path }) => path), ["trip/a.txt", "trip/added"]);
    move(now, second);
    const { path } = await second.finish();
    assertEquals(describeTree(path), describeTree(join(folder, "trip")));
  }));

Deno.test("what is whole survives a power cut before the end, where there is time, and is read back all the same", () =>
  withTempFolder(async (folder) => {
    makeTree(folder, mixed);
    const found = walkTree([join(folder, "trip")], { followsLinks: false });
    for (const isDamaged of [false, true]) {
      const writer = await receive(folder, found);
      using syncs = countSyncs();
      move(found, writer);
      // In memory the small ones were as they came; on a disk one was tried.
      const most = Math.max(2, syncs.count);
      await writer.settle(() => syncs.count < most);
      assertEquals(syncs.count, most);
      await writer.settle(() => true);
      await writer.settle(() => true);
      // Of six files, each once.
      assertEquals(syncs.count, 6);
      const path = join(folder, "yoda_trip.part/ünï 😀.txt");
      const { mtime } = await Deno.stat(path);
      if (isDamaged) {
        await Deno.writeTextFile(path, "owt");
        await Deno.utime(path, mtime!, mtime!);
        await assertRejects(
          () => writer.finish(),
          SinkError,
          "changed on the disk",
        );
        writer.close();
        continue;
      }
      await Deno.utime(path, 0, 0);
      const { path: received } = await writer.finish();
      // The one that somebody touched once more, and the folder.
      assertEquals(syncs.count, 8);
      assertEquals(describeTree(received), describeTree(join(folder, "trip")));
      await Deno.remove(received, { recursive: true });
    }
  }));

/** Counts files that are made to last, until it is disposed of. */
function countSyncs(): Disposable & { count: number } {
  const { sync, syncSync } = Deno.FsFile.prototype;
  const counted = {
    count: 0,
    [Symbol.dispose]() {
      Object.assign(Deno.FsFile.prototype, { sync, syncSync });
    },
  };
  Deno.FsFile.prototype.sync = function () {
    counted.count++;
    return sync.call(this);
  };
  Deno.FsFile.prototype.syncSync = function () {
    counted.count++;
    syncSync.call(this);
  };
  return counted;
}

Deno.test("what was damaged here between two tries, or while the rest comes, comes again", () =>
  withTempFolder(async (folder) => {
    makeTree(folder, mixed);
    const found = walkTree([join(folder, "trip")], { followsLinks: false });
    await leaveOff(folder, found);
    const part = join(folder, "yoda_trip.part");
    await Deno.writeTextFile(join(part, "a.txt"), "eno");
    const second = await receive(folder, found);
    assertEquals(
      [...found.entries].filter((_, i) => second.choice.wanted[i] && i > 0)
        .filter(({ isFolder }) => !isFolder).map(({ path }) => path),
      ["trip/a.txt"],
    );
    move(found, second);
    // The same size, and the same time.
    const { mtime } = await Deno.stat(join(part, "ünï 😀.txt"));
    await Deno.writeTextFile(join(part, "ünï 😀.txt"), "owt");
    await Deno.utime(join(part, "ünï 😀.txt"), mtime!, mtime!);
    await assertRejects(
      () => second.finish(),
      SinkError,
      "changed on the disk",
    );
    second.close();
    assertEquals(
      namesIn(folder).includes("yoda_trip"),
      false,
    );
    const third = await receive(folder, found);
    move(found, third);
    const { path } = await third.finish();
    assertEquals(describeTree(path), describeTree(join(folder, "trip")));
  }));

Deno.test("a file that changes while it is sent is not taken for whole, the others are", () =>
  withTempFolder(async (folder) => {
    makeTree(folder, mixed);
    const found = walkTree([join(folder, "trip")], { followsLinks: false });
    await Deno.writeTextFile(join(folder, "trip/a.txt"), "ONE");
    await Deno.remove(join(folder, "trip/sub/run.sh"));
    const writer = await receive(folder, found);
    const reader = move(found, writer);
    assertEquals(reader.changed, ["trip/a.txt", "trip/sub/run.sh"]);
    const error = await assertRejects(() => writer.finish(), SinkError);
    assertEquals([error.failure, error.message], [
      "changed",
      '4 of 6 files arrived; "trip/a.txt", "trip/sub/run.sh" changed while they were sent; ' +
      `sent again, only they come; the others are in "${
        join(folder, "yoda_trip.part")
      }"`,
    ]);
    writer.close();
    const again = walkTree([join(folder, "trip")], { followsLinks: false });
    const second = await receive(folder, again);
    move(again, second);
    const { path } = await second.finish();
    assertEquals(describeTree(path), describeTree(join(folder, "trip")));
  }));

Deno.test("a large file that is gone, or cut off while it is sent, does not keep the others away", () =>
  withTempFolder(async (folder) => {
    const large = (seed: number) => new Uint8Array(3_000_000).fill(seed, 1_000);
    makeTree(folder, {
      ...{
        "trip/a.txt": "one",
        "trip/b.bin": large(3),
        "trip/c.bin": large(5),
      },
      ...{ "trip/d/d.bin": large(7), "trip/d/e.txt": "two", "trip/f": "" },
    });
    for (const piece of [10_000, 300_000, 20_000_000]) {
      const found = walkTree([join(folder, "trip")], { followsLinks: false });
      const b = join(folder, "trip/b.bin");
      await Deno.rename(b, join(folder, "b.bin"));
      const writer = await receive(folder, found);
      let moved = 0;
      const all = streamSize(found.entries, writer.choice);
      const isCut = piece < 10_000_000;
      const reader = move(found, writer, {
        piece,
        meanwhile(left) {
          moved = all - left;
          if (isCut && moved > 1_200_000) cutOff(join(folder, "trip/c.bin"));
        },
      });
      const changed = ["trip/b.bin", ...(isCut ? ["trip/c.bin"] : [])];
      assertEquals(reader.changed, changed);
      // Nobody waited for what does not come.
      if (isCut) assert(moved < 6_000_000, `${moved}`);
      assertEquals(reader.progress.files, 6 - changed.length);
      assertEquals(writer.progress, reader.progress);
      const error = await assertRejects(() => writer.finish(), SinkError);
      assertEquals(error.failure, "changed");
      writer.close();
      await Deno.writeFile(join(folder, "trip/c.bin"), large(11));
      await Deno.rename(join(folder, "b.bin"), b);
      const again = walkTree([join(folder, "trip")], { followsLinks: false });
      const second = await receive(folder, again);
      const wanted = [...again.entries]
        .filter((_, index) => second.choice.wanted[index])
        .filter(({ isFolder }) => !isFolder).map(({ path }) => path);
      assertEquals(wanted.includes("trip/d/d.bin"), false);
      move(again, second);
      const { path } = await second.finish();
      assertEquals(describeTree(path), describeTree(join(folder, "trip")));
      await Deno.remove(path, { recursive: true });
    }
  }));

/** Leaves a little more than one piece of a file. */
function cutOff(path: string): void {
  Deno.truncateSync(path, 1_100_000);
}

Deno.test("with only some of it the rest is left out, and forgotten", () =>
  withTempFolder(async (folder) => {
    makeTree(folder, mixed);
    const found = walkTree([join(folder, "trip")], { followsLinks: false });
    await leaveOff(folder, found);
    const included = Array.from(
      found.entries,
      ({ path }) => ["trip", "trip/sub", "trip/sub/run.sh"].includes(path),
    );
    const second = await receive(folder, found, { included });
    move(found, second);
    const { path } = await second.finish();
    assertEquals(Object.keys(describeTree(path)).sort(), [
      "",
      "sub",
      "sub/run.sh",
    ]);
  }));

Deno.test("what came before and is left out now is not removed through a link", () =>
  withTempFolder(async (folder) => {
    makeTree(folder, { ...mixed, "own/run.sh": "my own" });
    const found = walkTree([join(folder, "trip")], { followsLinks: false });
    for (const isListed of [true, false]) {
      await leaveOff(folder, found);
      const sub = join(folder, "yoda_trip.part/sub");
      await Deno.remove(sub, { recursive: true });
      await Deno.symlink(join(folder, "own"), sub);
      if (!isListed) {
        await Deno.remove(join(folder, "trip/sub"), { recursive: true });
      }
      const now = walkTree([join(folder, "trip")], { followsLinks: false });
      const included = Array.from(
        now.entries,
        ({ path }) => !path.startsWith("trip/sub"),
      );
      const second = await receive(folder, now, { included });
      move(now, second);
      const { path } = await second.finish();
      assertEquals(namesIn(join(folder, "own")), ["run.sh"]);
      await Deno.remove(path, { recursive: true });
    }
  }));

Deno.test("a tree whose receiver was killed before there was more than a journal has its name", () =>
  withTempFolder(async (folder) => {
    makeTree(folder, mixed);
    const found = walkTree([join(folder, "trip")], { followsLinks: false });
    const into = join(folder, "into");
    await Deno.mkdir(into);
    await Deno.writeTextFile(join(into, "yoda_trip.part.map"), "");
    const writer = await receive(into, found);
    move(found, writer);
    const { path } = await writer.finish();
    assertEquals(path, join(into, "yoda_trip"));
    assertEquals(namesIn(into), ["yoda_trip"]);
  }));

Deno.test("names that are taken are not, whatever has them", () =>
  withTempFolder(async (folder) => {
    makeTree(folder, mixed);
    const found = walkTree([join(folder, "trip")], { followsLinks: false });
    makeTree(folder, { "yoda_trip/mine": "mine", "yoda_trip (1)": "mine" });
    await Deno.mkdir(join(folder, "yoda_trip.part"));
    const writer = await receive(folder, found);
    move(found, writer);
    const { path } = await writer.finish();
    assertEquals(path, join(folder, "yoda_trip (2)"));
    assertEquals(describeTree(path), describeTree(join(folder, "trip")));
    assertEquals(
      await Deno.readTextFile(join(folder, "yoda_trip/mine")),
      "mine",
    );
  }));

Deno.test("names that a file system takes for the same, or does not have, are others there", () =>
  withTempFolder(async (folder) => {
    const contents = {
      "trip/A.txt": "one",
      "trip/a.txt": "two",
      "trip/Sub/x": "three",
      "trip/sub/X": "four",
      "trip/sub/x": "five",
      "trip/what?.txt": "six",
      "trip/a:b/c|d": "seven",
      "trip/ünï": "eight",
      "trip/ÜNÏ": "nine",
    };
    makeTree(folder, contents);
    const found = walkTree([join(folder, "trip")], { followsLinks: false });
    await withFoldingDisk(folder, async (disk) => {
      const half = await receive(disk, found);
      move(found, half, { most: streamSize(found.entries, half.choice) / 2 })
        .close();
      half.close();
      const writer = await receive(disk, found);
      move(found, writer);
      const { path, renamed } = await writer.finish();
      const texts = Object.keys(describeTree(path))
        .map((name) => join(path, name))
        .filter((each) => Deno.statSync(each).isFile)
        .map((each) => Deno.readTextFileSync(each));
      assertEquals(texts.sort(), Object.values(contents).sort());
      const names = renamed.map(([listed]) => listed).sort();
      assertEquals(names, [
        ...["trip/a.txt", "trip/a:b", "trip/a:b/c|d", "trip/sub"],
        ...["trip/sub/x", "trip/what?.txt", "trip/ünï"],
      ]);
    });
  }));

Deno.test("nothing is written through a link that somebody puts there meanwhile", () =>
  withTempFolder(async (folder) => {
    makeTree(folder, mixed);
    await Deno.mkdir(join(folder, "outside"));
    const found = walkTree([join(folder, "trip")], { followsLinks: false });
    const swaps = [
      ["", "the whole part"],
      ["sub", "a folder"],
      ["sub/deep", "a folder above"],
    ] as const;
    for (const [inner, what] of swaps) {
      const into = join(folder, `into ${what}`);
      await Deno.mkdir(into);
      const writer = await receive(into, found);
      const part = join(into, "yoda_trip.part");
      let isSwapped = false;
      const error = await assertRejects(async () => {
        const choice = decodeChoice(
          encodeChoice(writer.choice),
          found.entries,
        )!;
        const reader = new TreeReader(
          found,
          choice,
          encodeManifest(found.entries),
        );
        for (let left = streamSize(found.entries, choice); left > 0;) {
          const bytes = new Uint8Array(Math.min(50, left));
          reader.read(bytes);
          writer.write(bytes);
          left -= bytes.length;
          const at = join(part, inner);
          if (
            !isSwapped && existsFolder(at) &&
            existsFolder(join(part, "nothing"))
          ) {
            isSwapped = true;
            await Deno.rename(at, join(folder, `moved ${what}`));
            await Deno.symlink(join(folder, "outside"), at);
          }
        }
        await writer.finish();
      }, SinkError);
      assert(isSwapped);
      assertEquals(error.failure, "removed", what);
      assertEquals(namesIn(join(folder, "outside")), []);
      writer.close();
    }
  }));

Deno.test("walkTree() leaves out links, devices and what may not be read, and counts them", () =>
  withTempFolder(async (folder) => {
    makeTree(folder, { "t/a": "1", "t/b/c": "2", "elsewhere": "3" });
    await Deno.symlink("a", join(folder, "t/inside"));
    await Deno.symlink("b", join(folder, "t/folder"));
    await Deno.symlink("..", join(folder, "t/b/loop"));
    await Deno.symlink(join(folder, "elsewhere"), join(folder, "t/outside"));
    await Deno.symlink("nowhere", join(folder, "t/broken"));
    await new Deno.Command("mkfifo", { args: [join(folder, "t/pipe")] })
      .output();
    const paths = (followsLinks: boolean) => {
      const found = walkTree([join(folder, "t")], { followsLinks });
      return [Array.from(found.entries, ({ path }) => path), found.skipped];
    };
    assertEquals(paths(false), [
      ["t", "t/a", "t/b", "t/b/c"],
      { links: 5, others: 1, unreadable: 0, unreadablePaths: [] },
    ]);
    assertEquals(paths(true), [
      ["t", "t/a", "t/b", "t/b/c", "t/folder", "t/folder/c", "t/inside"],
      { links: 4, others: 1, unreadable: 0, unreadablePaths: [] },
    ]);
  }));

Deno.test("walkBriefly() finds the same, or leaves it to others where it is much", () =>
  withTempFolder(async (folder) => {
    makeTree(folder, mixed);
    const roots = [join(folder, "trip/a.txt"), join(folder, "trip")];
    const options = { followsLinks: false };
    const whole = walkTree(roots, options);
    const all = whole.entries.length;
    const found = await walkBriefly(roots, options, all);
    // A machine that stands still for a moment is taken for a slow disk.
    if (found !== undefined) {
      assertEquals(listTree(found), listTree(whole));
      assertEquals(found.roots, whole.roots);
    }
    assertEquals(await walkBriefly(roots, options, all - 1), undefined);
    await assertRejects(
      () => walkBriefly([join(folder, "nowhere")], options),
      SourceError,
    );
  }));

Deno.test("walkTree() of two folders of one name gives the second another", () =>
  withTempFolder((folder) => {
    makeTree(folder, { "x/pics/a": "1", "y/pics/b": "2", "note.txt": "3" });
    const roots = ["x/pics", "y/pics", "note.txt"].map((each) =>
      join(folder, each)
    );
    const { entries } = walkTree(roots, { followsLinks: false });
    assertEquals(Array.from(entries, ({ path }) => path), [
      "pics",
      "pics/a",
      "pics (2)",
      "pics (2)/b",
      "note.txt",
    ]);
    return Promise.resolve();
  }));

function namesIn(folder: string): string[] {
  return Array.from(Deno.readDirSync(folder), ({ name }) => name).sort();
}

function existsFolder(path: string): boolean {
  try {
    return Deno.lstatSync(path).isDirectory;
  } catch {
    return false;
  }
}

Deno.test("limit treeListBytes: names that are longer in all are not offered", () =>
  withTempFolder(async (folder) => {
    // Nothing in common, so that nothing of it is written once only.
    const names = Array.from(
      { length: 900 },
      (_, i) => `${String.fromCharCode(97 + i % 26)}${i}${"ä".repeat(120)}`,
    );
    makeTree(folder, Object.fromEntries(names.map((n) => [`t/${n}`, ""])));
    const job = new TreeJob();
    const roots = [join(folder, "t")];
    const walk = { call: "walk", roots, followsLinks: false } as const;
    await job.handle(walk);
    await assertRejects(
      () => new TreeJob(100_000).handle(walk),
      SourceError,
      "too long in all",
    );
    assertEquals(limits.treeListBytes, 16 * 1024 * 1024);
  }));

import { assertEquals } from "@std/assert";
import { join } from "@std/path";
import {
  keepsTimes,
  WriteWatch,
} from "../../../lib/client/files/write_watch.io.ts";
import { withTempFolder } from "../../support/temp_folder.ts";

const isLinux = Deno.build.os === "linux";
const bytes = new Uint8Array(1000).fill(7);

interface Watched {
  readonly path: string;
  readonly watch: WriteWatch;
  readonly own: Deno.FsFile;
}

/** A file of 100,000 bytes that is watched while it is written. */
async function withWatch(
  hasTimes: boolean,
  body: (watched: Watched) => Promise<void>,
): Promise<void> {
  await withTempFolder(async (folder) => {
    const path = join(folder, "file");
    const bell = join(folder, "bell");
    await Deno.writeTextFile(bell, "ours");
    using own = await Deno.open(path, { write: true, createNew: true });
    const watch = new WriteWatch(own, path, bell, hasTimes);
    try {
      for (let i = 0; i < 100; i++) {
        await watch.change(async () => void await own.write(bytes));
      }
      await body({ path, watch, own });
    } finally {
      watch.close();
    }
  });
}

/** Does it until the file's times, which move in steps, tell of it. */
async function noticeably(path: string, work: () => Promise<unknown>) {
  const { mtime } = await Deno.stat(path);
  do await work(); while (
    (await Deno.stat(path)).mtime?.getTime() === mtime?.getTime()
  );
}

Deno.test({
  name: "WriteWatch: only what another one writes is noticed",
  ignore: !isLinux,
  fn: async () => {
    for (const hasTimes of [true, false]) {
      await withWatch(hasTimes, async ({ path, watch, own }) => {
        await own.sync();
        await Deno.readFile(path);
        assertEquals(await watch.wasWritten(), false);
        await watch.change(() => own.truncate(50_000));
        assertEquals(await watch.wasWritten(), false);
      });
    }
    const others: [string, (path: string) => Promise<void>][] = [
      ["written", (path) => Deno.writeFile(path, bytes, { append: true })],
      ["cut off", (path) => Deno.truncate(path, 5)],
      ["moved", (path) => Deno.rename(path, `${path}.moved`)],
      ["replaced", (path) => Deno.rename(join(path, "../bell"), path)],
      ["removed", (path) => Deno.remove(path)],
    ];
    for (const [what, work] of others) {
      for (const hasTimes of [true, false]) {
        await withWatch(hasTimes, async ({ path, watch }) => {
          await work(path);
          assertEquals(await watch.wasWritten(), true, what);
          assertEquals(await watch.wasWritten(), true, what);
        });
      }
    }
  },
});

Deno.test({
  name: "WriteWatch: another one that has not closed it is noticed",
  ignore: !isLinux,
  fn: async () => {
    const others: [string, (other: Deno.FsFile) => Promise<unknown>][] = [
      ["written", (other) => other.write(bytes)],
      ["cut off and grown back", async (other) => {
        await other.truncate(5);
        await other.truncate(100_000);
      }],
    ];
    for (const [what, work] of others) {
      await withWatch(true, async ({ path, watch, own }) => {
        using other = await Deno.open(path, { read: true, write: true });
        assertEquals(await watch.wasWritten(), false, what);
        await noticeably(path, () => work(other));
        // What is written later by its own program does not hide it.
        await watch.change(async () => void await own.write(bytes));
        assertEquals(await watch.wasWritten(), true, what);
      });
    }
  },
});

Deno.test({
  name: "WriteWatch: what was cut off and grown back shows in its room",
  ignore: !isLinux,
  fn: async () => {
    await withWatch(true, async ({ watch, own }) => {
      // As if the times had told nothing.
      await watch.change(async () => {
        await own.truncate(5);
        await own.truncate(100_000);
      });
      assertEquals(await watch.wasWritten(), true);
    });
  },
});

Deno.test("WriteWatch: where nothing can be known, it was written", async () => {
  await withTempFolder(async (folder) => {
    const path = join(folder, "file");
    using own = await Deno.open(path, { write: true, createNew: true });
    const missing = join(folder, "missing");
    const unwatched = new WriteWatch(own, missing, path, false);
    assertEquals(await unwatched.wasWritten(), true);
    unwatched.close();
    // The bell is gone, or is no file of ours.
    const bell = join(folder, "bell");
    await Deno.writeTextFile(bell, "ours");
    const deaf = new WriteWatch(own, path, bell, false);
    await Deno.remove(bell);
    await Deno.mkdir(bell);
    assertEquals(await deaf.wasWritten(), true);
    deaf.close();
  });
});

Deno.test("keepsTimes: not where others may write, or there is nothing", async () => {
  assertEquals(await keepsTimes("/proc"), false);
  assertEquals(await keepsTimes("/nowhere/at/all"), false);
});

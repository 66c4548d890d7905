/** Somebody swaps parts, maps and their folder for links while files arrive. */
import { assert, assertEquals } from "@std/assert";
import { join } from "@std/path";
import { FileSink } from "../../../lib/client/files/file_sink.io.ts";
import { SinkError } from "../../../lib/client/files/sink_error.io.ts";
import { writeFileAtomically } from "../../../lib/system/files.io.ts";
import { transferLimits } from "../../../lib/engine/packets/limits.ts";
import { checksOf } from "../../support/checks_of.ts";
import { withTempFolder } from "../../support/temp_folder.ts";
import { testFile } from "../../support/transfer_pair.ts";

const bytes = testFile(transferLimits.blockBytes + 5);
const checks = checksOf(bytes);
const offered = ["a", "b", "c", "d"].map((name) => ({
  sender: "y",
  name,
  size: bytes.length,
  fingerprint: "f",
}));
const names = offered.flatMap(({ name }) =>
  ["", ".part", ".part.map"].map((end) => `y_${name}${end}`)
);

Deno.test({
  name: "swapped links: 10,000 of them lead nothing out of the folder",
  ignore: Deno.build.os === "windows",
  fn: async () => {
    await withTempFolder(async (root) => {
      const folder = join(root, "downloads");
      const outside = join(root, "outside");
      await Deno.mkdir(folder);
      const elsewhere = join(root, "elsewhere");
      await makeBait(outside);
      await makeBait(elsewhere, ["precious"]);
      const swapping = startSwapping(folder, outside, elsewhere);
      let [received, failed] = [0, 0];
      for (let isOver = false; !isOver || received === 0;) {
        if (await receive(folder, received % offered.length)) received++;
        else failed++;
        isOver ||= swapping.isOver;
      }
      assert(failed > 0, "they met");
      await checkBait(outside);
      await checkBait(elsewhere, ["precious"]);
      for (const place of [folder, elsewhere]) {
        for await (const { name, isFile } of Deno.readDir(place)) {
          if (!isFile || unnamed.test(name)) continue;
          assertEquals(await Deno.readFile(join(place, name)), bytes, name);
        }
      }
      assert(await receive(folder, 0), "all is as before");
    });
  },
});

Deno.test({
  name: "swapped links: rewriting a file changes the rights of no other",
  ignore: Deno.build.os === "windows",
  fn: async () => {
    await withTempFolder(async (root) => {
      const folder = join(root, "config");
      const outside = join(root, "outside");
      await Deno.mkdir(folder);
      await makeBait(outside);
      // Between its making and its renaming, each temporary file becomes a link.
      let swaps = 0;
      const { stat } = Deno.FsFile.prototype;
      Deno.FsFile.prototype.stat = async function () {
        for await (const { name } of Deno.readDir(folder)) {
          if (!name.endsWith(".tmp")) continue;
          const target = swaps++ % 2 === 0 ? join(outside, "y_a") : outside;
          await Deno.remove(join(folder, name));
          await Deno.symlink(target, join(folder, name));
        }
        return await stat.call(this);
      };
      try {
        for (let i = 0; i < 20; i++) {
          const path = join(folder, `file${i}`);
          await writeFileAtomically(path, "text").catch(() => {});
        }
      } finally {
        Deno.FsFile.prototype.stat = stat;
      }
      assert(swaps >= 20);
      await checkBait(outside);
    });
  },
});

/** One whole transfer, as far as it comes; true when the file has its name. */
async function receive(folder: string, which: number): Promise<boolean> {
  try {
    const sink = await FileSink.open(folder, offered[which]!);
    try {
      const first = sink.kept.length;
      await sink.write(bytes.subarray(first * transferLimits.blockBytes));
      await sink.part.record(first, checks.slice(first, 1));
      await sink.finish(checks);
      return true;
    } catch (error) {
      await sink.close();
      throw error;
    }
  } catch (error) {
    if (error instanceof SinkError) return false;
    throw error;
  }
}

function startSwapping(
  folder: string,
  outside: string,
  elsewhere: string,
): { isOver: boolean } {
  const url = new URL("../../support/swapping_worker.ts", import.meta.url);
  const worker = new Worker(url, { type: "module" });
  const state = { isOver: false };
  worker.onmessage = () => {
    worker.terminate();
    state.isOver = true;
  };
  const files = names.map((name) => join(folder, name));
  const targets = [...files, folder];
  const links = [...names.map((name) => join(outside, name)), elsewhere];
  worker.postMessage({ targets, links, swaps: 10_000 });
  return state;
}

async function makeBait(outside: string, baits = names): Promise<void> {
  await Deno.mkdir(outside, { mode: 0o751 });
  await Deno.chmod(outside, 0o751);
  for (const name of baits) {
    const path = join(outside, name);
    await Deno.writeTextFile(path, `precious ${name}`);
    await Deno.chmod(path, 0o644);
  }
}

async function checkBait(outside: string, baits = names): Promise<void> {
  assertEquals((await Deno.stat(outside)).mode! & 0o777, 0o751);
  for (const name of baits) {
    const path = join(outside, name);
    assertEquals(await Deno.readTextFile(path), `precious ${name}`);
    assertEquals((await Deno.lstat(path)).mode! & 0o777, 0o644);
  }
}

/** What has not its final name, or is no file of ours. */
const unnamed = /[.]part\b|^[.]|[.]aside$|^precious$/;

import { assertEquals } from "@std/assert";
import { join } from "@std/path";
import { encodeManifest } from "../../../lib/client/tree/manifest.ts";
import { noStart, streamSize } from "../../../lib/client/tree/tree_choice.ts";
import { TreeReader } from "../../../lib/client/tree/tree_reader.io.ts";
import { walkTree } from "../../../lib/client/tree/tree_walk.io.ts";
import { makeTree } from "../../support/file_tree.ts";
import { pastSecond } from "../../support/past_second.ts";
import { withTempFolder } from "../../support/temp_folder.ts";

for (const [kind, size] of [["small", 100_000], ["large", 300_000]] as const) {
  Deno.test(`a ${kind} file that is replaced, moved or removed while it is read is not taken for whole`, () =>
    withTempFolder((folder) => swapFiles(folder, size)));
}

Deno.test({
  name:
    "what is behind a pipe, or a link to elsewhere, that took the place of a file is not read",
  ignore: Deno.build.os === "windows",
  fn: () => withTempFolder(readSwapped),
});

async function readSwapped(folder: string): Promise<void> {
  const files = ["a", "b", "c", "d", "gone/g", "in/e", "in/f", "y", "z"];
  makeTree(folder, {
    ...Object.fromEntries(files.map((name) => [`trip/${name}`, "offered"])),
    "own/b": "my own, and longer than what was offered",
    "own/e": "my own!",
  });
  const at = (name: string) => join(folder, "trip", name);
  await Deno.symlink("d", at("link"));
  const { mtime } = await Deno.stat(at("in/e"));
  await Deno.utime(join(folder, "own/e"), mtime!, mtime!);
  // What is not new is read at once where nothing is in doubt.
  await pastSecond();
  const found = walkTree([join(folder, "trip")], { followsLinks: true });
  await Deno.remove(at("gone"), { recursive: true });
  await Deno.writeTextFile(at("y"), "changed");
  await Deno.remove(at("a"));
  await new Deno.Command("mkfifo", { args: [at("a")] }).output();
  // With something in it nobody waits for it, which would be for good.
  using pipe = await Deno.open(at("a"), { read: true, write: true });
  await pipe.write(new TextEncoder().encode("my own, piped"));
  await Deno.remove(at("b"));
  await Deno.symlink(join(folder, "own/b"), at("b"));
  await Deno.remove(at("c"));
  await Deno.symlink("/dev/zero", at("c"));
  await Deno.rename(at("in"), join(folder, "moved"));
  await Deno.symlink(join(folder, "own"), at("in"));
  const wanted = Array.from(found.entries, () => true);
  const choice = { wanted, start: noStart };
  const reader = new TreeReader(found, choice, encodeManifest(found.entries));
  const bytes = new Uint8Array(streamSize(found.entries, choice));
  const text = new TextDecoder().decode(bytes.subarray(0, reader.read(bytes)));
  assertEquals([text.includes("my own"), text.split("offered").length], [
    false,
    4,
  ]);
  assertEquals(
    reader.changed,
    ["a", "b", "c", "gone/g", "in/e", "in/f", "y"].map((name) =>
      `trip/${name}`
    ),
  );
  reader.close();
}

async function swapFiles(folder: string, size: number): Promise<void> {
  const content = new Uint8Array(size).fill(7);
  const names = ["a", "b", "c", "d", "e"];
  makeTree(
    folder,
    Object.fromEntries(names.map((name) => [`trip/${name}`, content])),
  );
  const at = (name: string) => join(folder, "trip", name);
  await Deno.writeFile(join(folder, "other"), content);
  const { mtime } = await Deno.stat(at("a"));
  await Deno.utime(join(folder, "other"), mtime!, mtime!);
  await pastSecond();
  const found = walkTree([join(folder, "trip")], { followsLinks: false });
  const choice = {
    wanted: Array.from(found.entries, () => true),
    start: noStart,
  };
  const reader = new TreeReader(
    found,
    choice,
    encodeManifest(found.entries),
  );
  const swaps: Record<string, () => void> = {
    "trip/a": () => Deno.renameSync(join(folder, "other"), at("a")),
    "trip/b": () => Deno.renameSync(at("b"), join(folder, "b")),
    "trip/c": () => Deno.removeSync(at("c")),
    "trip/d": () => Deno.writeTextFileSync(at("d"), "!", { append: true }),
  };
  const bytes = new Uint8Array(10_000);
  for (let left = streamSize(found.entries, choice); left > 0;) {
    left -= reader.read(bytes.subarray(0, left));
    const { current = "" } = reader.progress;
    swaps[current]?.();
    delete swaps[current];
  }
  // What was appended is no part of what was offered.
  assertEquals(reader.changed, ["trip/a", "trip/b", "trip/c"]);
  reader.close();
}

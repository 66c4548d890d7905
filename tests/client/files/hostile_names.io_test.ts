/** 500 hostile names of files and of who sends them, on a real disk. */
import { assert, assertEquals } from "@std/assert";
import { basename, dirname, join } from "@std/path";
import { FileSink } from "../../../lib/client/files/file_sink.io.ts";
import { checksOf } from "../../support/checks_of.ts";
import { assertHarmless, hostileTexts } from "../../support/hostile_text.ts";
import { SeededRandom } from "../../support/seeded_random.ts";
import { withTempFolder } from "../../support/temp_folder.ts";

/** Parts that names are made of, each of them a try at something. */
const parts = [
  ...[
    "..",
    ".",
    "",
    "/",
    "\\",
    "../",
    "..\\",
    "/etc/passwd",
    "C:\\",
    "\\\\a\\",
  ],
  ...["CON", "nul", "aux.txt", "COM1", "LPT9.", "com¹", "PRN ", "clock$"],
  ...["precious", "PRECIOUS", "precious.part", "yoda_precious.txt.part"],
  ...["~", "~root", "$HOME", "%TEMP%", "-rf", "*", "?", "a:b", "|", "<>", '"'],
  ...[" ", ".txt", "....", "a. ", "a.txt.", ".bashrc", "x".repeat(300)],
  ...["é".repeat(200), "e\u0301", "\u00e9", "\ufeff", "\u200b", "\u00ad"],
  ...["\ud800", "\udc00a", "\ufffd", "🎬", "\u{e0041}", "\u2215", "\uff0f"],
  ...[
    "a/../../b",
    "....//",
    "..%2f..%2f",
    "%00",
    "\0",
    "a\0.txt",
    "desktop.ini",
  ],
  ...hostileTexts,
];

Deno.test("FileSink: 500 hostile names stay in the folder and overwrite nothing", async () => {
  await withTempFolder(async (outside) => {
    const folder = join(outside, "downloads");
    await Deno.mkdir(folder);
    const precious = ["precious", "yoda_precious", "yoda_file", "passwd"];
    for (const place of [outside, folder]) {
      for (const name of precious) {
        await Deno.writeTextFile(join(place, name), `of ${place}`);
      }
    }
    const before = await contents(outside);
    const random = new SeededRandom(3);
    const pick = () => parts[random.below(parts.length)] ?? "";
    const written = new Map<string, string>();
    for (let i = 0; i < 500; i++) {
      const name = parts[i] ?? pick() + pick() + pick();
      const sender = i % 5 === 0 ? pick() : "yoda";
      const text = `file ${i}`;
      const size = text.length;
      const sink = await FileSink.open(folder, { sender, name, size });
      const bytes = new TextEncoder().encode(text);
      await sink.write(bytes);
      const path = await sink.finish(checksOf(bytes));
      const what = JSON.stringify([sender, name, path]);
      assertEquals(dirname(path), folder, what);
      assert(!written.has(path), what);
      checkName(basename(path), what);
      written.set(path, text);
    }
    const after = await contents(outside);
    assertEquals(after, new Map([...before, ...written]));
  });
});

/** What every file system takes as the name of a file, and no system as more. */
function checkName(name: string, what: string): void {
  assertHarmless(name, what);
  assert(new TextEncoder().encode(name).length <= 255, what);
  assert(!/[<>:"/\\|?*]/.test(name), what);
  assert(!/^[.\s]|[.\s]$/.test(name), what);
  const stem = name.split(".", 1)[0]?.trim() ?? "";
  assert(!/^(con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³])$/i.test(stem), what);
  assertEquals(name, name.normalize("NFC"), what);
}

/** The files below `folder` by path. */
async function contents(folder: string): Promise<Map<string, string>> {
  const found = new Map<string, string>();
  for await (const { name, isFile } of Deno.readDir(folder)) {
    const path = join(folder, name);
    if (isFile) found.set(path, await Deno.readTextFile(path));
    else for (const entry of await contents(path)) found.set(...entry);
  }
  return found;
}

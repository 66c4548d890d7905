import { assertEquals, assertMatch } from "@std/assert";
import { join } from "@std/path";
import { TransferLogFile } from "../../../lib/server/logs/transfer_log.io.ts";
import { formatTime } from "../../../lib/base/time.ts";

const at = Date.UTC(2026, 5, 1, 12);
const entry = {
  sender: "yoda",
  receiver: "luke",
  step: "offered",
  name: "a.mp4",
  size: 9,
} as const;
const rest = `${formatTime(at)}; yoda; luke; offered; a.mp4; 9; -; -`;

async function withFolder(body: (folder: string) => Promise<void>) {
  const folder = await Deno.makeTempDir({ prefix: "parley-transferlog-" });
  try {
    await body(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("TransferLogFile: numbers go on over restarts and torn lines", async () => {
  await withFolder(async (folder) => {
    const path = join(folder, "transferlog.txt");
    const told: string[] = [];
    const report = (_: unknown, text: string) => void told.push(text);
    for (const run of [0, 1, 2]) {
      const log = await TransferLogFile.open(folder, report);
      log.append(entry, at);
      log.append(entry, at);
      await log.close();
      const lines = (await Deno.readTextFile(path)).trimEnd().split("\n");
      const numbers = Array.from({ length: 2 * run + 2 }, (_, i) => i + 1);
      assertEquals(lines, numbers.map((number) => `${number}; ${rest}`));
      await Deno.writeTextFile(path, "7; 01 Ju", { append: true });
    }
    assertEquals(told.length, 2);
    assertMatch(told[0] ?? "", /transferlog\.txt": cut off 8 bytes/);
  });
});

Deno.test("TransferLogFile: what a full disk does not take is held, and what is too much is said to be lost", async () => {
  await withFolder(async (folder) => {
    const path = join(folder, "transferlog.txt");
    // A folder in its place refuses to be written, as a full disk does.
    const told: string[] = [];
    const log = await TransferLogFile.open(
      folder,
      (_, text) => void told.push(text),
    );
    await Deno.mkdir(path);
    const long = { ...entry, name: "x".repeat(64 * 1024) };
    log.append(entry, at);
    await log.flush();
    assertMatch(told[0] ?? "", /cannot be written: .*kept and tried again/);
    for (let i = 0; i < 300; i++) log.append(long, at);
    assertMatch(told[1] ?? "", /new lines are lost until it can/);
    assertEquals(told.length, 2, "it is said once");
    await Deno.remove(path);
    await log.flush();
    log.append(entry, at);
    await log.close();
    const lines = (await Deno.readTextFile(path)).trimEnd().split("\n");
    const numbers = lines.map((line) => Number(line.split(";", 1)[0]));
    assertEquals(numbers, lines.map((_, index) => index + 1), "without a gap");
    assertEquals(lines[0], `1; ${rest}`);
  });
});

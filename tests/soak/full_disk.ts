/**
 * The disk of the server and that of a receiving client are full for a while,
 * in the middle of chat and a transfer. Nobody dies, people are told, what was
 * confirmed is there, no file is truncated, and work goes on by itself within
 * 5 s of space coming back. Needs what `small_disk.ts` needs.
 *
 *     deno task soak:disk [--seconds=60]
 */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { basename, join } from "@std/path";
import { DatabaseSync } from "node:sqlite";
import { jediAccounts, logIn } from "../support/jedi.ts";
import { digestOf, writeRandomFile } from "../support/random_file.ts";
import { diskLauncher, fillDisk, pathSeenBy } from "../support/small_disk.ts";
import { withTempFolder } from "../support/temp_folder.ts";
import type { TestClient } from "../support/test_client.ts";
import { TestServer } from "../support/test_server.ts";
import { waitUntil } from "../support/wait_until.ts";
import { taskArguments } from "../support/task_arguments.ts";

/** What was seen while the disks were full and after. */
export interface FullDiskResult {
  readonly confirmed: number;
  readonly refused: number;
  /** From space coming back to the first message that is confirmed, ms. */
  readonly chatAfterMs: number;
  /** And to the transfer going on, ms. */
  readonly transferAfterMs: number;
}

/** @param seconds How long the disks are full. */
export async function fullDisk(seconds: number): Promise<FullDiskResult> {
  await using server = await TestServer.start({
    accounts: jediAccounts,
    launcher: diskLauncher("data", serverMegabytes),
  });
  const serverData = () => pathSeenBy(server.process.pid, server.path("data"));
  // Until the disks are full, which takes a while on a busy machine.
  await using yoda = await logIn(server, "yoda", { args: ["--limit", "300k"] });
  await using luke = await logIn(server, "luke", {
    launcher: diskLauncher("downloads", clientMegabytes),
    args: ["--download-dir", "downloads"],
  });
  const downloads = pathSeenBy(
    luke.process.pid,
    join(luke.folder, "downloads"),
  );
  const film = join(yoda.folder, "film.mp4");
  await writeRandomFile(film, filmMegabytes * 1024 * 1024, 3);
  const confirmed: string[] = [];
  let number = 0;
  let refused = 0;
  const say = async () => {
    const text = `text ${++number}`;
    const from = yoda.process.out.length;
    await yoda.send(`/msgto luke ${text}`);
    const result = await yoda.event("result", { command: "msgto" }, { from });
    if (result.ok === true) confirmed.push(text);
    else {
      assertEquals(result.code, "storage_failed");
      refused++;
    }
    return result.ok === true;
  };

  await yoda.send(`/p2pvideo luke ${film}`);
  await luke.event("progress");
  assert(await say());
  const ballast = [join(serverData(), "ballast"), join(downloads, "ballast")];
  for (const path of ballast) await fillDisk(path);
  await yoda.succeed("/limit off");
  const end = performance.now() + seconds * 1000;
  for (const client of [luke, yoda]) {
    await client.event("paused", { paused: true });
  }
  while (performance.now() < end || refused === 0) {
    assertAlive(server, yoda, luke);
    await say();
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  assert(
    server.process.out.some((line) => /the disk is full/.test(line)),
    server.process.transcript(),
  );

  for (const path of ballast) await Deno.remove(path);
  const freed = performance.now();
  while (!await say());
  const chatAfterMs = performance.now() - freed;
  for (const client of [luke, yoda]) {
    await client.event("paused", { paused: false });
  }
  const transferAfterMs = performance.now() - freed;
  const got = await luke.event("transfer", { state: "verified" }, {
    timeoutMs: 120_000,
  });
  const path = join(downloads, basename(String(got.path)));
  assertEquals(await digestOf(path), await digestOf(film));
  const last = confirmed.at(-1) ?? "";
  await luke.event("message", { text: last });
  const received = luke.events().filter(({ event }) => event === "message")
    .map(({ text }) => String(text));
  assertEquals(received, confirmed);
  assertAlive(server, yoda, luke);
  await checkFiles(serverData(), confirmed);
  return { confirmed: confirmed.length, refused, chatAfterMs, transferAfterMs };
}

function assertAlive(server: TestServer, ...clients: TestClient[]): void {
  for (const { process } of [server, ...clients]) {
    assertEquals(process.ended, undefined, process.transcript());
  }
}

/** Logs, list of users and database are whole and tell the same. */
async function checkFiles(
  folder: string,
  confirmed: readonly string[],
): Promise<void> {
  const last = confirmed.at(-1) ?? "";
  const read = async (name: string) => {
    try {
      return await Deno.readTextFile(join(folder, name));
    } catch {
      return "";
    }
  };
  const log = await waitUntil("the log to be complete", async () => {
    const text = await read("messagelog.txt");
    return text.endsWith(`; ${last}\n`) ? text : undefined;
  });
  const texts = log.trimEnd().split("\n").map((line, index) => {
    assertMatch(line, new RegExp(`^${index + 1}; .*; yoda; luke; text \\d+$`));
    return line.split("; ").at(-1);
  });
  assertEquals(texts, [...confirmed]);
  assertMatch(
    await read("userlog.txt"),
    /^1; .*; yoda; .*\n2; .*; luke; .*\n$/,
  );
  await withTempFolder(async (copy) => {
    for (const name of ["parley.db", "parley.db-wal"]) {
      await Deno.copyFile(join(folder, name), join(copy, name));
    }
    using database = new DatabaseSync(join(copy, "parley.db"));
    const faults = database.prepare("PRAGMA integrity_check").all();
    assertEquals(faults.map((row) => row.integrity_check), ["ok"]);
    const rows = database.prepare("SELECT text FROM messages ORDER BY id")
      .all();
    assertEquals(rows.map((row) => row.text), [...confirmed]);
  });
}

const serverMegabytes = 8;
const clientMegabytes = 24;
const filmMegabytes = 3;

if (import.meta.main) {
  const { number } = taskArguments({
    usage: "deno task soak:disk [--seconds=60]",
    about: "Fills the disks of server and receiver for a while.",
    numbers: { seconds: 60 },
  });
  const result = await fullDisk(number("seconds"));
  const text = `${JSON.stringify(result)}\n`;
  Deno.stdout.writeSync(new TextEncoder().encode(text));
}

/**
 * A folder of 500 files whose sender or receiver is killed again and again, at
 * random points and at several speeds. Each time it must go on within 1 MiB or one
 * second of where it was, neither side holds more than 150 MB at any time, and in
 * the end the folder is the one that was sent: names, modes, times, contents. Then one whose receiver's disk is full for a
 * while (where one can be mounted), one that is removed while it arrives, and one of
 * about as many entries as there may be.
 *
 *     deno task soak:folder [--kills=10] [--seed=1] [--entries=98000]
 */
import { walkSync } from "@std/fs";
import { join } from "@std/path";
import { assert, assertEquals, assertMatch } from "@std/assert";
import { usageOf } from "../bench/process_usage.ts";
import { describeTree, makeTree } from "../support/file_tree.ts";
import { logIn, startServer } from "../support/jedi.ts";
import { SeededRandom } from "../support/seeded_random.ts";
import {
  diskLauncher,
  fillDisk,
  noMount,
  pathSeenBy,
} from "../support/small_disk.ts";
import { taskArguments } from "../support/task_arguments.ts";
import type { TestClient } from "../support/test_client.ts";
import { withTempFolder } from "../support/temp_folder.ts";
import { waitUntil } from "../support/wait_until.ts";

/** What one kill cost. */
export interface FolderKill {
  readonly killed: "sender" | "receiver";
  /** Bytes of files that were on the disk then. */
  readonly had: number;
  /** Bytes that were sent again. */
  readonly lost: number;
  /** The most memory that either side had held until then, kB. */
  readonly peakKb: number;
}

/** Kills either side so many times while one folder is on its way. */
export function killEitherSide(kills: number, seed = 1): Promise<FolderKill[]> {
  return withTempFolder(async (folder) => {
    const random = new SeededRandom(seed);
    await using server = await startServer();
    const path = join(folder, "many");
    const downloads = join(folder, "downloads");
    const part = join(downloads, "yoda_many.part");
    const all = makeMany(folder, random);
    await Deno.mkdir(downloads);
    const costs: FolderKill[] = [];
    let [had, secondBefore] = [0, 0];
    for (;;) {
      const speed = speeds[random.below(speeds.length)]!;
      await using yoda = await logIn(server, "yoda", {
        args: ["--limit", speed],
      });
      await using luke = await logIn(server, "luke", {
        args: ["--download-dir", downloads],
      });
      const sending = yoda.run(`/send luke ${path}`).catch(() => undefined);
      const running = await luke.event("transfer", { state: "running" });
      const lost = Math.max(0, had - Number(running.bytes));
      const killed = costs.at(-1);
      if (killed !== undefined) costs[costs.length - 1] = { ...killed, lost };
      assert(
        lost <= Math.max(2 ** 20, had - secondBefore),
        `${lost} bytes of ${had} were sent again`,
      );
      if (costs.length === kills) {
        assertEquals((await sending)?.ok, true);
        mustBeSmall(yoda, luke);
        break;
      }
      const share = (costs.length + random.below(1000) / 1000) / (kills + 1);
      const goal = Math.max(had + 1, share * all);
      const seen: { readonly at: number; readonly size: number }[] = [];
      await waitUntil("so much to arrive", async () => {
        // Looking at all of the files takes the processor from who sends them.
        await new Promise((resolve) => setTimeout(resolve, 100));
        seen.push({ at: performance.now(), size: bytesIn(part) });
        return seen.at(-1)!.size >= goal;
      });
      const isReceiver = random.below(2) === 0;
      const peakKb = mustBeSmall(yoda, luke);
      await (isReceiver ? luke : yoda).process.kill();
      if (!isReceiver) await luke.event("transfer", { state: "failed" });
      const now = performance.now();
      had = bytesIn(part);
      secondBefore = seen.findLast(({ at }) => at <= now - 1000)?.size ?? 0;
      const killedOne = isReceiver ? "receiver" : "sender";
      costs.push({ killed: killedOne, had, lost: 0, peakKb });
    }
    const received = join(downloads, "yoda_many");
    assertEquals(describeTree(received), describeTree(path));
    assertEquals(namesIn(downloads), ["yoda_many"]);
    return costs;
  });
}

/** The receiver's disk is full in the middle of a folder, and then has room. */
export function fillDiskMeanwhile(): Promise<void> {
  return withTempFolder(async (folder) => {
    await using server = await startServer();
    await using yoda = await logIn(server, "yoda", { args: ["--limit", "3M"] });
    await using luke = await logIn(server, "luke", {
      launcher: diskLauncher("downloads", 48),
      args: ["--download-dir", "downloads"],
    });
    makeMany(folder, new SeededRandom(1));
    const path = join(folder, "many");
    const downloads = pathSeenBy(
      luke.process.pid,
      join(luke.folder, "downloads"),
    );
    const sending = yoda.run(`/send luke ${path}`);
    await luke.event("progress");
    const ballast = join(downloads, "ballast");
    await fillDisk(ballast);
    await yoda.succeed("/limit off");
    for (const client of [luke, yoda]) {
      await client.event("paused", { paused: true });
    }
    await Deno.remove(ballast);
    for (const client of [luke, yoda]) {
      await client.event("paused", { paused: false });
    }
    assertEquals((await sending).ok, true);
    const received = join(downloads, "yoda_many");
    assertEquals(describeTree(received), describeTree(path));
    assertEquals(namesIn(downloads), ["yoda_many"]);
  });
}

/** Somebody removes the folder while it arrives: both sides are told. */
export function removeMeanwhile(): Promise<void> {
  return withTempFolder(async (folder) => {
    await using server = await startServer();
    await using yoda = await logIn(server, "yoda", { args: ["--limit", "3M"] });
    await using luke = await logIn(server, "luke");
    makeMany(folder, new SeededRandom(1));
    const sending = yoda.run(`/send luke ${join(folder, "many")}`);
    await luke.event("progress");
    const part = join(luke.folder, "yoda_many.part");
    // What is removed is written in meanwhile.
    await waitUntil("the folder to be gone", async () => {
      await Deno.remove(part, { recursive: true }).catch(() => {});
      return !await Deno.stat(part).then(() => true, () => false);
    });
    const { message } = await luke.event("transfer", { state: "failed" });
    assertMatch(String(message), /was removed, moved or replaced/);
    const sent = await sending;
    assertEquals(sent.ok, false);
    assertEquals(
      namesIn(luke.folder).filter((name) => !name.endsWith(".map")),
      [],
    );
  });
}

/**
 * About as many entries as an offer may have: neither side holds more than it may.
 *
 * @returns The most that either held, kB.
 */
export function holdEntries(entries: number): Promise<number> {
  return withTempFolder(async (folder) => {
    const path = join(folder, "many");
    for (let i = 0; i < entries; i++) {
      const inner = join(path, `${i - i % 1000}`);
      if (i % 1000 === 0) await Deno.mkdir(inner, { recursive: true });
      else await Deno.writeTextFile(join(inner, `${i}.txt`), `${i}`);
    }
    await using server = await startServer();
    await using yoda = await logIn(server, "yoda");
    await using luke = await logIn(server, "luke");
    await yoda.send(`/send luke ${path}`);
    const sent = await yoda.event("result", {}, { timeoutMs: 600_000 });
    assertEquals(sent.ok, true);
    const received = join(luke.folder, "yoda_many");
    assertEquals(bytesIn(received), bytesIn(path));
    return mustBeSmall(yoda, luke);
  });
}

/** @returns Bytes of all of it. */
function makeMany(folder: string, random: SeededRandom): number {
  const many: Record<string, string | Uint8Array> = {};
  let all = 0;
  for (let i = 0; i < 500; i++) {
    const size = i % 50 === 7 ? 2_000_000 : random.below(30_000);
    const name = `many/${i % 7}/${i % 3}/${i}.${i % 11 === 0 ? "sh" : "bin"}`;
    many[name] = new Uint8Array(size).map((_, at) => at * i);
    all += size;
  }
  makeTree(folder, many);
  return all;
}

/** None of them has ever held more than it may: the most, kB. */
function mustBeSmall(...clients: readonly TestClient[]): number {
  const peaks = clients.map(({ process }) => usageOf(process.pid).peakKb);
  const most = Math.max(...peaks);
  assert(most * 1024 <= mostMemory, `${most} kB of memory`);
  return most;
}

/** Bytes of all files in a folder. */
function bytesIn(folder: string): number {
  try {
    return Array.from(walkSync(folder, { includeDirs: false }))
      .reduce((sum, { path }) => sum + Deno.statSync(path).size, 0);
  } catch {
    // It is not there yet, or just got its name.
    return 0;
  }
}

function namesIn(folder: string): string[] {
  return Array.from(Deno.readDirSync(folder), ({ name }) => name)
    .filter((name) => !name.startsWith(".")).sort();
}

/** Bytes. */
const mostMemory = 150e6;
const speeds = ["2M", "4M", "8M"];

if (import.meta.main) {
  const { number } = taskArguments({
    usage: "deno task soak:folder [--kills=10] [--seed=1] [--entries=98000]",
    about:
      "Kills either side of a folder, fills the disk, removes it, sends many.",
    numbers: { kills: 10, seed: 1, entries: 98_000 },
  });
  const say = (text: string) =>
    Deno.stdout.writeSync(new TextEncoder().encode(`${text}\n`));
  const costs = await killEitherSide(number("kills"), number("seed"));
  for (const cost of costs) say(JSON.stringify(cost));
  const sum = costs.reduce((sum, { lost }) => sum + lost, 0);
  say(`${costs.length} kills; ${sum} bytes in all were sent again`);
  if (await noMount() === undefined) {
    await fillDiskMeanwhile();
    say("a full disk was waited for");
  }
  await removeMeanwhile();
  say("a folder that was removed is told of");
  const entries = number("entries");
  say(`${entries} entries; at most ${await holdEntries(entries)} kB of memory`);
}

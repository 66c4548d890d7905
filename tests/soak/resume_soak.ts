/**
 * Kills the receiver of files again and again, at random points and at several
 * speeds; each time the file must go on within 1 MiB or one second of where it
 * was, and be whole in the end. Prints what each kill cost.
 *
 *     deno task soak:resume [--kills=20] [--mebibytes=40]
 */
import { assert, assertEquals } from "@std/assert";
import { join } from "@std/path";
import { logIn, startServer } from "../support/jedi.ts";
import { digestOf, writeRandomFile } from "../support/random_file.ts";
import { SeededRandom } from "../support/seeded_random.ts";
import type { JsonEvent } from "../support/test_client.ts";
import { waitUntil } from "../support/wait_until.ts";
import { taskArguments } from "../support/task_arguments.ts";

/** What one kill cost. */
export interface KillCost {
  /** Bytes that were written when it was killed. */
  readonly had: number;
  /** Bytes that were sent again. */
  readonly lost: number;
  /** Bytes a second until then. */
  readonly rate: number;
}

/** Kills receivers so many times; `bytes` is the size of the files. */
export async function killReceivers(
  kills: number,
  bytes: number,
  seed = 1,
): Promise<KillCost[]> {
  const random = new SeededRandom(seed);
  await using server = await startServer();
  await using yoda = await logIn(server, "yoda");
  const path = join(yoda.folder, "film.mp4");
  await writeRandomFile(path, bytes, seed);
  const downloads = join(yoda.folder, "received");
  const part = join(downloads, "yoda_film.mp4.part");
  const stored = join(downloads, "yoda_film.mp4");
  await Deno.mkdir(downloads);
  const args = ["--download-dir", downloads];
  const costs: KillCost[] = [];
  const sizeOf = async () =>
    (await Deno.stat(part).catch(() => undefined))?.size;
  while (costs.length < kills) {
    await using luke = await logIn(server, "luke", { args });
    const speed = speeds[random.below(speeds.length)]!;
    await yoda.succeed(`/limit ${speed}`);
    const from = yoda.process.out.length;
    await yoda.send(`/p2pvideo luke "${path}"`);
    await luke.event("transfer", { state: "running" });
    const startedAt = performance.now();
    const target = (0.05 + random.below(900) / 1000) * bytes;
    const seen: { readonly at: number; readonly size: number }[] = [];
    await waitUntil("so much to arrive", async () => {
      const size = await sizeOf();
      seen.push({ at: performance.now(), size: size ?? 0 });
      return size === undefined || size >= target;
    });
    await luke.process.kill();
    const size = await sizeOf();
    if (size === undefined) {
      // It was faster: it is whole, and the next one starts anew. Yoda may not
      // have been told so any more.
      await yoda.event("result", { command: "p2pvideo" }, { from });
      await check(stored, path);
      continue;
    }
    const now = performance.now();
    const rate = 1000 * size / (now - startedAt);
    const before = seen.findLast(({ at }) => at <= now - 1000)?.size ?? 0;
    const sent = await yoda.event("transfer", { state: "running" }, { from });
    await yoda.send(`/cancel ${sent.transfer}`);
    await yoda.event("result", { command: "p2pvideo", ok: false }, { from });
    costs.push(await goOn(size, before, rate));
  }
  return costs;

  /** Looks where the next try goes on, and lets it end. */
  async function goOn(
    had: number,
    secondBefore: number,
    rate: number,
  ): Promise<KillCost> {
    await using luke = await logIn(server, "luke", { args });
    await yoda.succeed("/limit 0");
    const from = yoda.process.out.length;
    await yoda.send(`/p2pvideo luke "${path}"`);
    const told: JsonEvent[] = await Promise.all([
      luke.event("transfer", { state: "running" }),
      yoda.event("transfer", { state: "running" }, { from }),
    ]);
    const [at, same] = told.map((event) => Number(event.bytes));
    assertEquals(at, same, "both sides say where it goes on");
    const lost = had - at!;
    const least = Math.min(had - 2 ** 20, secondBefore);
    assert(at! >= least, `${lost} lost of ${had}, ${rate}/s`);
    await yoda.event("result", { command: "p2pvideo", ok: true }, { from });
    await check(stored, path);
    return { had, lost, rate };
  }
}

async function check(stored: string, path: string): Promise<void> {
  assertEquals(await digestOf(stored), await digestOf(path));
  await Deno.remove(stored);
}

const speeds = ["1M", "5M", "20M", "0"];

if (import.meta.main) {
  const { number } = taskArguments({
    usage: "deno task soak:resume [--kills=20] [--mebibytes=40]",
    about: "Kills the receiver of files at random points.",
    numbers: { kills: 20, mebibytes: 40 },
  });
  const bytes = number("mebibytes") * 2 ** 20;
  const costs = await killReceivers(number("kills"), bytes);
  const say = (text: string) =>
    Deno.stdout.writeSync(new TextEncoder().encode(`${text}\n`));
  for (const cost of costs) say(JSON.stringify(cost));
  const most = Math.max(...costs.map(({ lost }) => lost));
  say(`${costs.length} kills; at most ${most} bytes were sent again`);
}

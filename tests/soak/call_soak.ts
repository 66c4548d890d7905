/// <reference lib="dom" />
/**
 * A video call between two real pages over a link that loses datagrams or is
 * shared with a file: how long pictures stood still, and what was lost. Needs
 * `chromium`, root, and a link emulator that `LINKEMU` names; see bench_link.ts.
 * One JSON line, with the values at who called and at who answered:
 *
 *     LINKEMU=… deno task soak:call [sent|received] [--seconds=120] [--loss=2] …
 *
 * | field | meaning |
 * |---|---|
 * | `frames` | pictures of the other side |
 * | `stillMs` | the longest time without one |
 * | `lost` | of what the other side sent, percent: mean and most in 10 s |
 * | `rttMs` | mean and most |
 * | `fileMegabits` | of the file that who calls sent or received, per second |
 */
import { join } from "@std/path";
import type { Page } from "puppeteer-core";
import { emulatedLink } from "../bench/bench_link.ts";
import { browserPath, shows } from "../support/browser.ts";
import { CallHome } from "../support/call_home.ts";
import { openChat, sees } from "../support/call_pages.ts";
import { jediAccounts } from "../support/jedi.ts";
import { taskArguments } from "../support/task_arguments.ts";
import { TestServer } from "../support/test_server.ts";

const task = taskArguments({
  usage: "LINKEMU=… deno task soak:call [sent|received] " +
    "[--seconds=120] [--loss=2] [--delay=20] [--megabits=0]",
  about: "Calls over a link with loss (percent) and delay (ms each way), " +
    "beside a file that is sent or received.",
  numbers: { seconds: 120, loss: 2, delay: 20, megabits: 0 },
  words: ["sent", "received"],
});
const seconds = task.number("seconds");
const megabits = task.number("megabits");
const [file] = task.words;

/** How a page's call was, from {@link watch} on. */
interface Watched {
  readonly frames: number;
  readonly stillMs: number;
  /** What the page told of the path, once a second. */
  readonly links: readonly string[];
}

/** Runs in the page: counts pictures of the other side. */
function watch(): void {
  const here = globalThis as unknown as { watched: Watched };
  const links: string[] = [];
  let [frames, stillMs, last, at] = [0, 0, 0, performance.now()];
  setInterval(() => {
    const video = document.querySelector<HTMLVideoElement>("video.remote");
    const total = video?.getVideoPlaybackQuality().totalVideoFrames ?? 0;
    const now = performance.now();
    if (total > last) {
      if (last > 0) frames += total - last;
      last = total;
      at = now;
    }
    stillMs = Math.max(stillMs, now - at);
    here.watched = { frames, stillMs, links };
  }, 20);
  setInterval(() => {
    const about = document.querySelector(".call-about")?.textContent ?? "";
    links.push(about);
  }, 1000);
}

/** The numbers of `form` in what the page told: mean and most. */
function numbers(links: readonly string[], form: RegExp): [number, number] {
  const all = links.flatMap((each) => {
    const found = form.exec(each)?.[1];
    return found === undefined ? [] : [Number(found)];
  });
  const mean = all.reduce((sum, each) => sum + each, 0) / all.length;
  return [Number(mean.toFixed(2)), Math.max(...all)];
}

async function arrivedBytes(folder: string): Promise<number> {
  let bytes = 0;
  for await (const { name } of Deno.readDir(folder)) {
    const { size, blocks } = await Deno.stat(join(folder, name));
    bytes += Math.min(size, (blocks ?? 0) * 512);
  }
  return bytes;
}

async function run(folder: string): Promise<void> {
  if (browserPath === undefined) throw new Error("there is no chromium here");
  await using link = await emulatedLink("call", [
    ...["--loss", String(task.number("loss"))],
    ...["--delay", String(task.number("delay"))],
    ...megabits > 0 ? ["--rate", `${megabits}M`] : [],
  ]);
  if (link === undefined) throw new Error("no link can be made: see above");
  await using server = await TestServer.start({
    accounts: jediAccounts,
    host: link.address,
    launcher: link.on("b", []),
  });
  const at = (side: "a" | "b") => ({
    server: `${link.address}:${server.port}`,
    launcher: link.on(side, []),
    args: ["--accept", "always", "--download-dir", folder],
  });
  await using yoda = await CallHome.open("yoda", at("a"));
  await using luke = await CallHome.open("luke", at("b"));
  await yoda.call("luke");
  await luke.answer();
  const pages: Page[] = [yoda.page, luke.page];
  for (const page of pages) await sees(page);
  for (const page of pages) await shows(page, ".call-about", "% lost");
  let took: Promise<number> | undefined;
  if (file !== undefined) {
    const [from, to] = file === "sent" ? [yoda, luke] : [luke, yoda];
    const path = join(from.gui.folder, "long.bin");
    await Deno.writeFile(path, new Uint8Array());
    await Deno.truncate(path, 2 ** 34);
    const name = from === yoda ? "luke" : "yoda";
    if (await from.page.$("textarea") === null) {
      await openChat(from.page, `@${name}`);
    }
    await from.enter(`/p2pvideo ${name} ${path}`);
    const arrived = () => arrivedBytes(folder);
    while (await arrived() === 0) await sees(to.page);
    const before = await arrived();
    took = new Promise((resolve) =>
      setTimeout(async () => {
        const bytes = await arrived() - before;
        resolve(bytes * 8 / seconds / 1e6);
      }, seconds * 1000)
    );
  }
  for (const page of pages) await page.evaluate(watch);
  await new Promise((resolve) => setTimeout(resolve, seconds * 1000));
  const watched = await Promise.all(
    pages.map((page) =>
      page.evaluate(() =>
        (globalThis as unknown as { watched: Watched }).watched
      )
    ),
  );
  const line = {
    soak: "call",
    ...{ seconds, loss: task.number("loss"), megabits, file },
    frames: watched.map(({ frames }) => frames),
    stillMs: watched.map(({ stillMs }) => Math.round(stillMs)),
    lost: watched.map(({ links }) => numbers(links, /([\d.]+) % lost/)),
    rttMs: watched.map(({ links }) => numbers(links, /([\d.]+) ms/)),
    fileMegabits: took && Number((await took).toFixed(1)),
  };
  Deno.stdout.writeSync(new TextEncoder().encode(`${JSON.stringify(line)}\n`));
}

const folder = await Deno.makeTempDir({ prefix: "parley-call-" });
try {
  await run(folder);
} finally {
  await Deno.remove(folder, { recursive: true });
}

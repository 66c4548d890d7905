/// <reference lib="dom" />
/**
 * What the window costs a person, in a browser that runs already (Linux, where
 * one is installed). One JSON line:
 *
 *     PARLEY_PROGRAMS=dist deno task bench window [--quick]
 *
 * | field | meaning | is to be |
 * |---|---|---|
 * | `addressMs` | median from `parley gui` to its address told | |
 * | `usableMs` | the same to the form that can be filled in | under 300 |
 * | `messages` | how many are in view for what follows | |
 * | `drawn` | how many of them are in the document after scrolling to the first | |
 * | `scrollMs` | longest task of the page while older ones come, as one scrolls | under 50 |
 * | `talkMs` | the same while one writes and sends, and gets answers | under 50 |
 * | `openMs` | the same while the chat is opened again | under 50 |
 * | `clientMegabytes` | resident memory of the client then | under 150 |
 *
 * Tasks under 50 ms are not told by browsers: 0 stands for all of them.
 */
import type { Page } from "puppeteer-core";
import {
  browserPath,
  firstPage,
  press,
  shows,
  startBrowser,
} from "../support/browser.ts";
import { GuiClient } from "../support/gui_client.ts";
import { jediAccounts, logIn, passwordOf } from "../support/jedi.ts";
import { TestServer } from "../support/test_server.ts";
import { median } from "./median.ts";

/** Measures the window and prints the line. */
export async function windowBench(options: { quick: boolean }): Promise<void> {
  if (browserPath === undefined || Deno.build.os !== "linux") return;
  const { quick } = options;
  await using browser = await startBrowser();
  const page = await firstPage(browser);
  await page.evaluateOnNewDocument(noteForm);
  const starts: StartTimes[] = [];
  for (let run = 0; run < (quick ? 3 : 11); run++) {
    starts.push(await startTimes(page));
  }
  const line = {
    bench: "window",
    addressMs: median(starts.map(({ address }) => address)),
    usableMs: median(starts.map(({ usable }) => usable)),
    ...await chatTimes(page, quick ? 500 : 10_000),
  };
  await Deno.stdout.write(
    new TextEncoder().encode(`${JSON.stringify(line)}\n`),
  );
}

interface StartTimes {
  readonly address: number;
  readonly usable: number;
}

/** From the start, ms. */
async function startTimes(page: Page): Promise<StartTimes> {
  const start = performance.timeOrigin + performance.now();
  await using gui = await GuiClient.start();
  const { href } = await gui.address();
  const address = performance.timeOrigin + performance.now() - start;
  await page.goto(href, { waitUntil: "domcontentloaded" });
  await page.waitForSelector("[name=password]");
  // By the page's own clock: what looks for the form takes longer to be there.
  const shown = await page.evaluate(() => {
    const { formAt = 0 } = globalThis as unknown as { formAt?: number };
    return performance.timeOrigin + formAt;
  });
  return { address, usable: shown - start };
}

/** Runs in the page before it is loaded: notes when the form is there, ms. */
function noteForm(): void {
  const here = globalThis as unknown as { formAt?: number };
  new MutationObserver((_, observer) => {
    if (document.querySelector("[name=password]") === null) return;
    here.formAt = performance.now();
    observer.disconnect();
  }).observe(document, { childList: true, subtree: true });
}

async function chatTimes(page: Page, messages: number) {
  await using server = await TestServer.start({
    accounts: jediAccounts,
    args: ["--message-rate", "0"],
  });
  await using luke = await logIn(server, "luke");
  await using gui = await GuiClient.start({
    args: ["127.0.0.1", String(server.port), "--plain", "--user", "yoda"],
    env: { PARLEY_PASSWORD: passwordOf("yoda") },
  });
  await page.setViewport({ width: 1440, height: 900 });
  await page.goto((await gui.address()).href);
  await shows(page, ".me-bar", "yoda");
  for (let count = 1; count <= messages; count++) {
    await luke.send(
      `/msgto yoda ${count}: ${words.slice(0, 20 + count * 7 % 300)}`,
    );
  }
  await luke.succeed("/msgto yoda the last of them");
  await open(page);
  await shows(page, ".message", "the last of them");
  await page.mouse.move(700, 300);
  const scrollMs = await longestTask(page, async () => {
    while (await page.$(".beginning") === null) {
      await page.mouse.wheel({ deltaY: -1500 });
    }
  });
  const drawn = await page.evaluate(() =>
    document.getElementsByClassName("message").length
  );
  await page.locator(".to-end").click();
  await page.focus("textarea");
  const talkMs = await longestTask(page, async () => {
    for (let count = 0; count < 10; count++) {
      await page.keyboard.type(`word ${count}`);
      await page.keyboard.press("Enter");
      await said(page, `word ${count}`);
      await luke.succeed(`/msgto yoda answer ${count}`);
      await said(page, `answer ${count}`);
    }
  });
  await press(page, "Menu");
  await press(page, "Write to everybody");
  await shows(page, ".chat-head", "Everybody");
  const openMs = await longestTask(page, async () => {
    await open(page);
    await said(page, "answer 9");
  });
  const status = await Deno.readTextFile(`/proc/${gui.process.pid}/status`);
  const kilobytes = Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]);
  const clientMegabytes = Math.round(kilobytes / 1024);
  return { messages, drawn, scrollMs, talkMs, openMs, clientMegabytes };
}

async function open(page: Page): Promise<void> {
  await page.$eval('[data-key="@luke"]', (row) => (row as HTMLElement).click());
}

/** Waits for it among the last messages: to look through all takes long itself. */
async function said(page: Page, text: string): Promise<void> {
  await page.waitForFunction(
    (text: string) =>
      [...document.getElementsByClassName("block")].at(-1)?.textContent
        ?.includes(text),
    {},
    text,
  );
}

/** The longest that the page had to do at once meanwhile, ms. */
async function longestTask(
  page: Page,
  act: () => Promise<void>,
): Promise<number> {
  await page.evaluate(() => {
    const bench = globalThis as unknown as Watched;
    bench.tasks = [];
    bench.observer?.disconnect();
    bench.observer = new PerformanceObserver((list) =>
      bench.tasks.push(...list.getEntries().map(({ duration }) => duration))
    );
    bench.observer.observe({ entryTypes: ["longtask"] });
  });
  await act();
  const tasks = await page.evaluate(() =>
    new Promise<number[]>((resolve) =>
      // What ended just now is told soon.
      requestIdleCallback(() =>
        resolve((globalThis as unknown as Watched).tasks)
      )
    )
  );
  return Math.round(Math.max(0, ...tasks));
}

interface Watched {
  tasks: number[];
  observer?: PerformanceObserver;
}

const words = "the ability to destroy a planet is insignificant next to the " +
  "power of the force, and so on and so forth, ".repeat(8);

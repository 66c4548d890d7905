/// <reference lib="dom" />
/**
 * How long one waits for somebody's picture, between two real clients with real
 * browsers on this machine (where one is installed). One JSON line:
 *
 *     PARLEY_PROGRAMS=dist deno task bench call [--quick]
 *
 * | field | meaning |
 * |---|---|
 * | `calls` | how many were made |
 * | `calleeMs` | median from Answer to the first picture, for who answers |
 * | `callerMs` | the same for who called |
 */
import type { Page } from "puppeteer-core";
import { browserPath, press, shows, startBrowser } from "../support/browser.ts";
import { callArguments, callPage, openChat } from "../support/call_pages.ts";
import { GuiClient } from "../support/gui_client.ts";
import { startServer } from "../support/jedi.ts";
import { median } from "./median.ts";

/** Measures calls and prints the line. */
export async function callBench(options: { quick: boolean }): Promise<void> {
  if (browserPath === undefined) return;
  const calls = options.quick ? 5 : 20;
  await using server = await startServer();
  await using yodaGui = await GuiClient.start();
  await using lukeGui = await GuiClient.start();
  await using browser = await startBrowser(callArguments);
  const luke = await callPage(browser, server, lukeGui, "luke");
  const yoda = await callPage(browser, server, yodaGui, "yoda");
  await openChat(yoda, "@luke");
  const callee: number[] = [];
  const caller: number[] = [];
  for (let count = 0; count < calls; count++) {
    await press(yoda, "Video call luke");
    await shows(luke, ".ring", "yoda calls you");
    const [seen, { begun, isSeen }] = await Promise.all([
      firstPicture(yoda),
      answer(luke),
    ]);
    callee.push(isSeen - begun);
    caller.push(seen - begun);
    await press(luke, "Hang up");
    for (const page of [yoda, luke]) {
      await page.waitForSelector(".call", { hidden: true });
    }
  }
  const line = {
    bench: "call",
    calls,
    calleeMs: median(callee),
    callerMs: median(caller),
  };
  await Deno.stdout.write(
    new TextEncoder().encode(`${JSON.stringify(line)}\n`),
  );
}

async function answer(
  page: Page,
): Promise<{ readonly begun: number; readonly isSeen: number }> {
  const begun = await page.$eval(".ring .main", (button) => {
    (button as HTMLElement).click();
    return performance.timeOrigin + performance.now();
  });
  return { begun, isSeen: await firstPicture(page) };
}

/** When the first picture of the other side is there, ms since 1970 UTC. */
function firstPicture(page: Page): Promise<number> {
  return page.evaluate(async () => {
    for (;;) {
      const video = document.querySelector<HTMLVideoElement>("video.remote");
      if (video !== null && video.getVideoPlaybackQuality().totalVideoFrames) {
        return performance.timeOrigin + performance.now();
      }
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  });
}

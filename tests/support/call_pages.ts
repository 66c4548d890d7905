/// <reference lib="dom" />
/** Pages of clients that call each other. */
import type { Browser, Page } from "puppeteer-core";
import { anotherPage, shows } from "./browser.ts";
import type { GuiClient } from "./gui_client.ts";
import type { TestServer } from "./test_server.ts";
import { patience } from "./wait_until.ts";

/** What a browser needs so that nobody has to allow a camera or choose a screen. */
export const callArguments: readonly string[] = [
  "--use-fake-ui-for-media-stream",
  "--auto-select-desktop-capture-source=Entire screen",
];

/** A page of a client, logged in as `name`, who has said something to everybody. */
export async function callPage(
  browser: Browser,
  server: TestServer,
  gui: GuiClient,
  name: string,
): Promise<Page> {
  const tab = await gui.tabOf(name, server);
  await tab.run("/broadcast hello there");
  tab.close();
  const page = await anotherPage(browser);
  await page.setViewport({ width: 1100, height: 800 });
  await page.goto((await gui.newAddress()).href);
  await shows(page, ".me-bar", name);
  return page;
}

/** Opens a conversation and waits for its box. */
export async function openChat(page: Page, key: string): Promise<void> {
  const row = `[data-key="${key}"]`;
  await page.waitForSelector(row);
  await page.$eval(row, (each) => (each as HTMLElement).click());
  await page.waitForFunction(
    (row: string) =>
      document.querySelector(row)?.classList.contains("open") &&
      document.activeElement?.tagName === "TEXTAREA",
    {},
    row,
  );
}

/**
 * Waits until pictures of the other side are decoded, from now on. Where many
 * use the machine, the first after a camera was off can take a minute.
 */
export async function sees(
  page: Page,
  picture = "video.remote",
): Promise<void> {
  await page.waitForFunction(
    (picture: string, look: string) => {
      const video = document.querySelector<HTMLVideoElement>(picture);
      if (!video) return false;
      const { totalVideoFrames } = video.getVideoPlaybackQuality();
      const { before } = video.dataset;
      // Not what an earlier look saw, nor one that counts anew.
      if (video.dataset.look !== look || totalVideoFrames < Number(before)) {
        video.dataset.look = look;
        video.dataset.before = String(totalVideoFrames);
        return false;
      }
      return totalVideoFrames > Number(before) + 1;
    },
    { timeout: 4 * patience },
    picture,
    String(++looks),
  );
}

let looks = 0;

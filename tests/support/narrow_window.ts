/// <reference lib="dom" />
/** The window in the dark, and as wide as a telephone. */
import { assert, assertEquals } from "@std/assert";
import type { Page } from "puppeteer-core";
import { noneSerious, press, shows } from "./browser.ts";
import { focused } from "./window_page.ts";

/** A chat is open, luke is in the list, and a notice is shown; ends in the list. */
export async function lookWhereNarrow(page: Page): Promise<void> {
  await page.emulateMediaFeatures([{
    name: "prefers-color-scheme",
    value: "dark",
  }]);
  await noneSerious(page);
  await page.setViewport({ width: 360, height: 740 });
  await noneSerious(page);
  await lookAtNotices(page);
  const wide = await page.evaluate(() => document.documentElement.scrollWidth);
  assert(wide <= 360, `${wide} pixels`);
  await press(page, "All chats");
  await shows(page, ".row", "luke");
  await noneSerious(page);
  // Nothing is below a notice.
  await press(page, "Search messages");
  await focused(page, "INPUT");
  const found = await page.evaluate(() => {
    const { x, y } = document.activeElement!.getBoundingClientRect();
    const isThere =
      document.elementFromPoint(x + 9, y + 9) === document.activeElement;
    return [document.querySelector(".notice") !== null, isThere];
  });
  assertEquals(found, [true, true]);
  await page.keyboard.press("Escape");
}

/** Each takes one line, and shows the rest to who taps it or comes to its button. */
async function lookAtNotices(page: Page): Promise<void> {
  const look = () =>
    page.$$eval(".notice", (all) =>
      all.map((notice) => {
        const { clientWidth, scrollWidth } = notice.querySelector(".grow")!;
        const { height } = notice.getBoundingClientRect();
        return { isOneLine: height < 48, isCut: scrollWidth > clientWidth };
      }));
  const before = await look();
  assert(before.every(({ isOneLine }) => isOneLine), JSON.stringify(before));
  const long = before.findIndex(({ isCut }) => isCut);
  assert(long >= 0, JSON.stringify(before));
  const [text, button] = [".grow", "button"].map((part) =>
    `.notice:nth-child(${long + 1}) ${part}`
  );
  await page.locator(text!).click();
  assertEquals((await look())[long], { isOneLine: false, isCut: false });
  await noneSerious(page);
  await page.focus("textarea");
  assertEquals(await look(), before);
  await page.focus(button!);
  assertEquals((await look())[long], { isOneLine: false, isCut: false });
  await page.focus("textarea");
}

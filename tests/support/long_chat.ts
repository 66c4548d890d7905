/// <reference lib="dom" />
/** A chat of many messages in the window, of which few are in the document. */
import { assert } from "@std/assert";
import type { Page } from "puppeteer-core";
import { press, shows } from "./browser.ts";
import type { TestClient } from "./test_client.ts";
import { focused, openRow } from "./window_page.ts";

/**
 * Another device of the user's says a lot to obiwan, who is away. The page holds
 * what is near to what is seen, and keeps everything in its place.
 *
 * @param desk The other device.
 * @param comeBack Logs obiwan in.
 */
export async function lookThroughLongChat(
  page: Page,
  desk: TestClient,
  comeBack: () => Promise<AsyncDisposable>,
): Promise<void> {
  for (let number = 1; number <= count; number++) {
    await desk.send(`/msgto obiwan ${textOf(number)}`);
  }
  await desk.succeed("/msgto obiwan the end");
  await openRow(page, "@obiwan");
  await shows(page, ".message .text", "the end");
  // Nothing jumps, also where older ones come meanwhile.
  for (let times = 0; times < 20; times++) await stepUp(page);
  await page.waitForFunction(
    (first: string) => {
      document.querySelector(".log")!.scrollTop = 0;
      return [...document.querySelectorAll(".message .text")]
        .some(({ textContent }) => textContent === first);
    },
    {},
    textOf(1),
  );
  await fewAreThere(page);
  // The browser's own search finds the rest.
  await shows(page, ".far", textOf(midway));

  await using _obiwan = await comeBack();
  await shows(page, ".message .mark", "delivered");
  const shown = await page.$$eval(
    ".message .text",
    (all) => all.map(({ textContent }) => textContent),
  );
  assert(!shown.includes(textOf(midway)), "it is far away");
  await press(page, "Search messages");
  await focused(page, "INPUT");
  await page.keyboard.type("midway");
  await page.keyboard.press("Enter");
  await shows(page, ".found", "midway");
  await page.locator(".found button").click();
  await isFocused(page, midway);
  const mark = await page.$eval(":focus .mark", (each) => each.textContent);
  assert(mark?.startsWith("delivered"), `since it was taken out: ${mark}`);

  // What has the focus stays, however far one scrolls; so does what is above it.
  const first = await page.evaluate(() => {
    const block = document.activeElement?.closest(".block");
    block?.querySelector<HTMLElement>(".message")?.focus();
    const log = document.querySelector(".log")!;
    log.scrollTop = log.scrollHeight;
    return parseInt(block?.querySelector(".text")?.textContent ?? "");
  });
  await page.waitForFunction(() => {
    const blocks = [...document.querySelectorAll(".block")];
    const place = blocks.findIndex((each) => each.matches(":focus-within"));
    return blocks[place - 1]?.matches(".far");
  });
  await page.keyboard.press("ArrowUp");
  await isFocused(page, first - 1);
  await page.keyboard.press("ArrowDown");
  await isFocused(page, first);
  await fewAreThere(page);
  await selectAll(page);
  await page.locator(".to-end").click();
  await page.focus("textarea");
}

/** Scrolls up a bit, if what it scrolled to before stands where it has to. */
async function stepUp(page: Page): Promise<void> {
  await page.waitForFunction(
    (slack: number) => {
      const { seen, wanted } = globalThis as unknown as Step;
      if (seen === undefined) return true;
      const { top } = document.querySelector(`[data-place="${seen}"]`)
        ?.getBoundingClientRect() ?? {};
      return top !== undefined && Math.abs(top - wanted) <= slack;
    },
    {},
    slack,
  );
  await page.evaluate(async (step: number) => {
    const log = document.querySelector(".log")!;
    const { top } = log.getBoundingClientRect();
    const first = [...log.querySelectorAll<HTMLElement>(".message")]
      .find((each) => each.getBoundingClientRect().bottom > top)!;
    const from = first.getBoundingClientRect().top + log.scrollTop;
    log.scrollTop -= step;
    // The page learns of it before anything else comes.
    log.dispatchEvent(new Event("scroll"));
    const seen = first.dataset.place;
    Object.assign(globalThis, { seen, wanted: from - log.scrollTop });
    // What comes near is laid out with the first of these frames.
    for (let frames = 0; frames < 2; frames++) {
      await new Promise(requestAnimationFrame);
    }
  }, step);
}

/** Waits until the page has taken out what it can. */
async function fewAreThere(page: Page): Promise<void> {
  await page.waitForFunction(
    (most: number) => document.querySelectorAll(".message").length <= most,
    {},
    most,
  );
}

/** What is selected from afar is drawn when one comes there, and not before. */
async function selectAll(page: Page): Promise<void> {
  await page.evaluate(() => {
    const told = Promise.withResolvers<void>();
    document.addEventListener("contentvisibilityautostatechange", (event) => {
      const { skipped } = event as ContentVisibilityAutoStateChangeEvent;
      // All are told in one go, and drawn soon after.
      if (!skipped) requestIdleCallback(() => told.resolve());
    }, { capture: true });
    Object.assign(globalThis, { told: told.promise });
  });
  await page.focus(".log");
  await page.keyboard.down("Control");
  await page.keyboard.press("a");
  await page.keyboard.up("Control");
  const drawn = await page.evaluate(async () => {
    await (globalThis as unknown as { told: Promise<void> }).told;
    return document.querySelectorAll(".message").length;
  });
  assert(drawn <= most, `${drawn} were drawn`);
  await page.$eval(".log", (log) => log.scrollTop = 0);
  await shows(page, ".message .text", textOf(1));
  await page.evaluate(() => getSelection()?.removeAllRanges());
  await fewAreThere(page);
}

/** Waits until a message has the focus and can be seen. */
async function isFocused(page: Page, number: number): Promise<void> {
  const isThere = page.waitForFunction(
    (text: string) => {
      const { activeElement: message } = document;
      const { top = -1 } = message?.getBoundingClientRect() ?? {};
      return message?.matches(".message") && top > 0 && top < innerHeight &&
        message.querySelector(".text")?.textContent === text;
    },
    {},
    textOf(number),
  );
  await isThere.catch(async (cause) => {
    const found = await page.evaluate(() => {
      const { activeElement } = document;
      const { top } = activeElement?.getBoundingClientRect() ?? {};
      const text = activeElement?.querySelector(".text")?.textContent;
      return { class: activeElement?.className, top, text };
    });
    throw new Error(`${number}, not ${JSON.stringify(found)}`, { cause });
  });
}

/** What is said: heights differ much. */
function textOf(number: number): string {
  if (number === midway) return `${number}: midway`;
  const length = number % 10 === 0 ? 3000 : number * 7 % 300;
  return `${number}: ${"and so on ".repeat(300).slice(0, length)}`.trim();
}

/** So many messages there are. */
const count = 400;
/** The one that is looked for. */
const midway = count / 2;
/** At most so many are in the document when nothing moves. */
const most = 200;
/** By so much it is scrolled at once, pixels. */
const step = 400;
/** As high as what tells author and day, which goes when others come above. */
const slack = 60;

/** What was seen before the last step, and how far down it belongs, pixels. */
interface Step {
  readonly seen?: string;
  readonly wanted: number;
}

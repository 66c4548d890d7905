/// <reference lib="dom" />
/**
 * A real browser for the tests of the window: one for all of them, as it takes
 * a second to start. Without one on this machine they say that they are skipped.
 */
import { assertEquals } from "@std/assert";
import axe from "axe-core";
import puppeteer, {
  type Browser,
  type BrowserContext,
  type Page,
} from "puppeteer-core";
import { testUnless } from "./test_unless.ts";
import { patience } from "./wait_until.ts";

/** Path of the browser that is installed here; absent for none. */
export const browserPath: string | undefined = findBrowser();

/** Why there is none; absent where one is. */
export const noBrowser: string | undefined = browserPath === undefined
  ? "no chromium is installed"
  : undefined;

/** Runs one step of a test; each begins where the one before it ended. */
export type BrowserStep = (
  name: string,
  act: () => Promise<void>,
) => Promise<void>;

/** A test that needs the browser; where there is none it says so. */
export function browserTest(
  name: string,
  act: (step: BrowserStep) => Promise<void>,
): void {
  testUnless(noBrowser, name, (t) =>
    act(async (name, act) => {
      if (!await t.step(name, act)) throw new Error(`${name}: see above`);
    }));
}

/**
 * Starts it; no page of it reaches anything but this machine. Its microphone and
 * camera are not real: a tone, and a picture that moves.
 *
 * @param args Besides those that all tests need.
 * @param launcher Command that starts it, such as one that enters a namespace.
 */
export async function startBrowser(
  args: readonly string[] = [],
  [launcher, ...words]: readonly string[] = [],
): Promise<Browser> {
  if (browserPath === undefined) throw new Error("no browser is installed");
  const own = [
    // The tests may run as root, where there is no sandbox.
    ...Deno.uid() === 0 ? ["--no-sandbox"] : [],
    "--disable-gpu",
    "--disable-background-networking",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
    "--use-fake-device-for-media-stream",
    ...args,
  ];
  if (launcher === undefined) {
    return await puppeteer.launch({
      executablePath: browserPath,
      timeout: patience,
      args: own,
    });
  }
  const all = await puppeteer.defaultArgs({ args: own });
  return await puppeteer.launch({
    executablePath: findProgram([launcher]) ?? launcher,
    ignoreDefaultArgs: true,
    timeout: patience,
    args: [...words, browserPath, ...all],
    // Its port would be that of another network.
    pipe: true,
  });
}

/** The browser's first page, which somebody looks at. */
export async function firstPage(browser: Browser): Promise<Page> {
  const [page = await browser.newPage()] = await browser.pages();
  return await lookedAt(page);
}

/** One page more, in a window that somebody looks at, too. */
export async function anotherPage(
  browser: Browser | BrowserContext,
): Promise<Page> {
  return await lookedAt(await browser.newPage());
}

async function lookedAt(page: Page): Promise<Page> {
  page.setDefaultTimeout(patience);
  const session = await page.createCDPSession();
  await session.send("Emulation.setFocusEmulationEnabled", { enabled: true });
  return page;
}

/** What goes wrong on a page: errors, and what its policy forbids. */
export function faultsOf(page: Page): string[] {
  const faults: string[] = [];
  page.on("pageerror", (error) => faults.push(String(error)));
  page.on("console", (message) => {
    if (message.type() === "error") faults.push(message.text());
  });
  return faults;
}

/** Waits until `text` can be read in what `selector` finds. */
export async function shows(
  page: Page,
  selector: string,
  text: string,
): Promise<void> {
  await page.waitForFunction(
    (selector: string, text: string) =>
      [...document.querySelectorAll(selector)].some((each) =>
        each.textContent?.includes(text)
      ),
    {},
    selector,
    text,
  ).catch(async (error) => {
    const found = await page.evaluate(() => document.body.innerText);
    throw new Error(`${selector} does not show "${text}" but\n${found}`, {
      cause: error,
    });
  });
}

/** Clicks the button, link or row of that name. */
export async function press(page: Page, name: string): Promise<void> {
  await page.locator(`::-p-aria([name="${name}"])`).click();
}

/** Nothing that keeps anybody from using the page as it stands. */
export async function noneSerious(page: Page): Promise<void> {
  // The policy lets in no script, and the tool has to be one.
  await page.evaluate(axe.source);
  const found = await page.evaluate(async () => {
    const { violations } = await (globalThis as unknown as {
      axe: { run(): Promise<import("axe-core").AxeResults> };
    }).axe.run();
    return violations.filter(({ impact }) =>
      impact === "serious" || impact === "critical"
    ).map(({ id, nodes }) =>
      `${id}: ${nodes.map(({ html }) => html).join("\n")}`
    );
  });
  assertEquals(found, []);
}

/** Waits until the picture that `selector` finds is there. */
export async function isDrawn(page: Page, selector: string): Promise<void> {
  await page.waitForFunction(
    (selector: string) =>
      (document.querySelector<HTMLImageElement>(selector)?.naturalWidth ?? 0) >
        0,
    {},
    selector,
  );
}

function findBrowser(): string | undefined {
  return findProgram(["chromium", "chromium-browser", "google-chrome"]);
}

function findProgram(names: readonly string[]): string | undefined {
  const folders = (Deno.env.get("PATH") ?? "").split(":");
  return names.flatMap((name) => folders.map((folder) => `${folder}/${name}`))
    .find((path) => {
      try {
        return Deno.statSync(path).isFile;
      } catch {
        return false;
      }
    });
}

/** A picture of one pixel, PNG. */
export const onePixel: Uint8Array<ArrayBuffer> = Uint8Array.fromBase64(
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==",
);

/// <reference lib="dom" />
/** What the tests of the window do with the page beside pressing buttons. */
import { join } from "@std/path";
import type { NewDocumentScriptEvaluation, Page } from "puppeteer-core";
import { press } from "./browser.ts";
import type { TestClient } from "./test_client.ts";
import { waitUntil } from "./wait_until.ts";

/** From the next time it is loaded, a page can be put to sleep. */
export async function canSleep(page: Page): Promise<void> {
  await page.evaluateOnNewDocument(() => {
    const sleeper: Sleeper = { isAsleep: false, isLost: false, wake() {} };
    Object.assign(globalThis, {
      sleeper,
      WebSocket: new Proxy(WebSocket, {
        construct(kind, [url]: [string]) {
          if (!sleeper.isAsleep) return sleeper.socket = new kind(url);
          const refused = { readyState: WebSocket.CLOSED, onclose() {} };
          sleeper.wake = () => refused.onclose();
          sleeper.isLost = true;
          return refused;
        },
      }),
    });
  });
}

/** It loses its client, and does not find it again before it wakes. */
export async function putToSleep(page: Page): Promise<void> {
  await page.evaluate(() => {
    const { sleeper } = globalThis as unknown as { sleeper: Sleeper };
    sleeper.isAsleep = true;
    sleeper.socket?.close();
  });
  await page.waitForFunction(() =>
    (globalThis as unknown as { sleeper: Sleeper }).sleeper.isLost
  );
}

/** It looks for its client again. */
export async function wake(page: Page): Promise<void> {
  await page.evaluate(() => {
    const { sleeper } = globalThis as unknown as { sleeper: Sleeper };
    sleeper.isAsleep = false;
    sleeper.wake();
  });
}

interface Sleeper {
  isAsleep: boolean;
  /** It has looked for its client meanwhile. */
  isLost: boolean;
  socket?: WebSocket;
  wake: () => void;
}

/** Chooses files or a folder after a press on a button. */
export async function choose(page: Page, name: string, paths: string[]) {
  const [chooser] = await Promise.all([
    page.waitForFileChooser(),
    press(page, name),
  ]);
  await chooser.accept(paths);
}

/** Waits until a file of that name is offered after that; it is not wanted. */
export async function offered(
  luke: TestClient,
  name: string,
  act: () => Promise<void>,
): Promise<void> {
  const from = luke.process.out.length;
  await act();
  const wanted = { state: "offered", name };
  const { transfer } = await luke.event("transfer", wanted, { from });
  await luke.succeed(`/reject ${transfer}`);
}

/** Counts what shows outside the page from now on. */
export async function watchHeralds(page: Page): Promise<void> {
  await page.evaluate(() => {
    const told: Told = { notes: [], sounds: 0 };
    Object.assign(globalThis, {
      told,
      Notification: new Proxy(Notification, {
        construct(kind, [title, { body }]: [string, NotificationOptions]) {
          told.notes.push(`${title}: ${body}`);
          return new kind(title, { body: body ?? "" });
        },
      }),
      AudioContext: new Proxy(AudioContext, {
        construct(kind) {
          told.sounds++;
          return new kind();
        },
      }),
    });
  });
}

/** What has shown outside the page. */
export function heralds(page: Page): Promise<Told> {
  return page.evaluate(() => (globalThis as unknown as { told: Told }).told);
}

/**
 * The first message that can be seen: its text, and how far below the top it is,
 * pixels. What comes into view is laid out in the next frames: it is told once
 * three of them have not moved it.
 */
export function firstSeen(page: Page): Promise<readonly [string, number]> {
  return page.$eval(".log", async (log) => {
    const look = () => {
      const { top } = log.getBoundingClientRect();
      const first = [...log.querySelectorAll(".message")].find((each) =>
        each.getBoundingClientRect().bottom > top
      );
      return [
        first?.textContent ?? "",
        (first?.getBoundingClientRect().top ?? 0) - top,
      ] as const;
    };
    let seen = look();
    for (let same = 0; same < 3;) {
      await new Promise(requestAnimationFrame);
      const now = look();
      same = now[0] === seen[0] && now[1] === seen[1] ? same + 1 : 0;
      seen = now;
    }
    return seen;
  });
}

/** Notes from now on of which messages the page makes anew what it shows. */
export async function watchDrawn(page: Page): Promise<void> {
  await page.evaluate(() => {
    const drawn = new Set<number>();
    const { getHours } = Date.prototype;
    // Each message tells when it was said.
    Date.prototype.getHours = function () {
      drawn.add(this.getTime());
      return getHours.call(this);
    };
    Object.assign(globalThis, { drawn });
  });
}

/** What was made anew: of the last two blocks of messages, and above them. */
export function drawnSince(
  page: Page,
): Promise<{ readonly last: number; readonly above: number }> {
  return page.evaluate(() => {
    const { drawn } = globalThis as unknown as { drawn: Set<number> };
    const blocks = [...document.querySelectorAll(".block")];
    const count = (some: Element[]) =>
      some.flatMap((block) => [
        ...block.querySelectorAll<HTMLElement>("[data-place]"),
      ]).filter(({ dataset: { place = "" } }) =>
        drawn.has(Number(place.split(" ")[1]))
      ).length;
    return { last: count(blocks.slice(-2)), above: count(blocks.slice(0, -2)) };
  });
}

/** What showed outside the page. */
export interface Told {
  readonly notes: string[];
  sounds: number;
}

/** Drops a file or folder on the conversation, as from a file manager. */
export async function drop(page: Page, path: string): Promise<void> {
  const session = await page.createCDPSession();
  const data = { items: [], files: [path], dragOperationsMask: 1 };
  for (const type of ["dragEnter", "dragOver", "drop"] as const) {
    await session.send("Input.dispatchDragEvent", {
      type,
      x: 700,
      y: 300,
      data,
    });
  }
  await session.detach();
}

/** Names of the copies of what waits. */
export function waiting(folder: string): string[] {
  const state = join(folder, ".state", "parley");
  return [...Deno.readDirSync(join(state, "uploads", "later"))]
    .map(({ name }) => name);
}

/** Where a file that was received is, below a client's folder. */
export function received(folder: string, path: string): Promise<string> {
  return waitUntil(`${path} in ${folder}`, async () => {
    for await (const { name, isDirectory } of Deno.readDir(folder)) {
      const place = isDirectory ? join(folder, name, path) : join(folder, name);
      const isMeant = isDirectory || name.endsWith(path);
      if (isMeant && await isFile(place)) return place;
    }
    return undefined;
  });
}

async function isFile(path: string): Promise<boolean> {
  return (await Deno.stat(path).catch(() => undefined))?.isFile === true;
}

/** Waits until an element of that tag has the focus. */
export async function focused(page: Page, tag: string): Promise<void> {
  await page.waitForFunction(
    (tag: string) => document.activeElement?.tagName === tag,
    {},
    tag,
  );
}

/** Opens a chat by its row. */
export async function openRow(page: Page, key: string): Promise<void> {
  await page.$eval(
    `[data-key="${key}"]`,
    (row) => (row as HTMLElement).click(),
  );
}

/** Takes out what was entered. */
export async function emptyBox(page: Page): Promise<void> {
  await page.focus("textarea");
  await page.keyboard.down("Control");
  await page.keyboard.press("a");
  await page.keyboard.up("Control");
  await page.keyboard.press("Backspace");
}

/** Has the page connect only when something was entered. */
export function connectLate(page: Page): Promise<NewDocumentScriptEvaluation> {
  return page.evaluateOnNewDocument(() => {
    const Real = WebSocket;
    globalThis.WebSocket = class {
      static readonly OPEN = 1;
      #socket: WebSocket | undefined;

      constructor(url: string) {
        addEventListener("submit", () => {
          const socket = this.#socket = new Real(url);
          Object.assign(socket, this);
        }, { once: true });
      }

      get readyState(): number {
        return this.#socket?.readyState ?? 0;
      }

      send(text: string): void {
        this.#socket?.send(text);
      }
    } as unknown as typeof WebSocket;
  });
}

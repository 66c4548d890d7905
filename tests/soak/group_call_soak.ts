/// <reference lib="dom" />
/**
 * A call of a group between real pages on this machine: all are connected, one
 * more is turned away, a connection is lost and comes back, somebody gets another
 * name, leaves, is asked in again, and dies. Needs `chromium`. One JSON line:
 *
 *     PARLEY_PROGRAMS=dist deno task soak:group-call [--people=4] [--voice]
 *
 * | field | meaning |
 * |---|---|
 * | `wholeMs` | from the last answer until everybody hears and sees everybody |
 * | `turnedAway` | what one more reads who was called, where it is full |
 * | `brokenMs` | from the end of one browser's connection with another until all is whole |
 * | `renamedMs` | from another name until all read it, with the picture going on |
 * | `leftMs` | from hanging up until nobody shows them any more |
 * | `backMs` | from their answer until they hear and see everybody |
 * | `killedMs` | from the death of a client until nobody shows its user |
 * | `stillMs` | the longest time without a picture of anybody, in `seconds` |
 */
import type { Page } from "puppeteer-core";
import { mostMembers } from "../../lib/client/commands/call_info.ts";
import { accountLine } from "../support/account_line.ts";
import {
  browserPath,
  firstPage,
  press,
  shows,
  startBrowser,
} from "../support/browser.ts";
import { callArguments, openChat } from "../support/call_pages.ts";
import { GuiClient, type GuiTab } from "../support/gui_client.ts";
import { passwordOf } from "../support/jedi.ts";
import { taskArguments } from "../support/task_arguments.ts";
import { TestServer } from "../support/test_server.ts";

const task = taskArguments({
  usage: "deno task soak:group-call [--people=4] [--seconds=20] [--voice]",
  about: "A call of a group: of 4 people with video, or up to 8 by voice.",
  numbers: { people: 4, seconds: 20 },
  switches: ["voice"],
});
const people = task.number("people");
const seconds = task.number("seconds");
const isVoice = task.has("voice");
/** There is room for no other. */
const isFull = people >= mostMembers[isVoice ? "voice" : "video"];

/** Who is in the group; where the call is full, one more than that. */
const names = [
  ...["yoda", "luke", "leia", "obiwan", "han"],
  ...["lando", "chewie", "ahsoka", "mace"],
].slice(0, isFull ? people + 1 : people);

let isDone = false;

/** Somebody in the group. */
interface Member {
  name: string;
  readonly gui: GuiClient;
  readonly page: Page;
  /** What the client tells. */
  readonly tab: GuiTab;
}

/** What a page has for the soak. */
interface CallWindow {
  connections: RTCPeerConnection[];
  RTCPeerConnection: typeof RTCPeerConnection;
}

async function run(): Promise<void> {
  if (browserPath === undefined) throw new Error("there is no chromium here");
  await using cleanup = new AsyncDisposableStack();
  const accounts = names.map((name) => accountLine(name, passwordOf(name)));
  const server = cleanup.use(
    await TestServer.start({ accounts: accounts.join("") }),
  );
  const members: Member[] = [];
  for (const name of names) members.push(await open(name, server, cleanup));
  cleanup.defer(() => {
    if (!isDone) write(Deno.stderr, members.map(storyOf).join("\n"));
  });
  const [first, ...others] = members as [Member, ...Member[]];
  await first.tab.run(`/creategroup jedi ${names.slice(1).join(" ")}`);
  for (const { tab } of others) await tab.run("/joingroup jedi");
  for (const { page } of members) await openChat(page, "#jedi");
  const last = isFull ? others.pop() : undefined;
  const inside = [first, ...others];
  await press(first.page, `${isVoice ? "Call" : "Video call"} jedi`);
  for (const { page } of others) await answer(page);
  const whole = performance.now();
  await isWhole(inside);
  const wholeMs = performance.now() - whole;
  const turnedAway = last && await awayText(last);
  const stillMs = await longestStill(inside);
  await isWhole(inside);
  const broken = performance.now();
  await breakOne(first);
  await isWhole(inside);
  const brokenMs = performance.now() - broken;
  const mover = others.at(-1)!;
  const renamed = performance.now();
  mover.name = "lars";
  await mover.tab.run("/rename lars");
  await isWhole(inside);
  const renamedMs = performance.now() - renamed;
  const left = performance.now();
  await press(mover.page, "Hang up");
  const staying = inside.filter((each) => each !== mover);
  await isWhole(staying);
  const leftMs = performance.now() - left;
  await openChat(first.page, "@lars");
  await press(first.page, "Ask lars into the call");
  await answer(mover.page);
  const back = performance.now();
  await isWhole(inside);
  const backMs = performance.now() - back;
  const killed = performance.now();
  await mover.gui.process.kill();
  await isWhole(staying);
  const killedMs = performance.now() - killed;
  isDone = true;
  const times = {
    wholeMs,
    brokenMs,
    renamedMs,
    leftMs,
    backMs,
    killedMs,
    stillMs,
  };
  const rounded = Object.fromEntries(
    Object.entries(times).map(([name, ms]) => [name, Math.round(ms)]),
  );
  const line = { soak: "group-call", people, isVoice, turnedAway, ...rounded };
  write(Deno.stdout, JSON.stringify(line));
}

function write(to: typeof Deno.stdout | typeof Deno.stderr, text: string) {
  to.writeSync(new TextEncoder().encode(`${text}\n`));
}

/** How the call of somebody went. */
function storyOf({ name, tab }: Member): string {
  const states = tab.messages.flatMap((told) => {
    if (told.tell !== "event" || told.event.event !== "call") return [];
    const { info, message = "" } = told.event;
    const members = info.members.map(({ user, state, reason = "" }) =>
      `${user} ${state} ${reason}`
    );
    return [`  ${info.state}: ${members.join(", ")} ${message}`];
  });
  return [name, ...states].join("\n");
}

async function open(
  name: string,
  { port }: TestServer,
  cleanup: AsyncDisposableStack,
): Promise<Member> {
  const gui = cleanup.use(
    await GuiClient.start({
      args: ["127.0.0.1", String(port), "--plain", "--user", name],
      env: { PARLEY_PASSWORD: passwordOf(name) },
    }),
  );
  // Each in a browser of its own, as people are.
  const browser = cleanup.use(await startBrowser(callArguments));
  const page = await firstPage(browser);
  page.setDefaultTimeout(120_000);
  await page.evaluateOnNewDocument(() => {
    const here = globalThis as unknown as CallWindow;
    here.connections = [];
    here.RTCPeerConnection = class extends RTCPeerConnection {
      constructor(options?: RTCConfiguration) {
        super(options);
        here.connections.push(this);
      }
    };
  });
  await page.setViewport({ width: 1100, height: 800 });
  await page.goto((await gui.address()).href);
  await shows(page, ".me-bar", name);
  return { name, gui, page, tab: await gui.tab() };
}

/** Ends a connection in one browser, and waits until its client tries it again. */
async function breakOne({ page }: Member): Promise<void> {
  await page.evaluate(() => {
    const { connections } = globalThis as unknown as CallWindow;
    connections.findLast(({ connectionState }) =>
      connectionState === "connected"
    )?.close();
  });
  await shows(page, ".tile .dim", "connecting again");
}

/** What one more reads. */
async function awayText({ page }: Member): Promise<string | undefined> {
  await shows(page, ".note", "it is full");
  const notes = await page.$$eval(
    ".note",
    (notes) => notes.map(({ textContent }) => textContent ?? ""),
  );
  return notes.find((note) => note.includes("it is full"));
}

async function answer(page: Page): Promise<void> {
  await page.waitForSelector(".ring .main");
  await page.$eval(".ring .main", (button) => (button as HTMLElement).click());
}

/** Waits until each of them hears, and sees, just the others. */
async function isWhole(members: readonly Member[]): Promise<void> {
  await Promise.all(members.map(async ({ page, name }) => {
    const others = members.map((each) => each.name)
      .filter((each) => each !== name);
    await page.waitForFunction(
      (others: string[], isVoice: boolean) => {
        const tiles = [...document.querySelectorAll(".tile:not(.me)")];
        return tiles.length === others.length && others.every((name) => {
          const tile = tiles.find((each) =>
            each.querySelector("figcaption bdi")?.textContent === name
          );
          // How far somebody has come is told until they are heard.
          if (!tile || tile.querySelector("figcaption .dim")) return false;
          if (isVoice) return true;
          const video = tile.querySelector("video");
          return (video?.getVideoPlaybackQuality().totalVideoFrames ?? 0) > 1;
        });
      },
      {},
      others,
      isVoice,
    ).catch(async (cause) => {
      const shown = await page.$eval(".app", (app) => app.textContent);
      throw new Error(`${name} is not with ${others} but:\n${shown}`, {
        cause,
      });
    });
  }));
}

/** Ms; 0 where nobody is seen. */
async function longestStill(members: readonly Member[]): Promise<number> {
  const all = await Promise.all(
    members.map(({ page }) =>
      page.evaluate(async (seconds: number) => {
        const videos = [
          ...document.querySelectorAll<HTMLVideoElement>(
            ".tile:not(.me) video",
          ),
        ];
        const seen = videos.map((video) => ({ video, frames: 0, at: 0 }));
        const start = performance.now();
        for (const each of seen) each.at = start;
        let still = 0;
        while (performance.now() - start < seconds * 1000) {
          const now = performance.now();
          for (const each of seen) {
            const { totalVideoFrames } = each.video.getVideoPlaybackQuality();
            if (totalVideoFrames > each.frames) each.at = now;
            each.frames = totalVideoFrames;
            still = Math.max(still, now - each.at);
          }
          await new Promise((resolve) => setTimeout(resolve, 20));
        }
        return still;
      }, seconds)
    ),
  );
  return Math.max(...all);
}

await run();

/// <reference lib="dom" />
/**
 * A call of a group between real pages on this machine: all are connected, one
 * more is turned away, a connection is lost and comes back, somebody gets another
 * name, leaves, is asked in again, dies, and comes back. Needs `chromium`. One JSON line:
 *
 *     PARLEY_PROGRAMS=dist deno task soak:group-call [--people=4] [--voice] [--speakers=8]
 *
 * | field | meaning |
 * |---|---|
 * | `wholeMs` | from the last answer until everybody hears and sees everybody |
 * | `turnedAway` | what one more reads who was called, where it is full |
 * | `brokenMs` | from the end of one browser's connection with another until all is whole |
 * | `stoppedMs` | from when a client goes on that stood still until all had lost it, until all is whole |
 * | `renamedMs` | from another name until all read it, with the picture going on |
 * | `leftMs` | from hanging up until nobody shows them any more |
 * | `backMs` | from their answer until they hear and see everybody |
 * | `killedMs` | from the death of a client until nobody shows its user, who might have come back |
 * | `againMs` | from the answer of who was killed until they hear and see everybody |
 * | `stillMs` | the longest time without a picture of anybody, in `seconds` |
 * | `lostLegs` | how often somebody lost the connection to another, in `seconds` |
 * | `voices` | that were heard by somebody in `seconds` |
 * | `lost` | of the datagrams of each two people, percent: mean and most |
 * | `madeUp` | of the sound, as nothing had come of it, percent: the same |
 * | `load` | of the machine at the end of `seconds` |
 */
import type { Browser, Page } from "puppeteer-core";
import { mostMembers } from "../../lib/client/commands/call_info.ts";
import { accountLine } from "../support/account_line.ts";
import {
  anotherPage,
  browserPath,
  press,
  shows,
  startBrowser,
} from "../support/browser.ts";
import { callArguments, openChat } from "../support/call_pages.ts";
import { GuiClient, type GuiTab } from "../support/gui_client.ts";
import { passwordOf } from "../support/jedi.ts";
import { wav } from "../support/test_media.ts";
import { taskArguments } from "../support/task_arguments.ts";
import { TestServer } from "../support/test_server.ts";

const task = taskArguments({
  usage:
    "deno task soak:group-call [--people=4] [--seconds=20] [--voice] [--speakers=8]",
  about:
    "A call of a group: of 4 people with video, or up to 8 by voice. All but SPEAKERS are muted.",
  numbers: { people: 4, seconds: 20, speakers: 8 },
  switches: ["voice"],
});
const people = task.number("people");
const seconds = task.number("seconds");
const speakers = task.number("speakers");
const isVoice = task.has("voice");
/** There is room for no other. */
const isFull = people >= mostMembers[isVoice ? "voice" : "video"];

/** Who is in the group; where the call is full, one more than that. */
const names = [
  ...["yoda", "luke", "leia", "obiwan", "han"],
  ...["lando", "chewie", "ahsoka", "mace"],
].slice(0, isFull ? people + 1 : people);

/**
 * Sound comes before all else for a browser of the system's user: that of eight
 * computers on one would leave nothing to the clients.
 */
const fair = Deno.build.os === "linux" && Deno.uid() === 0
  ? ["setpriv", "--bounding-set=-sys_nice"]
  : [];

let isDone = false;
/** What is told in the end, ms. */
const times: Record<string, number> = {};

/** Somebody in the group. */
interface Member {
  name: string;
  gui: GuiClient;
  readonly page: Page;
  /** What the client tells. */
  tab: GuiTab;
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
  // All in one, each with a profile of its own: there is but one machine.
  const voice = await Deno.makeTempFile({ suffix: ".wav" });
  cleanup.defer(() => Deno.remove(voice));
  const browser = cleanup.use(
    await startBrowser(await deviceArguments(voice), fair),
  );
  const members: Member[] = [];
  for (const name of names) {
    members.push(await open(name, server, browser, cleanup));
  }
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
  const muted = inside.slice(speakers);
  await time(
    "wholeMs",
    inside,
    () => Promise.all(muted.map(({ page }) => press(page, "Mute"))),
  );
  const turnedAway = last && await awayText(last);
  const lostBefore = lossesOf(inside).length;
  const soundBefore = await soundOf(inside);
  times.stillMs = await longestStill(inside);
  const sound = shares(soundBefore, await soundOf(inside));
  const losses = lossesOf(inside);
  for (const text of losses) write(Deno.stderr, text);
  const lostLegs = losses.length - lostBefore;
  const load = Deno.loadavg()[0];
  write(Deno.stderr, JSON.stringify({ lostLegs, ...sound, load, ...times }));
  await isWhole(inside);
  await time("brokenMs", inside, () => breakOne(first));
  const mover = others.at(-1)!;
  const staying = inside.filter((each) => each !== mover);
  await stop(mover, staying);
  await time("stoppedMs", inside, () => goOn(mover));
  await time("renamedMs", inside, async () => {
    mover.name = "lars";
    await mover.tab.run("/rename lars");
  });
  await time("leftMs", staying, () => press(mover.page, "Hang up"));
  await openChat(first.page, "@lars");
  const askIn = async () => {
    await press(first.page, "Ask lars into the call");
    await answer(mover.page);
  };
  await askIn();
  await time("backMs", inside);
  await time("killedMs", staying, () => mover.gui.process.kill());
  await comeBack(mover, server, cleanup);
  await askIn();
  await time("againMs", inside);
  isDone = true;
  const line = {
    ...{ soak: "group-call", people, isVoice, turnedAway },
    ...{ ...times, lostLegs, ...sound, load },
  };
  write(Deno.stdout, JSON.stringify(line));
}

/** Notes how long it takes from `act` on until just these are with each other. */
async function time(
  name: string,
  there: readonly Member[],
  act: () => Promise<unknown> = () => Promise.resolve(),
): Promise<void> {
  const start = performance.now();
  await act();
  await isWhole(there);
  times[name] = Math.round(performance.now() - start);
  write(Deno.stderr, `${name}: ${times[name]}`);
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
  server: TestServer,
  browser: Browser,
  cleanup: AsyncDisposableStack,
): Promise<Member> {
  const gui = cleanup.use(await startClient(name, server));
  const context = await browser.createBrowserContext();
  const page = await anotherPage(context);
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
    // What is not real has no echo either, and eight who look for one cost most.
    const devices = navigator.mediaDevices;
    if (devices === undefined) return;
    const ask = devices.getUserMedia.bind(devices);
    devices.getUserMedia = (wanted = {}) =>
      ask({
        ...wanted,
        ...wanted.audio && {
          audio: {
            echoCancellation: false,
            noiseSuppression: false,
            autoGainControl: false,
          },
        },
      });
  });
  await page.setViewport({ width: 1100, height: 800 });
  await page.goto((await gui.address()).href);
  await shows(page, ".me-bar", name);
  return { name, gui, page, tab: await gui.tab() };
}

/** Starts the client of somebody anew, who had the account of `names`' last. */
async function comeBack(
  mover: Member,
  server: TestServer,
  cleanup: AsyncDisposableStack,
): Promise<void> {
  const { folder } = mover.gui;
  const account = names[people - 1];
  mover.gui = cleanup.use(
    await startClient(mover.name, server, account, folder),
  );
  await mover.page.goto((await mover.gui.address()).href);
  await shows(mover.page, ".me-bar", mover.name);
  mover.tab = await mover.gui.tab();
}

/** @param account The first name, by which the password is known. */
async function startClient(
  name: string,
  { port }: TestServer,
  account = name,
  home?: string,
): Promise<GuiClient> {
  return await GuiClient.start({
    args: ["127.0.0.1", String(port), "--plain", "--user", name],
    env: { PARLEY_PASSWORD: passwordOf(account) },
    ...home !== undefined && { home },
  });
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

/** Has a client stand still until all others have lost it. */
async function stop({ gui }: Member, others: readonly Member[]): Promise<void> {
  Deno.kill(gui.process.pid, "SIGSTOP");
  for (const { page } of others) {
    await shows(page, ".tile .dim", "connecting again");
  }
}

function goOn({ gui }: Member): Promise<void> {
  Deno.kill(gui.process.pid, "SIGCONT");
  return Promise.resolve();
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
      { polling: 500 },
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

/** What anybody was told of who was lost. */
function lossesOf(members: readonly Member[]): string[] {
  return members.flatMap(({ name, tab }) =>
    tab.messages.flatMap((told) => {
      if (told.tell !== "event" || told.event.event !== "call") return [];
      const { info, message = "" } = told.event;
      if (!message.includes("was lost")) return [];
      const whys = info.members.filter(({ state }) => state === "reconnecting")
        .map(({ user, reason = "" }) => `${user} ${reason}`);
      return [`${name}: ${message} (${whys.join(", ")})`];
    })
  );
}

/** What came of one person's voice at another. */
interface HeardVoice {
  readonly id: string;
  readonly received: number;
  readonly lost: number;
  readonly samples: number;
  readonly madeUp: number;
}

async function soundOf(members: readonly Member[]): Promise<HeardVoice[]> {
  const all = await Promise.all(members.map(async ({ page, name }) => {
    const heard = await page.evaluate(async () => {
      const { connections } = globalThis as unknown as CallWindow;
      const open = connections.filter(({ connectionState }) =>
        connectionState === "connected"
      );
      const reports = await Promise.all(open.map((each) => each.getStats()));
      return reports.flatMap((report) =>
        [...report.values()].filter(({ type, kind }) =>
          type === "inbound-rtp" && kind === "audio"
        ).map((each) => ({
          id: String(each.ssrc),
          received: each.packetsReceived,
          lost: each.packetsLost,
          samples: each.totalSamplesReceived,
          // Where nobody speaks nothing comes, and that is no loss.
          madeUp: each.concealedSamples - each.silentConcealedSamples,
        }))
      );
    });
    return heard.map((each) => ({ ...each, id: `${name} ${each.id}` }));
  }));
  return all.flat();
}

/** Percent: mean and most. */
function shares(before: readonly HeardVoice[], after: readonly HeardVoice[]) {
  const grown = after.flatMap((now) => {
    const then = before.find(({ id }) => id === now.id);
    if (then === undefined) return [];
    const lost = now.lost - then.lost;
    const all = lost + now.received - then.received;
    // Who is muted sends nothing.
    if (all === 0) return [];
    const madeUp = now.madeUp - then.madeUp;
    return [{
      lost: 100 * lost / all,
      madeUp: 100 * madeUp / (now.samples - then.samples),
    }];
  });
  const of = (shares: readonly number[]) => {
    const mean = shares.reduce((sum, each) => sum + each, 0) / shares.length;
    return [mean, Math.max(...shares)].map((each) => Number(each.toFixed(2)));
  };
  return {
    voices: grown.length,
    lost: of(grown.map(({ lost }) => lost)),
    madeUp: of(grown.map(({ madeUp }) => madeUp)),
  };
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
          await new Promise((resolve) => setTimeout(resolve, 50));
        }
        return still;
      }, seconds)
    ),
  );
  return Math.round(Math.max(...all));
}

/**
 * Devices that cost the one machine little: a camera of few pictures, and a voice
 * that speaks 2 s of 16, since mostly one of eight does.
 *
 * @param voice Where its sound may be written.
 */
async function deviceArguments(voice: string): Promise<string[]> {
  const sound = wav(16);
  sound.fill(0, sound.length / 8);
  await Deno.writeFile(voice, sound);
  return [
    ...callArguments,
    "--use-fake-device-for-media-stream=fps=15",
    `--use-file-for-fake-audio-capture=${voice}`,
  ];
}

await run();

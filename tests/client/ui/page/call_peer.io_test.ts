/// <reference lib="dom" />
/** Two real browser pages in a call, with what two clients are for them. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { fromFileUrl } from "@std/path";
import type { Browser, Page } from "puppeteer-core";
import {
  mostMediaBytes,
  mostMediaPartBytes,
} from "../../../../lib/engine/call_media.ts";
import type { CallDescription } from "../../../../lib/client/events/call_description.ts";
import type { CallStatus } from "../../../../lib/client/ui/page/model/call_status.ts";
import type { CallPeer as Peer } from "../../../../lib/client/ui/page/state/call_peer.io.ts";
import {
  anotherPage,
  browserTest,
  startBrowser,
} from "../../../support/browser.ts";
import { DatagramBridge } from "../../../support/datagram_bridge.ts";
import { waitUntil } from "../../../support/wait_until.ts";

/** What a page has for the test. */
interface CallWindow {
  CallPeer: typeof Peer;
  peer: Peer;
  connection: RTCPeerConnection;
  RTCPeerConnection: typeof RTCPeerConnection;
  media: MediaStream;
  /** How it described its end. */
  own: CallDescription | undefined;
  isOpen: Promise<number>;
  ended: Promise<string>;
  statuses: CallStatus[];
  camera: HTMLVideoElement;
}

browserTest(
  "two browsers call each other through ports of this machine",
  async (step) => {
    const program = await bundle();
    await using server = Deno.serve(
      { port: 0, hostname: "127.0.0.1", onListen() {} },
      ({ url }) =>
        new URL(url).pathname === "/program.js"
          ? new Response(program, {
            headers: { "content-type": "text/javascript" },
          })
          : new Response("<!doctype html><title>call</title>", {
            headers: { "content-type": "text/html" },
          }),
    );
    await using browser = await startBrowser([
      "--use-fake-ui-for-media-stream",
    ]);
    const origin = `http://127.0.0.1:${server.addr.port}/`;

    await step("voice and camera come to both", async () => {
      await using bridge = new DatagramBridge();
      const [luke, leia] = await openBoth(browser, origin, bridge);
      await exchange(luke, leia, bridge);
      for (const page of [luke, leia]) {
        await page.evaluate(() => (globalThis as unknown as CallWindow).isOpen);
        await plays(page);
      }

      // With more people in it, what each is sent is smaller.
      await luke.evaluate(() =>
        (globalThis as unknown as CallWindow).peer.setPeople(4)
      );
      await leia.waitForFunction(() =>
        (globalThis as unknown as CallWindow).camera.videoHeight <= 180
      );
      await luke.evaluate(() =>
        (globalThis as unknown as CallWindow).peer.setPeople(2)
      );

      // Pictures with much in them fill datagrams, also those too large for one.
      await luke.evaluate(sendNoise);
      for (let round = 0; round < 40; round++) {
        if (bridge.largest > mostMediaPartBytes) break;
        await playsOn(leia);
      }
      assert(bridge.largest <= mostMediaBytes, `${bridge.largest} bytes`);

      // Of who says nothing next to nothing is sent.
      await luke.evaluate(() => {
        const { media } = globalThis as unknown as CallWindow;
        for (const track of media.getAudioTracks()) track.enabled = false;
      });
      await isQuiet(leia);

      // Taken out of what is sent, it stops, and the other is told.
      await luke.evaluate(() => {
        const { peer } = globalThis as unknown as CallWindow;
        const none = { voice: null, camera: null, screen: null };
        peer.send(none, { voice: false, camera: false, screen: false });
      });
      await leia.waitForFunction(() =>
        (globalThis as unknown as CallWindow).statuses.at(-1)?.camera === false
      );
      await isQuiet(leia);

      // Put in again, it is heard.
      await luke.evaluate(() => {
        const { peer, media } = globalThis as unknown as CallWindow;
        const [voice = null] = media.getAudioTracks();
        if (voice !== null) voice.enabled = true;
        peer.send({ voice, camera: null, screen: null }, {
          ...{ voice: true, camera: false, screen: false },
        });
      });
      await isHeard(leia);
      await luke.evaluate(() =>
        (globalThis as unknown as CallWindow).peer.close()
      );
      const why = await leia.evaluate(() =>
        (globalThis as unknown as CallWindow).ended
      );
      assertEquals(why, "lost", "who is ended by the other hears it at once");
      for (const page of [luke, leia]) await page.close();
    });

    await step(
      "a certificate that is not the one that was signed ends it, with a clear word",
      async () => {
        await using bridge = new DatagramBridge();
        const [luke, leia] = await openBoth(browser, origin, bridge);
        await exchange(luke, leia, bridge, (description) => ({
          ...description,
          fingerprint: "0".repeat(64),
        }));
        const why = await leia.evaluate(() =>
          (globalThis as unknown as CallWindow).ended
        );
        assertMatch(why, /not the one whose certificate was signed/);
        for (const page of [luke, leia]) await page.close();
      },
    );
  },
);

async function openBoth(
  browser: Browser,
  origin: string,
  { ports }: DatagramBridge,
): Promise<[Page, Page]> {
  const open = async (role: "offerer" | "answerer", port: number) => {
    const page = await anotherPage(browser);
    await page.goto(origin);
    await page.addScriptTag({ url: "/program.js", type: "module" });
    await page.waitForFunction(() => "CallPeer" in globalThis);
    await page.evaluate(begin, role, port);
    return page;
  };
  return [await open("offerer", ports[0]), await open("answerer", ports[1])];
}

/** Runs in the page. */
async function begin(
  role: "offerer" | "answerer",
  port: number,
): Promise<void> {
  const here = globalThis as unknown as CallWindow;
  const isOpen = Promise.withResolvers<number>();
  const ended = Promise.withResolvers<string>();
  here.own = undefined;
  here.isOpen = isOpen.promise;
  // Where the end is waited for, nobody waits for this.
  here.isOpen.catch(() => {});
  here.ended = ended.promise;
  here.statuses = [];
  here.camera = document.createElement("video");
  here.camera.muted = true;
  here.camera.autoplay = true;
  document.body.append(here.camera);
  here.media = await navigator.mediaDevices.getUserMedia({
    audio: true,
    video: { width: 640, height: 360 },
  });
  const [voice = null] = here.media.getAudioTracks();
  const [camera = null] = here.media.getVideoTracks();
  here.RTCPeerConnection = class extends RTCPeerConnection {
    constructor(options?: RTCConfiguration) {
      super(options);
      here.connection = this;
    }
  };
  here.peer = new here.CallPeer({
    handleDescription: (description) => here.own = description,
    handleOpen: () => isOpen.resolve(performance.now()),
    handleTracks: ({ voice, camera }) => {
      here.camera.srcObject = camera;
      // Nothing is decoded that nobody hears.
      const speaker = document.createElement("audio");
      speaker.srcObject = voice;
      speaker.autoplay = true;
      document.body.append(speaker);
    },
    handleStatus: (status) => here.statuses.push(status),
    handleEnd: (link, why = link) => {
      ended.resolve(why);
      isOpen.reject(new Error(why));
    },
  }, {
    role,
    port,
    tracks: { voice, camera, screen: null },
    status: { voice: true, camera: true, screen: false },
  });
  await here.peer.start();
}

/** Carries the values of each to the other. */
async function exchange(
  luke: Page,
  leia: Page,
  bridge: DatagramBridge,
  change = (description: CallDescription) => description,
): Promise<void> {
  const own = async (page: Page) => {
    await page.waitForFunction(() =>
      (globalThis as unknown as CallWindow).own !== undefined
    );
    return await page.evaluate(
      () => (globalThis as unknown as CallWindow).own!,
    );
  };
  const take = (page: Page, description: CallDescription) =>
    page.evaluate(
      (description: CallDescription) =>
        (globalThis as unknown as CallWindow).peer
          .handleDescription(description),
      description,
    );
  const offer = await own(luke);
  await take(leia, change(offer));
  const answer = await own(leia);
  bridge.open(offer, answer);
  await take(luke, answer);
}

/** Waits for a second with hardly a datagram of voice, where 50 are of speech. */
async function isQuiet(page: Page): Promise<void> {
  await waitUntil(
    "silence",
    async () => await voiceGain(page, "packetsReceived", 1000) < 10,
  );
}

/** Waits until more sound of the other side is decoded than there was before. */
async function isHeard(page: Page): Promise<void> {
  await waitUntil(
    "sound",
    async () => await voiceGain(page, "totalAudioEnergy", 500) > 0,
  );
}

/** By how much a figure of the other side's voice rises in so many ms. */
function voiceGain(
  page: Page,
  figure: "packetsReceived" | "totalAudioEnergy",
  ms: number,
): Promise<number> {
  return page.evaluate(
    async (figure: string, ms: number) => {
      const { peer } = globalThis as unknown as CallWindow;
      const now = async () => {
        const voice = [...(await peer.stats()).values()].find((
          { type, kind },
        ) => type === "inbound-rtp" && kind === "audio");
        return Number(voice[figure]);
      };
      const before = await now();
      await new Promise((resolve) => setTimeout(resolve, ms));
      return await now() - before;
    },
    figure,
    ms,
  );
}

/** Waits until pictures and sound of the other side are decoded. */
async function plays(page: Page): Promise<void> {
  await page.waitForFunction(async () => {
    const { peer, camera, statuses } = globalThis as unknown as CallWindow;
    const heard = [...(await peer.stats()).values()].some((
      { type, kind, totalAudioEnergy },
    ) => type === "inbound-rtp" && kind === "audio" && totalAudioEnergy > 0);
    const { totalVideoFrames } = camera.getVideoPlaybackQuality();
    return heard && totalVideoFrames > 5 && statuses.at(-1)?.camera === true;
  });
}

/** Runs in the page: sends pictures of which no two pixels are alike. */
function sendNoise(): void {
  const { peer, media } = globalThis as unknown as CallWindow;
  const canvas = document.createElement("canvas");
  canvas.width = 320;
  canvas.height = 180;
  const context = canvas.getContext("2d")!;
  const picture = context.createImageData(canvas.width, canvas.height);
  setInterval(() => {
    for (let at = 0; at < picture.data.length; at += 65_536) {
      crypto.getRandomValues(picture.data.subarray(at, at + 65_536));
    }
    context.putImageData(picture, 0, 0);
  }, 100);
  const [voice = null] = media.getAudioTracks();
  const [camera = null] = canvas.captureStream().getVideoTracks();
  const status = { voice: true, camera: true, screen: false };
  peer.send({ voice, camera, screen: null }, status);
}

/** Waits until a few pictures more are decoded. */
async function playsOn(page: Page): Promise<void> {
  const frames = () =>
    (globalThis as unknown as CallWindow).camera
      .getVideoPlaybackQuality().totalVideoFrames;
  const before = await page.evaluate(frames);
  await page.waitForFunction(
    (before: number) =>
      (globalThis as unknown as CallWindow).camera
        .getVideoPlaybackQuality().totalVideoFrames > before + 3,
    {},
    before,
  );
}

async function bundle(): Promise<string> {
  const path = new URL("../../../support/call_page.ts", import.meta.url);
  const { success, outputFiles } = await Deno.bundle({
    entrypoints: [fromFileUrl(path)],
    platform: "browser",
    write: false,
  });
  assertEquals(success, true);
  return outputFiles?.[0]?.text() ?? "";
}

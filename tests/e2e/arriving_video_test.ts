/// <reference lib="dom" />
/** A video plays in the window while it is still arriving, seeking included. */
import { assert, assertEquals } from "@std/assert";
import { join } from "@std/path";
import type { ElementHandle, Page } from "puppeteer-core";
import {
  browserTest,
  faultsOf,
  firstPage,
  isDrawn,
  onePixel,
  press,
  shows,
  startBrowser,
} from "../support/browser.ts";
import { GuiClient } from "../support/gui_client.ts";
import { jediAccounts, logIn, passwordOf } from "../support/jedi.ts";
import type { TestClient } from "../support/test_client.ts";
import {
  diskLauncher,
  fillDisk,
  noMount,
  pathSeenBy,
} from "../support/small_disk.ts";
import {
  mp3,
  ogg,
  opusPackets,
  png,
  wav,
  webm,
} from "../support/test_media.ts";
import { TestServer } from "../support/test_server.ts";
import { encodedFrames, film } from "../support/test_video.ts";

browserTest(
  "a video plays in the window while it is still arriving",
  async (step) => {
    await using server = await TestServer.start({ accounts: jediAccounts });
    await using yoda = await logIn(server, "yoda");
    const noDisk = await noMount();
    await using gui = await GuiClient.start({
      launcher: noDisk === undefined ? diskLauncher("small", 40) : [],
      args: ["127.0.0.1", String(server.port), "--plain"],
    });
    await using browser = await startBrowser([
      "--autoplay-policy=no-user-gesture-required",
    ]);
    const page = await firstPage(browser);
    const faults = faultsOf(page);
    await page.setViewport({ width: 1100, height: 800 });
    await page.goto((await gui.address()).href);
    await page.waitForSelector("[name=user]");
    const frames = await encodedFrames(page);
    await page.type("[name=user]", "luke");
    await page.type("[name=password]", passwordOf("luke"));
    await page.keyboard.press("Enter");
    await shows(page, ".me-bar", "luke");
    await yoda.succeed("/msgto luke look at this");
    await shows(page, ".row", "yoda");
    await page.locator(".row").click();
    await done(yoda, "/limit 1M");

    await step("one with its index first, with a jump far ahead", async () => {
      const bytes = film(frames, { count: 400, isIndexFirst: true });
      await Deno.writeFile(join(yoda.folder, "first.mp4"), bytes);
      await yoda.send("/send luke first.mp4");
      await press(page, "Accept");
      await press(page, "Play while it arrives");
      await plays(page, 0.3);
      assert(await percent(page) < 60, `${await percent(page)} %`);
      // What is asked for while it waits is what comes first afterwards.
      await press(page, "Pause");
      await shows(page, ".card.runs", "Paused by you");
      const { transfer } = await yoda.event("transfer", { state: "running" });
      await done(yoda, `/pause ${transfer}`);
      await shows(page, ".card.runs", "Paused by you and yoda");
      await page.$eval("video", (video) => {
        video.dataset.same = "yes";
        video.currentTime = 34;
      });
      await press(page, "Resume");
      await shows(page, ".card.runs", "Paused by yoda");
      assertEquals(await page.$eval("video", (video) => video.seeking), true);
      await done(yoda, `/resume ${transfer}`);
      await plays(page, 34.3);
      // What lies between has not come.
      assert(await percent(page) < 75, `${await percent(page)} %`);
      await done(yoda, "/limit off");
      await shows(page, ".card.done", "Received and verified");
      const [same, at] = await page.$eval(
        "video",
        (video) => [video.dataset.same, video.currentTime] as const,
      );
      assertEquals(same, "yes");
      assert(at > 34);
      assertEquals(
        await Deno.readFile(join(gui.folder, "yoda_first.mp4")),
        bytes,
      );
    });

    await step("one with its index at the end", async () => {
      await done(yoda, "/limit 1M");
      const bytes = film(frames, { count: 300, isIndexFirst: false });
      await Deno.writeFile(join(yoda.folder, "last.mp4"), bytes);
      await yoda.send("/send luke last.mp4");
      await Deno.mkdir(join(gui.folder, "my films"));
      await press(page, "Accept to a folder");
      await page.waitForFunction(() =>
        document.activeElement?.closest(".accept-to") !== null
      );
      await page.keyboard.type(join(gui.folder, "my films"));
      await page.keyboard.press("Enter");
      await press(page, "Play while it arrives");
      const video = `[aria-label="File last.mp4"] video`;
      await plays(page, 0.3, video);
      assert(await percent(page) < 80, `${await percent(page)} %`);
      await Deno.stat(join(gui.folder, "my films", "yoda_last.mp4.part"));
      await press(page, "Cancel");
      await shows(page, ".card.failed", "Cancelled");
      assertEquals(await page.$(video), null);
    });
    await step("one that becomes another while it is watched", async () => {
      await done(yoda, "/limit 1M");
      const path = join(yoda.folder, "changed.mp4");
      await Deno.writeFile(
        path,
        film(frames, { count: 600, isIndexFirst: true }),
      );
      await yoda.send("/send luke changed.mp4");
      await press(page, "Accept");
      await press(page, "Play while it arrives");
      const card = `[aria-label="File changed.mp4"]`;
      await plays(page, 0.3, `${card} video`);
      await Deno.writeFile(path, new Uint8Array(1_000_000));
      await done(yoda, "/limit off");
      await shows(page, `${card}.failed`, "changed");
      assertEquals(await page.$(`${card} video`), null);
    });

    await step("sound, a film and a picture of other kinds", async () => {
      const kinds = [
        ["tone.wav", wav(40), "audio"],
        ["silence.mp3", mp3(170), "audio"],
        ["noise.ogg", ogg(await opusPackets(page), 10_000), "audio"],
        ["noise.webm", webm(frames, 80), "video"],
        ["noise.png", png(1_500), "img"],
      ] as const;
      await done(yoda, "/limit 500k");
      for (const [name, bytes, tag] of kinds) {
        await Deno.writeFile(join(yoda.folder, name), bytes);
        await yoda.send(`/send luke ${name}`);
        await press(page, "Accept");
        const card = `[aria-label="File ${name}"]`;
        if (tag === "img") {
          await press(page, "Show while it arrives");
          await isDrawn(page, `${card}.runs img`);
        } else {
          await press(page, "Play while it arrives");
          await plays(page, 0.3, `${card}.runs ${tag}`);
        }
        // How one ends that goes on is seen above.
        await press(page, "Cancel");
        await shows(page, `${card}.failed`, "Cancelled");
      }
    });

    const leftOut = noDisk === undefined ? "" : `, left out: ${noDisk}`;
    await step(`one whose disk is full for a while${leftOut}`, async () => {
      if (noDisk !== undefined) return;
      await done(yoda, "/limit 1M");
      const bytes = film(frames, { count: 250, isIndexFirst: true });
      await Deno.writeFile(join(yoda.folder, "large.mp4"), bytes);
      await yoda.send("/send luke large.mp4");
      await press(page, "Accept to a folder");
      await page.waitForSelector(".accept-to input");
      const small = join(gui.folder, "small");
      await page.locator(".accept-to input").click({ count: 3 });
      await page.keyboard.type(small);
      await page.keyboard.press("Enter");
      await press(page, "Play while it arrives");
      const card = `[aria-label="File large.mp4"]`;
      await plays(page, 0.3, `${card}.runs video`);
      const disk = pathSeenBy(gui.process.pid, small);
      await fillDisk(join(disk, "ballast"));
      await done(yoda, "/limit off");
      await shows(page, `${card}.runs`, "Waiting for room on the disk");
      await Deno.remove(join(disk, "ballast"));
      await shows(page, `${card}.done`, "Received and verified");
      await plays(page, 1, `${card} video`);
      assertEquals(await Deno.readFile(join(disk, "yoda_large.mp4")), bytes);
    });

    await step(
      "a picture that one sends is shown, then and later",
      async () => {
        const path = join(gui.folder, "own.png");
        await Deno.writeFile(path, onePixel);
        const [input] = await page.$$(
          "input[type=file]:not([webkitdirectory])",
        );
        await (input as ElementHandle<HTMLInputElement>).uploadFile(path);
        const shown = `[aria-label="File own.png"] img.medium`;
        await isDrawn(page, shown);
        await shows(page, `[aria-label="File own.png"]`, "Sent and verified");
        await page.reload();
        await isDrawn(page, shown);
      },
    );

    await step("one whose sender is still for a while, or killed", async () => {
      await done(yoda, "/limit 1M");
      const bytes = film(frames, { count: 400, isIndexFirst: true });
      const path = join(yoda.folder, "again.mp4");
      await Deno.writeFile(path, bytes);
      await yoda.send(`/send luke ${path}`);
      await press(page, "Accept");
      await press(page, "Play while it arrives");
      const card = `[aria-label="File again.mp4"]`;
      await plays(page, 0.3, `${card}.runs video`);
      yoda.process.signal("SIGSTOP");
      await page.$eval(`${card} video`, (video) => {
        (video as HTMLVideoElement).currentTime = 34;
      });
      await shows(page, `${card}.runs`, "No answer for");
      yoda.process.signal("SIGCONT");
      await plays(page, 34.3, `${card}.runs video`);
      await yoda.process.kill();
      await shows(page, `${card}.failed`, "yoda");
      assertEquals(await page.$(`${card} video`), null);
      await using back = await logIn(server, "yoda");
      await back.send(`/send luke ${path}`);
      await press(page, "Accept");
      await shows(page, `${card}.done`, "Received and verified");
      await plays(page, 0, `${card}.done video`);
      const got = await Deno.readFile(join(gui.folder, "yoda_again.mp4"));
      assertEquals(got, bytes);
    });
    assertEquals(
      faults.filter((fault) => !/ERR_|Failed to load/.test(fault)),
      [],
    );
  },
);

/** Waits until the video has got so far, while it is on its way, in seconds. */
async function plays(page: Page, to: number, selector = "video") {
  await page.waitForFunction(
    (to: number, selector: string) => {
      const video = document.querySelector<HTMLVideoElement>(selector);
      return video !== null && video.currentTime >= to && !video.seeking;
    },
    {},
    to,
    selector,
  );
}

/** Has a client do something, while files that it sends come to their ends. */
async function done(client: TestClient, line: string): Promise<void> {
  const from = client.process.out.length;
  const [, command] = /^\/(\w+)/.exec(line)!;
  await client.send(line);
  await client.event("result", { command, ok: true }, { from });
}

/** How much of what is on its way has come. */
async function percent(page: Page): Promise<number> {
  return await page.$eval(
    ".card.runs progress",
    (bar) => (bar as HTMLProgressElement).value,
  );
}

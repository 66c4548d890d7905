/// <reference lib="dom" />
/** The pictures of the window in `docs/`, from a real server, clients and browser. */
import { join } from "@std/path";
import type { Page } from "puppeteer-core";
import { firstPage, shows, startBrowser } from "../support/browser.ts";
import { GuiClient } from "../support/gui_client.ts";
import { logIn, passwordOf, startServer } from "../support/jedi.ts";
import { writeRandomFile } from "../support/random_file.ts";
import { savePicture } from "./save_picture.ts";

/** Makes them anew: wide, of middle width and dark, narrow. */
export async function pictureWindow(): Promise<void> {
  await using server = await startServer();
  await using luke = await logIn(server, "luke", { args: ["--accept", "ask"] });
  await using leia = await logIn(server, "leia");
  await using obiwan = await logIn(server, "obiwan");
  await using gui = await GuiClient.start({
    args: ["127.0.0.1", String(server.port), "--plain", "--user", "yoda"],
  });
  await Deno.mkdir(join(gui.folder, "Downloads"));
  await using browser = await startBrowser();
  const page = await firstPage(browser);
  await page.setContent(sunset);
  await page.setViewport({ width: 960, height: 540 });
  await page.screenshot({ path: `${join(luke.folder, "twin suns")}.png` });
  await writeRandomFile(join(luke.folder, "a new hope.mp4"), 80_000_000);

  await page.setViewport({ width: 1440, height: 900 });
  await page.goto((await gui.address()).href);
  await page.waitForSelector("[name=password]");
  await page.type("[name=password]", passwordOf("yoda"));
  await page.keyboard.press("Enter");
  await shows(page, ".row", "obiwan");
  const enter = async (line: string) => {
    await page.focus("textarea");
    await page.keyboard.type(line);
    await page.keyboard.press("Enter");
  };

  await luke.succeed("/creategroup jedi yoda leia obiwan");
  await leia.succeed("/joingroup jedi");
  await obiwan.succeed("/joingroup jedi");
  await open(page, "#jedi");
  await page.locator("::-p-aria(Join)").click();
  await shows(page, ".chat-head", "jedi");
  await luke.succeed("/topic jedi The plans of the station");
  await obiwan.succeed("/broadcast the canteen is open");
  await luke.succeed("/groupmsg jedi The council meets at noon. Who comes?");
  await leia.succeed("/groupmsg jedi I do, and I bring the plans");
  await obiwan.succeed("/groupmsg jedi @yoda will you speak?");
  await shows(page, ".message", "will you speak");
  await enter("Speak I will. Patience you must have.");
  await shows(page, ".message.own .mark", "sent");

  await open(page, "@luke");
  await enter("Seen the second sun, have you?");
  await luke.succeed("/msgto yoda Just now. I send you a picture");
  await luke.send('/send yoda "twin suns.png"');
  await accept(page);
  await page.waitForSelector("img.medium");
  await luke.succeed("/limit 6M");
  await luke.succeed("/msgto yoda and here is the film");
  await luke.send('/send yoda "a new hope.mp4"');
  await accept(page);
  await leia.succeed("/msgto yoda are you coming?");
  await page.waitForFunction(() =>
    (document.querySelector("progress")?.value ?? 0) >= 30
  );
  await savePicture(page, "window");
  await look(page, "dark", 820, 900);
  await open(page, "#jedi");
  await page.evaluate(() =>
    document.querySelector<HTMLElement>('[aria-label="About this group"]')
      ?.click()
  );
  await shows(page, ".panel", "Members, 4");
  await page.keyboard.press("Escape");
  await savePicture(page, "window-dark");
  await look(page, "light", 360, 740);
  await savePicture(page, "window-narrow");
}

async function open(page: Page, key: string): Promise<void> {
  const row = `[data-key="${key}"]`;
  await page.waitForSelector(row);
  await page.$eval(row, (each) => (each as HTMLElement).click());
}

async function accept(page: Page): Promise<void> {
  await page.locator("::-p-aria(Accept)").click();
}

async function look(
  page: Page,
  scheme: "dark" | "light",
  width: number,
  height: number,
): Promise<void> {
  await page.setViewport({ width, height });
  const feature = { name: "prefers-color-scheme", value: scheme };
  await page.emulateMediaFeatures([feature]);
}

/** Something to look at. */
const sunset = `<body style="margin:0;height:540px;background:
radial-gradient(circle at 38% 62%, #fff3d0 0 44px, #ffd28a 48px, transparent 130px),
radial-gradient(circle at 58% 44%, #ffe2b8 0 62px, #f7a35c 68px, transparent 190px),
radial-gradient(ellipse 90% 30% at 30% 108%, #4b3327 0 98%, transparent),
radial-gradient(ellipse 80% 26% at 85% 108%, #38261f 0 98%, transparent),
linear-gradient(#274060, #7c5a77 45%, #e08b5b 78%, #8a5a3c)"></body>`;

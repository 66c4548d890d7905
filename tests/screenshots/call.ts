/// <reference lib="dom" />
/** The picture of a call in `docs/`: two people, each in a browser of their own. */
import { join } from "@std/path";
import { firstPage, press, shows, startBrowser } from "../support/browser.ts";
import { callArguments, callPage, openChat } from "../support/call_pages.ts";
import { GuiClient } from "../support/gui_client.ts";
import { startServer } from "../support/jedi.ts";
import { savePicture } from "./save_picture.ts";

/** Makes it anew. */
export async function pictureCall(): Promise<void> {
  await using server = await startServer();
  await using cleanup = new AsyncDisposableStack();
  const folder = await Deno.makeTempDir({ prefix: "parley-pictures-" });
  cleanup.defer(() => Deno.remove(folder, { recursive: true }));
  const cameras = await drawCameras(folder);
  const openPage = async (name: string) => {
    const gui = cleanup.use(await GuiClient.start());
    const camera = `--use-file-for-fake-video-capture=${cameras.get(name)}`;
    const browser = cleanup.use(await startBrowser([...callArguments, camera]));
    return await callPage(browser, server, gui, name);
  };
  const luke = await openPage("luke");
  const yoda = await openPage("yoda");
  await openChat(luke, "@yoda");
  await openChat(yoda, "@luke");
  await luke.type("textarea", "Is now a good time, master?");
  await luke.keyboard.press("Enter");
  await yoda.type(
    "textarea",
    "Always in motion is the future. Call you, I will.",
  );
  await yoda.keyboard.press("Enter");
  await shows(yoda, ".message.own .mark", "delivered");
  await press(yoda, "Video call luke");
  await luke.waitForSelector(".ring");
  await press(luke, "Answer");
  await yoda.setViewport({ width: 1100, height: 760 });
  await yoda.waitForFunction(
    () =>
      [...document.querySelectorAll<HTMLVideoElement>(".tile video")]
        .filter(({ videoWidth }) => videoWidth > 0).length === 2,
    // Pictures are coded by two browsers at once.
    { timeout: 60_000 },
  );
  // Two browsers on one busy machine: nobody's way is that.
  await yoda.waitForSelector(".call-about .dim span:nth-child(2)");
  await yoda.$eval(
    ".call-about .dim span:nth-child(2)",
    (way) => ((way as HTMLElement).style.display = "none"),
  );
  await savePicture(yoda, "window-call");
}

/** What each one's camera sees, as files by name: somebody before a wall. */
async function drawCameras(folder: string): Promise<Map<string, string>> {
  await using browser = await startBrowser();
  const page = await firstPage(browser);
  await page.setViewport({ width: 640, height: 480 });
  const cameras = new Map<string, string>();
  for (const { name, colours } of people) {
    await page.setContent(portrait(colours));
    const camera = join(folder, `${name}.mjpeg`);
    const picture = await page.screenshot({ type: "jpeg", quality: 90 });
    await Deno.writeFile(camera, picture);
    cameras.set(name, camera);
  }
  return cameras;
}

interface Colours {
  readonly wall: string;
  readonly skin: string;
  readonly hair: string;
  readonly robe: string;
}

const people: readonly { name: string; colours: Colours }[] = [
  {
    name: "yoda",
    colours: {
      wall: "#3c4a3a,#1d2620",
      skin: "#8fae6b",
      hair: "#8fae6b",
      robe: "#b59a72",
    },
  },
  {
    name: "luke",
    colours: {
      wall: "#d9b48a,#8a6a4c",
      skin: "#e7b991",
      hair: "#b98a4e",
      robe: "#f1ede2",
    },
  },
];

function portrait({ wall, skin, hair, robe }: Colours): string {
  return `<body style="margin:0;height:480px;background:
radial-gradient(ellipse 78px 96px at 50% 47%, ${skin} 98%, transparent),
radial-gradient(ellipse 96px 112px at 50% 42%, ${hair} 98%, transparent),
radial-gradient(ellipse 190px 170px at 50% 104%, ${robe} 98%, transparent),
linear-gradient(160deg, ${wall})"></body>`;
}

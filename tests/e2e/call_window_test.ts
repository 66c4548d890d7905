/// <reference lib="dom" />
/** A call as two people have one: real browsers, clients and server. */
import { assert, assertEquals } from "@std/assert";
import type { Page } from "puppeteer-core";
import {
  anotherPage,
  browserTest,
  faultsOf,
  noneSerious,
  press,
  shows,
  startBrowser,
} from "../support/browser.ts";
import {
  callArguments,
  callPage,
  openChat,
  sees,
} from "../support/call_pages.ts";
import { GuiClient } from "../support/gui_client.ts";
import { passwordOf, startServer } from "../support/jedi.ts";
import type { TestServer } from "../support/test_server.ts";
import { canSleep, putToSleep, wake } from "../support/window_page.ts";

browserTest(
  "a call in the window: it rings, is answered, seen and heard",
  async (step) => {
    await using server = await startServer();
    await using yodaGui = await GuiClient.start();
    await using lukeGui = await GuiClient.start();
    await using browser = await startBrowser(callArguments);
    const luke = await callPage(browser, server, lukeGui, "luke");
    const yoda = await callPage(browser, server, yodaGui, "yoda");
    const faults = [luke, yoda].map(faultsOf);
    await openChat(yoda, "@luke");
    await openChat(luke, "@yoda");

    await step("the card that rings has the focus, and answers", async () => {
      await press(yoda, "Video call luke");
      await shows(luke, ".ring", "yoda calls you with video");
      await luke.waitForFunction(() =>
        document.activeElement?.classList.contains("ring")
      );
      await noneSerious(luke);
      await luke.keyboard.press("Tab");
      await luke.keyboard.press("Enter");
      for (const page of [yoda, luke]) await sees(page);
      await shows(yoda, ".call-about", "not compared");
      await shows(yoda, ".call-about", "on this machine");
      for (const page of [yoda, luke]) await noneSerious(page);
    });

    await step("who is muted, or not seen, is shown as that", async () => {
      await press(yoda, "Mute");
      await luke.waitForSelector('.tile [aria-label="muted"]');
      await press(yoda, "Switch the camera off");
      await luke.waitForFunction(() =>
        document.querySelector(".tile:not(.me) .avatar") !== null
      );
      await press(yoda, "Switch the camera on");
      await sees(luke);
      await press(yoda, "Unmute");
      await luke.waitForFunction(() =>
        document.querySelector('.tile [aria-label="muted"]') === null
      );
    });

    await step("devices are chosen by keyboard", async () => {
      await yoda.focus('[aria-label="Choose devices"]');
      await yoda.keyboard.press("Enter");
      await yoda.waitForFunction(() =>
        document.activeElement?.tagName === "SELECT"
      );
      const cameras = await yoda.$$eval(
        ".device-choice select",
        ([, cameras]) => cameras?.querySelectorAll("option").length,
      );
      assert((cameras ?? 0) > 0, `${cameras} cameras`);
      await noneSerious(yoda);
      await yoda.keyboard.press("Escape");
      await yoda.waitForSelector(".device-choice", { hidden: true });
    });

    await step(
      "a camera that is gone is told, and another one chosen",
      async () => {
        await yoda.$eval(".tile.me video", (video) => {
          const { srcObject } = video as HTMLVideoElement;
          const [track] = (srcObject as MediaStream).getVideoTracks();
          track?.dispatchEvent(new Event("ended"));
        });
        await shows(yoda, ".notice", "the camera is gone");
        await luke.waitForSelector(".tile:not(.me) .avatar");
        await yoda.waitForSelector(".device-choice");
        await yoda.$eval(
          ".device-choice label:nth-child(2) select",
          (select) => {
            const camera = select as HTMLSelectElement;
            camera.value = camera.options[0]?.value ?? "";
            camera.dispatchEvent(new Event("change", { bubbles: true }));
          },
        );
        await sees(luke);
        await press(yoda, "Done");
      },
    );

    await step(
      "without permission it goes on, and says what is missing",
      async () => {
        await yoda.evaluate(() => {
          const { mediaDevices } = navigator;
          mediaDevices.getUserMedia = () => {
            delete (mediaDevices as Partial<MediaDevices>).getUserMedia;
            return Promise.reject(new DOMException("", "NotAllowedError"));
          };
        });
        await press(yoda, "Switch the camera off");
        await press(yoda, "Switch the camera on");
        await shows(yoda, ".notice", "does not let this page use the camera");
        // It is open still.
        await yoda.waitForSelector('.call-about [role="timer"]');
        await press(yoda, "Switch the camera on");
        await sees(luke);
      },
    );

    await step(
      "it fills the screen, or stands over other windows",
      async () => {
        await press(yoda, "Full screen");
        await yoda.waitForFunction(() =>
          document.fullscreenElement?.classList.contains("call")
        );
        await press(yoda, "Full screen");
        await yoda.waitForFunction(() => document.fullscreenElement === null);
        await press(yoda, "Picture in picture");
        await yoda.waitForFunction(() =>
          document.pictureInPictureElement?.classList.contains("remote")
        );
        await press(yoda, "Picture in picture");
        await yoda.waitForFunction(() =>
          document.pictureInPictureElement === null
        );
      },
    );

    await step("in a low window there is room to read beside it", async () => {
      await yoda.evaluate(() =>
        document.querySelectorAll<HTMLElement>(".notice button").forEach((
          button,
        ) => button.click())
      );
      await yoda.waitForFunction(() => !document.querySelector(".notice"));
      const before = yoda.viewport();
      // That of a laptop at 200 %.
      await yoda.setViewport({ width: 550, height: 380 });
      const [log, tile] = await yoda.$$eval(
        ".log, .tile:not(.me)",
        (all) =>
          all.map(({ clientHeight }) => clientHeight).sort((a, b) => a - b),
      );
      assert((log ?? 0) > 60 && (tile ?? 0) > 60, `${log} and ${tile} pixels`);
      await yoda.setViewport(before);
    });

    await step("another name is of the same person", async () => {
      for (const name of ["lars", "luke"]) {
        await luke.type("textarea", `/rename ${name}`);
        await luke.keyboard.press("Enter");
        await shows(yoda, ".call-about bdi", name);
        await shows(yoda, ".tile:not(.me) figcaption", name);
        await shows(yoda, ".chat-head h1", name);
        await sees(yoda);
      }
    });

    await step("a screen is shown beside the camera", async () => {
      await press(yoda, "Show the screen");
      await shows(luke, ".tile.screen", "yoda's screen");
      await sees(luke, ".tile.screen video");
      await press(yoda, "Stop showing the screen");
      await luke.waitForSelector(".tile.screen", { hidden: true });
    });

    await step("it goes on while something else is open", async () => {
      await openChat(yoda, "*");
      await sees(yoda);
      await press(luke, "Hang up");
      await yoda.waitForSelector(".call", { hidden: true });
      await openChat(yoda, "@luke");
      // Followed by how long it took.
      for (const page of [yoda, luke]) {
        await shows(page, ".note", "Video call, ");
      }
    });

    await step("one of two tabs answers; closing it hangs up", async () => {
      const { href } = await lukeGui.newAddress();
      const other = await anotherPage(browser);
      await other.goto(href);
      await other.waitForSelector(".me-bar");
      await press(yoda, "Call luke");
      await shows(luke, ".ring", "yoda calls you");
      await shows(other, ".ring", "yoda calls you");
      await press(other, "Answer");
      await shows(luke, ".call", "in another tab");
      await shows(yoda, ".call-about", "0:");
      await luke.waitForSelector(".ring", { hidden: true });
      await other.close();
      await yoda.waitForSelector(".call", { hidden: true });
    });

    await step("a call that is taken back was missed", async () => {
      await press(yoda, "Call luke");
      await shows(luke, ".ring", "yoda calls you");
      await press(yoda, "Take the call back");
      await shows(luke, ".note", "You missed a call from yoda");
      await luke.waitForSelector(".ring", { hidden: true });
    });

    await step("declined is declined", async () => {
      await press(yoda, "Call luke");
      await shows(luke, ".ring", "yoda calls you");
      await press(luke, "Decline");
      await shows(yoda, ".note", "not answered");
      await yoda.waitForSelector(".call", { hidden: true });
    });

    await step(
      "in a slow browser nothing of much talk is lost, and the tab stays",
      async () => {
        const session = await yoda.createCDPSession();
        let closed = 0;
        session.on("Network.webSocketClosed", () => closed++);
        await session.send("Network.enable");
        await session.send("Emulation.setCPUThrottlingRate", { rate: 6 });
        const others = await lukeGui.tab();
        const numbered = (word: string, length: number) =>
          Array.from({ length }, (_, number) => `${word} ${number}`);
        const [mine, theirs] = [numbered("mine", 12), numbered("theirs", 200)];
        const saying = theirs.map((text) => others.run(`/msgto yoda ${text}`));
        await yoda.focus("textarea");
        for (const text of mine) {
          await yoda.keyboard.type(text);
          await yoda.keyboard.press("Enter");
        }
        await Promise.all(saying);
        for (const texts of [mine, theirs]) {
          await shows(yoda, ".message:not(.pending) .text", texts.at(-1)!);
          const shown = await saidIn(yoda);
          assertEquals(
            shown.filter((text) => texts.includes(text)),
            texts,
          );
        }
        await others.event("message", { from: "yoda", text: mine.at(-1) });
        const heard = others.messages.flatMap((told) =>
          told.tell === "event" && told.event.event === "message" &&
            told.event.from === "yoda"
            ? [told.event.text]
            : []
        );
        assertEquals(heard, mine);
        await session.send("Emulation.setCPUThrottlingRate", { rate: 1 });
        assertEquals(closed, 0);
        await session.detach();
      },
    );

    await step(
      "a page that slept while somebody else logged in keeps nothing of the one before",
      async () => {
        await canSleep(luke);
        await luke.reload();
        await openChat(luke, "@yoda");
        await luke.type("textarea", "of luke's alone");
        await putToSleep(luke);
        await logInInstead(lukeGui, "leia", server);
        await wake(luke);
        await shows(luke, ".me-bar", "leia");
        assertEquals(await luke.$("textarea"), null);
        await openChat(luke, "@yoda");
        assertEquals(await luke.$eval("textarea", (box) => box.value), "");
        // Closed by its browser, and loaded when somebody comes back to it.
        await luke.type("textarea", "of leia's alone");
        const { href } = new URL(luke.url());
        await luke.goto("about:blank");
        await logInInstead(lukeGui, "luke", server);
        await luke.goto(href);
        await shows(luke, ".me-bar", "luke");
        await openChat(luke, "@yoda");
        assertEquals(await luke.$eval("textarea", (box) => box.value), "");
      },
    );

    await step(
      "who logs in next at a page finds nothing of the one before, and can be called",
      async () => {
        await luke.type("#filter", "yod");
        await luke.type("textarea", "/logout");
        await luke.keyboard.press("Enter");
        await luke.waitForSelector("[name=user]:enabled");
        await luke.$eval(
          "[name=user]",
          (box) => (box as HTMLInputElement).select(),
        );
        await luke.type("[name=user]", "obiwan");
        await luke.type("[name=password]", passwordOf("obiwan"));
        await luke.keyboard.press("Enter");
        await shows(luke, ".me-bar", "obiwan");
        const sought = await luke.$eval(
          "#filter",
          (box) => (box as HTMLInputElement).value,
        );
        assertEquals(sought, "");
        await openChat(yoda, "@luke");
        await press(yoda, "Call luke");
        await shows(yoda, ".notice.failure", "luke is offline");
        await openChat(yoda, "@obiwan");
        await press(yoda, "Call obiwan");
        await shows(luke, ".ring", "yoda calls you");
        await luke.$eval(
          ".ring .main",
          (each) => (each as HTMLElement).click(),
        );
        for (const page of [yoda, luke]) await shows(page, ".call-about", "0:");
        // There is a call: why there was none is no longer so.
        await yoda.waitForFunction(
          (why: string) =>
            [...document.querySelectorAll(".notice")].every((each) =>
              !each.textContent?.includes(why)
            ),
          {},
          "luke is offline",
        );
        // Who ends it by logging out has lost nothing.
        await openChat(luke, "@yoda");
        await luke.type("textarea", "/logout");
        await luke.keyboard.press("Enter");
        await luke.waitForSelector("[name=user]:enabled");
        assertEquals(await luke.$(".notice"), null);
      },
    );
    assertEquals(
      faults.flat(),
      [],
      "errors, or what the page's policy forbids",
    );
  },
);

/** Logs out who is logged in there, and this one in, in other tabs. */
async function logInInstead(gui: GuiClient, name: string, server: TestServer) {
  const other = await gui.tab();
  other.say({ do: "submit", ref: 1, line: "/logout" });
  await other.phase("form");
  other.close();
  (await gui.tabOf(name, server)).close();
}

/** What was said, as a page holds it: of what is far from view the text alone. */
function saidIn(page: Page): Promise<string[]> {
  return page.$$eval(".block", (blocks) =>
    blocks.flatMap((block) => {
      if (!block.matches(".far")) {
        const texts = block.querySelectorAll(".message:not(.pending) .text");
        return [...texts].map(({ textContent }) => textContent ?? "");
      }
      return [...block.childNodes].filter((node) => node instanceof Text)
        .flatMap(({ data }) => data.split("\n"))
        .map((line) => line.slice(line.indexOf(": ") + 2));
    }));
}

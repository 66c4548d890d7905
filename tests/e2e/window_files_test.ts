/// <reference lib="dom" />
/** Files and pictures in the window, as a person sends and gets them. */
import { assertEquals } from "@std/assert";
import { decodeBase64 } from "@std/encoding/base64";
import { basename, join } from "@std/path";
import {
  browserTest,
  faultsOf,
  firstPage,
  isDrawn,
  noneSerious,
  onePixel,
  press,
  shows,
  startBrowser,
} from "../support/browser.ts";
import { GuiClient } from "../support/gui_client.ts";
import { jediAccounts, logIn, passwordOf } from "../support/jedi.ts";
import { writeRandomFile } from "../support/random_file.ts";
import { TestServer } from "../support/test_server.ts";
import { waitUntil } from "../support/wait_until.ts";
import {
  choose,
  drop,
  focused,
  offered,
  openRow,
  received,
  waiting,
} from "../support/window_page.ts";

browserTest(
  "the window: send and get files, with nothing amiss",
  async (step) => {
    await using server = await TestServer.start({
      accounts: jediAccounts,
      plain: false,
    });
    await using luke = await logIn(server, "luke", {
      args: ["--accept", "ask"],
    });
    await using gui = await GuiClient.start({
      args: ["127.0.0.1", String(server.port)],
    });
    const downloads = join(gui.folder, "Downloads");
    await Deno.mkdir(downloads);
    await using browser = await startBrowser();
    const page = await firstPage(browser);
    const faults = faultsOf(page);
    await page.setViewport({ width: 1100, height: 800 });
    await page.goto((await gui.address()).href);
    await page.waitForSelector("[name=user]");
    await page.type("[name=user]", "yoda");
    await page.type("[name=password]", passwordOf("yoda"));
    await page.keyboard.press("Enter");
    await page.waitForSelector('[data-key="@luke"]');
    await openRow(page, "@luke");
    await focused(page, "TEXTAREA");

    await step(
      "a dropped folder and chosen files arrive as they are",
      async () => {
        const folder = join(gui.folder, "from", "plans");
        await Deno.mkdir(join(folder, "deep"), { recursive: true });
        await writeRandomFile(join(folder, "one.bin"), 300_000);
        await writeRandomFile(join(folder, "deep", "two.bin"), 10_000);
        await drop(page, folder);
        await shows(page, ".card", "Waiting for luke to accept");
        const { transfer } = await luke.event("transfer", { state: "offered" });
        await luke.succeed(`/accept ${transfer}`);
        await shows(page, ".card.done", "Sent and verified");
        const [one, two] = await Promise.all(
          ["one.bin", "deep/two.bin"].map(async (path) => [
            await Deno.readFile(join(folder, path)),
            await Deno.readFile(await received(luke.folder, path)),
          ]),
        );
        assertEquals(one?.[0], one?.[1]);
        assertEquals(two?.[0], two?.[1]);
        await press(page, "Show the files of plans");
        await shows(
          page,
          ".files .done",
          "deep/two.bin 10.0 kB, arrived",
        );
        await noneSerious(page);
        await press(page, "Hide the files of plans");
      },
    );

    await step("of a folder what is ticked is taken", async () => {
      const folder = join(luke.folder, "trip");
      await Deno.mkdir(join(folder, "sea"), { recursive: true });
      for (const name of ["a*.txt", "ab.txt", "sea/c.txt"]) {
        await Deno.writeTextFile(join(folder, name), name);
      }
      await luke.send("/send yoda trip");
      await press(page, "Show the files of trip");
      await shows(page, ".files", "sea/c.txt");
      await noneSerious(page);
      await press(page, "Tick none");
      await page.type(".folder [type=search]", "A*");
      await page.locator(".files input").click();
      await press(page, "Accept 1 of 3 files");
      const { leftOut } = await luke.event("transfer", {
        ...{ state: "verified", name: "trip" },
      });
      assertEquals(leftOut, 2);
      assertEquals(
        await Deno.readTextFile(await received(downloads, "a*.txt")),
        "a*.txt",
      );
      // What follows moves when the card tells of the end.
      await shows(page, ".files .done", "a*.txt");
      await page.locator(".folder [type=search]").click({ count: 3 });
      await page.keyboard.press("Backspace");
      await shows(page, ".files .done", "a*.txt");
      await shows(page, ".files .skipped", "sea/c.txt");
      await page.select(".folder select", "skipped");
      await page.waitForFunction(() => !document.querySelector(".files .done"));
      await press(page, "Hide the files of trip");
      await page.focus("textarea");
    });

    await step(
      "a picture that was accepted is shown where it came",
      async () => {
        await Deno.writeFile(join(luke.folder, "dot.png"), onePixel);
        await luke.send("/send yoda dot.png");
        await shows(page, ".card", "luke offers it to you");
        // The second click of two meets what takes the button's place.
        await page.locator('::-p-aria([name="Accept"])').click({ count: 2 });
        await isDrawn(page, "img.medium");
        assertEquals(await page.$(".notice.failure"), null);
        // The button is gone; who pressed it goes on writing.
        await focused(page, "TEXTAREA");
        const path = await received(downloads, "dot.png");
        assertEquals(await Deno.readFile(path), onePixel);
        await noneSerious(page);
        for (const isFull of [true, false]) {
          await page.locator(".picture").click();
          await page.waitForFunction(
            (isFull: boolean) => document.fullscreenElement !== null === isFull,
            {},
            isFull,
          );
        }
        // What happens later stands below it.
        await page.type("textarea", "/blocked");
        await page.keyboard.press("Enter");
        await page.waitForSelector(".card:has(img.medium) ~ .answer");
        await press(page, "Dismiss");
        await focused(page, "TEXTAREA");
      },
    );

    await step("loaded again, it shows what came, as it did", async () => {
      await page.reload();
      await shows(page, ".card.done", "dot.png");
      await press(page, "Show the files of trip");
      await shows(page, ".files .done", "a*.txt");
      await shows(page, ".files .skipped", "sea/c.txt");
      await press(page, "Hide the files of trip");
    });

    await step("what is pasted or chosen is offered, too", async () => {
      await offered(luke, "clip.txt", () =>
        page.$eval("textarea", (box) => {
          const clipboardData = new DataTransfer();
          clipboardData.items.add(new File(["pasted"], "clip.txt"));
          const event = { clipboardData, bubbles: true, cancelable: true };
          box.dispatchEvent(new ClipboardEvent("paste", event));
        }));
      const plans = join(gui.folder, "from", "plans");
      const one = join(plans, "one.bin");
      await offered(luke, "one.bin", () => choose(page, "Send files", [one]));
      await offered(
        luke,
        "plans",
        () => choose(page, "Send a folder", [plans]),
      );
      const two = join(plans, "deep", "two.bin");
      await offered(
        luke,
        "one.bin",
        () => choose(page, "Send files", [one, two]),
      );
      await shows(page, ".card .title", "one.bin and 1 more");
    });

    await step(
      "how much of a large file is there to be sent is seen",
      async () => {
        const path = join(gui.folder, "from", "large.bin");
        await writeRandomFile(path, 50_000_000);
        const network = await page.createCDPSession();
        const throttle = (uploadThroughput: number) =>
          network.send("Network.emulateNetworkConditions", {
            ...{ offline: false, latency: 0, downloadThroughput: -1 },
            uploadThroughput,
          });
        await network.send("Network.enable");
        await throttle(5_000_000);
        await choose(page, "Send files", [path]);
        await page.waitForFunction(() => {
          const bar = document.querySelector<HTMLProgressElement>(
            ".card.waits progress",
          );
          return bar !== null && bar.value > 0 && bar.value < bar.max;
        });
        await shows(page, ".card.waits", " of 50.0 MB");
        await noneSerious(page);
        await press(page, "Cancel");
        await page.waitForFunction(() =>
          !document.body.textContent?.includes("large.bin")
        );
        await throttle(-1);
        await network.detach();
      },
    );

    await step(
      "of several pictures that came together each is shown, at the end",
      async () => {
        const square = await page.evaluate(() => {
          const canvas = document.createElement("canvas");
          canvas.width = canvas.height = 900;
          return canvas.toDataURL("image/png").split(",")[1] ?? "";
        });
        await Deno.mkdir(join(luke.folder, "trips", "sea"), {
          recursive: true,
        });
        const names = ["one.png", "two.png", "trips/sea/three.png"];
        for (const name of names) {
          await Deno.writeFile(join(luke.folder, name), decodeBase64(square));
        }
        await luke.send("/send yoda one.png two.png trips");
        await shows(page, ".card.waits .title", "one.png and 2 more");
        await press(page, "Accept");
        for (const name of names) {
          await isDrawn(page, `.files img[alt="${name}"]`);
        }
        await page.waitForFunction(() => {
          const { scrollHeight, scrollTop, clientHeight } = document
            .querySelector(".log")!;
          return scrollHeight > clientHeight &&
            scrollHeight - scrollTop - clientHeight < 2 &&
            document.querySelector(".to-end") === null;
        });
        // Each is saved by its name, not by where it is in the folder.
        assertEquals(
          await page.$$eval(
            ".files a",
            (links) => links.map((link) => link.getAttribute("download")),
          ),
          names.map((name) => basename(name)),
        );
        await noneSerious(page);
      },
    );

    await step(
      "what is sent to who is away waits, or is taken back",
      async () => {
        await page.type("textarea", "/chat @leia");
        await page.keyboard.press("Enter");
        await shows(page, ".chat-head", "leia");
        const plans = join(gui.folder, "from", "plans");
        await choose(page, "Send a folder", [plans]);
        await shows(page, ".card", "Waits until leia is online");
        await choose(page, "Send files", [join(plans, "deep", "two.bin")]);
        // Not only on their way to the client, which looks alike.
        await page.waitForFunction(() =>
          [...document.querySelectorAll(".card.waits")].filter((card) =>
            card.textContent?.includes("Waits until leia is online")
          ).length === 2
        );
        await noneSerious(page);
        await page.$$eval(
          ".card.waits button",
          (all) =>
            all.findLast(({ textContent }) => textContent === "Cancel")
              ?.click(),
        );
        await shows(page, ".card.failed", "Cancelled");
        await waitUntil(
          "one copy waits",
          () => Promise.resolve(waiting(gui.folder).length === 1),
        );
      },
    );

    await step("it is dark, and all can be read", async () => {
      await page.emulateMediaFeatures([{
        name: "prefers-color-scheme",
        value: "dark",
      }]);
      await openRow(page, "@luke");
      await shows(page, ".card.done", "dot.png");
      await noneSerious(page);
    });
    assertEquals(faults, [], "errors, or what the page's policy forbids");

    await step(
      "what waits outlives the window, and goes when it was sent",
      async () => {
        await gui.process.kill();
        const config = join(gui.folder, ".config");
        await Deno.symlink(join(gui.folder, ".state"), join(config, "state"));
        await using leia = await logIn(server, "leia", {
          args: ["--accept", "always"],
        });
        await using _yoda = await logIn(server, "yoda", {
          ...{ config, identity: "new" },
        });
        const { path } = await leia.event("transfer", { state: "verified" });
        assertEquals(
          await Deno.readFile(join(String(path), "deep", "two.bin")),
          await Deno.readFile(join(gui.folder, "from/plans/deep/two.bin")),
        );
        await waitUntil(
          "no copy is left",
          () => Promise.resolve(waiting(gui.folder).length === 0),
        );
      },
    );
  },
);

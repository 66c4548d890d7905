/// <reference lib="dom" />
/** The window, as a person uses it: a real browser, server and other client. */
import { assert, assertEquals } from "@std/assert";
import { join } from "@std/path";
import {
  browserTest,
  faultsOf,
  firstPage,
  noneSerious,
  press,
  shows,
  startBrowser,
} from "../support/browser.ts";
import { GuiClient } from "../support/gui_client.ts";
import { jediAccounts, logIn, passwordOf } from "../support/jedi.ts";
import { lookThroughLongChat } from "../support/long_chat.ts";
import { lookWhereNarrow } from "../support/narrow_window.ts";
import { TestServer } from "../support/test_server.ts";
import {
  connectLate,
  drawnSince,
  emptyBox,
  firstSeen,
  focused,
  heralds,
  openRow,
  watchDrawn,
  watchHeralds,
} from "../support/window_page.ts";

browserTest(
  "the window: log in, and talk, with nothing amiss",
  async (step) => {
    await using server = await TestServer.start({
      accounts: jediAccounts,
      args: ["--message-rate", "0"],
      plain: false,
    });
    await using luke = await logIn(server, "luke", {
      args: ["--accept", "ask"],
    });
    await using gui = await GuiClient.start({
      args: ["127.0.0.1", String(server.port)],
    });
    await using browser = await startBrowser();
    const page = await firstPage(browser);
    const faults = faultsOf(page);
    await page.setViewport({ width: 1100, height: 800 });
    const late = await connectLate(page);
    await page.goto((await gui.address()).href);

    await step(
      "a wrong password is told at its field, and the address has no secret",
      async () => {
        // The form waits for no connection, and what is entered for one.
        await page.waitForSelector("[name=user]");
        assertEquals(new URL(page.url()).hash, "");
        await page.type("[name=user]", "yoda");
        await page.type("[name=password]", "wrong");
        await page.keyboard.press("Enter");
        await shows(page, "#password-problem", "");
        await page.removeScriptToEvaluateOnNewDocument(late.identifier);
        // What is typed next takes its place.
        await page.waitForFunction(() => {
          const field = document.activeElement as HTMLInputElement;
          return field.matches("[name=password][aria-invalid=true]") &&
            field.selectionStart === 0 && field.selectionEnd === 5;
        });
        await noneSerious(page);
      },
    );

    await step(
      "the right one logs in, and the server's fingerprint is to be compared",
      async () => {
        await page.keyboard.type(passwordOf("yoda"));
        await page.keyboard.press("Enter");
        await shows(page, ".me-bar", "yoda");
        await shows(page, ".notice", "SHA256:");
      },
    );

    await step("who is away is found, and oneself is not", async () => {
      await page.focus("#filter");
      for (const name of ["Yoda", "obi wan", "obiwan"]) {
        await page.keyboard.type(name);
        await page.keyboard.press("Enter");
        if (name === "obiwan") break;
        await shows(page, ".hint", `Nothing here matches “${name}”.`);
        await page.keyboard.press("Escape");
        await page.focus("#filter");
      }
      await shows(page, ".chat-head", "obiwan");
      assertEquals(await page.$(".notice.failure, [data-key='@yoda']"), null);
    });

    await step(
      "chat goes both ways, by keyboard alone, and counts as read",
      async () => {
        // From the box that finds chats to the first of them.
        await page.focus("#filter");
        await page.keyboard.type("luk");
        await shows(page, ".row", "luke");
        await page.keyboard.press("Enter");
        await shows(page, ".chat-head", "luke");
        await focused(page, "TEXTAREA");
        await page.keyboard.type("do or do not");
        await page.keyboard.down("Shift");
        await page.keyboard.press("Enter");
        await page.keyboard.up("Shift");
        await page.keyboard.type("there is no try");
        await page.keyboard.press("Enter");
        const said = "do or do not\nthere is no try";
        await luke.event("message", { from: "yoda", text: said });
        await shows(page, ".message.own:not(.pending) .mark", "delivered");
        await luke.succeed(
          "/msgto yoda I cannot see https://example.org/x now",
        );
        await shows(page, ".message:not(.own) .text", "I cannot see");
        const link = await page.$eval(".message a", (each) => [
          each.getAttribute("href"),
          each.getAttribute("rel"),
        ]);
        assertEquals(link, ["https://example.org/x", "noopener noreferrer"]);
        await shows(page, "[role=log]", "luke: I cannot see");
        await page.waitForFunction(() => document.title === "Parley");
        await page.keyboard.press("ArrowUp");
        assertEquals(await page.$eval("textarea", (box) => box.value), said);
        await page.keyboard.press("ArrowDown");
        await page.keyboard.type("/mem");
        await page.keyboard.press("Tab");
        await page.waitForFunction(() =>
          document.querySelector("textarea")?.value === "/members "
        );
        await emptyBox(page);
        await page.evaluate(() =>
          document.execCommand("insertText", false, "y".repeat(4097))
        );
        await page.keyboard.press("Enter");
        await shows(page, ".composer [role=alert]", "This has 4097 characters");
        await noneSerious(page);
        await emptyBox(page);
        assertEquals(await page.$(".composer [role=alert]"), null);
      },
    );

    await step(
      "what somebody writes is text, whatever it looks like",
      async () => {
        await luke.succeed(
          '/msgto yoda <img src=x onerror="document.title=1">',
        );
        await shows(page, ".message .text", "<img src=x");
        assertEquals(await page.$(".message img"), null);
      },
    );

    await step("a message that is taken back is gone for both", async () => {
      await page.keyboard.type("a slip");
      await page.keyboard.press("Enter");
      await luke.event("message", { from: "yoda", text: "a slip" });
      // While it is on its way, the last that can be taken back is another one.
      await shows(page, ".message.own:not(.pending)", "a slip");
      await page.evaluate(() =>
        [...document.querySelectorAll<HTMLElement>(".take-back")].at(-1)
          ?.click()
      );
      await luke.event("deleted", { from: "yoda" });
      await shows(page, ".message.own .gone", "took back");
    });

    await step(
      "loaded again in the middle of it all, it goes on",
      async () => {
        await page.keyboard.type("about to say");
        await page.reload();
        await shows(page, ".chat-head", "luke");
        await shows(page, ".message .text", "there is no try");
        assertEquals(
          await page.$eval("textarea", (box) => box.value),
          "about to say",
        );
        await emptyBox(page);
      },
    );

    await step(
      "older messages come when asked for, and what is read stays in its place",
      async () => {
        for (let count = 1; count <= 120; count++) {
          await luke.succeed(`/msgto yoda word ${count}`);
        }
        await shows(page, ".message .text", "word 120");
        await page.reload();
        await shows(page, ".message .text", "word 120");
        await page.$eval(".log", (log) => log.scrollTop = 300);
        await page.waitForSelector(".to-end");
        const [text, top] = await firstSeen(page);
        await page.$eval(".older", (button) => (button as HTMLElement).click());
        await shows(page, ".message .text", "word 50");
        const after = await firstSeen(page);
        assertEquals(after[0], text);
        assert(Math.abs(after[1] - top) <= 2, `${top} became ${after[1]}`);
        await page.locator(".to-end").click();
        await page.waitForFunction(() => !document.querySelector(".to-end"));
        // What is said costs the same, however much is in view, once that is drawn.
        await firstSeen(page);
        await watchDrawn(page);
        await page.type("textarea", "this one");
        await page.keyboard.press("Enter");
        await shows(page, ".message.own:not(.pending)", "this onedelivered");
        const { last, above } = await drawnSince(page);
        assert(last > 0 && above === 0, `${above} older ones were drawn anew`);
      },
    );

    await step("what is found is shown where it was said", async () => {
      await page.reload();
      await shows(page, ".message .text", "word 120");
      await press(page, "Search messages");
      await focused(page, "INPUT");
      await page.keyboard.type('"do or do not"');
      await page.keyboard.press("Enter");
      await shows(page, ".found", "there is no try");
      await noneSerious(page);
      await page.locator(".found button").click();
      await page.waitForFunction(() => {
        const { activeElement } = document;
        const { top = -1 } = activeElement?.getBoundingClientRect() ?? {};
        return activeElement?.matches(".message") && top > 0 &&
          top < innerHeight &&
          activeElement.textContent?.includes("there is no try");
      });
      await page.locator(".to-end").click();
    });

    await step(
      "whoever compares the safety number, or blocks somebody, sees it",
      async () => {
        await press(page, "About luke");
        await page.waitForSelector(".panel .number");
        const shown = await page.$$eval(
          ".panel .number span",
          (groups) => groups.map(({ textContent }) => textContent).join(" "),
        );
        const { safetyNumber } = await luke.succeed("/verify yoda");
        assertEquals(shown, safetyNumber);
        await noneSerious(page);
        await press(page, "They are the same");
        await shows(page, ".chat-head .tag.good", "verified");
        await press(page, "Block luke");
        await shows(page, ".closed", "You have blocked luke");
        await press(page, "Unblock luke");
        await page.waitForSelector(".chat textarea");
        await page.keyboard.press("Escape");
        await press(page, "Menu");
        await press(page, "My devices");
        await shows(page, ".devices", "this one");
        await noneSerious(page);
        await press(page, "Close");
      },
    );

    await step("a group is made, and its panel tells of it", async () => {
      await press(page, "New group");
      await focused(page, "INPUT");
      await page.keyboard.type("jedi");
      await page.locator("fieldset .check input").click();
      await press(page, "Make the group");
      await luke.event("invited", { group: "jedi" });
      await luke.succeed("/joingroup jedi");
      await shows(page, ".chat-head", "jedi");
      await shows(page, ".note", "luke joined");
      await press(page, "About this group");
      await shows(page, ".panel", "Members, 2");
      await noneSerious(page);
      await page.type(".panel [placeholder='user name']", "leia");
      await page.keyboard.press("Enter");
      await shows(page, ".panel h3", "Invited");
      await page.locator(".panel .check input").click();
      await luke.event("group-set", { group: "jedi" });
      await press(page, "Take back the invitation of leia");
      await page.waitForFunction(() =>
        !document.querySelector(".panel")?.textContent?.includes("Invited")
      );
      await press(page, "Make leader: luke");
      await luke.event("leader", { group: "jedi", leader: "luke" });
      await shows(page, ".panel .people li:has(.tag)", "luke");
      // What others do is seen where one looks at it.
      await luke.succeed("/promote jedi yoda");
      await shows(page, ".panel h3", "You lead this group");
      await press(page, "Remove luke");
      await luke.event("removed", { group: "jedi" });
      await shows(page, ".panel h3", "Members, 1");
      await page.keyboard.press("Escape");
      // Back at what opened it.
      await focused(page, "BUTTON");
    });

    await step("each chat keeps what one began to write in it", async () => {
      await page.type("textarea", "for all");
      await openRow(page, "@luke");
      await page.waitForFunction(() =>
        document.querySelector("textarea")?.value === ""
      );
      await page.type("textarea", "for one");
      await shows(page, "[data-key='#jedi']", "Draft: for all");
      await openRow(page, "#jedi");
      await page.waitForFunction(() =>
        document.querySelector("textarea")?.value === "for all"
      );
      await emptyBox(page);
    });

    await step(
      "of a message elsewhere the title tells, and more if that is wanted",
      async () => {
        const { origin } = new URL(page.url());
        await browser.defaultBrowserContext().overridePermissions(origin, [
          "notifications",
        ]);
        await watchHeralds(page);
        await luke.succeed("/msgto yoda where are you, yoda?");
        await page.waitForFunction(() => document.title === "(1) Parley");
        assertEquals(await heralds(page), { notes: [], sounds: 0 });
        await press(page, "Menu");
        await press(page, "My profile and settings");
        for (const name of ["Show messages outside", "A sound for messages"]) {
          await page.locator(`.panel .check ::-p-text(${name})`).click();
        }
        await page.waitForFunction(() =>
          document.querySelectorAll(".panel .check :checked").length === 2
        );
        await noneSerious(page);
        const { sounds } = await heralds(page);
        await luke.succeed("/msgto yoda yoda, here!");
        await page.waitForFunction(() => document.title === "(2) Parley");
        assertEquals(await heralds(page), {
          notes: ["luke: yoda, here!"],
          sounds: sounds + 1,
        });
        for (const name of ["Show messages outside", "A sound for messages"]) {
          await page.locator(`.panel .check ::-p-text(${name})`).click();
        }
        await openRow(page, "@luke");
        await shows(page, ".new-mark", "New messages");
        await page.waitForFunction(() => document.title === "Parley");
        await emptyBox(page);
      },
    );

    await step("Enter, meant for a message, answers no question", async () => {
      await using desk = await logIn(server, "yoda", {
        config: join(gui.folder, "desk"),
        identity: "new",
        args: ["--device", "desk"],
      });
      await desk.succeed("/link");
      await page.type("textarea", "/link approve");
      await page.keyboard.press("Enter");
      await shows(page, "dialog .question", "Does desk show");
      await noneSerious(page);
      await page.keyboard.press("Enter");
      await desk.event("link", { state: "ended", code: "refused" });
      // Of all that was told of it the last stands there.
      await shows(page, ".notice", "You said no");
      const notices = await page.$$eval(
        ".notice",
        (all) =>
          all.map((each) => each.textContent)
            .filter((text) => /Compare|asks for/.test(text ?? "")),
      );
      assertEquals(notices, []);
    });

    await step("of a long chat the page holds what is near", async () => {
      await using desk = await logIn(server, "yoda", {
        ...{ config: join(gui.folder, "desk"), identity: "new" },
      });
      await lookThroughLongChat(page, desk, () => logIn(server, "obiwan"));
    });

    await step("a private session looks like one", async () => {
      await luke.send("/startprivate yoda");
      // Another chat is open.
      const row = '[data-key="@luke"]';
      await shows(page, row, "luke asks for a private session");
      await page.evaluate(() =>
        document.querySelector<HTMLElement>('[data-key="@luke"]')?.click()
      );
      await shows(page, ".request", "luke asks for a private session");
      // Notices that nobody read cover none of it.
      assert(await page.$(".notice") !== null);
      await press(page, "Accept");
      await shows(page, ".chat.session .tag", "Private");
      await shows(page, ".note", "Private session with luke is open");
      await page.waitForSelector(".chat.session textarea");
      await page.type("textarea", "only for you");
      await page.keyboard.press("Enter");
      await luke.event("private-message", { text: "only for you" });
      await shows(page, ".message:not(.pending) .text", "only for you");
      await noneSerious(page);
    });

    await step("without a connection nobody is shown as online", async () => {
      await page.locator('[aria-label="Chats"] [data-key="@luke"]').click();
      await press(page, "About luke");
      const places = [".about", ".portrait p"];
      for (const place of places) await shows(page, place, "Online");
      await server.stop();
      await page.waitForFunction(
        (places: readonly string[]) =>
          places.every((place) =>
            document.querySelector(place)?.textContent === ""
          ),
        {},
        places,
      );
      await server.startAgain();
      for (const place of places) await shows(page, place, "Online");
      await press(page, "Close");
    });

    await step(
      "it is narrow, or dark, and nothing is lost",
      () => lookWhereNarrow(page),
    );

    await step(
      "who logs out sees the form, with where they were",
      async () => {
        await press(page, "Menu");
        await focused(page, "BUTTON");
        await press(page, "Log out");
        await shows(page, ".saved", "yoda");
        // Whom one has talked with is known to the server.
        await page.type("[name=password]", passwordOf("yoda"));
        await page.keyboard.press("Enter");
        const chat = '[aria-label="Chats"] [data-key="@obiwan"] .line';
        await shows(page, chat, "");
      },
    );
    assertEquals(faults, [], "errors, or what the page's policy forbids");
  },
);

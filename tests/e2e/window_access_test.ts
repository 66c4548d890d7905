/// <reference lib="dom" />
/** Which client a page belongs to, and how many pages a client has, in a browser. */
import { assertEquals } from "@std/assert";
import {
  anotherPage,
  browserTest,
  faultsOf,
  firstPage,
  shows,
  startBrowser,
} from "../support/browser.ts";
import { GuiClient } from "../support/gui_client.ts";
import { waitUntil } from "../support/wait_until.ts";

browserTest(
  "the window: a page too many, and one whose client is gone, are told so",
  async (step) => {
    await using gui = await GuiClient.start();
    await using browser = await startBrowser();
    const page = await firstPage(browser);
    const faults = faultsOf(page);
    await page.goto((await gui.address()).href);
    await page.waitForSelector("[name=password]");

    await step(
      "a page without its key takes the next address that is entered over it",
      async () => {
        await page.evaluate(() => sessionStorage.clear());
        await page.reload();
        await shows(page, "h1", "This page has lost its key");
        await page.goto((await gui.newAddress()).href);
        await page.waitForSelector("[name=password]");
        assertEquals(await page.evaluate(() => location.hash), "");
      },
    );

    await step(
      "one tab too many is told why, and is let in later",
      async () => {
        const token = await gui.token();
        const tabs = [];
        for (let count = 0; count < 31; count++) {
          tabs.push(await gui.tab(token));
        }
        const more = await anotherPage(browser);
        await more.goto((await gui.newAddress()).href);
        await shows(more, "h1", "Too many tabs are open");
        tabs[0]?.close();
        await tabs[0]?.closed;
        // The client may notice later than the page that it has gone.
        await waitUntil("there is room for another", async () => {
          await more.reload();
          const answer = await more.waitForFunction(() => {
            const isIn = document.querySelector("[name=user]") !== null;
            const heading = document.querySelector("h1")?.textContent ?? "";
            if (isIn) return "in";
            return heading.includes("Too many tabs") ? "full" : undefined;
          });
          return await answer.jsonValue() === "in";
        });
        await more.close();
      },
    );

    await step(
      "whoever has the port of a killed client is told nothing",
      async () => {
        const port = await gui.port();
        await page.type("[name=password]", "not for others");
        await gui.process.kill();
        await using other = new Impostor(port);
        await shows(page, "h1", "This is another Parley now");
        assertEquals(other.heard.map((text) => JSON.parse(text).do), ["prove"]);
        // What the browser says of the port that was closed for a moment.
        faults.splice(
          0,
          Infinity,
          ...faults.filter((fault) => !/ERR_CONNECTION|WebSocket/.test(fault)),
        );
      },
    );
    assertEquals(faults, [], "errors, or what the page's policy forbids");
  },
);

/** Another program where the client was: it says yes to everything. */
class Impostor implements AsyncDisposable {
  readonly heard: string[] = [];
  readonly #server: Deno.HttpServer;

  constructor(port: number) {
    this.#server = Deno.serve(
      { port, hostname: "127.0.0.1", onListen() {} },
      (request) => {
        const { socket, response } = Deno.upgradeWebSocket(request);
        socket.onmessage = ({ data }) => {
          this.heard.push(data);
          const proof = "A".repeat(43);
          socket.send(JSON.stringify({ tell: "proof", proof }));
          const phase = { tell: "phase", phase: "form", servers: [] };
          socket.send(JSON.stringify(phase));
        };
        return response;
      },
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server.shutdown();
  }
}

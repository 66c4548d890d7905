/// <reference lib="dom" />
/** Somebody with a window, wherever that is: a client, a browser and its page. */
import type { Browser, Page } from "puppeteer-core";
import { firstPage, press, shows, startBrowser } from "./browser.ts";
import { callArguments, openChat } from "./call_pages.ts";
import { GuiClient } from "./gui_client.ts";
import { passwordOf } from "./jedi.ts";

/** Where somebody is, and the server for them. */
export interface CallPlace {
  /** `HOST:PORT`. */
  readonly server: string;
  /** Command that starts programs there. */
  readonly launcher: readonly string[];
  /** Further command-line arguments of the client. */
  readonly args?: readonly string[];
}

/** A client, logged in, and its page. */
export class CallHome implements AsyncDisposable {
  readonly gui: GuiClient;
  readonly browser: Browser;
  readonly page: Page;

  private constructor(gui: GuiClient, browser: Browser, page: Page) {
    this.gui = gui;
    this.browser = browser;
    this.page = page;
  }

  /** One of the Jedi. */
  static async open(
    name: string,
    { server, launcher, args = [] }: CallPlace,
  ): Promise<CallHome> {
    const gui = await GuiClient.start({
      args: [server, "--plain", "--user", name, ...args],
      env: { PARLEY_PASSWORD: passwordOf(name) },
      launcher,
    });
    let browser: Browser | undefined;
    try {
      browser = await startBrowser(callArguments, launcher);
      const page = await firstPage(browser);
      // Two browsers are much for a machine that is busy.
      page.setDefaultTimeout(60_000);
      await page.setViewport({ width: 1100, height: 800 });
      await page.goto((await gui.address()).href);
      await shows(page, ".me-bar", name);
      return new CallHome(gui, browser, page);
    } catch (error) {
      await browser?.close();
      await gui[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** Calls somebody who is on line, with video. */
  async call(name: string): Promise<void> {
    await openChat(this.page, `@${name}`);
    await press(this.page, `Video call ${name}`);
  }

  /** Enters a line, as typed. */
  async enter(line: string): Promise<void> {
    await this.page.focus("textarea");
    await this.page.keyboard.type(line);
    await this.page.keyboard.press("Enter");
  }

  /** Answers what rings as it is meant. */
  async answer(): Promise<void> {
    await this.page.waitForSelector(".ring .main");
    await this.page.$eval(
      ".ring .main",
      (button) => (button as HTMLElement).click(),
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.browser.close();
    await this.gui[Symbol.asyncDispose]();
  }
}

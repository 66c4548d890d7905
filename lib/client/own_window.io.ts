/**
 * The window of a client that has a terminal as well (`/gui`). It is loaded when
 * somebody wants it.
 */
import type { CommandOutcome } from "./events/client_event.ts";
import { usualWindowPort } from "./settings/settings.ts";
import { StartError } from "../system/errors.io.ts";
import type { WatchedClient, WebWindow } from "./ui/web/web_window.io.ts";
import type { WindowBrowser } from "./ui/web/window_browser.io.ts";

/** One client's window, open or not. */
export class OwnWindow {
  readonly #env: (name: string) => string | undefined;
  #opened: Promise<Opened> | undefined;

  /** @param env Looks up an environment variable: display and folders. */
  constructor(env: (name: string) => string | undefined) {
    this.#env = env;
  }

  /**
   * Opens it, or lets another tab in where it is open.
   *
   * @param opens Starts the browser, if there is a display.
   */
  async open(client: WatchedClient, opens: boolean): Promise<CommandOutcome> {
    try {
      const { window, browser } = await (this.#opened ??= this.#open(client));
      const address = window.newAddress();
      const opened = opens && await browser.open(address);
      return { command: "gui", ok: true, answer: { address, opened } };
    } catch (error) {
      this.#opened = undefined;
      if (!(error instanceof StartError)) throw error;
      const { message } = error;
      return { command: "gui", ok: false, code: "no_window", message };
    }
  }

  /** Ends it. */
  async close(): Promise<void> {
    const opened = await this.#opened?.catch(() => undefined);
    await opened?.browser.done();
    await opened?.window.close();
  }

  async #open(client: WatchedClient): Promise<Opened> {
    const { WebWindow } = await import("./ui/web/web_window.io.ts");
    const { WindowBrowser } = await import("./ui/web/window_browser.io.ts");
    const browser = new WindowBrowser(this.#env);
    const { server, user } = client.view.me;
    const window = await WebWindow.open({
      port: usualWindowPort,
      env: this.#env,
      phase: {
        ...{ phase: "open", attached: true, login: crypto.randomUUID() },
        ...{ servers: [], server, user },
      },
      onEntered: () => void browser.done(),
    });
    window.preparePage().then(() => window.prepareTabs());
    await window.follow(client);
    return { window, browser };
  }
}

interface Opened {
  readonly window: WebWindow;
  readonly browser: WindowBrowser;
}

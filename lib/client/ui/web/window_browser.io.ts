/** Opens a window's page in the browser, as often as its user wants. */
import { stateFolderPath } from "../../../system/folders.io.ts";
import { systemRandom } from "../../../system/clock.io.ts";
import { BrowserOpening, hasDisplay } from "./open_browser.io.ts";
import { systemDownloads } from "./system_downloads.io.ts";

type Env = (name: string) => string | undefined;

/** What opens the page of one window. */
export class WindowBrowser {
  readonly #env: Env;
  /** Also while its program is being started, as the page may be faster. */
  #opening: Promise<BrowserOpening | undefined> | undefined;

  /** @param env Looks up an environment variable: display and folders. */
  constructor(env: Env) {
    this.#env = env;
  }

  /** Opens a page that only its user is told the address of; false if it cannot. */
  async open(address: string): Promise<boolean> {
    await this.done();
    if (!hasDisplay(this.#env)) return false;
    const downloads = await systemDownloads(this.#env);
    const folders = [
      ...downloads === undefined ? [] : [downloads],
      stateFolderPath(this.#env),
    ];
    this.#opening = BrowserOpening.open(address, folders, systemRandom);
    return await this.#opening !== undefined;
  }

  /** The page is there, or is not to be opened any more. */
  async done(): Promise<void> {
    const opening = this.#opening;
    this.#opening = undefined;
    await (await opening)?.done();
  }
}

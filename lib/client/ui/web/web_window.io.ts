/**
 * The window: a page in any number of tabs of a browser, which all show one
 * client, or the form to log in where there is none yet.
 */
import type { TransferFile } from "../../transfer/arriving_file.ts";
import type {
  UserHandler,
  Watcher,
  WatcherControl,
} from "../user_interface.ts";
import { systemRandom } from "../../../system/clock.io.ts";
import { loadPage } from "./page_files.io.ts";
import type { PageTab } from "./page_tab.io.ts";
import { ShownFiles } from "./shown_files.io.ts";
import { Spool, SpoolError } from "./spool.io.ts";
import type { UploadPlace } from "./upload_place.ts";
import { WebServer } from "./web_server.io.ts";
import type { PageMessage, Phase } from "./web_wire.ts";
import { WindowQuestions } from "./window_questions.ts";

/** The client that a window shows. */
export interface WatchedClient extends Pick<UserHandler, "view" | "reconnect"> {
  /** The one file of a transfer, as far as it is here. */
  fileOf(transfer: number): TransferFile<Deno.FsFile> | undefined;
  attach<W extends Watcher>(open: (control: WatcherControl) => W): W;
  detach(watcher: Watcher): void;
}

/** What the user of a window may do where the client has no terminal. */
export interface WindowOwner {
  /** Logs in, in phase `form`. */
  login(given: Extract<PageMessage, { do: "login" }>): void;
  /** Logs out. */
  leave(): void;
  /** Ends the program. */
  quit(): void;
}

/** How a window is opened. */
export interface WindowOptions {
  /** Where the page is to be; another port when it is taken, any for 0. */
  readonly port: number;
  /** Looks up an environment variable: where the state folder is. */
  readonly env: (name: string) => string | undefined;
  readonly phase: Phase;
  /** Absent where the client has a terminal. */
  readonly owner?: WindowOwner;
  /** A page was let in by its address, and has its answer. */
  onEntered?(): void;
  /** A page is connected. */
  onConnected?(): void;
}

/** A window that is open. */
export class WebWindow {
  readonly questions = new WindowQuestions();
  readonly files = new ShownFiles(systemRandom);
  readonly uploads: Spool;
  readonly owner: WindowOwner | undefined;
  readonly #tabs = new Set<PageTab>();
  readonly #onConnected: () => void;
  #server: WebServer | undefined;
  #client: WatchedClient | undefined;
  #phase: Phase;

  private constructor(options: WindowOptions) {
    const { env, owner, phase, onConnected = () => {} } = options;
    this.uploads = new Spool(env, systemRandom);
    this.owner = owner;
    this.#onConnected = onConnected;
    this.#phase = phase;
  }

  /**
   * Opens it.
   *
   * @throws {StartError} when there is no port, or no folder for uploads.
   */
  static async open(options: WindowOptions): Promise<WebWindow> {
    const window = new WebWindow(options);
    window.#server = await WebServer.start({
      loadPage,
      files: window.files,
      upload: (...file) => window.#upload(...file),
      loadTabs: async () => {
        const { PageTab } = await import("./page_tab.io.ts");
        // One that says nothing in time is gone by itself.
        return (socket) => new PageTab(window, socket).start();
      },
      phase: () => window.#phase,
      onEntered: () => options.onEntered?.(),
    }, options.port);
    window.uploads.removeLeft();
    return window;
  }

  /** Where the client stands. */
  get phase(): Phase {
    return this.#phase;
  }

  /** The client that is shown, if there is one. */
  get client(): WatchedClient | undefined {
    return this.#client;
  }

  /** An address of the page that lets in one tab, once. */
  newAddress(): string {
    return this.#server?.newAddress() ?? "";
  }

  /** Loads what the first page needs to be drawn. */
  async preparePage(): Promise<void> {
    await this.#server?.preparePage();
  }

  /** Loads what a page needs that connects: best when it has been drawn. */
  async prepareTabs(): Promise<void> {
    await this.#server?.prepareTabs();
  }

  /** The client stands elsewhere. */
  setPhase(phase: Phase): void {
    this.#phase = phase;
    for (const tab of this.#tabs) tab.tell({ tell: "phase", ...phase });
  }

  /** Another client is shown from now on, or none. */
  async follow(client: WatchedClient | undefined): Promise<void> {
    this.#client = client;
    for (const tab of this.#tabs) tab.follow(client);
    if (client !== undefined) return;
    this.questions.clear();
    this.files.clear();
    await this.uploads.clear();
  }

  /** A tab that may stay goes. */
  remove(tab: PageTab): void {
    this.#tabs.delete(tab);
    this.questions.remove(tab);
    // Nobody else can send what it uploaded.
    const { token } = tab;
    if (token !== undefined && !this.#isOpen(token)) {
      this.uploads.dropOf(token);
    }
  }

  /** A tab may stay; false when there are too many. */
  add(tab: PageTab): boolean {
    if (this.#tabs.size >= mostTabs) return false;
    this.#tabs.add(tab);
    tab.tell({ tell: "phase", ...this.#phase });
    tab.follow(this.#client);
    this.questions.add(tab);
    this.#onConnected();
    return true;
  }

  #upload(
    token: string,
    place: UploadPlace,
    size: number,
    body: AsyncIterable<Uint8Array>,
  ): Promise<void> {
    if (this.#isOpen(token)) return this.uploads.add(token, place, size, body);
    return Promise.reject(new SpoolError(409, "the page is not connected"));
  }

  /** A page with this token is there. */
  #isOpen(token: string): boolean {
    return [...this.#tabs].some((tab) => tab.token === token);
  }

  /** Ends it, and removes what was uploaded. */
  async close(): Promise<void> {
    await this.follow(undefined);
    this.setPhase({ ...this.#phase, phase: "ended" });
    await Promise.all([...this.#tabs].map((tab) => tab.end()));
    await this.#server?.close();
    await this.uploads.close();
  }
}

/** Most tabs at once. */
const mostTabs = 32;

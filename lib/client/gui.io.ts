/** `parley gui`: the client with a window in the browser in place of a terminal. */
import { UsageError } from "../cli/command_line.ts";
import { EndSignals } from "../cli/end_signals.io.ts";
import { givenPassword } from "../cli/password_file.io.ts";
import { Output } from "../system/console_output.io.ts";
import { StartError } from "../system/errors.io.ts";
import { LineInput } from "../system/stdin.io.ts";
import type { ClientApp } from "./client_app.io.ts";
import {
  formProblem,
  type GuiOptions,
  type ServerChoice,
} from "./settings/gui_options.ts";
import type { ClientOptions } from "./settings/options.ts";
import { choicesOf, readLogins, writeLogin } from "./ui/web/known_logins.io.ts";
import { systemDownloads } from "./ui/web/system_downloads.io.ts";
import { WindowBrowser } from "./ui/web/window_browser.io.ts";
import { WebWindow, type WindowOwner } from "./ui/web/web_window.io.ts";
import type { PageMessage, Phase } from "./ui/web/web_wire.ts";

/**
 * Runs the window until its user has enough of it.
 *
 * @returns The exit code.
 * @throws {StartError} when it cannot begin.
 */
export async function runGui(options: GuiOptions): Promise<number> {
  return await new Gui(options).run();
}

/** One run of the window: the form, and a client after each login. */
class Gui implements WindowOwner {
  readonly #options: GuiOptions;
  readonly #output: Output;
  #input: LineInput | undefined;
  readonly #ended = Promise.withResolvers<number>();
  #window: WebWindow | undefined;
  readonly #browser = new WindowBrowser(env);
  #app: ClientApp | undefined;
  /** Resolves when no client runs. */
  #running: Promise<void> = Promise.resolve();
  /** A client runs, or is being made. */
  #isTaken = false;
  #isEnding = false;

  constructor(options: GuiOptions) {
    this.#options = options;
    this.#output = new Output(() => this.#end(interruptedCode));
  }

  /** Returns the exit code. */
  async run(): Promise<number> {
    const { port, client } = this.#options;
    const password = await givenPassword(client.passwordFile, client.password);
    const signals = new EndSignals(() => this.#end(interruptedCode));
    let idle: ReturnType<typeof setTimeout> | undefined;
    try {
      const window = this.#window = await WebWindow.open({
        port,
        env,
        phase: this.#form(),
        owner: this,
        onEntered: () => void this.#browser.done(),
        onConnected: () => void this.#prepare(),
      });
      this.#present(window);
      const choice = this.#first();
      if (password !== undefined && choice.user !== undefined) {
        this.#start(choice, password);
      }
      await window.preparePage();
      this.#readKeys(window);
      idle = setTimeout(() => this.#prepare(), idleMs);
      return await this.#ended.promise;
    } finally {
      clearTimeout(idle);
      this.#isEnding = true;
      signals.ending();
      this.#input?.cancel();
      this.#app?.interrupt();
      await this.#running;
      await this.#browser.done();
      await this.#window?.close();
      await this.#output.flush();
      signals.close();
    }
  }

  login(given: Extract<PageMessage, { do: "login" }>): void {
    if (this.#isTaken || this.#isEnding) return;
    const { server, user, plain, password } = given;
    const choice = { server: server.trim(), user: user.trim() };
    this.#start(plain === undefined ? choice : { ...choice, plain }, password);
  }

  leave(): void {
    this.#app?.submit("/logout");
  }

  quit(): void {
    this.#end(0);
  }

  /** Loads what is needed from the first page's connection on, and for a login. */
  async #prepare(): Promise<void> {
    if (this.#isEnding) return;
    await this.#window?.prepareTabs();
    await loadClient();
  }

  #end(code: number): void {
    this.#isEnding = true;
    this.#ended.resolve(code);
  }

  /** The login that the command line asks for. */
  #first(): ServerChoice {
    const { client, server = client.host } = this.#options;
    const { user } = client;
    return user === undefined ? { server } : { server, user };
  }

  #form(
    choice?: ServerChoice,
    why?: { message: string; code?: string },
  ): Phase {
    const { saved, client, server } = this.#options;
    const servers = choicesOf(readLogins(env), saved);
    const { user } = choice ?? client;
    const at = choice?.server ?? server;
    return {
      phase: "form",
      servers,
      ...at !== undefined && { server: at },
      ...user !== undefined && { user },
      ...why,
    };
  }

  #start(choice: ServerChoice, password: string): void {
    this.#isTaken = true;
    this.#running = this.#runClient(choice, password);
  }

  async #runClient(choice: ServerChoice, password: string): Promise<void> {
    const window = this.#window;
    if (window === undefined) return;
    const { servers } = this.#form();
    const phase = { ...choice, servers, login: crypto.randomUUID() };
    window.setPhase({ ...phase, phase: "connecting" });
    const { openClient, tellFailure, WebInterface } = await loadClient();
    const face = new WebInterface({
      questions: window.questions,
      onStart: () => {
        writeLogin(env, choice);
        window.setPhase({ ...phase, phase: "open" });
      },
      // What went wrong is also told where the program was started.
      onNews: tellFailure,
    });
    let why: { message: string; code?: string } | undefined;
    try {
      const options = await this.#optionsFor(choice);
      const person = { isInteractive: true, asks: true };
      const open = () => face;
      const app = await openClient(options, password, { ...person, open });
      this.#app = app;
      await window.follow(app);
      if (this.#isEnding) app.interrupt();
      await app.run();
      why = face.ended;
    } catch (error) {
      if (error instanceof UsageError) why = formProblem(error);
      else if (error instanceof StartError) why = { message: error.message };
      else throw error;
    }
    this.#app = undefined;
    await window.follow(undefined);
    this.#isTaken = false;
    if (!this.#isEnding) window.setPhase(this.#form(choice, why));
  }

  /** @throws {UsageError} when there is no such server. */
  async #optionsFor(choice: ServerChoice): Promise<ClientOptions> {
    const { isFolderOpen } = this.#options;
    const options = this.#options.optionsFor(choice);
    const { hostHint, host } = options;
    if (hostHint !== undefined) {
      const { isHostName } = await import("../system/addresses.io.ts");
      if (!await isHostName(host)) throw new UsageError(hostHint);
    }
    if (!isFolderOpen) return options;
    const downloadDir = await systemDownloads(env) ?? options.downloadDir;
    return { ...options, downloadDir };
  }

  /** Prints the address, and opens it where that can be done. */
  async #present(window: WebWindow): Promise<void> {
    const address = window.newAddress();
    this.#output.write(`Parley is at ${address}\n`);
    const isOpened = this.#options.opens && await this.#browser.open(address);
    this.#output.write(
      isOpened
        ? "It is being opened in your browser; Enter opens it again, Ctrl-C ends Parley.\n"
        : "Open that in a browser on this machine; Enter gives a new address, Ctrl-C ends Parley.\n",
    );
  }

  /** Enter on the terminal that it was started from wants another address. */
  async #readKeys(window: WebWindow): Promise<void> {
    // What reads it takes some milliseconds to load.
    const input = this.#input = new LineInput();
    for (;;) {
      const line = await input.read();
      if (line === undefined || this.#isEnding) return;
      await this.#present(window);
    }
  }
}

/**
 * What nobody needs before they log in: it takes longer to load than all that
 * the page needs, and is loaded while they look at it.
 */
async function loadClient() {
  return await import("./gui_client.io.ts");
}

const env = (name: string) => Deno.env.get(name);
const interruptedCode = 130;
/** When nobody opens the page at once, there is time for what is needed later, ms. */
const idleMs = 1000;

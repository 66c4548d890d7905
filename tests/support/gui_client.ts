/**
 * A real `parley gui`, driven as its page does: over HTTP and a WebSocket. What
 * a page may not send goes through raw sockets.
 */
import { join } from "@std/path";
import type {
  ClientMessage,
  PageMessage,
} from "../../lib/client/ui/web/web_wire.ts";
import { passwordOf } from "./jedi.ts";
import { clientCommand, libraryEnv } from "./programs.ts";
import { RunningProcess } from "./running_process.ts";
import type { TestServer } from "./test_server.ts";
import { waitUntil } from "./wait_until.ts";

/** How to start one. */
export interface GuiClientOptions {
  /** Opens the page in a browser, if there is a display. */
  readonly opens?: boolean;
  /** After `gui`. */
  readonly args?: readonly string[];
  readonly env?: Record<string, string>;
  /** Where it keeps what it knows; a new folder by default. */
  readonly home?: string;
  /** Command that starts it, such as one that enters a namespace. */
  readonly launcher?: readonly string[];
}

/** A running `parley gui`. */
export class GuiClient implements AsyncDisposable {
  /** Its home and working folder. */
  readonly folder: string;
  readonly process: RunningProcess;
  readonly #isOwn: boolean;
  readonly #tabs: GuiTab[] = [];

  private constructor(folder: string, isOwn: boolean, process: RunningProcess) {
    this.folder = folder;
    this.#isOwn = isOwn;
    this.process = process;
  }

  /** Starts one and waits until it has printed its address. */
  static async start(options: GuiClientOptions = {}): Promise<GuiClient> {
    const { args = [], env, home, opens = false, launcher = [] } = options;
    const folder = home ?? await Deno.makeTempDir({ prefix: "parley-gui-" });
    const words = ["gui", "--gui-port", "0", ...args];
    if (!opens) words.push("--no-open");
    const process = new RunningProcess({
      command: [...launcher, ...clientCommand, ...words],
      cwd: folder,
      env: {
        ...libraryEnv,
        HOME: folder,
        XDG_CONFIG_HOME: join(folder, ".config"),
        XDG_STATE_HOME: join(folder, ".state"),
        ...env,
      },
    });
    const gui = new GuiClient(folder, home === undefined, process);
    await gui.address();
    return gui;
  }

  /** The newest address that it has printed. */
  async address(from = 0): Promise<URL> {
    const line = await this.process.waitFor(
      "an address",
      (line) => line.startsWith("Parley is at "),
      { from },
    );
    return new URL(line.slice("Parley is at ".length));
  }

  /** A new address, for which a person presses Enter. */
  async newAddress(): Promise<URL> {
    const from = this.process.out.length;
    await this.process.send("");
    return await this.address(from);
  }

  /** `http://127.0.0.1:PORT`. */
  async origin(): Promise<string> {
    return (await this.address()).origin;
  }

  async port(): Promise<number> {
    return Number((await this.address()).port);
  }

  /** Asks for something as the page does. */
  async fetch(path: string, init: RequestInit = {}): Promise<Response> {
    const origin = await this.origin();
    const headers = { origin, ...init.headers as Record<string, string> };
    return await fetch(origin + path, { ...init, headers });
  }

  /** Gives a secret for a token. */
  async exchange(secret: string): Promise<Response> {
    return await this.fetch("/token", {
      method: "POST",
      body: JSON.stringify({ secret }),
    });
  }

  /** A token, for a new address. */
  async token(): Promise<string> {
    const { hash } = await this.newAddress();
    const reply = await this.exchange(hash.slice(1));
    return (await reply.json()).token;
  }

  /** Opens a tab and waits for what it is told first. */
  async tab(token?: string): Promise<GuiTab> {
    const tab = new GuiTab(await this.origin(), token ?? await this.token());
    this.#tabs.push(tab);
    await tab.told("phase");
    return tab;
  }

  /** A tab, in which one of the Jedi logs in without TLS. */
  async tabOf(
    name: string,
    server: Pick<TestServer, "port">,
  ): Promise<GuiTab> {
    const tab = await this.tab();
    tab.say({
      do: "login",
      server: `127.0.0.1:${server.port}`,
      user: name,
      password: passwordOf(name),
      plain: true,
    });
    await tab.phase("open");
    return tab;
  }

  /** Sends bytes to its port and reads until the connection ends. */
  async raw(text: string): Promise<string> {
    using connection = await Deno.connect({
      hostname: "127.0.0.1",
      port: await this.port(),
    });
    await connection.write(new TextEncoder().encode(text));
    return await readAll(connection);
  }

  /** The same for a request with these headers, which is the last. */
  async request(
    line: string,
    headers: readonly string[] = [],
    body = "",
  ): Promise<{ readonly status: number; readonly text: string }> {
    const lines = [`${line} HTTP/1.1`, ...headers, "Connection: close", "", ""];
    const text = await this.raw(lines.join("\r\n") + body);
    return { status: Number(text.split(" ")[1] ?? 0), text };
  }

  /** Ends it, and all that it left. */
  async [Symbol.asyncDispose](): Promise<void> {
    for (const tab of this.#tabs) tab.close();
    await this.process.kill();
    if (this.#isOwn) await Deno.remove(this.folder, { recursive: true });
  }
}

/** What the client said, by its kind. */
type Told<K extends ClientMessage["tell"]> = Extract<
  ClientMessage,
  { tell: K }
>;

/** A tab of it. */
export class GuiTab {
  /** All that it was told, oldest first. */
  readonly messages: ClientMessage[] = [];
  readonly closed: Promise<number>;
  readonly #socket: WebSocket;
  #ref = 0;

  constructor(origin: string, token: string) {
    const url = `${origin.replace("http:", "ws:")}/socket`;
    const socket = this.#socket = new WebSocket(url, {
      headers: { origin },
    } as unknown as string[]);
    const { promise, resolve } = Promise.withResolvers<number>();
    this.closed = promise;
    socket.onopen = () => this.say({ do: "hello", token });
    socket.onmessage = ({ data }) => this.messages.push(JSON.parse(data));
    socket.onclose = ({ code }) => resolve(code);
  }

  /** Says something, whatever it is. */
  say(message: PageMessage | string): void {
    this.#socket.send(
      typeof message === "string" ? message : JSON.stringify(message),
    );
  }

  /** Waits for a message of this kind, from the `from`th of all messages on. */
  async told<K extends ClientMessage["tell"]>(
    tell: K,
    matches: (message: Told<K>) => boolean = () => true,
    from = 0,
  ): Promise<Told<K>> {
    const find = () =>
      this.messages.slice(from).find((each): each is Told<K> =>
        each.tell === tell && matches(each as Told<K>)
      );
    await waitUntil(
      `${tell} in ${this.#texts()}`,
      () => Promise.resolve(find() !== undefined),
    );
    return find() as Told<K>;
  }

  /** Waits until the client stands there. */
  async phase(phase: Told<"phase">["phase"], from = 0): Promise<Told<"phase">> {
    return await this.told("phase", (each) => each.phase === phase, from);
  }

  /** Enters a line and waits for what becomes of it. */
  async run(line: string): Promise<Told<"outcome">> {
    const ref = ++this.#ref;
    this.say({ do: "submit", ref, line });
    return await this.told("outcome", (each) => each.ref === ref);
  }

  /** Waits for an event with these fields. */
  async event(
    name: string,
    fields: Record<string, unknown> = {},
  ): Promise<Told<"event">> {
    return await this.told("event", ({ event }) =>
      event.event === name &&
      Object.entries(fields).every(([key, value]) =>
        (event as unknown as Record<string, unknown>)[key] === value
      ));
  }

  close(): void {
    this.#socket.close();
  }

  #texts(): string {
    return this.messages.map((each) => JSON.stringify(each).slice(0, 200))
      .join("\n");
  }
}

async function readAll(connection: Deno.Conn): Promise<string> {
  const decoder = new TextDecoder();
  const buffer = new Uint8Array(65536);
  let text = "";
  for (;;) {
    const count = await connection.read(buffer).catch(() => null);
    if (count === null) return text;
    text += decoder.decode(buffer.subarray(0, count), { stream: true });
  }
}

/**
 * A real server in a folder of its own, on a free port, for end-to-end tests.
 *
 * ```ts
 * await using server = await TestServer.start({ accounts: { bob: "secret" } });
 * ```
 */
import { join } from "@std/path";
import { accountLine } from "./account_line.ts";
import { freePort } from "./free_port.ts";
import {
  copyNode,
  nodeCount,
  type NodeGround,
  nodeGround,
} from "./node_companions.ts";
import { RunningProcess } from "./running_process.ts";
import { serverCommand } from "./programs.ts";
import { waitUntil } from "./wait_until.ts";

/** How to start a test server. */
export interface TestServerOptions {
  /** Lines of credentials.txt, or passwords by user name. */
  readonly accounts: string | Record<string, string>;
  /** Further command-line arguments. */
  readonly args?: readonly string[];
  /** Command that starts the server, such as one that enters a namespace. */
  readonly launcher?: readonly string[];
  /** Address to listen on; 127.0.0.1 by default. */
  readonly host?: string;
  /** False for TLS; most tests write frames by hand. */
  readonly plain?: boolean;
}

/** A running server, its folder and its files. */
export class TestServer implements AsyncDisposable {
  /** The folder with credentials.txt and data/. */
  readonly folder: string;
  readonly #options: TestServerOptions;
  #process: RunningProcess;
  #port: number;
  /** The further nodes, where a server is several. */
  #others: TestServer[] = [];
  #ground: NodeGround | undefined;
  /** How often somebody asked for the port. */
  #asked = 0;

  private constructor(folder: string, options: TestServerOptions) {
    this.folder = folder;
    this.#options = options;
    this.#port = freePort();
    this.#process = this.#spawn();
  }

  /** Starts a server and waits until it listens. */
  static async start(options: TestServerOptions): Promise<TestServer> {
    const { args = [] } = options;
    const isSpecial = options.launcher !== undefined ||
      args.some((each) => /^--(database|cluster|port|data-dir)/.test(each));
    if (nodeCount === 1 || isSpecial) return await TestServer.#start(options);
    const ground = await nodeGround();
    const withArgs = (node: number) => ({
      ...options,
      args: [...args, ...ground.argumentsOf(node)],
    });
    const first = await TestServer.#start(withArgs(0));
    await first.served();
    first.#ground = ground;
    for (let node = 1; node < nodeCount; node++) {
      const other = await TestServer.#start(
        withArgs(node),
        (folder) => copyNode(first.folder, folder),
      );
      await other.served();
      first.#others.push(other);
    }
    return first;
  }

  static async #start(
    options: TestServerOptions,
    prepare?: (folder: string) => Promise<void>,
  ): Promise<TestServer> {
    const folder = await Deno.makeTempDir({ prefix: "parley-server-" });
    const { accounts } = options;
    const text = typeof accounts === "string"
      ? accounts
      : Object.entries(accounts).map((pair) => accountLine(...pair)).join("");
    const file = join(folder, "credentials.txt");
    // As the commands leave it; they say so when it was otherwise.
    await Deno.writeTextFile(file, text, { mode: 0o600 });
    await prepare?.(folder);
    const server = new TestServer(folder, options);
    await server.#listening();
    return server;
  }

  /** The port it listens on; the same after a restart. Of nodes one after the other. */
  get port(): number {
    const ports = [this, ...this.#others].map((node) => node.#port);
    return ports[this.#asked++ % ports.length] ?? this.#port;
  }

  /** True without TLS. */
  get plain(): boolean {
    return this.#options.plain ?? true;
  }

  /** The server's process. */
  get process(): RunningProcess {
    return this.#process;
  }

  /** Path of a file in the server's folder. */
  path(...parts: string[]): string {
    return join(this.folder, ...parts);
  }

  /** Text of a file in data/; empty when there is none. */
  async data(name: string): Promise<string> {
    try {
      return await Deno.readTextFile(join(this.#core.folder, "data", name));
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return "";
      throw error;
    }
  }

  /** Waits until a file in data/ is as `expected` says, and returns it. */
  async dataWhen(
    name: string,
    expected: (text: string) => boolean,
  ): Promise<string> {
    let text = "";
    try {
      await waitUntil(name, async () => expected(text = await this.data(name)));
    } catch {
      throw new Error(`${name} never came to be as expected:\n${text}`);
    }
    return text;
  }

  /** Ends the server with a signal and starts it again on the same port. */
  async restart(signal: Deno.Signal = "SIGTERM"): Promise<void> {
    await this.stop(signal);
    await this.startAgain();
  }

  /** Starts it again on the same port, after {@link stop}. */
  async startAgain(): Promise<void> {
    this.#process = this.#spawn();
    await this.#listening();
  }

  /** Ends the server with a signal and waits for it. */
  async stop(signal: Deno.Signal = "SIGTERM"): Promise<void> {
    this.#process.signal(signal);
    await this.#process.end();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const other of this.#others) await other[Symbol.asyncDispose]();
    await this.#process.kill();
    await this.#ground?.[Symbol.asyncDispose]();
    await Deno.remove(this.folder, { recursive: true });
  }

  /** The last term in which it was the core, by what it said; 0 before. */
  get coreTerm(): number {
    return this.#process.out.reduce((last, line) => {
      const found = /is the core now, term (\d+): listening/.exec(line);
      return Math.max(last, Number(found?.[1] ?? 0));
    }, 0);
  }

  /** The node that was the last to become the core; the server, where it is one. */
  get #core(): TestServer {
    return lastCore([this, ...this.#others]);
  }

  /** Waits until clients of this node of a cluster can log in. */
  async served(): Promise<void> {
    await this.#process.waitFor(
      "a core",
      (line) => line.includes("clients are served by node"),
    );
  }

  #spawn(): RunningProcess {
    const host = this.#options.host ?? "127.0.0.1";
    const args = ["--host", host, "--port", String(this.#port)];
    return new RunningProcess({
      command: [
        ...(this.#options.launcher ?? []),
        ...serverCommand,
        ...args,
        ...(this.plain ? ["--plain"] : []),
        ...(this.#options.args ?? []),
      ],
      cwd: this.folder,
    });
  }

  async #listening(): Promise<void> {
    const line = await this.#process.waitFor(
      "the server to listen",
      // A node of a cluster may have to wait for its turn.
      (line) => /listening on|ready to serve on/.test(line),
    );
    this.#port = Number(line.match(/:(\d+)\b[^:]*$/)?.[1]);
  }
}

/** The node that was the last to become the core; the first before that. */
export function lastCore(nodes: readonly TestServer[]): TestServer {
  return nodes.reduce((last, node) =>
    node.coreTerm > last.coreTerm ? node : last
  );
}

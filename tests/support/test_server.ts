/**
 * A real server in a folder of its own, on a free port, for end-to-end tests.
 * With `PARLEY_NODES` it is several nodes, each in a folder of its own.
 *
 * ```ts
 * await using server = await TestServer.start({ accounts: { bob: "secret" } });
 * ```
 */
import { join } from "@std/path";
import { DatabaseSync } from "node:sqlite";
import { accountLine } from "./account_line.ts";
import { freePort } from "./free_port.ts";
import {
  copyNode,
  nodeCount,
  type NodeGround,
  nodeGround,
} from "./node_companions.ts";
import { RunningProcess } from "./running_process.ts";
import { clockedServerCommand, serverCommand } from "./programs.ts";
import { runProgram } from "./run_program.ts";
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
  /** How far its wall clock is ahead, ms; not that of an executable. */
  readonly clockMs?: number;
  /** False for TLS; most tests write frames by hand. */
  readonly plain?: boolean;
}

/** A running server, its folder and its files. */
export class TestServer implements AsyncDisposable {
  /** The folder with credentials.txt and data/; of nodes, that of the first. */
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
    first.#ground = ground;
    await first.served();
    for (let node = 1; node < nodeCount; node++) {
      first.#others.push(
        await TestServer.#start(
          withArgs(node),
          (folder) => copyNode(first.folder, folder),
        ),
      );
    }
    for (const node of first.#nodes) await node.served();
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
    const { clockMs } = options;
    if (clockMs !== undefined) {
      await Deno.writeTextFile(join(folder, clockName), String(clockMs));
    }
    await prepare?.(folder);
    const server = new TestServer(folder, options);
    await server.#listening();
    return server;
  }

  /** The port it listens on; the same after a restart. Of nodes one after the other. */
  get port(): number {
    const ports = this.#nodes.map((node) => node.#port);
    return ports[this.#asked++ % ports.length] ?? this.#port;
  }

  /** True without TLS. */
  get plain(): boolean {
    return this.#options.plain ?? true;
  }

  /** The server's process; of nodes, that of the first. */
  get process(): RunningProcess {
    return this.#process;
  }

  /** What names its accounts to `parley-server user`, beside the folder. */
  get accountPlace(): readonly string[] {
    return this.#ground === undefined
      ? []
      : ["--cluster", "--database", this.#ground.database];
  }

  /** Path of a file in the folder of the server; of nodes, of the core. */
  path(...parts: string[]): string {
    return join(this.#core.folder, ...parts);
  }

  /** Text of a file in data/; empty when there is none. */
  async data(name: string): Promise<string> {
    try {
      return await Deno.readTextFile(this.path("data", name));
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return "";
      throw error;
    }
  }

  /** The lines of credentials.txt, wherever they are. */
  async accounts(): Promise<string> {
    if (this.#ground === undefined) {
      return await Deno.readTextFile(this.path("credentials.txt"));
    }
    const { out, err } = await runProgram(
      [...serverCommand, "user", "export", ...this.accountPlace],
      { cwd: this.folder },
    );
    return [...err, ...out].map((line) => `${line}\n`).join("");
  }

  /** Carries out one statement of SQL in its database; the rows that it gives. */
  async rows(sql: string): Promise<Readonly<Record<string, unknown>>[]> {
    if (this.#ground !== undefined) return await this.#ground.rows(sql);
    using database = new DatabaseSync(this.path("data", "parley.db"));
    return database.prepare(sql).all();
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

  /**
   * Ends the server with a signal and starts it again on the same port. Of nodes
   * at work only the core is ended: the others go on.
   */
  async restart(signal: Deno.Signal = "SIGTERM"): Promise<void> {
    const isAtWork = this.#nodes.some(({ process }) =>
      process.ended === undefined
    );
    if (this.#others.length === 0 || !isAtWork) {
      await this.stop(signal);
      return await this.startAgain();
    }
    const core = this.#core;
    const term = core.coreTerm;
    const before = this.#nodes.map((node) =>
      node === core ? 0 : node.#servedCount
    );
    await core.#end(signal);
    await core.#begin();
    await waitUntil("another core", () => this.#core.coreTerm > term);
    for (const [at, node] of this.#nodes.entries()) {
      await waitUntil(
        "clients of all nodes to be served again",
        () => node.#servedCount > (before[at] ?? 0),
      );
    }
  }

  /** Starts it again on the same port, after {@link stop}. */
  async startAgain(): Promise<void> {
    for (const node of this.#nodes) await node.#begin();
    if (this.#others.length === 0) return;
    for (const node of this.#nodes) await node.served();
  }

  /** Ends the server with a signal and waits for it; of nodes, all of them. */
  async stop(signal: Deno.Signal = "SIGTERM"): Promise<void> {
    await Promise.all(this.#nodes.map((node) => node.#end(signal)));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#nodes.map(({ process }) => process.kill()));
    await this.#ground?.[Symbol.asyncDispose]();
    for (const { folder } of this.#nodes) {
      await Deno.remove(folder, { recursive: true });
    }
  }

  /** The last term in which it was the core, by what it said; 0 before. */
  get coreTerm(): number {
    return this.#process.out.reduce((last, line) => {
      const found = /is the core now, term (\d+): listening/.exec(line);
      return Math.max(last, Number(found?.[1] ?? 0));
    }, 0);
  }

  /** Waits until clients of this node of a cluster can log in. */
  async served(): Promise<void> {
    await this.#process.waitFor("a core", isServed);
  }

  /** The server, or all of its nodes. */
  get #nodes(): TestServer[] {
    return [this, ...this.#others];
  }

  /** The node that was the last to become the core; the server, where it is one. */
  get #core(): TestServer {
    return lastCore(this.#nodes);
  }

  /** How often its clients got a core since it was started. */
  get #servedCount(): number {
    return this.#process.out.filter(isServed).length;
  }

  async #begin(): Promise<void> {
    this.#process = this.#spawn();
    await this.#listening();
  }

  async #end(signal: Deno.Signal): Promise<void> {
    this.#process.signal(signal);
    await this.#process.end();
  }

  #spawn(): RunningProcess {
    const host = this.#options.host ?? "127.0.0.1";
    const args = ["--host", host, "--port", String(this.#port)];
    const isClocked = this.#options.clockMs !== undefined;
    return new RunningProcess({
      command: [
        ...(this.#options.launcher ?? []),
        ...(isClocked ? clockedServerCommand : serverCommand),
        ...args,
        ...(this.plain ? ["--plain"] : []),
        ...(this.#options.args ?? []),
      ],
      cwd: this.folder,
      ...isClocked &&
        { env: { PARLEY_TEST_CLOCK: join(this.folder, clockName) } },
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

function isServed(line: string): boolean {
  return line.includes("clients are served by node");
}

/** The node that was the last to become the core; the first before that. */
export function lastCore(nodes: readonly TestServer[]): TestServer {
  return nodes.reduce((last, node) =>
    node.coreTerm > last.coreTerm ? node : last
  );
}

/** Name of the file that says how far its clock is ahead. */
const clockName = "clock.txt";

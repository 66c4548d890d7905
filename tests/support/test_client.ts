/**
 * A real client with `--json`, driven through its standard input and output:
 * what a script would do. Text-mode and terminal tests start their own.
 */
import { createHash } from "node:crypto";
import { join } from "@std/path";
import { Identity } from "../../lib/client/trust/identity.ts";
import { RunningProcess } from "./running_process.ts";
import { clientCommand } from "./programs.ts";
import type { TestServer } from "./test_server.ts";

/** One line of a client's `--json` output. */
export type JsonEvent = Record<string, unknown>;

/** How to start a test client. */
export interface TestClientOptions {
  readonly user?: string;
  readonly password?: string;
  /** Where the server is; 127.0.0.1 by default. */
  readonly host?: string;
  /** Command that starts the client, such as one that enters a namespace. */
  readonly launcher?: readonly string[];
  /** Further command-line arguments. */
  readonly args?: readonly string[];
  /** `false` for text output. */
  readonly json?: boolean;
  /** Where it keeps what it knows; below its own folder by default. */
  readonly config?: string;
  /**
   * Whose identity key a new configuration folder gets, so that one user is one
   * person to the others however often a test starts a client; that of `user` by
   * default. `new` for a machine of its own.
   */
  readonly identity?: string;
}

/** A running client. */
export class TestClient implements AsyncDisposable {
  /** Its working and download folder. */
  readonly folder: string;
  readonly process: RunningProcess;
  /** Commands that were typed. */
  #lines = 0;

  private constructor(folder: string, process: RunningProcess) {
    this.folder = folder;
    this.process = process;
  }

  /** Starts a client; does not wait for the login. */
  static async start(
    server: Pick<TestServer, "port" | "plain">,
    options: TestClientOptions = {},
  ): Promise<TestClient> {
    const folder = await Deno.makeTempDir({ prefix: "parley-client-" });
    const { user, password } = options;
    const config = options.config ?? join(folder, ".config");
    const owner = options.identity ?? user ?? "new";
    if (owner !== "new") await provideIdentity(config, owner);
    const process = new RunningProcess({
      command: [
        ...(options.launcher ?? []),
        ...clientCommand,
        options.host ?? "127.0.0.1",
        String(server.port),
        ...(server.plain ? ["--plain"] : []),
        ...(options.json === false ? [] : ["--json"]),
        ...(user === undefined ? [] : ["--user", user]),
        ...(options.args ?? []),
      ],
      cwd: folder,
      env: {
        XDG_CONFIG_HOME: config,
        XDG_STATE_HOME: join(config, "state"),
        ...(password === undefined ? {} : { PARLEY_PASSWORD: password }),
      },
    });
    return new TestClient(folder, process);
  }

  /** Starts a client and waits until `user` is logged in. */
  static async login(
    server: Pick<TestServer, "port" | "plain">,
    user: string,
    password: string,
    options: TestClientOptions = {},
  ): Promise<TestClient> {
    const client = await TestClient.start(server, {
      ...options,
      user,
      password,
    });
    await client.event("welcome");
    return client;
  }

  /** Types a command, or several. */
  send(line: string): Promise<void> {
    this.#lines += line.split("\n").length;
    return this.process.send(line);
  }

  /** Everything it printed, as objects. */
  events(): JsonEvent[] {
    return this.process.out.filter((line) => line.startsWith("{"))
      .map((line) => JSON.parse(line));
  }

  /**
   * Waits for the first event of this name (from line `from` of the output on)
   * that has all of `fields`.
   */
  async event(
    name: string,
    fields: JsonEvent = {},
    options: { from?: number; timeoutMs?: number } = {},
  ): Promise<JsonEvent> {
    const line = await this.process.waitFor(
      `event ${name} ${JSON.stringify(fields)}`,
      (line) => matches(line, name, fields),
      options,
    );
    return JSON.parse(line);
  }

  /** Types the answer to a question, which is no command of its own. */
  answer(line: string): Promise<void> {
    return this.process.send(line);
  }

  /** Types one command and returns its `result`, not that of one before it. */
  async run(line: string): Promise<JsonEvent> {
    const sent = this.send(line);
    const n = this.#lines;
    await sent;
    return await this.event("result", { n });
  }

  /** Types one command that must succeed. */
  async succeed(line: string): Promise<JsonEvent> {
    const result = await this.run(line);
    if (result.ok !== true) {
      throw new Error(`${line} failed: ${JSON.stringify(result)}`);
    }
    return result;
  }

  /** Types one command that must be refused; `CODE: MESSAGE`. */
  async refused(line: string): Promise<string> {
    const result = await this.run(line);
    if (result.ok !== false) {
      throw new Error(`${line} was not refused: ${JSON.stringify(result)}`);
    }
    return `${result.code}: ${result.message}`;
  }

  /** Ends its input and waits for its clean end; returns the exit code. */
  async finish(): Promise<number> {
    await this.process.closeInput();
    return (await this.process.end()).code;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.process.kill();
    await Deno.remove(this.folder, { recursive: true });
  }
}

/** Puts the identity key that `owner` has in all tests into a new folder. */
export async function provideIdentity(
  config: string,
  owner: string,
): Promise<void> {
  const folder = join(config, "parley");
  await Deno.mkdir(folder, { recursive: true, mode: 0o700 });
  const seed = createHash("sha256").update(owner).digest();
  const options = { createNew: true, mode: 0o600 };
  try {
    const path = join(folder, "identity.pem");
    await Deno.writeTextFile(path, Identity.fromSeed(seed).toPem(), options);
  } catch (error) {
    // The folder has been used before.
    if (!(error instanceof Deno.errors.AlreadyExists)) throw error;
  }
}

function matches(line: string, name: string, fields: JsonEvent): boolean {
  if (!line.startsWith("{")) return false;
  const event: JsonEvent = JSON.parse(line);
  return event.event === name &&
    Object.entries(fields).every(([key, value]) =>
      JSON.stringify(event[key]) === JSON.stringify(value)
    );
}

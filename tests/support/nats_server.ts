/** A NATS server that a test has for itself, on a free port of this machine. */
import { freePort } from "./free_port.ts";
import { RunningProcess } from "./running_process.ts";

/** How to start one. */
export interface NatsServerOptions {
  /** Command that starts it, such as one that enters a namespace. */
  readonly launcher?: readonly string[];
  /** Further command-line arguments. */
  readonly args?: readonly string[];
}

/** A server of messages at work. */
export class NatsServer implements AsyncDisposable {
  readonly port: number;
  readonly #command: readonly string[];
  #process: RunningProcess;

  private constructor(
    port: number,
    command: readonly string[],
    process: RunningProcess,
  ) {
    this.port = port;
    this.#command = command;
    this.#process = process;
  }

  /** Starts one; {@link natsProgram} must not be `undefined`. */
  static async start(
    { launcher = [], args = [] }: NatsServerOptions = {},
  ): Promise<NatsServer> {
    const port = freePort();
    const place = ["-a", "127.0.0.1", "-p", String(port)];
    const command = [...launcher, natsProgram ?? "", ...place, ...args];
    const server = new NatsServer(port, command, run(command));
    await server.#ready();
    return server;
  }

  /** What `--nats` is given. */
  get url(): string {
    return `nats://127.0.0.1:${this.port}`;
  }

  /** Kills it and starts it again. */
  async restart(): Promise<void> {
    await this.kill();
    this.#process = run(this.#command);
    await this.#ready();
  }

  /** Such as SIGSTOP: it stands still. */
  signal(signal: Deno.Signal): void {
    this.#process.signal(signal);
  }

  /** Kills it. */
  async kill(): Promise<void> {
    await this.#process.kill();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill();
  }

  async #ready(): Promise<void> {
    await this.#process.waitFor(
      "NATS is ready",
      (line) => line.includes("Server is ready"),
    );
  }
}

function run(command: readonly string[]): RunningProcess {
  return new RunningProcess({ command: [...command], cwd: "/" });
}

/** Where `nats-server` is; absent where it is not installed. */
export const natsProgram: string | undefined = [
  "/usr/sbin/nats-server",
  "/usr/bin/nats-server",
  "/usr/local/bin/nats-server",
].find((path) => {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    return false;
  }
});

/** Why there is none; absent where one is. */
export const noNats: string | undefined = natsProgram === undefined
  ? "no nats-server is installed"
  : undefined;

/** A NATS server that a test has for itself, on a free port of this machine. */
import { freePort } from "./free_port.ts";
import { RunningProcess } from "./running_process.ts";

/** A server of messages at work. */
export class NatsServer implements AsyncDisposable {
  readonly port: number;
  readonly #launcher: readonly string[];
  #process: RunningProcess;

  private constructor(
    port: number,
    launcher: readonly string[],
    process: RunningProcess,
  ) {
    this.port = port;
    this.#launcher = launcher;
    this.#process = process;
  }

  /**
   * Starts one; {@link natsProgram} must not be `undefined`.
   *
   * @param launcher Starts it, such as what enters a namespace.
   */
  static async start(
    port: number = freePort(),
    launcher: readonly string[] = [],
  ): Promise<NatsServer> {
    const server = new NatsServer(port, launcher, run(port, launcher));
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
    this.#process = run(this.port, this.#launcher);
    await this.#ready();
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

function run(port: number, launcher: readonly string[]): RunningProcess {
  const place = ["-a", "127.0.0.1", "-p", String(port)];
  return new RunningProcess({
    command: [...launcher, natsProgram ?? "", ...place],
    cwd: "/",
  });
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
if (natsProgram === undefined) {
  // Standard error, as results may be read from standard output.
  Deno.stderr.writeSync(new TextEncoder().encode(
    "nats-server is not installed: tests with several nodes are left out\n",
  ));
}

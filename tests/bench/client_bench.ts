/**
 * What the client costs a person: from its start to its first question, and
 * while it waits logged in, on a terminal (`script` of util-linux). One JSON
 * line; Linux only.
 *
 *     PARLEY_PROGRAMS=dist deno task bench client [--quick]
 *
 * | field | meaning | is to be |
 * |---|---|---|
 * | `startMs` | median from the start to `Username:`, under TLS | under 150 |
 * | `versionMs` | the same to the end of `--version`: the runtime's own part | |
 * | `idleCpuPercent` | of one core, logged in, nothing happens | under 0.5 |
 * | `idleMegabytes` | resident memory then | under 80 |
 */
import { join } from "@std/path";
import { jediAccounts, passwordOf } from "../support/jedi.ts";
import { clientCommand } from "../support/programs.ts";
import { TestServer } from "../support/test_server.ts";
import { median } from "./median.ts";

/** Measures the client and prints the line. */
export async function clientBench(options: { quick: boolean }): Promise<void> {
  if (Deno.build.os !== "linux") return;
  const runs = options.quick ? 3 : 15;
  const idleMs = options.quick ? 2_000 : 30_000;
  await using server = await TestServer.start({
    accounts: jediAccounts,
    plain: false,
  });
  // Knows the server's key from then on, as most starts do.
  const idle = await idleCost(server, idleMs);
  const starts: number[] = [];
  const versions: number[] = [];
  for (let run = 0; run < runs; run++) {
    starts.push(await startTime(server));
    versions.push(await versionTime());
  }
  const line = {
    bench: "client",
    startMs: median(starts),
    versionMs: median(versions),
    ...idle,
  };
  await Deno.stdout.write(
    new TextEncoder().encode(`${JSON.stringify(line)}\n`),
  );
}

/** The client on a terminal of its own. */
class BenchedClient implements AsyncDisposable {
  readonly #process: Deno.ChildProcess;
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;
  readonly #writer: WritableStreamDefaultWriter<Uint8Array>;
  #shown = "";

  constructor(server: TestServer) {
    const command = [...clientCommand, "127.0.0.1", String(server.port)];
    this.#process = new Deno.Command("script", {
      args: ["-qefc", `exec ${command.join(" ")}`, "/dev/null"],
      env: {
        HOME: server.folder,
        XDG_CONFIG_HOME: join(server.folder, ".config"),
        XDG_STATE_HOME: join(server.folder, ".state"),
        TERM: "xterm",
      },
      stdin: "piped",
      stdout: "piped",
    }).spawn();
    this.#reader = this.#process.stdout.getReader();
    this.#writer = this.#process.stdin.getWriter();
  }

  /** Of the client, not of what gives it a terminal. */
  get pid(): number {
    const { pid } = this.#process;
    const path = `/proc/${pid}/task/${pid}/children`;
    return Number(Deno.readTextFileSync(path).trim().split(" ")[0]);
  }

  async waitFor(text: string): Promise<void> {
    const decoder = new TextDecoder();
    while (!this.#shown.includes(text)) {
      const { value } = await this.#reader.read();
      if (value === undefined) throw new Error(`no "${text}": ${this.#shown}`);
      this.#shown += decoder.decode(value, { stream: true });
    }
  }

  async type(text: string): Promise<void> {
    await this.#writer.write(new TextEncoder().encode(text));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    Deno.kill(this.pid, "SIGKILL");
    await this.#writer.close().catch(() => {});
    await this.#process.status;
    await this.#reader.cancel();
  }
}

async function startTime(server: TestServer): Promise<number> {
  const start = performance.now();
  await using client = new BenchedClient(server);
  await client.waitFor("Username:");
  return performance.now() - start;
}

async function versionTime(): Promise<number> {
  const [program = "", ...args] = clientCommand;
  const start = performance.now();
  await new Deno.Command(program, { args: [...args, "--version"] }).output();
  return performance.now() - start;
}

async function idleCost(server: TestServer, ms: number) {
  await using client = new BenchedClient(server);
  await client.waitFor("Username:");
  await client.type("yoda\r");
  await client.waitFor("Password:");
  await client.type(`${passwordOf("yoda")}\r`);
  await client.waitFor("Welcome");
  // What the login left to be done is no idling.
  await new Promise((resolve) => setTimeout(resolve, 1000));
  const { pid } = client;
  const before = cpuMs(pid);
  await new Promise((resolve) => setTimeout(resolve, ms));
  const percent = 100 * (cpuMs(pid) - before) / ms;
  const status = await Deno.readTextFile(`/proc/${pid}/status`);
  const kilobytes = Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]);
  return {
    idleCpuPercent: Number(percent.toFixed(3)),
    idleMegabytes: Number((kilobytes / 1024).toFixed(1)),
  };
}

/** ms on a processor so far, over all threads. */
function cpuMs(pid: number): number {
  let nanoseconds = 0;
  for (const { name } of Deno.readDirSync(`/proc/${pid}/task`)) {
    const path = `/proc/${pid}/task/${name}/schedstat`;
    nanoseconds += Number(Deno.readTextFileSync(path).split(" ")[0]);
  }
  return nanoseconds / 1e6;
}

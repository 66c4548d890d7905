/**
 * How large the executables are, and how long they take to start: from the
 * command to `--version` told, to a server that listens, to a client that has
 * logged in, and to the end of one that ran a command. Without executables in
 * `dist/` the sources are measured.
 */
import { join } from "@std/path";
import { accountLine } from "../support/account_line.ts";
import { root } from "../support/programs.ts";
import { RunningProcess } from "../support/running_process.ts";

/** Prints one JSON line per figure; each time is the median of `runs`, ms. */
export async function startBench(runs = 10): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "parley-bench-" });
  try {
    for (const [name, entry] of programs) {
      const { command, bytes } = await commandOf(name, entry);
      const version = await median(
        runs,
        () => timed([...command, "--version"]),
      );
      print({ program: name, megabytes: bytes / 1e6, versionMs: version });
    }
    await Deno.writeTextFile(
      join(folder, "credentials.txt"),
      accountLine("yoda", "adoy"),
    );
    const server = await commandOf(...programs[0]!);
    const listening = await median(runs, async () => {
      await using process = new Running(
        [...server.command, "--plain", "--host", "127.0.0.1", "--port", "0"],
        folder,
      );
      return await process.until("listening on");
    });
    print({ program: "parley-server", listeningMs: listening });
    await using running = new Running(
      [...server.command, "--plain", "--host", "127.0.0.1", "--port", "0"],
      folder,
    );
    await running.until("listening on");
    const port = running.lastLine.match(/:(\d+)\D*$/)?.[1] ?? "";
    const client = await commandOf(...programs[1]!);
    const welcome = await median(runs, async () => {
      await using process = new Running(
        [...client.command, "127.0.0.1", port, "--plain", "--user", "yoda"],
        folder,
      );
      return await process.until("Welcome");
    });
    const login = [...client.command, "127.0.0.1", port, "--plain"];
    login.push("--user", "yoda", "--exec", "/activeuser");
    const exec = await median(runs, () => timed(login, environment(folder)));
    print({ program: "parley", welcomeMs: welcome, execMs: exec });
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

const programs = [
  ["parley-server", "server.ts"],
  ["parley", "client.ts"],
] as const;

async function commandOf(
  name: string,
  entry: string,
): Promise<{ command: string[]; bytes: number }> {
  const path = join(root, "dist", name);
  const info = await Deno.stat(path).catch(() => undefined);
  if (info !== undefined) return { command: [path], bytes: info.size };
  const run = ["run", "--quiet", "--frozen", "--no-check", "-A", "--config"];
  return {
    command: [
      Deno.execPath(),
      ...run,
      join(root, "deno.json"),
      join(root, entry),
    ],
    bytes: 0,
  };
}

/** A started program, ended when disposed. */
class Running implements AsyncDisposable {
  readonly #start = performance.now();
  readonly #process: RunningProcess;
  lastLine = "";

  constructor(command: readonly string[], folder: string) {
    const env = environment(folder);
    this.#process = new RunningProcess({ command, cwd: folder, env });
  }

  /** Milliseconds from the start until a line with `text` came. */
  async until(text: string): Promise<number> {
    this.lastLine = await this.#process.waitFor(
      text,
      (line) => line.includes(text),
    );
    return performance.now() - this.#start;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#process.signal("SIGTERM");
    await this.#process.end();
  }
}

function environment(folder: string): Record<string, string> {
  return {
    PARLEY_PASSWORD: "adoy",
    XDG_CONFIG_HOME: folder,
    XDG_STATE_HOME: folder,
  };
}

async function timed(
  [program = "", ...args]: string[],
  env: Record<string, string> = {},
): Promise<number> {
  const start = performance.now();
  const { success } = await new Deno.Command(program, {
    args,
    env,
    stdin: "null",
    stdout: "null",
  }).output();
  if (!success) throw new Error(`${program} ${args.join(" ")} failed`);
  return performance.now() - start;
}

async function median(
  runs: number,
  measure: () => Promise<number>,
): Promise<number> {
  const times: number[] = [];
  for (let i = 0; i < runs; i++) times.push(await measure());
  times.sort((a, b) => a - b);
  return times[Math.floor(times.length / 2)] ?? 0;
}

function print(figures: Record<string, string | number>): void {
  const rounded = Object.fromEntries(
    Object.entries(figures).map(([name, value]) => [
      name,
      typeof value === "number" ? Math.round(value * 10) / 10 : value,
    ]),
  );
  const cores = navigator.hardwareConcurrency;
  const line = JSON.stringify({ bench: "start", ...rounded, cores });
  Deno.stdout.writeSync(new TextEncoder().encode(`${line}\n`));
}

/**
 * What people notice of the server's work, each with their own connection over
 * TLS, and the same without TLS beside it: how long a message from person to
 * person takes while hundreds of others write, what those who chat notice while
 * a thousand log in, and the memory of who only waits. One JSON line per case;
 * compare the lines of one run, never absolute numbers, and look at
 * `other_cpu_s` first: what else the machine did meanwhile.
 *
 *     deno run -A tests/bench/people_bench.ts [--quick] [CASE…]
 *
 * The people are a C program (`people_load.c`), which is compiled for this: over
 * TLS, one in Deno would take the server's cores. Where there is no compiler or
 * no OpenSSL to compile with, that is said and nothing is measured.
 */
import { fromFileUrl, join } from "@std/path";
import { freePort } from "../support/free_port.ts";
import { serverCommand } from "../support/programs.ts";
import { RunningProcess } from "../support/running_process.ts";
import { taskArguments } from "../support/task_arguments.ts";
import { prepareChat } from "./prepared_chat.ts";

/** How to run the cases. */
export interface PeopleBenchOptions {
  /** Names of cases; all by default. */
  readonly cases?: readonly string[];
  /** Few people for a moment, over TLS alone. */
  readonly quick?: boolean;
}

/** Runs the cases and prints a line for each. */
export async function peopleBench(
  { cases = [], quick = false }: PeopleBenchOptions = {},
): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "parley-bench-" });
  try {
    const program = join(folder, "people_load");
    const why = await compile(program);
    for (const [name, { people, options, brief }] of Object.entries(allCases)) {
      if (cases.length > 0 && !cases.includes(name)) continue;
      if (why !== undefined) {
        print({ case: `people-${name}`, skipped: why });
        continue;
      }
      const [count, words] = quick ? brief : [people, options];
      const servers = quick ? ["tls"] as const : ["plain", "tls"] as const;
      for (const server of servers) {
        const result = await measure(program, name, count, words, server);
        print({ case: `people-${name}`, server, ...result });
      }
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** One way of loading a server; `brief` has the people and options in brief. */
interface Case {
  readonly people: number;
  readonly options: readonly string[];
  readonly brief: readonly [people: number, options: readonly string[]];
}

const allCases: Readonly<Record<string, Case>> = {
  /** 5,000 messages a second between 200 pairs. */
  pairs: {
    people: 400,
    options: ["rate=5000", "seconds=6"],
    brief: [20, ["rate=200", "seconds=0.5", "warm=0.2"]],
  },
  /** 1,000 people log in at once while 20 chat. */
  storm: {
    people: 1020,
    options: ["chatters=20", "rate=200"],
    brief: [30, ["chatters=4", "rate=100", "warm=0.2"]],
  },
  /** 1,000 people who do nothing. */
  idle: { people: 1000, options: [], brief: [20, ["warm=0.2"]] },
};

/** Compiles the people; why that cannot be done here, if so. */
async function compile(program: string): Promise<string | undefined> {
  if (Deno.build.os !== "linux") return "it works on Linux only";
  const source = fromFileUrl(new URL("./people_load.c", import.meta.url));
  const args = ["-O2", "-o", program, source, "-lssl", "-lcrypto"];
  try {
    const { success, stderr } = await new Deno.Command("cc", { args }).output();
    if (success) return undefined;
    const error = new TextDecoder().decode(stderr);
    if (!error.includes("openssl/")) throw new Error(error);
    return "OpenSSL's headers are not installed (libssl-dev)";
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return "there is no C compiler";
    throw error;
  }
}

async function measure(
  program: string,
  name: string,
  count: number,
  options: readonly string[],
  server: "plain" | "tls",
): Promise<object> {
  const folder = await Deno.makeTempDir({ prefix: "parley-bench-" });
  try {
    const names = Array.from(
      { length: count },
      (_, index) => `p${String(index).padStart(5, "0")}`,
    );
    const { tokens } = await prepareChat(folder, names);
    const people = join(folder, "people.txt");
    const lines = names.map((name, index) => `${name} ${tokens[index]}\n`);
    await Deno.writeTextFile(people, lines.join(""));
    const port = String(freePort());
    const plain = server === "plain" ? ["plain"] : [];
    const running = new RunningProcess({
      command: [
        ...serverCommand,
        ...["--host", "127.0.0.1", "--port", port, "--message-rate", "0"],
        ...plain.map((word) => `--${word}`),
      ],
      cwd: folder,
    });
    try {
      const isListening = (line: string) => line.includes("listening on");
      await running.waitFor("the server", isListening);
      const { success, stdout } = await new Deno.Command(program, {
        args: [name, port, String(running.pid), people, ...plain, ...options],
        stderr: "inherit",
      }).output();
      if (!success) throw new Error(`the people of "${name}" gave up`);
      return JSON.parse(new TextDecoder().decode(stdout));
    } finally {
      running.signal("SIGTERM");
      await running.end();
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

function print(figures: object): void {
  const line = { ...figures, cores: navigator.hardwareConcurrency };
  const text = `${JSON.stringify(line)}\n`;
  Deno.stdout.writeSync(new TextEncoder().encode(text));
}

if (import.meta.main) {
  const given = taskArguments({
    usage: "deno run -A tests/bench/people_bench.ts [CASE…] [--quick]",
    about: "Measures what people notice of the server over TLS.",
    switches: ["quick"],
    words: Object.keys(allCases),
  });
  await peopleBench({ cases: given.words, quick: given.has("quick") });
}

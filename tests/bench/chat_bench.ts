/**
 * What the server does under load, with everything logged and stored as in
 * production, beside other chat servers in the same run, where these are
 * installed. One JSON line per case; compare the ratios of one run, never
 * absolute numbers.
 *
 *     deno run -A tests/bench/chat_bench.ts [--quick] [CASE…]
 *
 * The load comes from `chat_load.ts`, or from the program that `CHATLOAD` names,
 * which takes the same options and is cheaper. `BENCH_PEERS=` (empty) measures
 * no other servers, `BENCH_FLAGS` goes to the server's `deno run`.
 */
import { fromFileUrl, join } from "@std/path";
import { type ChatLanguage, parleyLanguage } from "./chat_language.ts";
import { type ChatPeer, chatPeers } from "./chat_peers.ts";
import { prepareChat } from "./prepared_chat.ts";
import { migrateToPostgres } from "../../lib/server/store/postgres/migration.io.ts";
import {
  placeOf,
  PostgresServer,
  programs,
} from "../support/postgres_server.ts";
import { freePort } from "../support/free_port.ts";
import { taskArguments } from "../support/task_arguments.ts";

/** How to run the cases. */
export interface ChatBenchOptions {
  /** Names of cases; all by default. */
  readonly cases?: readonly string[];
  /** One small case of each kind for a second. */
  readonly quick?: boolean;
}

/** Runs the cases, each with every server, and prints a line for each. */
export async function chatBench(options: ChatBenchOptions = {}): Promise<void> {
  const { quick = false } = options;
  const known = quick ? quickCases : allCases;
  const cases = options.cases?.length
    ? options.cases.map(parseCase)
    : known.map(parseCase);
  for (const each of cases) {
    const seconds = quick ? 1 : 3;
    const own = await measureParley(each, seconds);
    print(each, "parley", own);
    if (each.kind === "pairs" && programs !== undefined) {
      await using postgres = await PostgresServer.start({ standard: true });
      const url = await postgres.createDatabase();
      const result = await measureParley(each, seconds, url);
      print(each, "parley on PostgreSQL", {
        ...result,
        ...ratios(own, result),
      });
    }
    const peers = Deno.env.get("BENCH_PEERS");
    for (const peer of chatPeers) {
      if (peers !== undefined && !peers.split(",").includes(peer.name)) {
        continue;
      }
      if (!await isInstalled(peer)) {
        print(each, peer.name, { skipped: `${peer.program} is not installed` });
      } else if (each.size > peer.mostMembers && each.kind !== "pairs") {
        print(each, peer.name, { skipped: "joining takes minutes" });
      } else {
        const result = await measurePeer(peer, each, seconds);
        print(each, peer.name, { ...result, ...ratios(own, result) });
      }
    }
  }
}

/** One way of loading a server. */
interface Case {
  readonly name: string;
  /**
   * `rate`: messages/s to a group; `max`: as many as get through, with a window
   * of messages under way; `pairs`: the same from person to person; `idle`:
   * connections that do nothing, of so many devices of each user.
   */
  readonly kind: "rate" | "max" | "pairs" | "idle";
  /** Members, pairs or connections. */
  readonly size: number;
  /** The rate, the window, or the devices. */
  readonly amount: number;
}

interface Result {
  readonly "delivered_per_s"?: number;
  readonly "lat_ms"?: { readonly p99: number };
  readonly "kB_per_conn"?: number;
  readonly "conn_per_s"?: number;
}

/** `max:1000:16` as a case. */
function parseCase(name: string): Case {
  const [kind = "", size, amount] = name.split(":");
  if (!["rate", "max", "pairs", "idle"].includes(kind)) {
    throw new Error(`there is no case "${name}"`);
  }
  const usual = { rate: 20, max: 16, pairs: 32, idle: 1 }[kind] ?? 0;
  return {
    name,
    kind: kind as Case["kind"],
    size: Number(size ?? 100),
    amount: Number(amount ?? usual),
  };
}

async function measureParley(
  each: Case,
  seconds: number,
  database?: string,
): Promise<Result> {
  const folder = await Deno.makeTempDir({ prefix: "parley-bench-" });
  try {
    const devices = each.kind === "idle" ? each.amount : 1;
    const names = namesOf({ ...each, size: each.size / devices });
    const { tokens } = await prepareChat(folder, names, devices);
    if (database !== undefined) {
      await migrateToPostgres(join(folder, "data"), placeOf(database));
    }
    const values = join(folder, "values.txt");
    await Deno.writeTextFile(values, tokens.map((t) => `${t}\n`).join(""));
    const port = freePort();
    const flags = (Deno.env.get("BENCH_FLAGS") ?? "").split(" ").filter(
      Boolean,
    );
    await using server = await start(
      Deno.execPath(),
      [
        ...["run", "--quiet", "--frozen", "--no-check", "--config", config],
        ...["--allow-net", "--allow-read", "--allow-write", "--allow-env"],
        ...flags,
        ...[entry, "--host", "127.0.0.1", "--port", String(port)],
        ...["--message-rate", "0"],
        ...database === undefined ? [] : ["--database", database],
        "--plain",
      ],
      folder,
      port,
    );
    const extra = ["--values", values];
    return await load(each, seconds, parleyLanguage, server, extra);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

async function measurePeer(
  peer: ChatPeer,
  each: Case,
  seconds: number,
): Promise<Result> {
  const folder = await Deno.makeTempDir({ prefix: "parley-bench-" });
  // Some give up their rights and still read their files.
  await Deno.chmod(folder, 0o755);
  try {
    const port = freePort();
    const args = await peer.arguments(folder, port);
    await using server = await start(peer.program, args, folder, port);
    return await load(each, seconds, peer.language, server, []);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** Receivers first, as the generator counts them. */
function namesOf({ kind, size }: Case): string[] {
  const numbered = (letter: string, count: number) =>
    Array.from(
      { length: count },
      (_, index) => letter + String(index).padStart(5, "0"),
    );
  const senders = { pairs: size, idle: 0, rate: 1, max: 1 }[kind];
  return [...numbered("r", size), ...numbered("s", senders)];
}

/** Runs the load generator; its result. */
async function load(
  each: Case,
  seconds: number,
  language: ChatLanguage,
  server: Server,
  extra: readonly string[],
): Promise<Result> {
  const { kind, size, amount } = each;
  const usual = { enter: language.enter, join: language.join };
  const receive = kind === "rate" || kind === "max" ? usual.join : usual.enter;
  const steps = (letter: "r" | "s", script: readonly string[]) =>
    script.flatMap((step, index) => [
      `--${letter}${index % 2 === 0 ? "send" : "expect"}`,
      step,
    ]);
  const args = [
    ...["--port", String(server.port), "--pid", String(server.pid)],
    ...["--receivers", String(size), "--duration", String(seconds)],
    ...["--senders", String(kind === "pairs" ? size : kind === "idle" ? 0 : 1)],
    ...steps("r", receive),
    ...steps("s", receive),
    ...language.options,
    ...extra,
  ];
  if (kind === "idle") {
    args.push("--idle");
  } else {
    const { groupMessage, privateMessage } = language;
    args.push("--msg", kind === "pairs" ? privateMessage : groupMessage);
    if (kind === "pairs") args.push("--pairs");
    args.push(kind === "rate" ? "--rate" : "--window", String(amount));
  }
  const program = Deno.env.get("CHATLOAD");
  const command = program === undefined
    ? new Deno.Command(Deno.execPath(), {
      args: ["run", "--quiet", "--no-check", "-A", generator, ...args],
      stderr: "inherit",
    })
    : new Deno.Command(program, { args, stderr: "inherit" });
  return await result(command);
}

/** The line that a load generator printed. */
async function result(generator: Deno.Command): Promise<Result> {
  const { stdout } = await generator.output();
  return JSON.parse(new TextDecoder().decode(stdout) || "{}");
}

/** How this server compares: over 1 is better than the other one. */
function ratios(own: Result, other: Result): object {
  const round = (value: number) => Number(value.toFixed(2));
  const deliveries = round(
    (own["delivered_per_s"] ?? 0) / (other["delivered_per_s"] || 1),
  );
  const p99 = round((own["lat_ms"]?.p99 ?? 0) / (other["lat_ms"]?.p99 || 1));
  return { "parley_deliveries_ratio": deliveries, "parley_p99_ratio": p99 };
}

interface Server extends AsyncDisposable {
  readonly pid: number;
  readonly port: number;
}

/** Starts a server and waits until it accepts connections. */
async function start(
  program: string,
  args: string[],
  cwd: string,
  port: number,
): Promise<Server> {
  const process = new Deno.Command(program, {
    args,
    cwd,
    stdin: "null",
    stdout: "null",
    stderr: Deno.env.has("BENCH_VERBOSE") ? "inherit" : "null",
  }).spawn();
  const server: Server = {
    pid: process.pid,
    port,
    async [Symbol.asyncDispose]() {
      process.kill("SIGTERM");
      const timer = setTimeout(() => process.kill("SIGKILL"), 5000);
      await process.status;
      clearTimeout(timer);
    },
  };
  for (let attempt = 0; attempt < 200; attempt++) {
    try {
      (await Deno.connect({ hostname: "127.0.0.1", port })).close();
      return server;
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
  await server[Symbol.asyncDispose]();
  throw new Error(`${program} does not listen`);
}

async function isInstalled({ program }: ChatPeer): Promise<boolean> {
  return await Deno.stat(program).then(() => true, () => false);
}

function print(each: Case, server: string, result: object): void {
  const cores = navigator.hardwareConcurrency;
  const line = { case: `chat-${each.name}`, server, cores, ...result };
  Deno.stdout.writeSync(
    new TextEncoder().encode(JSON.stringify(line) + "\n"),
  );
}

const here = (file: string) => fromFileUrl(new URL(file, import.meta.url));
const config = here("../../deno.json");
const entry = here("../../server.ts");
const generator = here("./chat_load.ts");

const allCases = [
  ...["rate:100", "rate:1000", "rate:5000"],
  ...["max:100", "max:1000", "max:5000"],
  ...["pairs:100:1", "pairs:100:32", "idle:5000"],
];
const quickCases = ["rate:20", "max:50", "pairs:10", "idle:50"];

if (import.meta.main) {
  const given = taskArguments({
    usage: "deno run -A tests/bench/chat_bench.ts [CASE…] [--quick]",
    about: `Measures chat; the cases are ${
      allCases.join(", ")
    }, or others alike.`,
    switches: ["quick"],
    words: "any",
  });
  await chatBench({ cases: [...given.words], quick: given.has("quick") });
}

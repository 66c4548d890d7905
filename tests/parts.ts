/**
 * Runs the tests, many files as a few: `deno run -A tests/parts.ts [pure|io|e2e]`.
 * `deno test` loads the program anew for each file, which takes longer than the
 * tests of most; so a few modules, made for this run, import all of them. What
 * fails says in which file it stands.
 *
 * Where all are run, those of pure code get what the others, which wait most of
 * their time, leave of the processor.
 */
import { fromFileUrl, join, resolve, toFileUrl } from "@std/path";
import { walk } from "@std/fs";
import { writeBuilt } from "../.ci/programs.ts";
import { taskArguments } from "./support/task_arguments.ts";

const root = fromFileUrl(new URL("..", import.meta.url));

/** Tests that are run together. */
interface Suite {
  /** By kinds of files. */
  readonly kinds: readonly string[];
  readonly permissions: string;
  /** Modules. */
  readonly parts: number;
  /** Modules at once, where they wait for others more than they compute. */
  readonly jobs?: number;
}

const pure = { kinds: ["pure"], permissions: "--no-prompt", parts: 12 };
const others = { permissions: "--allow-all", jobs: 4 };
const suites: Readonly<Record<string, readonly Suite[]>> = {
  pure: [pure],
  io: [{ ...others, kinds: ["io"], parts: 12 }],
  e2e: [{ ...others, kinds: ["e2e"], parts: 18 }],
  all: [{ ...others, kinds: ["io", "e2e"], parts: 26 }, pure],
};

/**
 * About how many seconds the files take that take long: these begin first, as
 * what begins last keeps one processor at work while the others have nothing to
 * do. All others are taken to be alike.
 */
const seconds: Readonly<Record<string, number>> = {
  "e2e/private": 54,
  "e2e/folder": 50,
  "e2e/presence": 45,
  "e2e/resume": 44,
  "e2e/nat": 43,
  "e2e/call_window": 40,
  "e2e/cluster": 37,
  "e2e/cluster_clients": 37,
  "server/store/postgres/postgres_faults.io": 28,
  "e2e/failure": 28,
  "e2e/lockout": 26,
  "server/store/store_search.io": 26,
  "e2e/arriving_video": 26,
  "e2e/transfer": 24,
  "e2e/soak": 23,
  "e2e/history": 23,
  "e2e/examples": 22,
  "e2e/terminal": 22,
  "e2e/cluster_relay": 22,
  "e2e/server_start": 21,
  "engine/congestion/fairness": 21,
  "engine/transfer_sweep": 20,
  "client/transfer/transfer_service.io": 19,
  "e2e/tls": 18,
  "e2e/people": 18,
  "e2e/group_video": 17,
  "e2e/gui_access": 17,
  "server/store/postgres/postgres_lease.io": 16,
  "e2e/call_nat": 16,
  "e2e/slow_strangers": 16,
  "e2e/command_line": 16,
  "e2e/pipe": 14,
  "e2e/later": 14,
  "e2e/group_member": 14,
  "server/net/tcp_server.io": 14,
  "e2e/reconnect": 13,
  "e2e/flood": 13,
  "e2e/exit_code": 12,
  "server/store/history_scale.io": 11,
  "e2e/window": 11,
};

const { words: [word = "all"] } = taskArguments({
  usage: "deno task test, deno task test:pure, test:io, test:e2e",
  about: "Runs all tests, or those of pure code, of what touches the system, " +
    "or of the programs from end to end.",
  words: Object.keys(suites),
});
const chosen = suites[word] ?? [];
const folder = await Deno.makeTempDir({ prefix: "parley_tests_" });
try {
  const files = await allFiles();
  if (word !== "pure") await preparePrograms();
  const codes = await Promise.all(
    chosen.map((suite, index) => run(suite, files, index > 0)),
  );
  Deno.exitCode = Math.max(...codes);
} finally {
  await Deno.remove(folder, { recursive: true });
}

/** Runs one suite; its exit code. */
async function run(
  suite: Suite,
  files: readonly string[],
  isPatient: boolean,
): Promise<number> {
  const mine = files.filter((path) => suite.kinds.includes(kindOf(path)));
  const modules = await Promise.all(
    partsOf(mine, suite.parts).map(async (part, index) => {
      const number = String(index + 1).padStart(2, "0");
      const path = join(folder, `${suite.kinds[0]}_${number}.ts`);
      const text = part.map((file) => `import "${toFileUrl(file)}";\n`);
      await Deno.writeTextFile(path, text.join(""));
      return path;
    }),
  );
  const command = [
    // Windows has no such program.
    ...isPatient && Deno.build.os !== "windows" ? ["nice", "-n", "19"] : [],
    ...[Deno.execPath(), "test", `--config=${join(root, "deno.json")}`],
    ...["--frozen", "--no-check", "--parallel", suite.permissions],
    ...modules,
  ];
  const [program = "", ...args] = command;
  const child = new Deno.Command(program, {
    args,
    env: {
      // What a caller asks for comes first.
      ...suite.jobs && { DENO_JOBS: `${suite.jobs}` },
      ...Deno.env.toObject(),
      PARLEY_TESTS_FOLDER: folder,
    },
    stdout: chosen.length === 1 ? "inherit" : "piped",
  }).spawn();
  if (chosen.length > 1) await show(child.stdout, isPatient);
  return (await child.status).code;
}

/**
 * Prints what a suite says, whole lines at a time, as others print, too; all at
 * the end where those are to be read first.
 */
async function show(
  stream: ReadableStream<Uint8Array<ArrayBuffer>>,
  isLate: boolean,
): Promise<void> {
  let text = "";
  for await (const chunk of stream.pipeThrough(new TextDecoderStream())) {
    text += chunk;
    const end = isLate ? 0 : text.lastIndexOf("\n") + 1;
    print(text.slice(0, end));
    text = text.slice(end);
  }
  print(text);
}

function print(text: string): void {
  let bytes = new TextEncoder().encode(text);
  while (bytes.length > 0) {
    bytes = bytes.subarray(Deno.stdout.writeSync(bytes));
  }
}

/** Shares files out so that each part takes about as long; the longest first. */
function partsOf(files: readonly string[], count: number): string[][] {
  const left = files.map((path) => ({ path, takes: secondsOf(path) }))
    .sort((one, other) => other.takes - one.takes);
  const parts = Array.from({ length: count }, () => ({
    paths: [] as string[],
    takes: 0,
  }));
  for (const { path, takes } of left) {
    const least = parts.reduce((one, other) =>
      other.takes < one.takes ? other : one
    );
    least.paths.push(path);
    least.takes += takes;
  }
  return parts.sort((one, other) => other.takes - one.takes)
    .map(({ paths }) => paths).filter((paths) => paths.length > 0);
}

function secondsOf(path: string): number {
  const name = path.slice(join(root, "tests/").length)
    .replace(/_test\.tsx?$/, "");
  return seconds[name] ?? (kindOf(path) === "e2e" ? 7 : 1);
}

/**
 * Where no executables are tested, bundles the programs: they begin in less than
 * half of the time that they take from source, and tests begin hundreds. The
 * demo, `deno task server` and `deno task client` run from source.
 */
async function preparePrograms(): Promise<void> {
  const executables = Deno.env.get("PARLEY_PROGRAMS");
  if (executables !== undefined) {
    // What the first start loads is kept compiled for the others: not a page of help.
    const args = ["127.0.0.1", "1", "--plain", "--user", "yoda"];
    await new Deno.Command(resolve(root, executables, "parley"), {
      args: [...args, "--exec", "/activeuser"],
      env: {
        PARLEY_PASSWORD: "none",
        XDG_CONFIG_HOME: folder,
        XDG_STATE_HOME: folder,
      },
      stdin: "null",
    }).output();
    return;
  }
  const place = "dist/tests";
  await writeBuilt(place);
  Deno.env.set("PARLEY_BUNDLES", join(root, place));
}

/** All files with tests. */
async function allFiles(): Promise<string[]> {
  const files: string[] = [];
  for await (const { path } of walk(join(root, "tests"))) {
    if (/_test\.tsx?$/.test(path)) files.push(path);
  }
  return files.sort();
}

/** Those that touch the system have it in their names, but for that of the layout. */
function kindOf(path: string): string {
  if (/\/tests\/e2e\//.test(path)) return "e2e";
  return /(\.io|\/layout)_test\.tsx?$/.test(path) ? "io" : "pure";
}

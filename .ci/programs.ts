/**
 * How both programs are compiled: with the narrowest permissions they can work
 * with, the files that nothing imports, and the commit they were made from.
 */
import { fromFileUrl } from "@std/path";
import {
  buildProgram,
  builtProgram,
  plainFiles,
} from "../lib/client/ui/web/page_files.io.ts";
import { openerOf } from "../lib/client/ui/web/open_browser.io.ts";
import { settingRows } from "../lib/client/settings/settings.ts";

/** The project's folder, with a slash at its end. */
export const root: string = fromFileUrl(new URL("..", import.meta.url));

/** One program. */
export interface Program {
  readonly name: "parley" | "parley-server";
  readonly entry: string;
  readonly include: readonly string[];
  readonly permissions: readonly string[];
  /** Options of the engine that runs it. */
  readonly engine: readonly string[];
  /** It may start what opens a page in the user's browser, and nothing else. */
  readonly opensPages?: boolean;
}

/** Where an executable goes, and what it is for. */
export interface CompileOptions {
  readonly output: string;
  /** As `deno compile` names it; this machine's own when absent. */
  readonly target?: string;
  /** The runtime to put the program into; Deno's own when absent. */
  readonly runtime?: string;
}

/** Environment variables each program reads. */
const environment = [
  "PARLEY_PASSWORD",
  "NO_COLOR",
  "HOME",
  "USERPROFILE",
  "TERM",
];
// PGPASSWORD is for people; the driver of PostgreSQL looks at the others, too.
const serverEnvironment = [
  ...environment,
  "PGPASSWORD",
  "PGAPPNAME",
  "PGTARGETSESSIONATTRS",
];
// The last two are looked at by what speaks WebSocket.
const clientEnvironment = [
  ...environment,
  ...settingRows.flatMap(({ environment }) => environment ?? []),
  "XDG_CONFIG_HOME",
  "XDG_STATE_HOME",
  "APPDATA",
  "DISPLAY",
  "WAYLAND_DISPLAY",
  "COLORTERM",
  // Asked for by ws, in which nothing is to be turned off.
  "WS_NO_BUFFER_UTIL",
  "WS_NO_UTF_8_VALIDATE",
  "LANG",
  "LC_ALL",
  "WS_NO_BUFFER_UTIL",
  "WS_NO_UTF_8_VALIDATE",
];

const lessMemory =
  "--v8-flags=--max-semi-space-size=4,--heap-growing-percent=20";

/** Both programs. */
export const programs: readonly Program[] = [
  {
    name: "parley-server",
    entry: "server.ts",
    // Workers are loaded by their address, which nothing imports.
    include: ["lib/server/store/store.worker.ts"],
    permissions: [
      "--allow-net",
      "--allow-read",
      "--allow-write",
      `--allow-env=${serverEnvironment.join(",")}`,
      "--allow-sys=hostname,networkInterfaces",
    ],
    // Less memory under floods of long messages, at no cost in speed that the
    // benchmarks show; the same as in the task `server`.
    engine: [lessMemory],
  },
  {
    name: "parley",
    entry: "client.ts",
    include: [
      "lib/client/transfer/block.worker.ts",
      "lib/client/tree/tree.worker.ts",
      ...plainFiles,
      builtProgram,
    ],
    permissions: [
      "--allow-net",
      "--allow-read",
      "--allow-write",
      `--allow-env=${clientEnvironment.join(",")}`,
      "--allow-sys=hostname,networkInterfaces,statfs",
    ],
    // Offers of a hundred thousand files have a thread with a heap of its own.
    engine: [lessMemory],
    opensPages: true,
  },
];

/**
 * Runs `deno compile` for one program; {@link writeBuilt} must have been called.
 *
 * @returns What it said on standard error when it failed.
 */
export async function compile(
  program: Program,
  { output, target, runtime }: CompileOptions,
): Promise<string | undefined> {
  const { success, stderr } = await new Deno.Command(Deno.execPath(), {
    cwd: root,
    args: [
      "compile",
      "--quiet",
      "--frozen",
      "--no-prompt",
      "--exclude-unused-npm",
      ...program.engine,
      ...program.permissions,
      ...program.opensPages ? [`--allow-run=${openerOf(osOf(target))}`] : [],
      ...[...program.include, commitFile].flatMap((
        file,
      ) => ["--include", file]),
      ...(await unusedFolders()).flatMap((folder) => ["--exclude", folder]),
      ...(target === undefined ? [] : ["--target", target]),
      "--output",
      output,
      program.entry,
    ],
    // One that is set for all is of one system only.
    clearEnv: true,
    env: {
      ...Object.fromEntries(
        Object.entries(Deno.env.toObject())
          .filter(([name]) => name !== "DENORT_BIN"),
      ),
      ...runtime && { DENORT_BIN: runtime },
    },
    stdin: "null",
    stdout: "inherit",
    stderr: "piped",
  }).output();
  return success ? undefined : new TextDecoder().decode(stderr);
}

/** The system of a target of `deno compile`; this machine's own by default. */
function osOf(target: string | undefined): typeof Deno.build.os {
  if (target === undefined) return Deno.build.os;
  if (target.includes("windows")) return "windows";
  return target.includes("darwin") ? "darwin" : "linux";
}

/**
 * Folders of the standard library that no program imports. Its package on npm
 * holds all of it, and would be put into the executables whole: 1 MB of 1.4.
 */
async function unusedFolders(): Promise<string[]> {
  const library = fromFileUrl(new URL("../", import.meta.resolve("@std/path")));
  const folders: string[] = [];
  for await (const { name, isDirectory } of Deno.readDir(library)) {
    if (isDirectory && !usedFolders.has(name)) folders.push(library + name);
  }
  return folders;
}

const usedFolders: ReadonlySet<string> = new Set([
  "assert",
  "encoding",
  "internal",
  "path",
  "text",
]);

/**
 * Writes what is made for the executables: the commit for the programs to tell,
 * empty without git, and the page's program.
 */
export async function writeBuilt(): Promise<void> {
  await Deno.writeTextFile(`${root}${commitFile}`, await commit());
  await Deno.writeTextFile(`${root}${builtProgram}`, await buildProgram());
}

async function commit(): Promise<string> {
  const id = await git("rev-parse", "--short=12", "HEAD");
  const changes = await git("status", "--porcelain", "--untracked-files=no");
  if (id === undefined) return "";
  return changes === "" ? id : `${id}-changed`;
}

async function git(...args: string[]): Promise<string | undefined> {
  try {
    const { success, stdout } = await new Deno.Command("git", {
      cwd: root,
      args,
      stderr: "null",
    }).output();
    return success ? new TextDecoder().decode(stdout).trim() : undefined;
  } catch {
    return undefined;
  }
}

const commitFile = "commit.txt";

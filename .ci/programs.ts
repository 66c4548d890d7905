/**
 * How both programs are compiled: with the narrowest permissions they can work
 * with, the files that nothing imports, and the commit they were made from.
 */
import { walk } from "@std/fs";
import { dirname, fromFileUrl, relative } from "@std/path";
import {
  buildPage,
  builtPage,
  iconFile,
} from "../lib/client/ui/web/page_files.io.ts";
import { openerOf } from "../lib/client/ui/web/open_browser.io.ts";
import { settingRows } from "../lib/client/settings/settings.ts";
import { withLateTables } from "./late_tables.ts";

/** The project's folder, with a slash at its end. */
export const root: string = fromFileUrl(new URL("..", import.meta.url));

/** One program. */
export interface Program {
  readonly name: "parley" | "parley-server";
  readonly entry: string;
  /** Programs of its threads. */
  readonly threads: readonly string[];
  readonly permissions: readonly string[];
  /** Options of the engine that runs it. */
  readonly engine: readonly string[];
  /**
   * The window's page is put into it, and it may start what opens that in the
   * user's browser, and nothing else.
   */
  readonly hasPage?: boolean;
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
];

/** Both programs. */
export const programs: readonly Program[] = [
  {
    name: "parley-server",
    entry: "server.ts",
    threads: [
      "lib/server/store/store.worker.ts",
      "lib/server/store/checkpoint.worker.ts",
    ],
    permissions: [
      "--allow-net",
      "--allow-read",
      "--allow-write",
      `--allow-env=${serverEnvironment.join(",")}`,
      "--allow-sys=hostname,networkInterfaces",
    ],
    // Less memory under floods of long messages; even less makes those wait who
    // send many. The same as in the task `server`.
    engine: ["--v8-flags=--max-semi-space-size=8"],
  },
  {
    name: "parley",
    entry: "client.ts",
    threads: [
      "lib/client/transfer/block.worker.ts",
      "lib/client/tree/tree.worker.ts",
    ],
    hasPage: true,
    permissions: [
      "--allow-net",
      "--allow-read",
      "--allow-write",
      `--allow-env=${clientEnvironment.join(",")}`,
      "--allow-sys=hostname,networkInterfaces,statfs",
    ],
    // Offers of a hundred thousand files have a thread with a heap of its own.
    engine: ["--v8-flags=--max-semi-space-size=4,--heap-growing-percent=20"],
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
      ...program.engine,
      ...program.permissions,
      ...program.hasPage ? [`--allow-run=${openerOf(osOf(target))}`] : [],
      ...builtFiles(program).flatMap((file) => ["--include", file]),
      ...(target === undefined ? [] : ["--target", target]),
      "--output",
      output,
      builtFile(program, program.entry),
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
 * Writes what executables are made of: each program bundled, as a few large
 * modules take a third less time to begin with than hundreds of small ones; the
 * page; and the commit, which programs tell, empty without git.
 *
 * @param folder Where to, from the project's folder; only that is in it afterwards.
 */
export async function writeBuilt(folder = builtFolder): Promise<void> {
  const files = new Map<string, string>();
  const add = (program: Program, path: string, text: string) =>
    files.set(builtFile(program, path, folder), text);
  const id = await commit();
  const page = await buildPage();
  for (const program of programs) {
    for (const [path, text] of await bundle(program)) add(program, path, text);
    add(program, commitFile, id);
    if (!program.hasPage) continue;
    add(program, builtPage, page);
    add(program, iconFile, await Deno.readTextFile(root + iconFile));
  }
  await Deno.mkdir(root + folder, { recursive: true });
  for await (const { path } of walk(root + folder, { includeDirs: false })) {
    if (!files.has(path.slice(root.length))) await Deno.remove(path);
  }
  for (const [path, text] of files) await writeChanged(root + path, text);
}

/**
 * The modules of a bundled program by their paths.
 *
 * @throws {Error} when it cannot be bundled.
 */
async function bundle(program: Program): Promise<Map<string, string>> {
  const folder = `${root}${builtFolder}`;
  const { success, errors, outputFiles = [] } = await Deno.bundle({
    entrypoints: [program.entry, ...program.threads].map((path) => root + path),
    outputDir: folder,
    platform: "deno",
    // What is imported late is loaded late, and threads share what is common.
    codeSplitting: true,
    write: false,
  });
  if (!success) {
    const why = errors.map(({ text }) => text).join("; ");
    throw new Error(`${program.name} cannot be bundled: ${why}`);
  }
  return new Map(outputFiles.map((file) => [
    relative(folder, file.path),
    withLateTables(file.text().replace(earlyRequire, lateRequire)),
  ]));
}

/** Programs that run meanwhile go on with what stays as it is. */
async function writeChanged(path: string, text: string): Promise<void> {
  if (await Deno.readTextFile(path).catch(() => undefined) === text) return;
  await Deno.mkdir(dirname(path), { recursive: true });
  await Deno.writeTextFile(path, text);
}

/** What nothing imports of what was written, from the project's folder. */
function builtFiles(program: Program): string[] {
  const page = program.hasPage ? [builtPage, iconFile] : [];
  return [commitFile, ...program.threads, ...page]
    .map((path) => builtFile(program, path));
}

/**
 * Where {@link writeBuilt} writes a file of a program.
 *
 * @param path As it is among the sources.
 * @param folder As it was given there.
 * @returns From the project's folder.
 */
export function builtFile(
  program: Program,
  path: string,
  folder = builtFolder,
): string {
  return `${folder}/${program.name}/${path.replace(/\.ts$/, ".js")}`;
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
const builtFolder = "dist/built";

/**
 * By which packages in CommonJS ask for modules of Node: as the bundler has it,
 * every run loads Node's own loader, which takes half the time of `--help`.
 */
const earlyRequire =
  /^import \{ createRequire as (\w+) \} from "node:module";\nvar __require = \1\(import\.meta\.url\);$/m;
const lateRequire = `var __require = (name) => {
  const found = process.getBuiltinModule(name);
  if (found === undefined) throw new Error(\`there is no \${name}\`);
  return found;
};`;

/**
 * Which programs the end-to-end tests drive: the sources, the executables in the
 * folder that `PARLEY_PROGRAMS` names, or what was bundled into the one that
 * `PARLEY_BUNDLES` names, as all tests together do (`tests/parts.ts`).
 */
import { fromFileUrl, join, resolve } from "@std/path";
import { builtFile, programs } from "../../.ci/programs.ts";

/** The project's folder. */
export const root: string = fromFileUrl(new URL("../../", import.meta.url));

const folder = Deno.env.get("PARLEY_PROGRAMS");
const bundles = Deno.env.get("PARLEY_BUNDLES");

/** Command line of the server, without its arguments. */
export const serverCommand: readonly string[] = folder === undefined
  ? denoCommand("server.ts", engineOptions())
  : [resolve(root, folder, "parley-server")];

/** Command line of the client, without its arguments. */
export const clientCommand: readonly string[] = folder === undefined
  ? denoCommand("client.ts")
  : [resolve(root, folder, "parley")];

/** The modules that the client's executable was made of; none from source. */
export const builtClient: string | undefined = folder &&
  join(resolve(root, folder), "built/parley");

/**
 * The server's command line with a wall clock that is ahead by what the file
 * `PARLEY_TEST_CLOCK` says, ms. An executable takes no hook: it is as it was.
 */
export const clockedServerCommand: readonly string[] = folder === undefined
  ? serverCommand.flatMap((word) =>
    word === "run"
      ? [word, "--preload", join(root, "tests/support/clock_hook.ts")]
      : [word]
  )
  : serverCommand;

/** The server's command line with no more permissions than the executable has. */
export const narrowServerCommand: readonly string[] = folder === undefined
  ? serverCommand.flatMap((word) =>
    word === "-A"
      ? programs.find(({ name }) => name === "parley-server")?.permissions ?? []
      : [word]
  )
  : serverCommand;

/**
 * Where the libraries are when programs run from source, also for one that has a
 * home of its own: it would fetch them anew, which takes a network.
 */
export const libraryEnv: Readonly<Record<string, string>> = {
  DENO_DIR: Deno.env.get("DENO_DIR") ?? join(
    Deno.env.get("XDG_CACHE_HOME") ??
      join(Deno.env.get("HOME") ?? "/", ".cache"),
    "deno",
  ),
};

/** Those of the task `server`, with which the executable is compiled too. */
function engineOptions(): string[] {
  const { tasks } = JSON.parse(
    Deno.readTextFileSync(join(root, "deno.json")),
  ) as { tasks: Record<string, string> };
  return tasks.server?.match(/--v8-flags=\S+/g) ?? [];
}

function denoCommand(entry: string, options: string[] = []): string[] {
  const run = [Deno.execPath(), "run", "--quiet", "--no-prompt", "-A"];
  run.push(...options);
  const program = programs.find((each) => each.entry === entry);
  if (bundles !== undefined && program !== undefined) {
    const path = builtFile(program, entry, bundles);
    return [...run, "--no-config", "--unstable-net", path];
  }
  const config = join(root, "deno.json");
  const checks = ["--frozen", "--no-check", "--config", config];
  return [...run, ...checks, join(root, entry)];
}

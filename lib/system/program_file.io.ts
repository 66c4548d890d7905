/**
 * Files that belong to the program and that nothing imports: threads, the page,
 * the commit that it was compiled from.
 */

/**
 * Where such a file is: among the sources, or beside the bundled program and in
 * the executable, where `deno task compile` puts it at the same place, compiled
 * to JavaScript.
 *
 * @param path From the project's folder, as it is among the sources.
 */
export function programFile(path: string): URL {
  // Threads share this module with the program, so the bundler puts it beside it.
  return isBundled
    ? new URL(path.replace(/\.ts$/, ".js"), import.meta.url)
    : new URL(`../../${path}`, import.meta.url);
}

/** Whether the program was bundled, as executables are, and not the sources run. */
export const isBundled: boolean = import.meta.url.endsWith(".js");

/**
 * Which build this is: a phrase such as `commit 1a2b3c4d5e6f, Deno 2.9.4`, or
 * `from source, …` where nothing was compiled.
 */
export function buildInfo(): string {
  const commit = readCommit();
  const source = commit === undefined ? "from source" : `commit ${commit}`;
  return `${source}, Deno ${Deno.version.deno}`;
}

/**
 * Whether this is an executable whose runtime has nothing of it kept compiled
 * yet, in the folder for temporary files; from the sources never. What is kept
 * there of an executable of that name before this one is taken away.
 */
export function isFirstStart(): boolean {
  const [, folder] = /^(.*\/deno-compile-[^/]+)\//.exec(Deno.mainModule) ?? [];
  if (folder === undefined) return false;
  const kept = new URL(`${folder}.cache`);
  try {
    const { ctime, mtime } = Deno.statSync(Deno.execPath());
    const since = ctime ?? mtime ?? new Date(0);
    if ((Deno.lstatSync(kept).mtime ?? since) >= since) return false;
    // Another user's stays, and nothing takes its place.
    Deno.removeSync(kept);
    return true;
  } catch (error) {
    return error instanceof Deno.errors.NotFound;
  }
}

function readCommit(): string | undefined {
  try {
    const text = Deno.readTextFileSync(programFile("commit.txt")).trim();
    return /^[0-9a-f]{7,40}(-changed)?$/.test(text) ? text : undefined;
  } catch {
    return undefined;
  }
}

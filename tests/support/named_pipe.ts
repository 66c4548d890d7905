import { assert } from "@std/assert";
import { join } from "@std/path";
import { patience } from "./wait_until.ts";

/** Why tests of pipes with names are left out here. */
export const noPipes: string | undefined = Deno.build.os === "windows"
  ? "pipes with names in folders"
  : undefined;

/** Makes the pipe `name` in a folder; its path. */
export async function makePipe(folder: string, name: string): Promise<string> {
  const path = join(folder, name);
  const made = await new Deno.Command("mkfifo", { args: [path] }).output();
  assert(made.success, new TextDecoder().decode(made.stderr));
  return path;
}

/**
 * Writes `text` to a pipe when somebody reads it, and ends it. By another program:
 * who opens a pipe to write keeps its whole process waiting.
 *
 * @throws When nobody does within a minute.
 */
export async function writePipe(path: string, text: string): Promise<void> {
  const args = ["-c", 'printf %s "$1" > "$0"', path, text];
  const child = new Deno.Command("sh", { args }).spawn();
  const { success } = await whileRead(child, child.status);
  assert(success, `"${path}" was not read to its end`);
}

/**
 * Opens a pipe to write, and writes nothing; resolves when somebody reads it.
 *
 * @returns Ends it.
 * @throws When nobody does within a minute.
 */
export async function holdPipe(path: string): Promise<() => Promise<void>> {
  const script = 'exec 3> "$0"; echo; read line';
  const child = new Deno.Command("sh", {
    args: ["-c", script, path],
    stdin: "piped",
    stdout: "piped",
  }).spawn();
  const reader = child.stdout.getReader();
  const letGo = async () => {
    await child.stdin.close();
    await reader.cancel();
    await child.status;
  };
  const { done } = await whileRead(child, reader.read());
  if (!done) return letGo;
  await letGo();
  throw new Error(`Nobody reads "${path}"`);
}

/** What comes of a program that waits for a reader: it is ended after a minute. */
async function whileRead<T>(
  child: Deno.ChildProcess,
  outcome: Promise<T>,
): Promise<T> {
  const timer = setTimeout(() => child.kill(), patience);
  try {
    return await outcome;
  } finally {
    clearTimeout(timer);
  }
}

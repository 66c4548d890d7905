import { join } from "@std/path";

/** Why tests of pipes with names are left out here. */
export const noPipes: string | undefined = Deno.build.os === "windows"
  ? "pipes with names in folders"
  : undefined;

/** Makes the pipe `name` in a folder; its path. */
export async function makePipe(folder: string, name: string): Promise<string> {
  const path = join(folder, name);
  await new Deno.Command("mkfifo", { args: [path] }).output();
  return path;
}

/**
 * Writes `text` to a pipe when somebody reads it, and ends it. By another program:
 * who opens a pipe to write keeps its whole process waiting.
 */
export async function writePipe(path: string, text: string): Promise<void> {
  const args = ["-c", 'printf %s "$1" > "$0"', path, text];
  await new Deno.Command("sh", { args }).output();
}

/**
 * Opens a pipe to write, and writes nothing; resolves when somebody reads it.
 *
 * @returns Ends it.
 */
export async function holdPipe(path: string): Promise<() => Promise<void>> {
  const script = 'exec 3> "$0"; echo; read line';
  const child = new Deno.Command("sh", {
    args: ["-c", script, path],
    stdin: "piped",
    stdout: "piped",
  }).spawn();
  const reader = child.stdout.getReader();
  await reader.read();
  return async () => {
    await child.stdin.close();
    await reader.cancel();
    await child.status;
  };
}

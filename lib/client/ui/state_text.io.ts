/** Small files of the state folder that a client can do without. */
import { dirname, join } from "@std/path";
import { stateFolderPath } from "../../system/folders.io.ts";
import { readPlainTextSync } from "../../system/read_file.io.ts";

type Env = (name: string) => string | undefined;

/** What is in the file of this name; undefined where nothing can be read. */
export function readStateText(env: Env, name: string): string | undefined {
  try {
    return readPlainTextSync(join(stateFolderPath(env), name));
  } catch {
    return undefined;
  }
}

/** Writes it; where nothing can be written, it holds for this run only. */
export function writeStateText(env: Env, name: string, text: string): void {
  try {
    const path = join(stateFolderPath(env), name);
    Deno.mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    Deno.writeTextFileSync(path, text, { mode: 0o600 });
  } catch {
    // What was chosen holds until the program ends.
  }
}

/** Remembers `/notify on|off` in the state folder. */
import { dirname, join } from "@std/path";
import { stateFolderPath } from "../../system/folders.io.ts";

type Env = (name: string) => string | undefined;

/** What was chosen last; true when nothing was. */
export function readNotify(env: Env): boolean {
  try {
    return Deno.readTextFileSync(pathOf(env)).trim() !== "off";
  } catch {
    return true;
  }
}

/** Remembers the choice; where nothing can be written, for this run only. */
export function writeNotify(env: Env, notify: boolean): void {
  try {
    const path = pathOf(env);
    Deno.mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    Deno.writeTextFileSync(path, notify ? "on\n" : "off\n", { mode: 0o600 });
  } catch {
    // The choice holds until the program ends.
  }
}

function pathOf(env: Env): string {
  return join(stateFolderPath(env), "notify");
}

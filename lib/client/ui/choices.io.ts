/** Remembers what was chosen with a command, `/notify` and `/presence`, in the state folder. */
import { dirname, join } from "@std/path";
import { type PresenceChoice, presenceChoices } from "../commands/program.ts";
import { stateFolderPath } from "../../system/folders.io.ts";

type Env = (name: string) => string | undefined;

/** What was chosen last with `/notify`; true when nothing was. */
export function readNotify(env: Env): boolean {
  return read(env, "notify") !== "off";
}

/** Remembers the choice; where nothing can be written, for this run only. */
export function writeNotify(env: Env, notify: boolean): void {
  write(env, "notify", notify ? "on" : "off");
}

/** What was chosen last with `/presence`; `known` when nothing was. */
export function readPresence(env: Env): PresenceChoice {
  const chosen = read(env, "presence");
  return presenceChoices.find((each) => each === chosen) ?? "known";
}

/** Remembers the choice; where nothing can be written, for this run only. */
export function writePresence(env: Env, presence: PresenceChoice): void {
  write(env, "presence", presence);
}

function read(env: Env, name: string): string | undefined {
  try {
    return Deno.readTextFileSync(pathOf(env, name)).trim();
  } catch {
    return undefined;
  }
}

function write(env: Env, name: string, choice: string): void {
  try {
    const path = pathOf(env, name);
    Deno.mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    Deno.writeTextFileSync(path, `${choice}\n`, { mode: 0o600 });
  } catch {
    // The choice holds until the program ends.
  }
}

function pathOf(env: Env, name: string): string {
  return join(stateFolderPath(env), name);
}

/** Remembers in the state folder where somebody logged in in a window. */
import { dirname, join } from "@std/path";
import {
  boolean,
  type Infer,
  list,
  object,
  optional,
  string,
} from "../../../base/schema.ts";
import { stateFolderPath } from "../../../system/folders.io.ts";
import type { ServerChoice } from "../../settings/gui_options.ts";

type Env = (name: string) => string | undefined;

/** The newest first; none where none can be read. */
export function readLogins(env: Env): readonly ServerChoice[] {
  try {
    return logins(JSON.parse(Deno.readTextFileSync(pathOf(env))), "");
  } catch {
    // There is none, or it is not ours.
    return [];
  }
}

/** Somebody logged in; where nothing can be written, it is not remembered. */
export function writeLogin(env: Env, login: ServerChoice): void {
  const others = readLogins(env).filter(({ server, user }) =>
    server !== login.server || user !== login.user
  );
  const all = [login, ...others].slice(0, mostLogins);
  try {
    const path = pathOf(env);
    Deno.mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    Deno.writeTextFileSync(path, `${JSON.stringify(all)}\n`, { mode: 0o600 });
  } catch {
    // The form is filled in by hand next time.
  }
}

/** Those, and of the saved ones which are not among them. */
export function choicesOf(
  logins: readonly ServerChoice[],
  saved: readonly ServerChoice[],
): readonly ServerChoice[] {
  const known = new Set(logins.map(({ server }) => server));
  return [...logins, ...saved.filter(({ server }) => !known.has(server))];
}

function pathOf(env: Env): string {
  return join(stateFolderPath(env), "logins.json");
}

const mostLogins = 20;
const login = object({
  server: string(1, 300),
  user: optional(string(1, 100)),
  plain: optional(boolean),
});
const logins: (value: unknown, path: string) => Infer<typeof login>[] = list(
  login,
  0,
  mostLogins,
);

/** Remembers in the state folder where somebody logged in in a window. */
import {
  boolean,
  type Infer,
  list,
  object,
  optional,
  string,
} from "../../../base/schema.ts";
import type { ServerChoice } from "../../settings/gui_options.ts";
import { readStateText, writeStateText } from "../state_text.io.ts";

type Env = (name: string) => string | undefined;

/** The newest first; none where none can be read. */
export function readLogins(env: Env): readonly ServerChoice[] {
  try {
    return logins(JSON.parse(readStateText(env, fileName) ?? "[]"), "");
  } catch {
    // It is not ours.
    return [];
  }
}

/** Somebody logged in; where nothing can be written, it is not remembered. */
export function writeLogin(env: Env, login: ServerChoice): void {
  const others = readLogins(env).filter(({ server, user }) =>
    server !== login.server || user !== login.user
  );
  const all = [login, ...others].slice(0, mostLogins);
  writeStateText(env, fileName, `${JSON.stringify(all)}\n`);
}

/** Those, and of the saved ones which are not among them. */
export function choicesOf(
  logins: readonly ServerChoice[],
  saved: readonly ServerChoice[],
): readonly ServerChoice[] {
  const known = new Set(logins.map(({ server }) => server));
  return [...logins, ...saved.filter(({ server }) => !known.has(server))];
}

const fileName = "logins.json";
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

/**
 * The folder of what a client remembers from run to run and could do without:
 * `$XDG_STATE_HOME/parley` (`~/.local/state/parley`), on macOS and Windows the
 * folder `state` of the configuration folder.
 */
import { isAbsolute, join } from "@std/path";
import { configFolderPath } from "./config_folder.ts";

/**
 * The path of the folder; it need not exist.
 *
 * @param env Looks up an environment variable.
 * @throws {StartError} when the environment names no place for it.
 */
export function stateFolderPath(
  env: (name: string) => string | undefined,
  os: typeof Deno.build.os = Deno.build.os,
): string {
  const xdg = env("XDG_STATE_HOME");
  // A relative one is to be ignored (XDG Base Directory Specification).
  if (xdg !== undefined && isAbsolute(xdg)) return join(xdg, "parley");
  const home = env("HOME");
  return os === "windows" || os === "darwin" || !home
    ? join(configFolderPath(env), "state")
    : join(home, ".local", "state", "parley");
}

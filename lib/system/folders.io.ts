/**
 * The folder of what a client keeps about its user: its identity, the servers
 * and peers it has met. `$XDG_CONFIG_HOME/parley` (`~/.config/parley`), on macOS
 * `~/Library/Application Support/parley`, on Windows `%APPDATA%\parley`.
 */
import { isAbsolute, join } from "@std/path";
import { reasonOf, StartError } from "./errors.io.ts";

/**
 * The path of the folder; it need not exist.
 *
 * @param env Looks up an environment variable.
 * @throws {StartError} when the environment names no place for it.
 */
export function configFolderPath(
  env: (name: string) => string | undefined,
  os: typeof Deno.build.os = Deno.build.os,
): string {
  const xdg = env("XDG_CONFIG_HOME");
  // A relative one is to be ignored (XDG Base Directory Specification).
  if (xdg !== undefined && isAbsolute(xdg)) return join(xdg, "parley");
  if (os === "windows") {
    const appData = env("APPDATA");
    if (appData) return join(appData, "parley");
  }
  const home = env("HOME") || env("USERPROFILE");
  if (!home) {
    throw new StartError(
      "there is no folder for the configuration; set HOME or XDG_CONFIG_HOME",
    );
  }
  return os === "darwin"
    ? join(home, "Library", "Application Support", "parley")
    : join(home, ".config", "parley");
}

/**
 * The folder's path, made for its owner alone when it is missing.
 *
 * @throws {StartError} when it cannot be made.
 */
export async function openConfigFolder(
  path: string = configFolderPath((name) => Deno.env.get(name)),
): Promise<string> {
  try {
    await Deno.mkdir(path, { recursive: true, mode: 0o700 });
    return path;
  } catch (error) {
    throw new StartError(
      `cannot use configuration folder "${path}": ${reasonOf(error)}; ` +
        "choose another with XDG_CONFIG_HOME",
    );
  }
}

// The folder of what a client remembers from run to run and could do without:
// `$XDG_STATE_HOME/parley` (`~/.local/state/parley`), on macOS and Windows the
// folder `state` of the configuration folder.

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

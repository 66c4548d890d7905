/** Where the user's browser and other programs put what they receive. */
import { isAbsolute, join } from "@std/path";
import { isFolder } from "../../../system/meant_path.io.ts";
import { readPlainFile } from "../../../system/read_file.io.ts";

type Env = (name: string) => string | undefined;

/**
 * The folder for downloads: as the desktop has it (`user-dirs.dirs` of XDG), or
 * `Downloads` of the home folder. `undefined` when there is none.
 */
export async function systemDownloads(
  env: Env,
  os: typeof Deno.build.os = Deno.build.os,
): Promise<string | undefined> {
  const home = env("HOME") || env("USERPROFILE");
  if (!home) return undefined;
  const isXdg = os !== "windows" && os !== "darwin";
  const named = isXdg ? await readUserDirs(env, home) : undefined;
  for (const folder of [named, join(home, "Downloads")]) {
    if (folder !== undefined && await isFolder(folder)) return folder;
  }
  return undefined;
}

async function readUserDirs(
  env: Env,
  home: string,
): Promise<string | undefined> {
  const xdg = env("XDG_CONFIG_HOME");
  const config = xdg && isAbsolute(xdg) ? xdg : join(home, ".config");
  let text;
  try {
    text = new TextDecoder().decode(
      await readPlainFile(join(config, "user-dirs.dirs")),
    );
  } catch {
    return undefined;
  }
  return downloadsIn(text, home);
}

/** The folder that a `user-dirs.dirs` names; the last line counts. */
function downloadsIn(text: string, home: string): string | undefined {
  const lines = text.matchAll(/^\s*XDG_DOWNLOAD_DIR="((?:[^"\\]|\\.)*)"/gm);
  const [, value = ""] = [...lines].at(-1) ?? [];
  const path = value.replace(/\\(.)/g, "$1").replace(/^\$HOME(?=\/|$)/, home)
    .replace(/(.)\/+$/, "$1");
  // The home folder itself stands for none.
  return isAbsolute(path) && path !== home ? path : undefined;
}

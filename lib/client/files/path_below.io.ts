import { join, SEPARATOR } from "@std/path";

/** Where something is, by its path with `/` between names below a folder. */
export const pathBelow: (folder: string, path: string) => string =
  Deno.build.os === "windows" ? join : (folder, path) => `${folder}/${path}`;

/**
 * Where something really is, wherever links to it are: its path without links, if
 * it is in `folder`, or that itself; undefined elsewhere, or where there is none.
 */
export function realPathIn(path: string, folder: string): string | undefined {
  try {
    const [real, root] = [Deno.realPathSync(path), Deno.realPathSync(folder)];
    const within = root.endsWith(SEPARATOR) ? root : root + SEPARATOR;
    return real === root || real.startsWith(within) ? real : undefined;
  } catch {
    return undefined;
  }
}

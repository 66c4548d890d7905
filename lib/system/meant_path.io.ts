/** Which file a user means by what was typed, or pasted from a file manager. */
import { fromFileUrl } from "@std/path";
import { homeFolder } from "./home_folder.io.ts";
import { homePath } from "../base/home_path.ts";

/**
 * The path that `text` means: `~/film.mp4` lies in the home folder, and
 * `file:///home/yoda/my%20film.mp4` is what it says, unless there is a file of
 * exactly that name. What ends without a name, as `.` and `..`, is the folder
 * that it leads to, by its own name.
 */
export async function meantPath(text: string): Promise<string> {
  const isUrl = /^file:\/\/(?:localhost)?\//i.test(text);
  if (!isUrl) return await named(homePath(text, homeFolder()));
  try {
    await Deno.lstat(text);
    return text;
  } catch {
    // There is none.
  }
  try {
    const path = fromFileUrl(text);
    // No system has a file of such a name, and each says so in its own words.
    return path.includes("\0") ? text : path;
  } catch {
    // What is no URL stays a path.
    return text;
  }
}

/**
 * The paths that were typed: `whole` if there is something of exactly that name,
 * blanks and all, or if nothing is called as any of `parts` either; otherwise
 * `parts`, of which some may be missing.
 */
export async function meantPaths(
  whole: string,
  parts: readonly string[],
): Promise<string[]> {
  const path = await meantPath(whole);
  if (parts.length < 2 || whole !== "" && await isThere(path)) return [path];
  const paths = await Promise.all(parts.map((part) => meantPath(part)));
  const found = await Promise.all(paths.map(isThere));
  return whole === "" || found.includes(true) ? paths : [path];
}

/** Those of the paths at which there is something. */
export async function whatIsThere(
  paths: readonly string[],
): Promise<string[]> {
  const found = await Promise.all(paths.map(isThere));
  return paths.filter((_, index) => found[index]);
}

/** `path`, but by another way if it has no name of its own to be sent by. */
async function named(path: string): Promise<string> {
  if (!/(?:^|[/\\])\.{1,2}[/\\]*$/.test(path)) return path;
  return await Deno.realPath(path).catch(() => path);
}

async function isThere(path: string): Promise<boolean> {
  return await Deno.lstat(path).then(() => true, () => false);
}

/** True when there is a folder at `path`, perhaps behind a link. */
export async function isFolder(path: string): Promise<boolean> {
  const info = await Deno.stat(path).catch(() => undefined);
  return info?.isDirectory === true;
}

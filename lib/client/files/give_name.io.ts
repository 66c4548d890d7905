import { dirname, join } from "@std/path";
import {
  isAt,
  lookAt,
  lookAtSync,
  remove,
  removeOwn,
} from "../../system/own_file.io.ts";
import { freeCopy } from "./free_copy.ts";
import { SinkError } from "./sink_error.io.ts";
import { lockFolder } from "../../system/sync_folder.io.ts";

/**
 * Gives the file that `handle` has open under the name `path` the first of
 * `names` that is free in its folder, and takes the name `path` from it. No name
 * is ever given to another file, not even for a moment, when somebody puts one
 * in its place meanwhile.
 *
 * @returns Its new path.
 * @throws {SinkError} when the file is no longer at `path`, or no name is free;
 * what the system says.
 */
export async function giveName(
  handle: Deno.FsFile,
  path: string,
  names: Iterable<string>,
): Promise<string> {
  const folder = dirname(path);
  // A name nobody knows comes first: what gets it is looked at before the rest.
  const unique = crypto.randomUUID().slice(0, uniqueLetters);
  const between = join(folder, `${betweenStart}${unique}${betweenEnd}`);
  try {
    await Deno.link(path, between);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) throw goneFrom(path);
    if (isRefusal(error)) throw error;
    return await moveWithoutLinks(handle, path, names);
  }
  try {
    if (!await isAt(handle, between)) throw goneFrom(path);
    const named = await linkToFree(handle, between, folder, names);
    removeOwn(handle, path);
    return named;
  } finally {
    await remove(between);
  }
}

/**
 * Names in `folder` to be tried, each once those before it are taken. Where there
 * are many copies, few of them are looked at.
 *
 * @param names The name of each copy, from 0.
 */
export function* freeNames(
  folder: string,
  names: (copy: number) => string,
): Iterable<string> {
  for (let copy = 0; copy < triedCopies; copy++) yield names(copy);
  const search = freeCopy(triedCopies);
  let next = search.next();
  while (!next.done) {
    const found = lookAtSync(join(folder, names(next.value)));
    next = search.next(found !== undefined);
  }
  // Others may take it meanwhile.
  const end = next.value + triedCopies;
  for (let copy = next.value; copy < end; copy++) yield names(copy);
}

/** The part is not where it was. */
export function goneFrom(path: string): SinkError {
  return new SinkError(
    `"${path}" was removed, moved or replaced while the file arrived`,
    "removed",
  );
}

/** True for a name that {@link giveName} uses in between. */
export function isBetweenName(name: string): boolean {
  return name.length === betweenStart.length + uniqueLetters +
        betweenEnd.length &&
    name.startsWith(betweenStart) && name.endsWith(betweenEnd);
}

async function linkToFree(
  handle: Deno.FsFile,
  from: string,
  folder: string,
  names: Iterable<string>,
): Promise<string> {
  for (const name of names) {
    const path = join(folder, name);
    try {
      // A link, unlike a rename, fails when the name is taken.
      await Deno.link(from, path);
    } catch (error) {
      if (error instanceof Deno.errors.AlreadyExists) continue;
      throw error;
    }
    if (await isAt(handle, path)) return path;
    throw goneFrom(from);
  }
  throw noneFree(folder);
}

/** For file systems without links, where one of our programs at a time moves. */
async function moveWithoutLinks(
  handle: Deno.FsFile,
  from: string,
  names: Iterable<string>,
): Promise<string> {
  const folder = dirname(from);
  const lock = await lockFolder(folder);
  try {
    for (const name of names) {
      const path = join(folder, name);
      if (await lookAt(path) !== undefined) continue;
      if (!await isAt(handle, from)) throw goneFrom(from);
      await Deno.rename(from, path);
      return path;
    }
  } finally {
    lock?.close();
  }
  throw noneFree(folder);
}

function noneFree(folder: string): SinkError {
  return new SinkError(`"${folder}" has too many copies of that name`);
}

/** True for an error that has nothing to do with links. */
function isRefusal(error: unknown): boolean {
  const text = error instanceof Error ? error.message : "";
  return refusals.test(text);
}

/** So many copies are tried one after the other, before it is looked for one. */
const triedCopies = 16;
const betweenStart = ".parley-";
const betweenEnd = ".tmp";
const uniqueLetters = 8;
/** EIO, EACCES, ENOSPC, EROFS, EDQUOT. */
const refusals = /os error (5|13|28|30|122)\b/;

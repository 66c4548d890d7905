/**
 * Files of ours in a folder where others write, too. A file is made only where
 * nothing is; one that is there is used only when what was opened is the plain
 * file that was looked at, and it has no other name. So no link leads anywhere,
 * also when somebody puts one there between two looks. Once a file is open, it
 * is worked on by its handle alone.
 */
import { isFileShortage } from "./errors.io.ts";
import { fileState, isSameFile } from "./file_state.io.ts";

/** Makes a file and opens it; undefined when the name is taken. */
export async function makeOwn(
  path: string,
  mode = 0o666,
): Promise<Deno.FsFile | undefined> {
  try {
    // createNew follows no link and takes nothing that is there.
    const options = { read: true, write: true, createNew: true, mode };
    return await Deno.open(path, options);
  } catch (error) {
    if (error instanceof Deno.errors.AlreadyExists) return undefined;
    throw error;
  }
}

/**
 * Opens the plain file at `path`, which is not changed by that.
 *
 * @returns "missing" when nothing is there, "taken" when it is nothing that can
 * be ours.
 */
export async function openOwn(
  path: string,
): Promise<Deno.FsFile | "missing" | "taken"> {
  const before = await lookAt(path);
  if (before === undefined) return "missing";
  if (!isPlain(before)) return "taken";
  let handle: Deno.FsFile;
  try {
    handle = await Deno.open(path, { read: true, write: true });
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return "missing";
    if (error instanceof Deno.errors.PermissionDenied) return "taken";
    throw error;
  }
  const opened = await handle.stat();
  if (isPlain(opened) && isSamePlain(before, opened)) return handle;
  handle.close();
  return "taken";
}

/**
 * Opens for reading what `handle` has open; undefined when it is elsewhere.
 *
 * @throws What the system says where too many files are open.
 */
export async function openAgain(
  handle: Deno.FsFile,
  path: string,
): Promise<Deno.FsFile | undefined> {
  let again: Deno.FsFile;
  try {
    if (!await isAt(handle, path)) return undefined;
    again = await Deno.open(path, { read: true });
  } catch (error) {
    if (isFileShortage(error)) throw error;
    return undefined;
  }
  const [there, own] = await Promise.all([again.stat(), handle.stat()]);
  if (isSamePlain(there, own)) return again;
  again.close();
  return undefined;
}

/** True when `path` is a name of the very file that `handle` has open. */
export async function isAt(
  handle: Deno.FsFile,
  path: string,
): Promise<boolean> {
  return await lookAtOwn(handle, path) !== undefined;
}

/** What `handle` has open; undefined when `path` is no name of that. */
export async function lookAtOwn(
  handle: Deno.FsFile,
  path: string,
): Promise<Deno.FileInfo | undefined> {
  const [there, own] = await Promise.all([lookAt(path), handle.stat()]);
  const isSame = there !== undefined && isSamePlain(there, own);
  return isSame ? own : undefined;
}

/**
 * Removes the name `path` if it is one of what `handle` has open. Done in one
 * go: no other name should take its place between the look and the removal.
 */
export function removeOwn(handle: Deno.FsFile, path: string): void {
  try {
    const isOwn = isSamePlain(Deno.lstatSync(path), handle.statSync());
    if (isOwn) Deno.removeSync(path);
  } catch {
    // It has another name, or none.
  }
}

/** Removes a name, where that can be done. */
export async function remove(path: string): Promise<void> {
  await Deno.remove(path).catch(() => {});
}

/** False when another program or transfer holds it. */
export async function tryLock(handle: Deno.FsFile): Promise<boolean> {
  try {
    return await handle.tryLock(true);
  } catch {
    // A file system without locks.
    return true;
  }
}

/**
 * Closes a file that may be locked. The lock is given back first: a program that
 * is being started has all open files for a moment, and would keep it so long.
 */
export function closeLocked(handle: Deno.FsFile): void {
  try {
    handle.unlockSync();
  } catch {
    // A file system without locks.
  }
  handle.close();
}

/** What has this name, be it a link; undefined when nothing has. */
export async function lookAt(
  path: string,
): Promise<Deno.FileInfo | undefined> {
  try {
    return await Deno.lstat(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

/** The same at once; undefined also when it cannot be seen whether something has. */
export function lookAtSync(path: string): Deno.FileInfo | undefined {
  try {
    return Deno.lstatSync(path);
  } catch {
    return undefined;
  }
}

/**
 * True when `handle` has open the empty file at `path`, and nothing is at `other`,
 * which is made after that: what is left of who was killed in between.
 */
export async function isUnbegun(
  handle: Deno.FsFile,
  path: string,
  other: string,
): Promise<boolean> {
  const own = await lookAtOwn(handle, path);
  return own?.size === 0 && await lookAt(other) === undefined;
}

function isPlain(info: Deno.FileInfo): boolean {
  return info.isFile && !info.isSymlink && (info.nlink ?? 1) === 1;
}

function isSamePlain(a: Deno.FileInfo, b: Deno.FileInfo): boolean {
  return a.isFile && b.isFile && isSameFile(fileState(a), fileState(b));
}

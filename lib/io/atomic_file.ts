/**
 * Files that are rewritten whole and must never be seen half written: a
 * temporary file beside the target, synced, renamed over it, the folder synced.
 */
import { basename, dirname, join } from "@std/path";

/** How a file is written. */
export interface AtomicWriteOptions {
  /** Permissions of a file that did not exist; 0o600 by default. */
  readonly mode?: number;
}

/**
 * Puts `text` in the place of the file at `path`. A file that is there keeps its
 * permissions and, where that is allowed, its owner; one behind a symbolic link
 * is replaced where it is.
 *
 * @throws What the system says; the file is then as it was.
 */
export async function writeFileAtomically(
  path: string,
  text: string,
  { mode = 0o600 }: AtomicWriteOptions = {},
): Promise<void> {
  const target = await resolveLink(path);
  const folder = dirname(target);
  const info = await statOrUndefined(target);
  const unique = crypto.randomUUID().slice(0, uniqueLetters);
  const temporary = join(folder, temporaryName(target, unique));
  try {
    const file = await Deno.open(temporary, {
      write: true,
      createNew: true,
      mode: 0o600,
    });
    try {
      await writeAll(file, new TextEncoder().encode(text));
      await file.sync();
    } finally {
      file.close();
    }
    await copyRights(temporary, info, mode);
    await Deno.rename(temporary, target);
  } catch (error) {
    await Deno.remove(temporary).catch(() => {});
    throw error;
  }
  await syncFolder(folder);
}

/**
 * Rewrites a file from what it holds, while no other process that does it this
 * way can come in between.
 *
 * @param edit Gets the text, `undefined` when there is no file; returns the new
 * one, or `undefined` to leave it alone.
 * @throws {TypeError} when the file is not UTF-8; what the system says; what
 * `edit` throws.
 */
export async function updateFileAtomically(
  path: string,
  edit: (text: string | undefined) => string | undefined,
  options: AtomicWriteOptions = {},
): Promise<void> {
  // The file's own lock would be lost when it is replaced; the folder stays.
  const lock = await lockFolder(dirname(await resolveLink(path)));
  try {
    const text = await readTextOrUndefined(path);
    const edited = edit(text);
    if (edited === undefined || edited === text) return;
    await writeFileAtomically(path, edited, options);
  } finally {
    lock?.close();
  }
}

/**
 * Removes what a process that was killed while it wrote the file at `path` left
 * beside it. Only for whoever knows that nobody writes it now.
 */
export async function removeTemporaries(path: string): Promise<void> {
  const folder = dirname(path);
  const [start = "", end = ""] = temporaryName(path, "\0").split("\0");
  const length = start.length + uniqueLetters + end.length;
  for await (const { name, isFile } of Deno.readDir(folder)) {
    const isOurs = isFile && name.length === length &&
      name.startsWith(start) && name.endsWith(end);
    if (isOurs) await Deno.remove(join(folder, name)).catch(() => {});
  }
}

function temporaryName(path: string, unique: string): string {
  return `.${basename(path)}.${unique}.tmp`;
}

/** The file's text, or `undefined` when there is none. @throws as above. */
async function readTextOrUndefined(path: string): Promise<string | undefined> {
  try {
    return decodeStrictly(await Deno.readFile(path));
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

/** `bytes` as text, with its byte order mark. @throws {TypeError} unless UTF-8. */
export function decodeStrictly(bytes: Uint8Array): string {
  return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true })
    .decode(bytes);
}

async function resolveLink(path: string): Promise<string> {
  try {
    return await Deno.realPath(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return path;
    throw error;
  }
}

async function statOrUndefined(
  path: string,
): Promise<Deno.FileInfo | undefined> {
  try {
    return await Deno.stat(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

async function writeAll(file: Deno.FsFile, bytes: Uint8Array): Promise<void> {
  for (let written = 0; written < bytes.length;) {
    written += await file.write(bytes.subarray(written));
  }
}

/** Gives the new file the owner and permissions of the old one. */
async function copyRights(
  path: string,
  old: Deno.FileInfo | undefined,
  mode: number,
): Promise<void> {
  if (Deno.build.os === "windows") return;
  if (old !== undefined && old.uid !== null && old.gid !== null) {
    // Only root may give a file away; anybody else owns what they write.
    await Deno.chown(path, old.uid, old.gid).catch(() => {});
  }
  await Deno.chmod(path, (old?.mode ?? mode) & 0o777);
}

/** Makes a rename survive a power cut. Windows has no such thing. */
async function syncFolder(folder: string): Promise<void> {
  if (Deno.build.os === "windows") return;
  const file = await Deno.open(folder, { read: true });
  try {
    await file.sync();
  } finally {
    file.close();
  }
}

/** Waits for the folder's lock; closing the file gives it back. */
async function lockFolder(folder: string): Promise<Deno.FsFile | undefined> {
  if (Deno.build.os === "windows") return undefined;
  const file = await Deno.open(folder, { read: true });
  try {
    await file.lock(true);
    return file;
  } catch {
    // A file system without locks: the rewrite is atomic all the same.
    file.close();
    return undefined;
  }
}

const uniqueLetters = 8;

/**
 * Files that are rewritten whole and must never be seen half written: a
 * temporary file beside the target, synced, renamed over it, the folder synced.
 *
 * Where no other file can be put in the target's place (it is mounted by
 * itself, or its folder cannot be written), it is overwritten, and the new text
 * is kept beside it meanwhile, where that is possible: whoever was killed in
 * between is finished by {@link tidyFile}.
 */
import { basename, dirname, join } from "@std/path";
import { byteOrderMark, withoutMark } from "../base/text_file.ts";
import { type FileRights, setRights } from "./set_rights.io.ts";
import { lockFolder, syncFolder } from "./sync_folder.io.ts";
import { reasonOf, StartError } from "./errors.io.ts";
import { readGivenText, readPlainFile } from "./read_file.io.ts";

/** How a file is written. */
export interface AtomicWriteOptions {
  /** Permissions of a file that did not exist; 0o600 by default. */
  readonly mode?: number;
  /**
   * For a file with secrets: one that everybody could read becomes its owner's
   * alone (0o600), and this is told of it.
   */
  readonly onClosed?: () => void;
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
  { mode = 0o600, onClosed }: AtomicWriteOptions = {},
): Promise<void> {
  const target = await resolveLink(path);
  const folder = dirname(target);
  const info = await statOrUndefined(target);
  const isOpen = onClosed !== undefined && await isForAll(target);
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
      await setRights(file, temporary, {
        mode: isOpen ? 0o600 : info?.mode ?? mode,
        ...ownerOf(info),
      });
      await file.sync();
    } finally {
      file.close();
    }
    await Deno.rename(temporary, target);
  } catch (error) {
    await Deno.remove(temporary).catch(() => {});
    throw error;
  }
  if (isOpen) onClosed();
  await syncFolder(folder);
}

/**
 * Puts `text` in the place of the file at `path`, atomically where the system
 * lets that be done, else by overwriting it.
 *
 * @throws What the system says; the file is then as it was.
 */
export async function replaceFile(
  path: string,
  text: string,
  options: AtomicWriteOptions = {},
): Promise<void> {
  try {
    await writeFileAtomically(path, text, options);
  } catch (error) {
    const target = await resolveLink(path);
    const info = await statOrUndefined(target);
    if (!info?.isFile || !irreplaceable.has(codeOf(error))) throw error;
    await overwriteFile(target, text);
    await closeFile(target, options);
  }
}

/** Makes a file with secrets its owner's alone. */
async function closeFile(
  path: string,
  { onClosed }: AtomicWriteOptions,
): Promise<void> {
  if (onClosed === undefined || !await isForAll(path)) return;
  using file = await Deno.open(path, { read: true });
  await setRights(file, path, { mode: 0o600 });
  onClosed();
}

/**
 * Rewrites a file from what it holds, while no other process that does it this
 * way can come in between; see {@link replaceFile}.
 *
 * @param edit Gets the text without a byte order mark, which stays in the file,
 * `undefined` when there is no file; returns the new text, or `undefined` to
 * leave it alone.
 * @throws {TypeError} when the file is not UTF-8; what the system says, also of
 * what is no plain file; what `edit` throws.
 */
export async function updateFileAtomically(
  path: string,
  edit: (text: string | undefined) => string | undefined,
  options: AtomicWriteOptions = {},
): Promise<void> {
  // The file's own lock would be lost when it is replaced; the folder stays.
  const target = await resolveLink(path);
  const lock = await lockFolder(dirname(target));
  try {
    await clearLeftovers(target, lock !== undefined);
    const text = await readTextOrUndefined(path);
    const mark = text?.startsWith(byteOrderMark) ? byteOrderMark : "";
    const edited = edit(text?.slice(mark.length));
    if (edited === undefined) return;
    if (mark + edited === text) await closeFile(target, options);
    else await replaceFile(path, mark + edited, options);
  } finally {
    lock?.close();
  }
}

/**
 * Finishes or removes what a process left beside the file at `path` when it was
 * killed while it wrote that. Does nothing where that cannot be done.
 */
export async function tidyFile(path: string): Promise<void> {
  let lock: Deno.FsFile | undefined;
  try {
    const target = await resolveLink(path);
    lock = await lockFolder(dirname(target));
    await clearLeftovers(target, lock !== undefined);
  } catch {
    // A file that cannot be reached is told of by whoever reads it.
  } finally {
    lock?.close();
  }
}

/**
 * Removes what a process that was killed while it wrote the file at `path` left
 * beside it. Only for whoever knows that nobody writes it now, or else with
 * `leastAgeMs`, an age that no writer needs.
 */
async function removeTemporaries(
  path: string,
  leastAgeMs = 0,
): Promise<void> {
  const folder = dirname(path);
  const [start = "", end = ""] = temporaryName(path, "\0").split("\0");
  const length = start.length + uniqueLetters + end.length;
  for await (const { name, isFile } of Deno.readDir(folder)) {
    const isOurs = isFile && name.length === length &&
      name.startsWith(start) && name.endsWith(end);
    if (!isOurs) continue;
    const temporary = join(folder, name);
    if (leastAgeMs > 0 && await ageOf(temporary) < leastAgeMs) continue;
    await Deno.remove(temporary).catch(() => {});
  }
}

async function ageOf(path: string): Promise<number> {
  const info = await statOrUndefined(path);
  return Date.now() - (info?.mtime?.getTime() ?? Date.now());
}

async function clearLeftovers(target: string, isAlone: boolean): Promise<void> {
  await finishOverwriting(target);
  await removeTemporaries(target, isAlone ? 0 : abandonedMs).catch(() => {});
}

/** Writes over `target` in such a way that one text of the two survives. */
async function overwriteFile(target: string, text: string): Promise<void> {
  using file = await Deno.open(target, { read: true, write: true });
  const before = await readAll(file);
  const copy = copyPath(target);
  // In a folder that cannot be written there is no place for it.
  await writeFileAtomically(copy, text).catch(() => {});
  try {
    await overwrite(file, new TextEncoder().encode(text));
  } catch (error) {
    // What it held has its place on the disk still: nothing was cut off.
    await overwrite(file, before);
    await Deno.remove(copy).catch(() => {});
    throw error;
  }
  await Deno.remove(copy).catch(() => {});
}

async function overwrite(file: Deno.FsFile, bytes: Uint8Array): Promise<void> {
  await file.seek(0, Deno.SeekMode.Start);
  await writeAll(file, bytes);
  await file.truncate(bytes.length);
  await file.sync();
}

/** Writes what a killed process had begun to write over `target`. */
async function finishOverwriting(target: string): Promise<void> {
  const copy = copyPath(target);
  const copied = await statOrUndefined(copy);
  if (copied === undefined) return;
  const info = await statOrUndefined(target);
  const copiedAt = copied.mtime?.getTime() ?? 0;
  const changedAt = info?.mtime?.getTime() ?? Infinity;
  // Edited by hand since then: that is what counts.
  if (changedAt <= copiedAt + overwritingMs) {
    using file = await Deno.open(target, { write: true });
    await overwrite(file, await Deno.readFile(copy));
  }
  await Deno.remove(copy);
}

function copyPath(target: string): string {
  return join(dirname(target), `.${basename(target)}.new`);
}

async function readAll(file: Deno.FsFile): Promise<Uint8Array> {
  const bytes = new Uint8Array((await file.stat()).size);
  let length = 0;
  while (length < bytes.length) {
    const count = await file.read(bytes.subarray(length));
    if (count === null) break;
    length += count;
  }
  return bytes.subarray(0, length);
}

/**
 * True for a file that everybody on this machine may read or write.
 *
 * @throws What the system says, but for a missing file.
 */
export async function isForAll(path: string): Promise<boolean> {
  const info = await statOrUndefined(path);
  return Deno.build.os !== "windows" && ((info?.mode ?? 0) & 0o006) !== 0;
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && "code" in error ? error.code : undefined;
}

function temporaryName(path: string, unique: string): string {
  return `.${basename(path)}.${unique}.tmp`;
}

/** The file's text, or `undefined` when there is none. @throws as above. */
async function readTextOrUndefined(path: string): Promise<string | undefined> {
  try {
    return decodeStrictly(await readPlainFile(path, mostEditedBytes));
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

function ownerOf(info: Deno.FileInfo | undefined): Omit<FileRights, "mode"> {
  const { uid = null, gid = null } = info ?? {};
  return uid === null || gid === null ? {} : { owner: { uid, gid } };
}

/** Most bytes of a file that is edited: the accounts of a million users. */
export const mostEditedBytes = 256_000_000;

const uniqueLetters = 8;
/** What the system says when a file cannot have another put in its place. */
const irreplaceable = new Set<unknown>([
  "EACCES",
  "EBUSY",
  "EPERM",
  "EROFS",
  "EXDEV",
]);
/** A temporary file of this age is nobody's work any more. */
const abandonedMs = 60_000;
/** Longest between the copy of a new text and its writing over the old one. */
const overwritingMs = 2_000;

/**
 * The first line of a file, where an option names one.
 *
 * @param what Is in it, for people.
 * @param start What it begins with, which the option takes without a file, too.
 * @throws {StartError} when it cannot be read.
 */
export async function firstLine(
  path: string,
  what: string,
  start: string,
): Promise<string> {
  try {
    return (await readGivenText(path)).split("\n", 1)[0] ?? "";
  } catch (error) {
    const advice = error instanceof Deno.errors.NotFound
      ? `; to give it without a file, begin with ${start}`
      : "";
    throw new StartError(
      `cannot read ${what} in "${path}": ${reasonOf(error)}${advice}`,
    );
  }
}

/**
 * The text of a file, without a byte order mark, or `undefined` when there is
 * none.
 *
 * @param read What it is read with; {@link readPlainFile} by default.
 * @throws {StartError} when it is there and cannot be read.
 */
export async function readTextFile(
  path: string,
  read: (path: string) => Promise<Uint8Array> = readPlainFile,
): Promise<string | undefined> {
  try {
    return withoutMark(new TextDecoder().decode(await read(path)));
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw new StartError(`cannot read "${path}": ${reasonOf(error)}`);
  }
}

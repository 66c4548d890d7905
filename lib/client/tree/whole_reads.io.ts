import { closeSync, constants, openSync, readSync } from "node:fs";
import { crc32 } from "node:zlib";
import { isFileShortage } from "../../system/errors.io.ts";
import { fileState, isFresh } from "../../system/file_state.io.ts";
import { transferLimits } from "../../engine/packets/limits.ts";
import { digestText, FileCheck } from "./file_check.ts";
import type { KnownFile } from "./tree_journal.ts";

/** An open file, or what is read like one. */
type Readable = Pick<Deno.FsFile, "readSync">;

/** Fills `target` from where the file stands; false when it ends before. */
export function readAll(file: Readable, target: Uint8Array): boolean {
  for (let at = 0; at < target.length;) {
    const count = file.readSync(target.subarray(at));
    if (count === null) return false;
    at += count;
  }
  return true;
}

/**
 * The content digest, base64url, of a file's first `size` bytes; undefined when
 * it has less.
 */
export function digestOf(file: Deno.FsFile, size: number): string | undefined {
  file.seekSync(0, Deno.SeekMode.Start);
  const check = checkRest(file, size);
  return check && digestText(check.digest());
}

/** True when what a file that was just opened begins with is what came. */
export function hasDigest(
  file: Readable,
  { size, digest, checks }: KnownFile,
): boolean {
  if (digest === undefined) return false;
  if (checks.length === 1 && size <= small.length) {
    const bytes = small.subarray(0, size);
    return readAll(file, bytes) && crc32(bytes) === checks[0];
  }
  const check = checkRest(file, size);
  if (check === undefined) return false;
  if (checks.length < Math.ceil(size / blockBytes)) {
    return digestText(check.digest()) === digest;
  }
  // Comparing what the digest is made of is enough.
  return check.end().slice(0).every((each, block) => each === checks[block]);
}

/** Of the next `size` bytes. */
function checkRest(file: Readable, size: number): FileCheck | undefined {
  const check = new FileCheck();
  const buffer = size <= small.length
    ? small
    : new Uint8Array(Math.min(size, blockBytes));
  for (let left = size; left > 0;) {
    const some = buffer.subarray(0, left);
    if (!readAll(file, some)) return undefined;
    check.update(some);
    left -= some.length;
  }
  return check;
}

/**
 * Fills `target` with the plain file at `path`, and is true when that is all of it
 * and nothing tells that it was changed, moved or replaced since it had this size
 * and time. A link is not followed, and nothing is waited for.
 */
export function readUnchanged(
  path: string,
  { size, modified }: { readonly size: number; readonly modified: number },
  target: Uint8Array,
): boolean {
  const openedAt = Date.now();
  try {
    const handle = openSync(path, toRead);
    try {
      if (readSync(handle, target) < target.length) return false;
    } finally {
      closeSync(handle);
    }
    // One that took its place, or was moved, changed in doing so.
    const info = Deno.lstatSync(path);
    const state = fileState(info);
    return info.isFile && state.size === size && state.modified === modified &&
      !isFresh(state, openedAt);
  } catch {
    return false;
  }
}

/**
 * True when the plain file at `path` has no other name, the size and the time that
 * are known, and what came in it. Whatever is put there meanwhile is not followed,
 * waited for, or opened to be written, which takes longer.
 */
export function isAsLeft(path: string, known: KnownFile): boolean {
  try {
    const info = Deno.lstatSync(path);
    const isSame = isOnlyName(info) && info.size === known.size &&
      info.mtime?.getTime() === known.modified;
    if (!isSame) return false;
    const handle = openSync(path, toRead);
    try {
      return hasDigest(readerOf(handle), known);
    } finally {
      closeSync(handle);
    }
  } catch {
    // It cannot be read, or has gone.
    return false;
  }
}

/**
 * Opens the plain file that is at `path`, whatever is put there meanwhile;
 * undefined when there is none that can be read, or it has another name, too.
 *
 * @throws When too many files are open: what is there may be as it should.
 */
export function openPlain(
  path: string,
): { file: Deno.FsFile; info: Deno.FileInfo } | undefined {
  let file: Deno.FsFile | undefined;
  try {
    const there = Deno.lstatSync(path);
    if (!isOnlyName(there)) return undefined;
    file = Deno.openSync(path, { read: true, write: true });
    const info = file.statSync();
    const isSame = info.ino === there.ino && info.dev === there.dev;
    if (isSame && isOnlyName(info)) return { file, info };
  } catch (error) {
    if (isFileShortage(error)) throw error;
    // It cannot be read, or has gone.
  }
  file?.close();
  return undefined;
}

function readerOf(handle: number): Readable {
  return { readSync: (target) => readSync(handle, target) || null };
}

function isOnlyName({ isFile, nlink }: Deno.FileInfo): boolean {
  return isFile && (nlink ?? 1) === 1;
}

// What is undefined does not exist on Windows.
const toRead = constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) |
  (constants.O_NONBLOCK ?? 0);
const { blockBytes } = transferLimits;
/** Files up to this size are read by one call. */
export const smallBytes: number = 64 * 1024;
/** For each small file again. */
const small = new Uint8Array(smallBytes);

import { encodeBase64Url } from "@std/encoding/base64url";
import { transferLimits } from "../../engine/packets/limits.ts";
import { FileCheck } from "./file_check.ts";

/** Fills `target` from where the file stands; false when it ends before. */
export function readAll(file: Deno.FsFile, target: Uint8Array): boolean {
  for (let at = 0; at < target.length;) {
    const count = file.readSync(target.subarray(at));
    if (count === null) return false;
    at += count;
  }
  return true;
}

/** Writes all of it where the file stands. */
export function writeAll(file: Deno.FsFile, bytes: Uint8Array): void {
  for (let at = 0; at < bytes.length;) at += file.writeSync(bytes.subarray(at));
}

/**
 * The content digest, base64url, of a file's first `size` bytes; undefined when
 * it has less.
 */
export function digestOf(file: Deno.FsFile, size: number): string | undefined {
  const check = new FileCheck();
  const buffer = new Uint8Array(Math.min(size, transferLimits.blockBytes));
  file.seekSync(0, Deno.SeekMode.Start);
  for (let left = size; left > 0;) {
    const some = buffer.subarray(0, left);
    if (!readAll(file, some)) return undefined;
    check.update(some);
    left -= some.length;
  }
  return encodeBase64Url(check.digest());
}

/**
 * Opens the plain file that is at `path`, whatever is put there meanwhile;
 * undefined when there is none that can be read, or it has another name, too.
 */
export function openPlain(
  path: string,
): { file: Deno.FsFile; info: Deno.FileInfo } | undefined {
  let file: Deno.FsFile | undefined;
  try {
    const there = Deno.lstatSync(path);
    if (!there.isFile) return undefined;
    file = Deno.openSync(path, { read: true, write: true });
    const info = file.statSync();
    const isSame = info.ino === there.ino && info.dev === there.dev;
    if (isSame && (info.nlink ?? 1) === 1) return { file, info };
  } catch {
    // It cannot be read, or has gone.
  }
  file?.close();
  return undefined;
}

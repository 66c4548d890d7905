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

/** Opens a plain file; undefined when there is none that can be read. */
export function openPlain(path: string): Deno.FsFile | undefined {
  try {
    if (!Deno.lstatSync(path).isFile) return undefined;
    return Deno.openSync(path, { read: true, write: true });
  } catch {
    return undefined;
  }
}

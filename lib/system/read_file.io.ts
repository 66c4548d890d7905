/**
 * Files that are read whole: no more than such a file may hold, and nothing is
 * waited for without an end. What somebody names may be a pipe, as a shell makes
 * one of `<(…)` for a secret that is to be on no disk; a file of ours is none.
 */
import { formatSize } from "../base/format.ts";
import { withDeadline } from "./clock.io.ts";

/** Most bytes of a file that is read whole, where nothing else is said: 16 MB. */
export const mostFileBytes = 16_000_000;

/** How long the end of a pipe is waited for, ms. */
export const pipePatienceMs = 60_000;

/**
 * What is in a file that somebody named: a plain one, a pipe or a device.
 *
 * @param mostBytes Of one that may hold more; {@link mostFileBytes} by default.
 * @param patienceMs For a pipe; {@link pipePatienceMs} by default.
 * @throws What the system says, or why it cannot be used: there is more in it, or
 * nobody ended it in time.
 */
export async function readGivenFile(
  path: string,
  mostBytes: number = mostFileBytes,
  patienceMs: number = pipePatienceMs,
): Promise<Uint8Array> {
  const info = await Deno.stat(path);
  if (info.isFile || info.isDirectory) return readPlainFile(path, mostBytes);
  return await inTime(readToEnd(path, mostBytes), patienceMs);
}

/** The same as text; what is not UTF-8 in it is replaced. */
export async function readGivenText(
  path: string,
  mostBytes: number = mostFileBytes,
): Promise<string> {
  return new TextDecoder().decode(await readGivenFile(path, mostBytes));
}

/**
 * What is in a plain file.
 *
 * @param mostBytes Of one that may hold more; {@link mostFileBytes} by default.
 * @throws What the system says, or why it cannot be used.
 */
export async function readPlainFile(
  path: string,
  mostBytes: number = mostFileBytes,
): Promise<Uint8Array> {
  // Looked at before it is opened: opening a pipe would wait for its writer.
  checkPlain(await Deno.stat(path), mostBytes);
  return await Deno.readFile(path);
}

/** The same at once, as text. */
export function readPlainTextSync(path: string): string {
  checkPlain(Deno.statSync(path), mostFileBytes);
  return Deno.readTextFileSync(path);
}

/**
 * What `reading` a pipe gives, unless nobody writes it, or ends it, in time.
 *
 * @param patienceMs {@link pipePatienceMs} by default.
 * @throws What `reading` throws, or that it took too long.
 */
export async function inTime<T>(
  reading: Promise<T>,
  patienceMs: number = pipePatienceMs,
): Promise<T> {
  try {
    return await withDeadline(reading, patienceMs);
  } catch (error) {
    if (!(error instanceof Deno.errors.TimedOut)) throw error;
    const span = `${patienceMs / 1000} seconds`;
    throw new Error(
      `it is not a regular file, and its end did not come within ${span}`,
    );
  }
}

function checkPlain(info: Deno.FileInfo, mostBytes: number): void {
  if (info.isDirectory) throw new Deno.errors.IsADirectory("is a folder");
  if (!info.isFile) throw new Error("it is not a regular file");
  if (info.size > mostBytes) throw tooLarge(mostBytes);
}

async function readToEnd(path: string, mostBytes: number): Promise<Uint8Array> {
  using file = await Deno.open(path);
  const pieces: BlobPart[] = [];
  for (let length = 0;;) {
    const piece = new Uint8Array(pieceBytes);
    const count = await file.read(piece);
    if (count === null) break;
    length += count;
    if (length > mostBytes) throw tooLarge(mostBytes);
    pieces.push(piece.subarray(0, count));
  }
  return new Uint8Array(await new Blob(pieces).arrayBuffer());
}

function tooLarge(mostBytes: number): Error {
  return new Error(`it is larger than ${formatSize(mostBytes)}`);
}

const pieceBytes = 64 * 1024;

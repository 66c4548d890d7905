/**
 * The body of an answer that is a part of a file which is still on its way in: it
 * waits for each block, reads it from the disk, and gives it out only if it is
 * what came under a right tag. It is never ended before its time: where the rest
 * does not come the connection is cut, so that the browser knows.
 */
import { blockCheck } from "../../../engine/blocks/content_digest.ts";
import { blockLength, transferLimits } from "../../../engine/packets/limits.ts";
import { type BodyTarget, drained } from "../../files/body_target.ts";
import type { ArrivingFile } from "../../transfer/arriving_file.ts";

/**
 * Gives out `length` bytes from `start` on.
 *
 * @param source What is here of the file, open for reading.
 */
export async function giveArriving(
  file: ArrivingFile<Deno.FsFile>,
  source: Pick<Deno.FsFile, "read" | "seek">,
  start: number,
  length: number,
  target: BodyTarget,
): Promise<void> {
  const reader = file.read(start);
  const closed = () => reader.close();
  target.on("close", closed);
  try {
    const { blockBytes } = transferLimits;
    const end = start + length;
    for (let at = start; at < end && !target.destroyed;) {
      const block = Math.floor(at / blockBytes);
      const bytes = await reader.wait(block)
        ? await readBlock(file, source, block)
        : undefined;
      if (bytes === undefined) return void target.destroy();
      const first = block * blockBytes;
      const part = bytes.subarray(at - first, end - first);
      at += part.length;
      if (!target.write(part)) await drained(target);
    }
    if (!target.destroyed) target.end();
  } finally {
    target.off("close", closed);
    reader.close();
  }
}

/** Undefined when it cannot be read, or is no longer what came. */
async function readBlock(
  file: ArrivingFile<Deno.FsFile>,
  source: Pick<Deno.FsFile, "read" | "seek">,
  block: number,
): Promise<Uint8Array | undefined> {
  // Each is its own, as it is sent later than the next is read.
  const bytes = new Uint8Array(blockLength(block, file.size));
  try {
    const place = block * transferLimits.blockBytes;
    await source.seek(place, Deno.SeekMode.Start);
    for (let at = 0; at < bytes.length;) {
      const count = await source.read(bytes.subarray(at));
      if (count === null) return undefined;
      at += count;
    }
  } catch {
    return undefined;
  }
  return blockCheck(bytes) === file.checkOf(block) ? bytes : undefined;
}

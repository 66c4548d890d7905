/** Files with contents that repeat for a seed, and their digests. */
import { createHash } from "node:crypto";
import { SeededRandom } from "./seeded_random.ts";

/** Writes `size` bytes of seeded noise to `path`, a mebibyte at a time. */
export async function writeRandomFile(
  path: string,
  size: number,
  seed = 1,
): Promise<void> {
  // Of ten thousand small files each needs little of it.
  const length = Math.min(Math.max(size, leastNoise), 1024 * 1024);
  const noise = new SeededRandom(seed).bytes(length);
  using file = await Deno.open(path, {
    write: true,
    create: true,
    truncate: true,
  });
  for (let at = 0; at < size;) {
    // Every block differs from every other.
    new DataView(noise.buffer).setFloat64(0, at + seed);
    const piece = noise.subarray(0, Math.min(noise.length, size - at));
    for (let done = 0; done < piece.length;) {
      done += await file.write(piece.subarray(done));
    }
    at += piece.length;
  }
}

/** SHA-256 of a file, hexadecimal. */
export async function digestOf(path: string): Promise<string> {
  const hash = createHash("sha256");
  using file = await Deno.open(path);
  const buffer = new Uint8Array(1024 * 1024);
  for (;;) {
    const count = await file.read(buffer);
    if (count === null) return hash.digest("hex");
    hash.update(buffer.subarray(0, count));
  }
}

/** What differs in every block, bytes. */
const leastNoise = 8;

/** What `digest` must be for a file that was sent. */
import { encodeHex } from "@std/encoding/hex";
import { ContentDigest } from "../../lib/engine/blocks/content_digest.ts";
import { transferLimits } from "../../lib/engine/packets/limits.ts";

/** The content digest of a file of these bytes, hexadecimal. */
export function contentDigestOf(bytes: Uint8Array): string {
  const digest = new ContentDigest();
  for (let at = 0; at < bytes.length; at += blockBytes) {
    digest.update(bytes.subarray(at, at + blockBytes));
  }
  return encodeHex(digest.digest());
}

/** The content digest of the file at `path`, which may be large, hexadecimal. */
export async function contentDigestOfFile(path: string): Promise<string> {
  const digest = new ContentDigest();
  using file = await Deno.open(path);
  const block = new Uint8Array(blockBytes);
  for (;;) {
    let length = 0;
    while (length < block.length) {
      const count = await file.read(block.subarray(length));
      if (count === null) break;
      length += count;
    }
    if (length === 0) return encodeHex(digest.digest());
    digest.update(block.subarray(0, length));
  }
}

const { blockBytes } = transferLimits;

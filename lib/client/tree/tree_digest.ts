import { createHash } from "node:crypto";

/**
 * The digest of a transfer of many files: SHA-256 of the list, which has names,
 * sizes, modes and times, of which of its entries are wanted (a byte each, 1 or
 * 0), and of each file's footer in turn, which has its digest. Both ends compute
 * it; the caller adds the footers.
 */
export function treeDigest(
  manifest: Uint8Array,
  wanted: readonly boolean[],
): ReturnType<typeof createHash> {
  return createHash("sha256").update(manifest)
    .update(Uint8Array.from(wanted, Number));
}

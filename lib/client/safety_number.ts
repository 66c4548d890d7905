/**
 * What two users read to each other to be sure that nobody is in between.
 */
import { createHash } from "node:crypto";
import { publicKeyBytes } from "./identity.ts";

/**
 * 8 groups of 5 digits, the same for both, from both public keys: 40 digits of
 * SHA-512, worth 132 bits. Names are no part of it, so that it outlives a
 * renaming.
 *
 * @throws {TypeError} when one is no public key.
 */
export function safetyNumber(mine: string, theirs: string): string {
  const hash = createHash("sha512").update("parley safety number 1\n");
  for (const key of [mine, theirs].sort()) {
    const bytes = publicKeyBytes(key);
    if (bytes === undefined) throw new TypeError("this is no public key");
    hash.update(bytes);
  }
  const digest = new DataView(new Uint8Array(hash.digest()).buffer);
  return Array.from({ length: groups }, (_, group) => {
    // 64 bits for each group leave no digit more likely than another.
    const number = digest.getBigUint64(group * 8) % 100_000n;
    return String(number).padStart(5, "0");
  }).join(" ");
}

const groups = 8;

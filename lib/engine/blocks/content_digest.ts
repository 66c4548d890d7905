/**
 * The digest of what is in a file, or in a part of it: SHA-256 over the CRC-32
 * of each of its blocks. Both ends compute it over every byte, so it must cost
 * next to nothing: a CRC-32 takes a twentieth of the time of a SHA-256, which
 * would cost as much as sealing the blocks does.
 *
 * Nobody on the way can change a block: its ChaCha20-Poly1305 tag, under a key
 * of this transfer alone, binds it to transfer, place and file size (see
 * block_sealer.ts). This digest is the second check, against mistakes: that
 * every block is there, in order and opened right, and that the part a receiver
 * has is what the sender's file still begins with. It finds differences that
 * happen by accident; it does not bind the sender, who can make two files with
 * one digest, and may send what he wants anyway.
 */
import { createHash } from "node:crypto";
import { crc32 } from "node:zlib";
import { sha256 } from "@noble/hashes/sha2";
import { writeU32 } from "../../base/bytes.ts";

/** The CRC-32 of one block, as in gzip (RFC 1952 §8). */
export function blockCheck(block: Uint8Array): number {
  return crc32(block);
}

/** The digest of consecutive blocks; of none, SHA-256 of nothing. */
export class ContentDigest {
  readonly #hash = createHash("sha256");
  readonly #check = new Uint8Array(4);

  /**
   * Takes the plaintext of the next block, which must be exactly one, whole but
   * for the last of a file.
   *
   * @returns Its CRC-32 as in gzip (RFC 1952 §8), for {@link add} of another
   * digest that takes the same block.
   */
  update(block: Uint8Array): number {
    const check = blockCheck(block);
    this.add(check);
    return check;
  }

  /** Takes the next block by its CRC-32. */
  add(check: number): void {
    writeU32(this.#check, 0, check);
    this.#hash.update(this.#check);
  }

  /** The digest of the blocks so far, 32 bytes; more may follow. */
  digest(): Uint8Array {
    return new Uint8Array(this.#hash.copy().digest());
  }
}

/** The digest of consecutive blocks by their CRC-32s, 32 bytes. */
export function digestOfChecks(checks: Uint32Array): Uint8Array {
  // The system's hash takes longer to begin than these few take.
  if (checks.length <= fewChecks) return sha256(bytesOfChecks(checks));
  const hash = createHash("sha256");
  for (let at = 0; at < checks.length; at += bulkChecks) {
    hash.update(bytesOfChecks(checks.subarray(at, at + bulkChecks)));
  }
  return new Uint8Array(hash.digest());
}

function bytesOfChecks(checks: Uint32Array): Uint8Array {
  const bytes = new Uint8Array(4 * checks.length);
  for (let i = 0; i < checks.length; i++) writeU32(bytes, 4 * i, checks[i]!);
  return bytes;
}

/** Up to so many are hashed in the program. */
const fewChecks = 13;
/** How many are hashed by one call. */
const bulkChecks = 16 * 1024;

/**
 * The content digest (see ContentDigest) of a file that comes in pieces of any
 * size, as one of many files in a stream does.
 */
import { crc32 } from "node:zlib";
import { BlockChecks } from "../../engine/blocks/block_checks.ts";
import { transferLimits } from "../../engine/packets/limits.ts";

/** Checks one file, from its first byte on or from a block that is known. */
export class FileCheck {
  readonly #checks: BlockChecks;
  #check = 0;
  /** Bytes of the block that is under way. */
  #filled = 0;

  /** @param known CRC-32s of the blocks before what comes. */
  constructor(known?: Uint32Array) {
    this.#checks = new BlockChecks(known);
  }

  /** Of the blocks that are whole. */
  get checks(): BlockChecks {
    return this.#checks;
  }

  /** Takes the next bytes. */
  update(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length;) {
      const some = bytes.subarray(at, at + blockBytes - this.#filled);
      this.#check = crc32(some, this.#check);
      this.#filled += some.length;
      at += some.length;
      if (this.#filled === blockBytes) this.#close();
    }
  }

  /** The CRC-32s of all that came; nothing may come after it. */
  end(): BlockChecks {
    if (this.#filled > 0) this.#close();
    return this.#checks;
  }

  /** The digest of all that came, 32 bytes; nothing may come after it. */
  digest(): Uint8Array {
    return this.end().digest();
  }

  #close(): void {
    this.#checks.push(this.#check);
    this.#check = 0;
    this.#filled = 0;
  }
}

/** A digest as the journal has it: base64url. */
export function digestText(digest: Uint8Array): string {
  return digest.toBase64({ alphabet: "base64url", omitPadding: true });
}

const { blockBytes } = transferLimits;

import { digestOfChecks } from "./content_digest.ts";

/**
 * The CRC-32s of a file's blocks, from its first one on: what is known of a file
 * that is coming in, four bytes for each 256 KiB of it. Every digest of the file
 * or of a stretch of it follows from them, and so does whether a block on the
 * disk is the one that was written.
 */
export class BlockChecks {
  #checks: Uint32Array;
  #length: number;

  /** @param checks Of the first blocks; copied. */
  constructor(checks: Uint32Array = none) {
    this.#checks = checks.length === 0 ? none : checks.slice();
    this.#length = checks.length;
  }

  /** How many blocks are known. */
  get length(): number {
    return this.#length;
  }

  /** Adds the next block's. */
  push(check: number): void {
    if (this.#length === this.#checks.length) {
      const larger = new Uint32Array(Math.max(leastRoom, 2 * this.#length));
      larger.set(this.#checks);
      this.#checks = larger;
    }
    this.#checks[this.#length++] = check;
  }

  /** Forgets all from block `length` on. */
  cut(length: number): void {
    this.#length = Math.min(this.#length, length);
  }

  /** Those from block `first` to the one before `end`; valid until a push. */
  slice(first: number, end: number = this.#length): Uint32Array {
    return this.#checks.subarray(first, Math.min(end, this.#length));
  }

  /** The ContentDigest of the blocks from `first` to the last one. */
  digest(first = 0): Uint8Array {
    return digestOfChecks(this.slice(first));
  }
}

const none = new Uint32Array(0);
/** Most files are small, and there may be many. */
const leastRoom = 4;

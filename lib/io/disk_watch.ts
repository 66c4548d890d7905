/** Notices that a disk runs low before a write fails. */
import { statfs } from "node:fs/promises";

/** Watches the disk that one file of known size is written to. */
export class DiskWatch {
  readonly #folder: string;
  /** Bytes that may be written before the disk is looked at again. */
  #allowance = 0;

  constructor(folder: string) {
    this.#folder = folder;
  }

  /**
   * True when `bytes` may be written now.
   *
   * @param left Bytes that the file still needs, those included.
   */
  async hasRoom(bytes: number, left: number): Promise<boolean> {
    if (this.#allowance >= bytes) {
      this.#allowance -= bytes;
      return true;
    }
    let free: number;
    try {
      const { bavail, bsize } = await statfs(this.#folder);
      free = bavail * bsize;
    } catch {
      // A disk that cannot be asked is tried.
      return true;
    }
    if (free < Math.min(left, lowBytes) + spareBytes) return false;
    this.#allowance = Math.min(free / 8, mostAllowance) - bytes;
    return true;
  }
}

/** With less than this left the disk is low, unless the file needs less. */
const lowBytes = 8 * 1024 * 1024;
const spareBytes = 512 * 1024;
const mostAllowance = 16 * 1024 * 1024;

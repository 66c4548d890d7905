/** Notices that a disk runs low, before a write fails if it can. */
import { statfs } from "node:fs/promises";

/** Watches the disk that one file of known size is written to. */
export class DiskWatch {
  readonly #folder: string;
  /** Bytes that may be written before the disk is looked at again. */
  #allowance = 0;
  #wasFull = false;

  constructor(folder: string) {
    this.#folder = folder;
  }

  /**
   * True when `bytes` may be written now.
   *
   * @param left Bytes that the file still needs, those included.
   */
  async hasRoom(bytes: number, left: number): Promise<boolean> {
    if (this.#wasFull) {
      this.#wasFull = false;
      return false;
    }
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

  /**
   * A write failed all the same: others were faster, or there is a quota. The
   * next time there is no room, whatever the disk says.
   */
  handleFull(): void {
    this.#allowance = 0;
    this.#wasFull = true;
  }
}

/** With less than this left the disk is low, unless the file needs less. */
const lowBytes = 8 * 1024 * 1024;
const spareBytes = 512 * 1024;
const mostAllowance = 16 * 1024 * 1024;

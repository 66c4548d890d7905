/**
 * Memory for the blocks of one transfer. Fresh memory costs as much as sealing
 * what is in it, so what one block no longer needs, the next one gets. One that
 * is taken and never given back is merely lost to the pool.
 */
import { staggeredBytes } from "./staggered_bytes.ts";
import { transferLimits } from "./transfer_limits.ts";

/** Memory of blocks that nobody uses at present. */
export class BlockPool {
  readonly #spare: Uint8Array<ArrayBuffer>[] = [];

  /** Room for the largest sealed block; what is in it is left over. */
  take(): Uint8Array<ArrayBuffer> {
    return this.#spare.pop() ?? staggeredBytes(sealedBlockBytes, "block");
  }

  /** Takes back what {@link take} gave, whole or any part of it. */
  give(bytes: Uint8Array): void {
    const { buffer } = bytes;
    // Memory from elsewhere, as in tests, and what went to another thread.
    const isOurs = buffer instanceof ArrayBuffer && buffer.byteLength === size;
    if (!isOurs || this.#spare.length >= transferLimits.windowBlocks) return;
    this.#spare.push(new Uint8Array(buffer, size - sealedBlockBytes));
  }
}

/** Bytes of the largest sealed block. */
export const sealedBlockBytes = transferLimits.blockBytes +
  transferLimits.tagBytes;
const size = staggeredBytes(sealedBlockBytes, "block").buffer.byteLength;

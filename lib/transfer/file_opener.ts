/**
 * Turns sealed blocks, which come in any order, into the plaintext of a file in
 * order, and computes their CRC-32s on the way. Apart from the {@link Receiver},
 * because it is what costs most: a shell may run it in a thread of its own.
 */
import { BlockSealer } from "./block_sealer.ts";
import { blockCheck } from "./content_digest.ts";
import type { FileKey } from "./file_sealer.ts";

/** A block in its turn. */
export interface OpenedBlock {
  readonly plaintext: Uint8Array;
  /** Its CRC-32, as in a ContentDigest. */
  readonly check: number;
}

/** Opens one file. */
export class FileOpener {
  readonly #sealer: BlockSealer;
  /** Opened blocks whose turn has not come; the window bounds them. */
  readonly #early = new Map<number, Uint8Array>();
  #next: number;

  constructor({ key, id, size, firstBlock }: FileKey) {
    this.#sealer = new BlockSealer(key, id, size);
    this.#next = firstBlock;
  }

  /**
   * Opens a block that was not opened before, in the memory it is in, which is
   * taken over until its turn comes.
   *
   * @returns The blocks whose turn has come with it, often only this one;
   * undefined when it is forged or damaged.
   */
  open(block: number, sealed: Uint8Array): OpenedBlock[] | undefined {
    const plaintext = this.#sealer.open(block, sealed);
    if (plaintext === undefined) return undefined;
    this.#early.set(block, plaintext);
    const opened: OpenedBlock[] = [];
    for (;;) {
      const next = this.#early.get(this.#next);
      if (next === undefined) return opened;
      this.#early.delete(this.#next++);
      opened.push({ plaintext: next, check: blockCheck(next) });
    }
  }
}

/**
 * Seals and opens blocks of a file with ChaCha20-Poly1305 (RFC 8439). The nonce
 * is the block's number: a block is sealed once per transfer and kept until the
 * receiver has opened it, so no nonce is ever used for two plaintexts; a
 * resumed transfer has new keys. Associated data is the transfer's id, the
 * block's number and the file's size, so that a block fits in one place only.
 */
import { createCipheriv, createDecipheriv } from "node:crypto";
import { writeU32, writeU48 } from "./bytes.ts";
import { transferLimits } from "./transfer_limits.ts";

/** A block as it is sent: the ciphertext, then the tag. */
export interface SealedBlock {
  readonly ciphertext: Uint8Array;
  readonly tag: Uint8Array;
}

/** Seals at the sender, opens at the receiver. */
export class BlockSealer {
  readonly #key: Uint8Array;
  readonly #nonce = new Uint8Array(12);
  readonly #associated = new Uint8Array(18);

  /**
   * @param key 32 bytes.
   * @param id The transfer's id, 8 bytes.
   * @param size The file's size, bytes.
   */
  constructor(key: Uint8Array, id: Uint8Array, size: number) {
    this.#key = key;
    this.#associated.set(id, 0);
    writeU48(this.#associated, 12, size);
  }

  /** Seals a block. Calling it twice for one block breaks its secrecy. */
  seal(block: number, plaintext: Uint8Array): SealedBlock {
    this.#place(block);
    const cipher = createCipheriv(algorithm, this.#key, this.#nonce, options);
    cipher.setAAD(this.#associated, { plaintextLength: plaintext.length });
    const ciphertext = cipher.update(plaintext);
    cipher.final();
    return { ciphertext, tag: cipher.getAuthTag() };
  }

  /** The plaintext of a sealed block with its tag, or undefined when forged. */
  open(block: number, sealed: Uint8Array): Uint8Array | undefined {
    const length = sealed.length - transferLimits.tagBytes;
    if (length < 0) return undefined;
    this.#place(block);
    const decipher = createDecipheriv(
      algorithm,
      this.#key,
      this.#nonce,
      options,
    );
    decipher.setAAD(this.#associated, { plaintextLength: length });
    decipher.setAuthTag(sealed.subarray(length));
    const plaintext = decipher.update(sealed.subarray(0, length));
    try {
      decipher.final();
    } catch {
      return undefined;
    }
    return plaintext;
  }

  #place(block: number): void {
    writeU32(this.#nonce, 8, block);
    writeU32(this.#associated, 8, block);
  }
}

const algorithm = "chacha20-poly1305";
const options = { authTagLength: transferLimits.tagBytes };

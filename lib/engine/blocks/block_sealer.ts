/**
 * Seals and opens blocks of a file with ChaCha20-Poly1305 (RFC 8439). The nonce
 * is the block's number: a block is sealed once per transfer and kept until the
 * receiver has opened it, so no nonce is ever used for two plaintexts; a
 * resumed transfer has new keys. Associated data is the transfer's id, the
 * block's number and the file's size, so that a block fits in one place only.
 *
 * A sealed block is the ciphertext, then the tag. Blocks are worked on in
 * pieces: what the cipher returns is fresh memory, and small pieces of it, freed
 * at once, stay in the processor's cache.
 */
import { createCipheriv, createDecipheriv } from "node:crypto";
import { free, writeU32, writeU48 } from "../../base/bytes.ts";
import { transferLimits } from "../packets/limits.ts";

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

  /**
   * Seals a block. Calling it twice for one block breaks its secrecy.
   *
   * @param target Has room for 16 bytes more than the block; may begin with the
   * memory of `plaintext`.
   * @returns The sealed block, at the start of `target`.
   */
  seal<T extends Uint8Array>(
    block: number,
    plaintext: Uint8Array,
    target: T,
  ): T {
    const { length } = plaintext;
    this.#place(block);
    const cipher = createCipheriv(algorithm, this.#key, this.#nonce, options);
    cipher.setAAD(this.#associated, { plaintextLength: length });
    update(cipher, plaintext, target);
    cipher.final();
    target.set(cipher.getAuthTag(), length);
    return target.subarray(0, length + tagBytes) as T;
  }

  /**
   * Opens a sealed block in place.
   *
   * @returns The plaintext, in the memory of `sealed`; undefined when it is
   * forged, and then that memory holds nothing of use.
   */
  open(block: number, sealed: Uint8Array): Uint8Array | undefined {
    const length = sealed.length - tagBytes;
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
    const plaintext = sealed.subarray(0, length);
    update(decipher, plaintext, plaintext);
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

/** What a cipher and a decipher have in common. */
interface Updatable {
  update(piece: Uint8Array): Uint8Array;
}

function update(
  cipher: Updatable,
  source: Uint8Array,
  target: Uint8Array,
): void {
  for (let at = 0; at < source.length; at += pieceBytes) {
    const piece = cipher.update(source.subarray(at, at + pieceBytes));
    target.set(piece, at);
    free(piece);
  }
}

const algorithm = "chacha20-poly1305";
const { tagBytes } = transferLimits;
const options = { authTagLength: tagBytes };
const pieceBytes = 128 * 1024;

/**
 * One direction of the record layer, sending end. A record on the wire is two
 * bytes length and as many bytes of ChaCha20-Poly1305 (RFC 8439): ciphertext and
 * tag. The nonce is the record's number, which is never sent: a record that is
 * left out, repeated or moved is opened under the wrong number and fails.
 */
import { createCipheriv } from "node:crypto";
import { privateLimits } from "./private_limits.ts";
import { nonceOf } from "./record_nonce.ts";

/** Seals the records of one direction. */
export class RecordSealer {
  readonly #key: Uint8Array;
  #number = 0;

  /** @param key 32 bytes, of this direction of this connection only. */
  constructor(key: Uint8Array) {
    this.#key = key;
  }

  /** The record that holds `plaintext`, as it goes on the wire. */
  seal(plaintext: Uint8Array): Uint8Array {
    const { tagBytes } = privateLimits;
    const length = plaintext.length + tagBytes;
    const record = new Uint8Array(2 + length);
    record[0] = length >>> 8;
    record[1] = length;
    const nonce = nonceOf(this.#number++);
    const cipher = createCipheriv("chacha20-poly1305", this.#key, nonce, {
      authTagLength: tagBytes,
    });
    cipher.setAAD(record.subarray(0, 2), { plaintextLength: plaintext.length });
    record.set(cipher.update(plaintext), 2);
    cipher.final();
    record.set(cipher.getAuthTag(), 2 + plaintext.length);
    return record;
  }
}

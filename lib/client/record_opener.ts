/**
 * One direction of the record layer, receiving end: cuts the byte stream into
 * records, whatever the pieces it comes in, and opens them. It holds at most one
 * record. The first fault is final.
 */
import { createDecipheriv } from "node:crypto";
import { privateLimits } from "./private_limits.ts";
import { nonceOf } from "./record_nonce.ts";

/** Why a stream of records ended. */
export type RecordFault =
  | "length" // no record can have this length
  | "forged"; // altered, repeated, left out, reordered, or of another key

/** Opens the records of one direction. */
export class RecordOpener {
  readonly #key: Uint8Array;
  readonly #header = new Uint8Array(2);
  #body = nothing;
  /** Bytes of header and body that are here. */
  #held = 0;
  #number = 0;
  #fault: RecordFault | undefined;

  /** @param key 32 bytes, of this direction of this connection only. */
  constructor(key: Uint8Array) {
    this.#key = key;
  }

  /** True when a record has begun and not ended. */
  get isWithinRecord(): boolean {
    return this.#held > 0;
  }

  /**
   * Takes the next bytes of the stream; they may be reused after the call.
   *
   * @param onRecord Gets each plaintext; returning `false` drops the rest.
   * @returns The fault that ended the stream, if any.
   */
  push(
    bytes: Uint8Array,
    onRecord: (plaintext: Uint8Array) => boolean,
  ): RecordFault | undefined {
    let at = 0;
    while (this.#fault === undefined && at < bytes.length) {
      if (this.#held < 2) {
        this.#header[this.#held++] = bytes[at++] ?? 0;
        if (this.#held === 2) this.#begin();
        continue;
      }
      const room = 2 + this.#body.length - this.#held;
      const piece = bytes.subarray(at, at + room);
      this.#body.set(piece, this.#held - 2);
      this.#held += piece.length;
      at += piece.length;
      if (piece.length < room) break;
      const plaintext = this.#open();
      if (plaintext !== undefined && !onRecord(plaintext)) break;
    }
    return this.#fault;
  }

  #begin(): void {
    const length = (this.#header[0] ?? 0) << 8 | (this.#header[1] ?? 0);
    const plaintext = length - privateLimits.tagBytes;
    const isPossible = plaintext > 0 &&
      plaintext <= privateLimits.plaintextBytes &&
      plaintext % privateLimits.paddingBytes === 0;
    if (isPossible) this.#body = new Uint8Array(length);
    else this.#fault = "length";
  }

  #open(): Uint8Array | undefined {
    const { tagBytes } = privateLimits;
    const end = this.#body.length - tagBytes;
    const nonce = nonceOf(this.#number++);
    const decipher = createDecipheriv("chacha20-poly1305", this.#key, nonce, {
      authTagLength: tagBytes,
    });
    decipher.setAAD(this.#header, { plaintextLength: end });
    decipher.setAuthTag(this.#body.subarray(end));
    const plaintext = decipher.update(this.#body.subarray(0, end));
    this.#body = nothing;
    this.#held = 0;
    try {
      decipher.final();
    } catch {
      this.#fault = "forged";
      return undefined;
    }
    return plaintext;
  }
}

const nothing = new Uint8Array(0);

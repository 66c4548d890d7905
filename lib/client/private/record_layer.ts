/**
 * The keys of one connection of a private session: HKDF-SHA-256 (RFC 5869) over
 * the X25519 secret, with everything the two sides must agree on as its info.
 * Sides that differ in any of it, be it a user's name, get different keys, and
 * the first record fails. Each direction has its own key, so nothing can be sent
 * back to the one who sealed it.
 */
import { createCipheriv, createDecipheriv, hkdfSync } from "node:crypto";
import { decodeHex } from "@std/encoding/hex";
import { publicKeyBytes } from "../../security/x25519.ts";
import { privateLimits } from "./private_record.ts";

/** What one side brings to the transcript. */
export interface PrivateSide {
  /** User name, as the server vouches for it. */
  readonly user: string;
  /** X25519 public key, base64url. */
  readonly key: string;
  /** The hello it sent on this connection. */
  readonly hello: Uint8Array;
}

/** The keys of one connection. */
export interface PrivateKeys {
  /** Seals what the offerer sends, 32 bytes. */
  readonly offerer: Uint8Array;
  /** Seals what the answerer sends, 32 bytes. */
  readonly answerer: Uint8Array;
}

/**
 * The keys that follow from the secret and the transcript.
 *
 * @param id The offer's id, 16 hexadecimal digits.
 * @throws {RangeError} when a public key is malformed.
 */
export function derivePrivateKeys(
  secret: Uint8Array,
  id: string,
  offerer: PrivateSide,
  answerer: PrivateSide,
): PrivateKeys {
  const idBytes = decodeHex(id);
  const transcript = withLengths([
    encoder.encode("parley private session 1"),
    idBytes,
    publicKeyBytes(offerer.key),
    publicKeyBytes(answerer.key),
    encoder.encode(offerer.user),
    encoder.encode(answerer.user),
    offerer.hello,
    answerer.hello,
  ]);
  const bytes = new Uint8Array(
    hkdfSync("sha256", secret, idBytes, transcript, 2 * keyBytes),
  );
  return {
    offerer: bytes.subarray(0, keyBytes),
    answerer: bytes.subarray(keyBytes),
  };
}

/** Each field after its length in two bytes, so that no two lists look alike. */
function withLengths(fields: readonly Uint8Array[]): Uint8Array {
  const total = fields.reduce((sum, field) => sum + 2 + field.length, 0);
  const bytes = new Uint8Array(total);
  let at = 0;
  for (const field of fields) {
    bytes[at] = field.length >>> 8;
    bytes[at + 1] = field.length;
    bytes.set(field, at + 2);
    at += 2 + field.length;
  }
  return bytes;
}

const encoder = new TextEncoder();
const keyBytes = 32;

// One direction of the record layer, sending end. A record on the wire is two
// bytes length and as many bytes of ChaCha20-Poly1305 (RFC 8439): ciphertext and
// tag. The nonce is the record's number, which is never sent: a record that is
// left out, repeated or moved is opened under the wrong number and fails.

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

// One direction of the record layer, receiving end: cuts the byte stream into
// records, whatever the pieces it comes in, and opens them. It holds at most one
// record. The first fault is final.

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

/** The nonce of record `number` of a direction: 96 bits, big-endian. */
export function nonceOf(number: number): Uint8Array {
  const nonce = new Uint8Array(12);
  const view = new DataView(nonce.buffer);
  view.setUint32(4, Math.floor(number / 2 ** 32));
  view.setUint32(8, number % 2 ** 32);
  return nonce;
}

/**
 * The keys of one connection of a private session: HKDF-SHA-256 (RFC 5869) over
 * the X25519 secret, with everything the two sides must agree on as its info.
 * Sides that differ in any of it, be it a user's name, get different keys, and
 * the first record fails. Each direction has its own key, so nothing can be sent
 * back to the one who sealed it.
 */
import { hkdfSync } from "node:crypto";
import { decodeHex } from "@std/encoding/hex";
import { publicKeyBytes } from "../protocol/x25519_key_pair.ts";

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

/**
 * X25519 key agreement (RFC 7748) between two clients. Each side makes a fresh
 * pair for each offer; the server hands the public keys over. What the shared
 * secret is used for, and what it is bound to, is for the caller's HKDF.
 */
import {
  createPrivateKey,
  createPublicKey,
  diffieHellman,
  type KeyObject,
} from "node:crypto";
import { encodeBase64 } from "@std/encoding/base64";
import { decodeBase64Url, encodeBase64Url } from "@std/encoding/base64url";
import type { Random } from "../base/ports.ts";

/** One side's key pair for one offer. */
export class X25519KeyPair {
  /** Public key, base64url, 43 characters. */
  readonly publicKey: string;
  readonly #privateKey: KeyObject;

  constructor(random: Random) {
    const der = new Uint8Array(pkcs8Prefix.length + keyBytes);
    der.set(pkcs8Prefix);
    der.set(random.bytes(keyBytes), pkcs8Prefix.length);
    this.#privateKey = createPrivateKey(
      `-----BEGIN PRIVATE KEY-----\n${encodeBase64(der)}\n` +
        "-----END PRIVATE KEY-----\n",
    );
    const spki = createPublicKey(this.#privateKey)
      .export({ format: "der", type: "spki" });
    this.publicKey = encodeBase64Url(spki.subarray(-keyBytes));
  }

  /**
   * The secret that both sides and nobody else can compute, 32 bytes.
   *
   * @param peerKey The other side's public key, base64url.
   * @throws {RangeError} when the peer's key is not usable; that includes keys
   * of low order, which would make the secret known (RFC 7748 §6.1).
   */
  sharedSecret(peerKey: string): Uint8Array {
    const x = encodeBase64Url(publicKeyBytes(peerKey));
    try {
      const publicKey = createPublicKey({
        key: { kty: "OKP", crv: "X25519", x },
        format: "jwk",
      });
      return diffieHellman({ privateKey: this.#privateKey, publicKey });
    } catch {
      throw new RangeError(unusable);
    }
  }
}

/**
 * The 32 bytes of a public key in base64url.
 *
 * @throws {RangeError} when `key` is anything else, or is not canonical: two
 * spellings of one key would count as different where the text is compared.
 */
export function publicKeyBytes(key: string): Uint8Array {
  let bytes: Uint8Array;
  try {
    bytes = decodeBase64Url(key);
  } catch {
    throw new RangeError(unusable);
  }
  if (bytes.length !== keyBytes || encodeBase64Url(bytes) !== key) {
    throw new RangeError(unusable);
  }
  return bytes;
}

const keyBytes = 32;
const unusable = "The other side's key is not a usable X25519 key";

/** DER of a PKCS #8 X25519 private key up to the key itself (RFC 8410 §7). */
const pkcs8Prefix = Uint8Array.from([
  ...[0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06],
  ...[0x03, 0x2b, 0x65, 0x6e, 0x04, 0x22, 0x04, 0x20],
]);

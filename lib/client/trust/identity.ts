/**
 * A user's identity towards other users: an Ed25519 key (RFC 8032) that signs
 * the key exchanges of private sessions and transfers. The server hands public
 * keys out; that it hands out the right ones, two users check by reading the
 * same digits to each other (`safetyNumber` of known_peers.ts).
 */
import {
  createPrivateKey,
  createPublicKey,
  type KeyObject,
  sign,
  verify,
} from "node:crypto";
import { encodeBase64 } from "@std/encoding/base64";
import { encodeHex } from "@std/encoding/hex";
import { decodeBase64Url, encodeBase64Url } from "@std/encoding/base64url";

/** A key pair that signs. */
export class Identity {
  /** 32 bytes in base64url: what is published and pinned. */
  readonly publicKey: string;
  readonly #privateKey: KeyObject;

  /** Use {@link Identity.fromSeed} or {@link Identity.fromPem}. */
  constructor(privateKey: KeyObject) {
    const { x } = createPublicKey(privateKey).export({ format: "jwk" });
    this.publicKey = x ?? "";
    this.#privateKey = privateKey;
  }

  /**
   * The identity of 32 random bytes.
   *
   * @throws {RangeError} for another length.
   */
  static fromSeed(seed: Uint8Array): Identity {
    if (seed.length !== keyBytes) throw new RangeError("a seed has 32 bytes");
    const der = new Uint8Array(privatePrefix.length + keyBytes);
    der.set(privatePrefix);
    der.set(seed, privatePrefix.length);
    return Identity.fromPem(
      `-----BEGIN PRIVATE KEY-----\n${
        encodeBase64(der)
      }\n-----END PRIVATE KEY-----\n`,
    );
  }

  /**
   * The identity in a PEM text.
   *
   * @throws {TypeError} when it holds no Ed25519 private key.
   */
  static fromPem(pem: string): Identity {
    let key: KeyObject | undefined;
    try {
      key = createPrivateKey(pem);
    } catch {
      // The reason is the same as below.
    }
    if (key?.asymmetricKeyType !== "ed25519") {
      throw new TypeError("this is no Ed25519 private key in PEM");
    }
    return new Identity(key);
  }

  /** The private key as PEM, for its file. */
  toPem(): string {
    const pem = this.#privateKey.export({ type: "pkcs8", format: "pem" });
    return pem.toString();
  }

  /** Signs a transcript: 64 bytes in base64url. */
  sign(transcript: Uint8Array): string {
    return encodeBase64Url(
      new Uint8Array(sign(null, transcript, this.#privateKey)),
    );
  }
}

/**
 * True when `text` can be a public key: 32 bytes in base64url, and none of the
 * few for which anybody can make a signature that passes.
 */
export function isPublicKey(text: string): boolean {
  const bytes = decodeExactly(text, keyBytes);
  if (bytes === undefined) return false;
  // The highest bit is a sign, not part of the coordinate.
  bytes[keyBytes - 1]! &= 0x7f;
  return !smallOrder.has(encodeHex(bytes));
}

/**
 * True when `signature` was made over `transcript` by the owner of `publicKey`;
 * false as well when any of them is malformed.
 */
export function verifySignature(
  publicKey: string,
  transcript: Uint8Array,
  signature: string,
): boolean {
  const bytes = decodeExactly(signature, signatureBytes);
  if (bytes === undefined || !isPublicKey(publicKey)) return false;
  try {
    const jwk = { kty: "OKP", crv: "Ed25519", x: publicKey };
    const object = createPublicKey({ key: jwk, format: "jwk" });
    return verify(null, transcript, object, bytes);
  } catch {
    return false;
  }
}

/** The 32 bytes of a public key; `undefined` when the text is none. */
export function publicKeyBytes(
  text: string,
): Uint8Array<ArrayBuffer> | undefined {
  return isPublicKey(text) ? decodeExactly(text, keyBytes) : undefined;
}

function decodeExactly(
  text: string,
  length: number,
): Uint8Array<ArrayBuffer> | undefined {
  if (!/^[A-Za-z0-9_-]{1,128}$/.test(text)) return undefined;
  try {
    const bytes = decodeBase64Url(text);
    // One value, one spelling: unused bits must be zero.
    return bytes.length === length && encodeBase64Url(bytes) === text
      ? bytes
      : undefined;
  } catch {
    return undefined;
  }
}

/** PrivateKeyInfo of an Ed25519 key up to its 32 bytes (RFC 8410 §7). */
// deno-fmt-ignore
const privatePrefix = new Uint8Array([
  0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06,
  0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20,
]);
/** Points of small order, coordinate only, as libsodium lists them. */
const smallOrder = new Set([
  `00${"00".repeat(31)}`,
  `01${"00".repeat(31)}`,
  "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
  "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
  `ec${"ff".repeat(30)}7f`,
  `ed${"ff".repeat(30)}7f`,
  `ee${"ff".repeat(30)}7f`,
]);
const keyBytes = 32;
const signatureBytes = 64;

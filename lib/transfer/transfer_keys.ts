/**
 * Key agreement of one transfer. Each side makes an X25519 key pair for each
 * offer (RFC 7748); the shared secret goes through HKDF-SHA-256 (RFC 5869) with
 * the offer's id as salt and both public keys in the info, so the keys belong
 * to this offer between these two keys and are never used for another.
 */
import {
  createPrivateKey,
  createPublicKey,
  diffieHellman,
  hkdfSync,
  type KeyObject,
} from "node:crypto";
import { encodeBase64 } from "@std/encoding/base64";
import { encodeBase64Url } from "@std/encoding/base64url";
import type { Random } from "../protocol/random.ts";

/** The keys of a transfer. */
export interface TransferKeys {
  /** Seals the blocks of the file, 32 bytes. */
  readonly block: Uint8Array;
  /** Seals control datagrams from the sender of the file, 32 bytes. */
  readonly senderControl: Uint8Array;
  /** Seals control datagrams from the receiver of the file, 32 bytes. */
  readonly receiverControl: Uint8Array;
  /** Authenticates the headers of data datagrams, 8 bytes. */
  readonly header: Uint8Array;
}

/** One side's key pair for one offer. */
export class TransferKeyPair {
  /** X25519 public key, base64url, 43 characters. */
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
   * The transfer's keys, the same at both ends.
   *
   * @param peerKey The other side's public key, base64url.
   * @param id The offer's id, 8 bytes.
   * @param role Which end this side is.
   * @throws {RangeError} when the peer's key is not usable.
   */
  agree(
    peerKey: string,
    id: Uint8Array,
    role: "sender" | "receiver",
  ): TransferKeys {
    let secret: Uint8Array;
    try {
      const publicKey = createPublicKey({
        key: { kty: "OKP", crv: "X25519", x: peerKey },
        format: "jwk",
      });
      // Keys of low order, which would make the secret known, are refused here.
      secret = diffieHellman({ privateKey: this.#privateKey, publicKey });
    } catch {
      throw new RangeError("The other side's key is not a usable X25519 key");
    }
    const keys = role === "sender"
      ? [this.publicKey, peerKey]
      : [peerKey, this.publicKey];
    const info = `parley transfer 1 ${keys.join(" ")}`;
    const bytes = new Uint8Array(
      hkdfSync("sha256", secret, id, info, 3 * keyBytes + headerKeyBytes),
    );
    return {
      block: bytes.subarray(0, keyBytes),
      senderControl: bytes.subarray(keyBytes, 2 * keyBytes),
      receiverControl: bytes.subarray(2 * keyBytes, 3 * keyBytes),
      header: bytes.subarray(3 * keyBytes),
    };
  }
}

const keyBytes = 32;
const headerKeyBytes = 8;

/** DER of a PKCS #8 X25519 private key up to the key itself (RFC 8410 §7). */
const pkcs8Prefix = Uint8Array.from([
  ...[0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06],
  ...[0x03, 0x2b, 0x65, 0x6e, 0x04, 0x22, 0x04, 0x20],
]);

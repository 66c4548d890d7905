/**
 * Key agreement of one transfer. Each side makes an X25519 key pair for each
 * offer (RFC 7748); the shared secret goes through HKDF-SHA-256 (RFC 5869) with
 * the offer's id as salt and both public keys in the info, so the keys belong
 * to this offer between these two keys and are never used for another.
 */
import { hkdfSync } from "node:crypto";
import type { Random } from "../../base/ports.ts";
import { X25519KeyPair } from "../../security/x25519.ts";

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
  readonly #keyPair: X25519KeyPair;

  constructor(random: Random) {
    this.#keyPair = new X25519KeyPair(random);
  }

  /** X25519 public key, base64url, 43 characters. */
  get publicKey(): string {
    return this.#keyPair.publicKey;
  }

  /**
   * The transfer's keys, the same at both ends.
   *
   * @param peerKey The other side's public key, base64url.
   * @param id The offer's id, 8 bytes.
   * @param role Which end this side is.
   * @param use What they are for.
   * @throws {RangeError} when the peer's key is not usable.
   */
  agree(
    peerKey: string,
    id: Uint8Array,
    role: "sender" | "receiver",
    use: "transfer 2" | "call 1" = "transfer 2",
  ): TransferKeys {
    const secret = this.#keyPair.sharedSecret(peerKey);
    const keys = role === "sender"
      ? [this.publicKey, peerKey]
      : [peerKey, this.publicKey];
    const info = `parley ${use} ${keys.join(" ")}`;
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

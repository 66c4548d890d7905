/**
 * The cryptography of linking a device: what it commits itself to, what follows
 * from the two ephemeral keys (HKDF-SHA-256, RFC 5869, over the X25519 secret
 * with everything that both must agree on as its info), and how what goes over
 * is sealed (ChaCha20-Poly1305, RFC 8439).
 */
import {
  createCipheriv,
  createDecipheriv,
  createHash,
  createHmac,
  hkdfSync,
  timingSafeEqual,
} from "node:crypto";
import { decodeHex } from "@std/encoding/hex";
import { joinBytes, readU16, readU48, writeU16 } from "../../base/bytes.ts";
import { encodeParts } from "./signed_offers.ts";

/** What both devices must have in common, or they see different numbers. */
export interface LinkTranscript {
  /** Of the attempt, 16 hexadecimal digits. */
  readonly id: string;
  /** Names the server's database. */
  readonly store: string;
  /** Of the user, as the server told it. */
  readonly account: string;
  /** The device that gets the key, and the one that has it. */
  readonly newDevice: LinkSide;
  readonly keyDevice: LinkSide;
}

/** One of the two devices. */
export interface LinkSide {
  /** As the server tells it to the other. */
  readonly name: string;
  /** Its ephemeral X25519 key, base64url. */
  readonly key: string;
}

/** What an attempt's secret gives. */
export interface LinkKeys {
  /** Six digits for the user to compare. */
  readonly number: string;
  /** Proves to the device with the key that the other one agreed, 32 bytes. */
  readonly proof: Uint8Array;
  /** Seals what goes over, 32 bytes. */
  readonly seal: Uint8Array;
}

/**
 * What the new device commits itself to before it knows the other's key, so that
 * nobody can look for a key that leads to a wanted number. The key is random and
 * keeps the hash from telling anything.
 *
 * @param key Its ephemeral X25519 key, base64url.
 */
export function linkCommitment(id: string, key: string): Uint8Array {
  const parts = encodeParts("parley link commitment 1", [id, key]);
  return new Uint8Array(createHash("sha256").update(parts).digest());
}

/** What follows from the secret that the two devices share. */
export function deriveLinkKeys(
  secret: Uint8Array,
  { id, store, account, newDevice, keyDevice }: LinkTranscript,
): LinkKeys {
  const info = encodeParts("parley link 1", [
    ...[id, store, account],
    ...[newDevice.name, newDevice.key],
    ...[keyDevice.name, keyDevice.key],
  ]);
  const bytes = new Uint8Array(
    hkdfSync("sha256", secret, decodeHex(id), info, 2 * keyBytes + numberBytes),
  );
  const confirm = createHmac("sha256", bytes.subarray(0, keyBytes));
  // So many bits leave no number noticeably more likely than another.
  const number = readU48(bytes, 2 * keyBytes) % 10 ** digits;
  return {
    number: String(number).padStart(digits, "0"),
    proof: new Uint8Array(confirm.update("parley link confirm 1").digest()),
    seal: bytes.subarray(keyBytes, 2 * keyBytes),
  };
}

/** True for the proof of who has the same keys. */
export function isLinkProof(given: Uint8Array, { proof }: LinkKeys): boolean {
  return given.length === proof.length && timingSafeEqual(given, proof);
}

/**
 * Seals what goes over in pieces that fit into a line, each behind its number
 * and how many there are. The key must not be used for anything else.
 */
export function sealLinkPieces(
  { seal }: LinkKeys,
  plaintext: Uint8Array,
): Uint8Array[] {
  const count = Math.max(Math.ceil(plaintext.length / pieceBytes), 1);
  return Array.from({ length: count }, (_, number) => {
    const header = new Uint8Array(headerBytes);
    writeU16(header, 0, number);
    writeU16(header, 2, count);
    const start = number * pieceBytes;
    const part = plaintext.subarray(start, start + pieceBytes);
    const cipher = createCipheriv(algorithm, seal, nonceOf(number), {
      authTagLength: tagBytes,
    });
    cipher.setAAD(header, { plaintextLength: part.length });
    const sealed = cipher.update(part);
    cipher.final();
    return joinBytes([header, sealed, cipher.getAuthTag()]);
  });
}

/** Opens the pieces of {@link sealLinkPieces}, in their order. */
export class LinkPieces {
  readonly #seal: Uint8Array;
  readonly #parts: Uint8Array[] = [];
  #count: number | undefined;

  constructor({ seal }: LinkKeys) {
    this.#seal = seal;
  }

  /**
   * Takes the next piece.
   *
   * @returns Everything, with the last one; `undefined` before.
   * @throws {RangeError} for anything but the next piece, as it was sealed.
   */
  take(piece: Uint8Array): Uint8Array | undefined {
    const number = this.#parts.length;
    if (piece.length < headerBytes + tagBytes) throw new RangeError(unsealed);
    const header = piece.subarray(0, headerBytes);
    const count = readU16(header, 2);
    this.#count ??= count;
    const isNext = readU16(header, 0) === number && count === this.#count;
    if (!isNext || number >= count || count > mostPieces) {
      throw new RangeError(unsealed);
    }
    const end = piece.length - tagBytes;
    const decipher = createDecipheriv(algorithm, this.#seal, nonceOf(number), {
      authTagLength: tagBytes,
    });
    decipher.setAAD(header, { plaintextLength: end - headerBytes });
    decipher.setAuthTag(piece.subarray(end));
    const part = decipher.update(piece.subarray(headerBytes, end));
    try {
      decipher.final();
    } catch {
      throw new RangeError(unsealed);
    }
    this.#parts.push(part);
    return this.#parts.length === count ? joinBytes(this.#parts) : undefined;
  }
}

function nonceOf(number: number): Uint8Array {
  const nonce = new Uint8Array(nonceBytes);
  writeU16(nonce, nonceBytes - 2, number);
  return nonce;
}

const algorithm = "chacha20-poly1305";
const unsealed = "this is not the next piece";
const digits = 6;
const numberBytes = 6;
const keyBytes = 32;
const nonceBytes = 12;
const tagBytes = 16;
const headerBytes = 4;
/** As base64url with everything around it a piece fits into a line. */
const pieceBytes = 32 * 1024;
/** More than all users that can be known take. */
const mostPieces = 64;

/**
 * The messages of SCRAM-SHA-256 (RFC 5802, 7677), the login that never sends a
 * password: their grammar, limits and computations, shared by `scram_client.ts`
 * and `scram_server.ts`.
 *
 * The costly step, PBKDF2, is not here: the client's machine says which salt and
 * iteration count it needs and is given the salted password, because the system
 * computes that in a third of the time away from the main thread.
 *
 * Parsing is strict: attributes in the order of the grammar, canonical base64,
 * every length bounded. Extensions (RFC 5802 §5.1) are skipped where the grammar
 * allows them; `m=`, which demands that they be understood, is refused.
 */
import { createHash, createHmac, timingSafeEqual } from "node:crypto";
import { decodeBase64, encodeBase64 } from "@std/encoding/base64";

/** A message that breaks the protocol, in one line that can go to the peer. */
export class ScramError extends Error {
  override readonly name = "ScramError";
}

/**
 * How an exchange is tied to the channel it runs on (RFC 5802 §6). Both sides
 * must hold the same `data`, or the login fails.
 */
export interface ChannelBinding {
  readonly type: "tls-server-end-point";
  /** Hash of the server's certificate (RFC 5929 §4). */
  readonly data: Uint8Array;
}

/** What PBKDF2 needs besides the password. */
export interface SaltParameters {
  readonly salt: Uint8Array<ArrayBuffer>;
  readonly iterations: number;
}

/** The keys by which a server checks a login without knowing the password. */
export interface ServerKeys {
  /** H(ClientKey), 32 bytes. */
  readonly storedKey: Uint8Array;
  /** 32 bytes. */
  readonly serverKey: Uint8Array;
}

/** The limits both sides hold each other to. */
export const scramLimits = {
  /** Longest message, UTF-16 code units. */
  messageLength: 2048,
  /** Longest user name after unescaping, UTF-16 code units. */
  nameLength: 256,
  /** Shortest nonce that one side contributes, characters. */
  minNonceLength: 16,
  /** Longest nonce of both sides together, characters. */
  maxNonceLength: 256,
  minSaltBytes: 8,
  maxSaltBytes: 64,
  /** RFC 7677 §4. */
  minIterations: 4096,
  /** More would let a hostile server keep the client busy for minutes. */
  maxIterations: 5_000_000,
} as const;

/** Bytes of every SHA-256 key, proof and signature. */
export const keyBytes = 32;

/** True when `iterations` is an integer that both sides accept. */
export function isIterationCount(iterations: number): boolean {
  return Number.isInteger(iterations) &&
    iterations >= scramLimits.minIterations &&
    iterations <= scramLimits.maxIterations;
}

/**
 * A password as it is put into PBKDF2: spaces of all kinds become the ASCII one,
 * invisible characters go, the rest is NFKC. That is RFC 4013 (SASLprep) without
 * its prohibitions, so that every password that can be typed can be used, and
 * verifiers made by PostgreSQL fit.
 */
export function normalizePassword(password: string): string {
  return password.replace(otherSpaces, " ").replace(invisible, "")
    .normalize("NFKC");
}

/** The client's half of the keys: ClientKey, from the salted password. */
export function clientKeyOf(saltedPassword: Uint8Array): Uint8Array {
  return hmac(saltedPassword, "Client Key");
}

/** The server's keys, from the salted password. */
export function serverKeysOf(saltedPassword: Uint8Array): ServerKeys {
  return {
    storedKey: sha256(clientKeyOf(saltedPassword)),
    serverKey: hmac(saltedPassword, "Server Key"),
  };
}

/** HMAC-SHA-256. */
export function hmac(key: Uint8Array, data: string | Uint8Array): Uint8Array {
  return new Uint8Array(createHmac("sha256", key).update(data).digest());
}

/** SHA-256. */
export function sha256(data: Uint8Array): Uint8Array {
  return new Uint8Array(createHash("sha256").update(data).digest());
}

/** True when both are the same bytes, in a time that tells nothing of them. */
export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && timingSafeEqual(a, b);
}

/** The bytes of `a` and `b`, both {@link keyBytes} long, exclusive-ored. */
export function xorKeys(a: Uint8Array, b: Uint8Array): Uint8Array {
  return Uint8Array.from(a, (byte, index) => byte ^ (b[index] ?? 0));
}

/** `name` as a saslname: `,` and `=` escaped. */
export function escapeName(name: string): string {
  return name.replaceAll("=", "=3D").replaceAll(",", "=2C");
}

/** The name in a saslname; `undefined` when it is not one. */
export function unescapeName(saslname: string): string | undefined {
  // The escapes are the only place where "=" may stand (RFC 5802 §5.1).
  if (/=(?!2C|3D)/.test(saslname) || /[,\0]/.test(saslname)) return undefined;
  const name = saslname.replaceAll("=2C", ",").replaceAll("=3D", "=");
  if (name === "" || name.length > scramLimits.nameLength) return undefined;
  return name;
}

/** The gs2-header that starts the client's first message. */
export function gs2Header(binding: ChannelBinding | undefined): string {
  return binding === undefined ? "n,," : `p=${binding.type},,`;
}

/** What `c=` carries: the gs2-header and the binding's data, in base64. */
export function bindingInput(header: string, data?: Uint8Array): string {
  const start = new TextEncoder().encode(header);
  const input = new Uint8Array(start.length + (data?.length ?? 0));
  input.set(start);
  if (data !== undefined) input.set(data, start.length);
  return encodeBase64(input);
}

/** True when `nonce` is printable ASCII without `,` and no longer than allowed. */
export function isNonce(nonce: string): boolean {
  return nonce.length >= scramLimits.minNonceLength &&
    nonce.length <= scramLimits.maxNonceLength &&
    /^[\x21-\x2b\x2d-\x7e]+$/.test(nonce);
}

/**
 * Splits a message into the values of `names`, which must come first and in this
 * order; what follows must look like extensions.
 *
 * @throws {ScramError} when it is too long or not of this form.
 */
export function parseAttributes(
  message: string,
  names: readonly string[],
): string[] {
  if (message.length > scramLimits.messageLength) {
    throw new ScramError("the SCRAM message is too long");
  }
  const parts = message.split(",");
  if (parts.length > maxAttributes) {
    throw new ScramError("the SCRAM message has too many attributes");
  }
  const values = names.map((name, index) => {
    const part = parts[index];
    if (part === undefined || !part.startsWith(`${name}=`)) {
      throw new ScramError(`the SCRAM message lacks "${name}="`);
    }
    return part.slice(2);
  });
  for (const part of parts.slice(names.length)) {
    if (!/^[A-Za-z]=[^\0]+$/.test(part) || part.startsWith("m=")) {
      throw new ScramError("the SCRAM message has an unknown part");
    }
  }
  return values;
}

/**
 * The bytes of canonical base64.
 *
 * @throws {ScramError} when it is not, or not `min` to `max` bytes.
 */
export function parseBase64(
  text: string,
  min: number,
  max: number,
): Uint8Array<ArrayBuffer> {
  const bytes = base64Bytes(text);
  if (bytes === undefined || bytes.length < min || bytes.length > max) {
    throw new ScramError("the SCRAM message has wrong base64");
  }
  return bytes;
}

/** The bytes of canonical base64, or `undefined` when it is not. */
export function base64Bytes(text: string): Uint8Array<ArrayBuffer> | undefined {
  if (!/^[A-Za-z0-9+/]*={0,2}$/.test(text) || text.length % 4 !== 0) {
    return undefined;
  }
  const bytes = decodeBase64(text);
  // Unused bits that are not zero would give one value two spellings.
  return encodeBase64(bytes) === text ? bytes : undefined;
}

// RFC 3454 tables C.1.2 and B.1.
const otherSpaces = /[\u00a0\u1680\u2000-\u200b\u202f\u205f\u3000]/g;
const invisible =
  /[\u00ad\u034f\u1806\u180b-\u180d\u200c\u200d\u2060\ufe00-\ufe0f\ufeff]/g;

const maxAttributes = 16;

/**
 * What the server keeps in place of a password, written as PostgreSQL does:
 * `SCRAM-SHA-256$ITERATIONS:SALT$STOREDKEY:SERVERKEY`, the last three in base64.
 */
import { decodeBase64, encodeBase64 } from "@std/encoding/base64";
import {
  isIterationCount,
  normalizePassword,
  type SaltParameters,
  scramLimits,
  type ServerKeys,
  serverKeysOf,
} from "./scram.ts";
import { characters, isPrintable } from "../base/text.ts";

/** Checks a login, but cannot be used to log in. */
export interface Verifier extends SaltParameters, ServerKeys {}

/** Iterations of every verifier that is newly made. */
export const newIterations = 600_000;

/** Bytes of every salt that is newly made. */
export const newSaltBytes = 16;

/** True when `text` is meant to be a verifier, well formed or not. */
export function looksLikeVerifier(text: string): boolean {
  return text.startsWith(start);
}

/** The verifier in `text`; `undefined` when it is malformed or out of limits. */
export function parseVerifier(text: string): Verifier | undefined {
  const [, count, salt = ""] = text.match(form) ?? [];
  if (count === undefined || text.length > maxLength) return undefined;
  const saltBytes = salt.replace(/=+$/, "").length * 3 >> 2;
  if (
    !isIterationCount(Number(count)) ||
    saltBytes < scramLimits.minSaltBytes ||
    saltBytes > scramLimits.maxSaltBytes
  ) return undefined;
  return new WrittenVerifier(text);
}

/** The verifier as a line of `credentials.txt` holds it. */
export function formatVerifier(verifier: Verifier): string {
  if (verifier instanceof WrittenVerifier) return verifier.text;
  const { iterations, salt, storedKey, serverKey } = verifier;
  return `SCRAM-SHA-256$${iterations}:${encodeBase64(salt)}` +
    `$${encodeBase64(storedKey)}:${encodeBase64(serverKey)}`;
}

/**
 * A verifier as it is written: its bytes are made when they are asked for. A
 * server has one for each account, and few of them log in at a time.
 */
class WrittenVerifier implements Verifier {
  readonly text: string;

  /** @param text Well formed. */
  constructor(text: string) {
    this.text = text;
  }

  get iterations(): number {
    return Number(this.text.slice(start.length, this.text.indexOf(":")));
  }

  get salt(): Uint8Array<ArrayBuffer> {
    const [, salt = ""] = this.text.split(/[:$]/).slice(1);
    return decodeBase64(salt);
  }

  get storedKey(): Uint8Array<ArrayBuffer> {
    return decodeBase64(
      this.text.slice(-2 * keyCharacters - 1, -keyCharacters - 1),
    );
  }

  get serverKey(): Uint8Array<ArrayBuffer> {
    return decodeBase64(this.text.slice(-keyCharacters));
  }
}

/**
 * The verifier of a password.
 *
 * @param saltedPassword 32 bytes of PBKDF2 over the password with `parameters`.
 */
export function makeVerifier(
  saltedPassword: Uint8Array,
  parameters: SaltParameters,
): Verifier {
  const { salt, iterations } = parameters;
  return { salt, iterations, ...serverKeysOf(saltedPassword) };
}

const start = "SCRAM-SHA-256$";
/** Of a key in base64. */
const keyCharacters = 44;
// Unused bits that are not zero would give one value two spellings.
const saltForm = "(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/][AQgw]==|" +
  "[A-Za-z0-9+/]{2}[AEIMQUYcgkosw048]=)?";
const keyForm = `[A-Za-z0-9+/]{${keyCharacters - 2}}[AEIMQUYcgkosw048]=`;
const form = new RegExp(
  `^SCRAM-SHA-256\\$([1-9][0-9]{0,9}):(${saltForm})\\$${keyForm}:${keyForm}$`,
);
const maxLength = 512;

/** The question for a new password, with what it must be. */
export const newPasswordQuestion = "New password (at least 8 characters): ";

/**
 * Why `password` cannot be a user's new password, or `undefined` when it can.
 * The answer never contains the password.
 */
export function newPasswordProblem(
  password: string,
): { readonly code: string; readonly message: string } | undefined {
  const length = characters(normalizePassword(password).trim());
  if (length < shortest) {
    return {
      code: "password_too_short",
      message: `The new password is too short: at least ${shortest} characters`,
    };
  }
  if (length > longest) {
    return {
      code: "bad_password",
      message: `The new password is longer than ${longest} characters`,
    };
  }
  if (!isPrintable(password)) {
    return {
      code: "bad_password",
      message: "The new password has control characters",
    };
  }
  return undefined;
}

const shortest = 8;
const longest = 1024;

/**
 * What the server keeps in place of a password, written as PostgreSQL does:
 * `SCRAM-SHA-256$ITERATIONS:SALT$STOREDKEY:SERVERKEY`, the last three in base64.
 */
import { encodeBase64 } from "@std/encoding/base64";
import {
  base64Bytes,
  isIterationCount,
  keyBytes,
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
  return text.startsWith("SCRAM-SHA-256$");
}

/** The verifier in `text`; `undefined` when it is malformed or out of limits. */
export function parseVerifier(text: string): Verifier | undefined {
  const [, count, saltText, storedText, serverText] = text.match(form) ?? [];
  if (count === undefined || text.length > maxLength) return undefined;
  const iterations = Number(count);
  const salt = base64Bytes(saltText ?? "");
  const storedKey = base64Bytes(storedText ?? "");
  const serverKey = base64Bytes(serverText ?? "");
  if (
    !isIterationCount(iterations) || salt === undefined ||
    salt.length < scramLimits.minSaltBytes ||
    salt.length > scramLimits.maxSaltBytes ||
    storedKey?.length !== keyBytes || serverKey?.length !== keyBytes
  ) return undefined;
  return { iterations, salt, storedKey, serverKey };
}

/** The verifier as a line of `credentials.txt` holds it. */
export function formatVerifier(verifier: Verifier): string {
  const { iterations, salt, storedKey, serverKey } = verifier;
  return `SCRAM-SHA-256$${iterations}:${encodeBase64(salt)}` +
    `$${encodeBase64(storedKey)}:${encodeBase64(serverKey)}`;
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

const form =
  /^SCRAM-SHA-256\$([1-9][0-9]{0,9}):([A-Za-z0-9+/=]+)\$([A-Za-z0-9+/=]+):([A-Za-z0-9+/=]+)$/;
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

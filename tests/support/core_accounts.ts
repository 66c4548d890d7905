import { pbkdf2Sync } from "node:crypto";
import type { Credential } from "../../lib/server/accounts/credentials_file.ts";
import { makeVerifier } from "../../lib/security/verifier.ts";

/** Accounts of these names, with the passwords of {@link passwordOf}. */
export function accountsOf(
  names: readonly string[],
  suffix = "",
): Map<string, Credential> {
  return new Map(names.map((name) => {
    return [name, credentialOf(passwordOf(name) + suffix)];
  }));
}

/** What stands in `credentials.txt` for a password. */
export function credentialOf(password: string): Credential {
  const salt = new Uint8Array(16).fill(7);
  const salted = saltedPassword(password, salt, 4096);
  const verifier = makeVerifier(salted, { salt, iterations: 4096 });
  return { kind: "verifier", verifier };
}

export function passwordOf(name: string): string {
  return `password of ${name}`;
}

/** PBKDF2, remembered over tests. */
export function saltedPassword(
  password: string,
  salt: Uint8Array,
  iterations: number,
): Uint8Array {
  const key = `${password} ${salt} ${iterations}`;
  const known = derived.get(key);
  if (known !== undefined) return known;
  const bytes = pbkdf2Sync(password, salt, iterations, 32, "sha256");
  derived.set(key, new Uint8Array(bytes));
  return bytes;
}

const derived = new Map<string, Uint8Array>();

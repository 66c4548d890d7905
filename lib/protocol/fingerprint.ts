import { createHash } from "node:crypto";
import { encodeBase64 } from "@std/encoding/base64";

/**
 * The fingerprint of a key in the form that OpenSSH made familiar: `SHA256:`
 * and 43 characters of base64 without padding.
 *
 * @param publicKey A public key in DER (SubjectPublicKeyInfo).
 */
export function fingerprintOf(publicKey: Uint8Array): string {
  const hash = createHash("sha256").update(publicKey).digest();
  return `SHA256:${encodeBase64(new Uint8Array(hash)).replace(/=+$/, "")}`;
}

/** True when `text` has the form of a fingerprint. */
export function isFingerprint(text: string): boolean {
  return /^SHA256:[A-Za-z0-9+/]{43}$/.test(text);
}

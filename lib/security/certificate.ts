/**
 * A server's TLS certificate as both sides look at it: the fingerprint people
 * compare and clients pin, and the data that ties a login to the connection.
 *
 * The fingerprint is that of the public key, not of the whole certificate, so a
 * renewed certificate with the same key keeps every pin.
 */
import {
  createHash,
  type KeyObject,
  verify,
  X509Certificate,
} from "node:crypto";
import { encodeBase64 } from "@std/encoding/base64";
import type { ChannelBinding } from "./scram.ts";

/**
 * The name in the certificates that servers make for themselves. No authority
 * may vouch for a name that ends in `.invalid` (RFC 2606 §2), so nothing but
 * the server's own key can stand behind it.
 */
export const generatedServerName = "parley.invalid";

/** A certificate that cannot be used, in one line for people. */
export class CertificateError extends Error {
  override readonly name = "CertificateError";
}

/** What is known of a server's certificate. */
export interface ServerCertificate {
  /** The certificate, DER. */
  readonly der: Uint8Array<ArrayBuffer>;
  /** The same in PEM. */
  readonly pem: string;
  /** Of the public key, as {@link fingerprintOf} writes it. */
  readonly fingerprint: string;
  /**
   * True when the certificate is signed by the key it carries: then nobody but
   * the owner of that key can have made it.
   */
  readonly selfSigned: boolean;
  /** True when it is marked as that of an authority, which no client accepts. */
  readonly authority: boolean;
  /** First DNS name or IP address it is for, if any; of `*.a` one in there. */
  readonly serverName: string | undefined;
  /** Valid from, milliseconds since 1970. */
  readonly notBefore: number;
  /** Valid until, milliseconds since 1970. */
  readonly notAfter: number;
}

/**
 * Reads the first certificate in PEM text, or one in DER.
 *
 * @throws {CertificateError} when it is none.
 */
export function parseCertificate(
  certificate: string | Uint8Array,
): ServerCertificate {
  if (certificate.length > maxLength) {
    throw new CertificateError("the certificate is too long");
  }
  try {
    const x509 = new X509Certificate(firstPem(certificate));
    const der = new Uint8Array(x509.raw);
    const key = x509.publicKey;
    return {
      der,
      pem: `-----BEGIN CERTIFICATE-----\n${
        encodeBase64(der).replace(/.{64}(?=.)/g, "$&\n")
      }\n-----END CERTIFICATE-----\n`,
      fingerprint: fingerprintOf(key.export({ type: "spki", format: "der" })),
      selfSigned: x509.subject === x509.issuer && isSignedBy(x509, key),
      authority: x509.ca,
      serverName: firstName(x509.subjectAltName),
      notBefore: Date.parse(x509.validFrom),
      notAfter: Date.parse(x509.validTo),
    };
  } catch (error) {
    if (error instanceof CertificateError) throw error;
    throw new CertificateError(
      "the certificate cannot be read, or its key is of a kind that clients " +
        "cannot use; it must be EC P-256, P-384 or P-521, or RSA",
    );
  }
}

/**
 * Whether `key` made the certificate's signature. The runtime's own check knows
 * neither P-521 nor a hash that is smaller than what goes with the key, as in
 * what `openssl req` makes for P-384.
 *
 * @throws for a kind of key that clients cannot use.
 */
function isSignedBy(x509: X509Certificate, key: KeyObject): boolean {
  const hash = hashOf(x509);
  // Only these are accepted in the end.
  if (hash === undefined || key.asymmetricKeyType !== "ec") {
    return x509.verify(key);
  }
  const parts = signedParts(new Uint8Array(x509.raw));
  return verify(hash, parts.text, key, parts.signature);
}

/** What is signed in a certificate, and the signature (RFC 5280 §4.1). */
function signedParts(der: Uint8Array) {
  const start = derValue(der, 0).start;
  const { end } = derValue(der, start);
  const signature = derValue(der, derValue(der, end).end);
  return {
    text: der.subarray(start, end),
    // Before a string of bits stands how many of the last byte are none.
    signature: der.subarray(signature.start + 1, signature.end),
  };
}

/** Where the value begins and ends that has its tag at `at` (X.690 §8.1). */
function derValue(der: Uint8Array, at: number): { start: number; end: number } {
  const first = der[at + 1] ?? 0;
  const lengthBytes = first < 0x80 ? 0 : first & 0x7f;
  const start = at + 2 + lengthBytes;
  const length = lengthBytes === 0
    ? first
    : der.subarray(at + 2, start).reduce((sum, byte) => sum * 256 + byte, 0);
  return { start, end: start + length };
}

/**
 * The `tls-server-end-point` binding (RFC 5929 §4): the certificate's hash by
 * the algorithm of its signature, by SHA-256 where that is MD5 or SHA-1.
 *
 * @throws {CertificateError} when the signature has no single hash, as Ed25519.
 */
export function channelBindingOf(
  certificate: ServerCertificate,
): ChannelBinding {
  const hash = hashOf(new X509Certificate(certificate.pem));
  if (hash === undefined) {
    throw new CertificateError(
      "the certificate must be signed with ECDSA or RSA and SHA-256, SHA-384 or SHA-512",
    );
  }
  const data = new Uint8Array(
    createHash(hash).update(certificate.der).digest(),
  );
  return { type: "tls-server-end-point", data };
}

/** The hash that RFC 5929 takes for a certificate with this signature. */
function hashOf(x509: X509Certificate): string | undefined {
  // Only its name is in the types; the number is the same in every version.
  const { signatureAlgorithmOid } = x509 as X509Certificate & {
    signatureAlgorithmOid?: string;
  };
  return hashes.get(signatureAlgorithmOid ?? "");
}

/** A file may hold a chain: the server's own certificate comes first. */
function firstPem(certificate: string | Uint8Array): string | Uint8Array {
  if (typeof certificate !== "string") return certificate;
  return certificate.match(pemBlock)?.[0] ?? certificate;
}

function firstName(names: string | undefined): string | undefined {
  // "DNS:a.example, DNS:*.b.example, IP Address:192.0.2.1"
  for (const entry of names?.split(", ") ?? []) {
    const name = entry.match(/^(?:DNS|IP Address):((?:\*\.)?[\w.:-]+)$/)?.[1];
    if (name !== undefined) return name.replace("*", "parley");
  }
  return undefined;
}

const pemBlock = /-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/;

/** Longest certificate or chain, characters or bytes. */
const maxLength = 256 * 1024;

const hashes = new Map([
  ["1.2.840.10045.4.1", "sha256"], // ECDSA, SHA-1
  ["1.2.840.10045.4.3.2", "sha256"], // ECDSA
  ["1.2.840.10045.4.3.3", "sha384"],
  ["1.2.840.10045.4.3.4", "sha512"],
  ["1.2.840.113549.1.1.4", "sha256"], // RSA, MD5
  ["1.2.840.113549.1.1.5", "sha256"], // RSA, SHA-1
  ["1.2.840.113549.1.1.11", "sha256"], // RSA
  ["1.2.840.113549.1.1.12", "sha384"],
  ["1.2.840.113549.1.1.13", "sha512"],
]);

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

// Tells TLS from plain text by the first bytes, so that each side can say what
// is wrong when a client with TLS meets a server without, or the reverse.

/**
 * True when `bytes`, the first that came, are the start of a TLS record
 * (RFC 8446 §5.1). No line of the control protocol starts like that.
 */
export function startsLikeTls(bytes: Uint8Array): boolean {
  const [type, major] = bytes;
  if (type === undefined || type < changeCipherSpec || type > applicationData) {
    return false;
  }
  return major === undefined || major === 3;
}

/** What a client without TLS says when the server answers with TLS. */
export const serverSpeaksTls = "this server uses TLS; connect without --plain";

/** What a client with TLS says when the server answers in plain text. */
export const serverSpeaksPlain =
  "this server does not use TLS; if you trust the network, connect with --plain";

const changeCipherSpec = 20;
const applicationData = 23;

/**
 * The certificate and key a server shows: its own, made at the first start and
 * renewed with the same key when it nears its end, or files of its owner's.
 */
import {
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  X509Certificate,
} from "node:crypto";
import { join } from "@std/path";
import type { ChannelBinding } from "./scram.ts";
import {
  CertificateError,
  channelBindingOf,
  parseCertificate,
  type ServerCertificate,
} from "./certificate.ts";
import { formatTime } from "../base/time.ts";
import { readTextFile, replaceFile } from "../system/files.io.ts";
import { readGivenFile } from "../system/read_file.io.ts";
import { rehearseHandshake } from "./handshake_rehearsal.io.ts";
import { reasonOf, StartError } from "../system/errors.io.ts";

/** What a server needs to speak TLS. */
export interface TlsCertificate {
  /** PEM; a chain starts with the server's own. */
  readonly cert: string;
  /** PEM. */
  readonly key: string;
  /** What clients pin, to be printed at the start. */
  readonly fingerprint: string;
  /** What logins are tied to. */
  readonly binding: ChannelBinding;
  /** Valid from and until, milliseconds since 1970. */
  readonly notBefore: number;
  readonly notAfter: number;
  /** What was done to get it. */
  readonly origin: "made" | "renewed" | "loaded";
}

/**
 * The server's own certificate, in `tls-cert.pem` and `tls-key.pem` of the data
 * folder, made or renewed if need be.
 *
 * @param now Milliseconds since 1970.
 * @throws {StartError} when the files cannot be used or written.
 */
export async function ownTlsCertificate(
  dataDir: string,
  now: number,
): Promise<TlsCertificate> {
  const certPath = join(dataDir, "tls-cert.pem");
  const keyPath = join(dataDir, "tls-key.pem");
  const cert = await readTextFile(certPath);
  const key = await readTextFile(keyPath);
  if (cert !== undefined && key === undefined) {
    throw new StartError(
      `"${keyPath}" is missing; restore it, or delete "${certPath}" to start ` +
        "with a new key, which every client will have to accept",
    );
  }
  if (cert !== undefined && key !== undefined) {
    const read = readPair(cert, key, certPath, keyPath);
    if (!isRenewalDue(read.certificate, now)) {
      return finish(cert, key, read.certificate, certPath, "loaded");
    }
  }
  const privateKey = key === undefined
    ? generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey
    : readKey(key, keyPath);
  const keyText = key ?? privateKey.export({ type: "pkcs8", format: "pem" });
  const { makeCertificate } = await import("./make_certificate.io.ts");
  const made = await makeCertificate(
    privateKey,
    createPublicKey(privateKey),
    now,
  ).catch(() => {
    throw new StartError(
      `the key in "${keyPath}" is not a P-256 key; delete it to make a new one`,
    );
  });
  // The key first: a certificate without its key would be of no use.
  if (key === undefined) await write(keyPath, keyText.toString());
  await write(certPath, made);
  const origin = cert === undefined ? "made" : "renewed";
  const parsed = parseCertificate(made);
  return finish(made, keyText.toString(), parsed, certPath, origin);
}

/**
 * Whether the server's own certificate is to be renewed: it nears its end, or
 * was made when the clock was wrong.
 *
 * @param now Milliseconds since 1970.
 */
export function isRenewalDue(
  { notBefore, notAfter }: Pick<TlsCertificate, "notBefore" | "notAfter">,
  now: number,
): boolean {
  // One that was made while the clock was ahead would outlast its ten years.
  return now < notBefore || now >= notAfter - renewalMs;
}

/**
 * The certificate and key of the server's owner (`--tls-cert`, `--tls-key`),
 * which may be one file.
 *
 * @param now Milliseconds since 1970.
 * @throws {StartError} when they cannot be read, do not belong together, are
 * out of date, or are such that no client would accept them.
 */
export async function givenTlsCertificate(
  certPath: string,
  keyPath: string,
  now: number,
): Promise<TlsCertificate> {
  const pem = await readRequired("--tls-cert", certPath);
  const cert = certificatesIn(pem, certPath);
  const key = keyIn(
    keyPath === certPath ? pem : await readRequired("--tls-key", keyPath),
  );
  const { certificate } = readPair(cert, key, certPath, keyPath);
  const refuse = (why: string) => {
    throw new StartError(`cannot use --tls-cert "${certPath}": ${why}`);
  };
  if (now >= certificate.notAfter) {
    refuse(`it expired on ${formatTime(certificate.notAfter)}; renew it`);
  }
  if (now < certificate.notBefore) {
    const from = formatTime(certificate.notBefore);
    refuse(`it is not valid before ${from}; check the clock`);
  }
  if (certificate.authority) {
    refuse(
      "it is marked as an authority's; make it with basicConstraints=CA:FALSE",
    );
  }
  if (certificate.serverName === undefined) {
    refuse("it names no server; make it with a subjectAltName");
  }
  const given = finish(cert, key, certificate, certPath, "loaded");
  const problem = await rehearseHandshake(cert, key, certificate);
  if (problem !== undefined) refuse(`clients would not accept it: ${problem}`);
  return given;
}

function finish(
  cert: string,
  key: string,
  certificate: ServerCertificate,
  certPath: string,
  origin: TlsCertificate["origin"],
): TlsCertificate {
  const { fingerprint, notBefore, notAfter } = certificate;
  const binding = explained(certPath, () => channelBindingOf(certificate));
  return { cert, key, fingerprint, binding, notBefore, notAfter, origin };
}

function readPair(
  cert: string,
  key: string,
  certPath: string,
  keyPath: string,
): { certificate: ServerCertificate; privateKey: KeyObject } {
  const certificate = explained(certPath, () => parseCertificate(cert));
  const privateKey = readKey(key, keyPath);
  if (!new X509Certificate(certificate.pem).checkPrivateKey(privateKey)) {
    const isFurtherDown = pemBlocks(cert).slice(1).some((pem) =>
      isKeyOf(privateKey, pem)
    );
    if (isFurtherDown) {
      throw new StartError(
        `the certificate of the key in "${keyPath}" must come first in ` +
          `"${certPath}", before those that vouch for it`,
      );
    }
    throw new StartError(
      `the key in "${keyPath}" is not that of the certificate in "${certPath}"`,
    );
  }
  return { certificate, privateKey };
}

/** The certificates in a file, without what else it may hold. */
function certificatesIn(text: string, path: string): string {
  const blocks = pemBlocks(text);
  if (blocks.length > 0) return `${blocks.join("\n")}\n`;
  throw new StartError(
    `cannot use "${path}": the certificate cannot be read; it must be PEM`,
  );
}

/** The private key in a file; the whole text when there is none. */
function keyIn(text: string): string {
  return text.match(keyBlock)?.[0] ?? text;
}

function pemBlocks(text: string): string[] {
  return text.match(certificateBlock) ?? [];
}

function isKeyOf(privateKey: KeyObject, pem: string): boolean {
  try {
    return new X509Certificate(pem).checkPrivateKey(privateKey);
  } catch {
    return false;
  }
}

function readKey(pem: string, path: string): KeyObject {
  try {
    return createPrivateKey(pem);
  } catch {
    throw new StartError(
      `"${path}" holds no private key that can be read; it must be PEM ` +
        "without a passphrase, in the file that --tls-key names or in that " +
        "of the certificate",
    );
  }
}

function explained<T>(path: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof CertificateError)) throw error;
    throw new StartError(`cannot use "${path}": ${error.message}`);
  }
}

async function readRequired(option: string, path: string): Promise<string> {
  const text = await readTextFile(path, readGivenFile);
  if (text !== undefined) return text;
  throw new StartError(`cannot read ${option} "${path}": no such file`);
}

async function write(path: string, text: string): Promise<void> {
  try {
    await replaceFile(path, text);
  } catch (error) {
    throw new StartError(`cannot write "${path}": ${reasonOf(error)}`);
  }
}

const certificateBlock =
  /-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g;
const keyBlock =
  /-----BEGIN (?:\w+ )*PRIVATE KEY-----[^]*?-----END (?:\w+ )*PRIVATE KEY-----\n?/;

/** A certificate with less time left than this is renewed at the start, ms. */
const renewalMs = 365 * 86_400_000;

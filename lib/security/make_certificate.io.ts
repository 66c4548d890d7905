/**
 * Makes the certificate a server shows when it is given none: self-signed, for
 * its own key, for ten years. It is imported only when one has to be made, for
 * what it needs takes a tenth of a second to load.
 */
import "reflect-metadata"; // what @peculiar/x509 finds its parts with
import {
  BasicConstraintsExtension,
  ExtendedKeyUsageExtension,
  SubjectAlternativeNameExtension,
  X509CertificateGenerator,
} from "@peculiar/x509";
import type { KeyObject } from "node:crypto";
import { encodeHex } from "@std/encoding/hex";
import { generatedServerName } from "./certificate.ts";

/**
 * A certificate in PEM.
 *
 * @param privateKey P-256.
 * @param now Milliseconds since 1970.
 */
export async function makeCertificate(
  privateKey: KeyObject,
  publicKey: KeyObject,
  now: number,
): Promise<string> {
  const keys = {
    privateKey: await crypto.subtle.importKey(
      "pkcs8",
      new Uint8Array(privateKey.export({ type: "pkcs8", format: "der" })),
      algorithm,
      false,
      ["sign"],
    ),
    publicKey: await crypto.subtle.importKey(
      "spki",
      new Uint8Array(publicKey.export({ type: "spki", format: "der" })),
      algorithm,
      true,
      ["verify"],
    ),
  };
  // A name of its own for each certificate: a client that verifies against an
  // older one of the same key then notices that there is a newer one.
  const serial = crypto.getRandomValues(new Uint8Array(16));
  const certificate = await X509CertificateGenerator.createSelfSigned({
    name: `CN=Parley server ${encodeHex(serial)}`,
    // Times before 1970 are not understood by everybody.
    notBefore: new Date(Math.max(now - dayMs, 0)),
    notAfter: new Date(now + validityMs),
    signingAlgorithm: algorithm,
    keys,
    extensions: [
      // Verification refuses a certificate that may sign others as a server's.
      new BasicConstraintsExtension(false, undefined, true),
      new SubjectAlternativeNameExtension([
        { type: "dns", value: generatedServerName },
      ]),
      new ExtendedKeyUsageExtension(["1.3.6.1.5.5.7.3.1"]), // serverAuth
    ],
  });
  return `${certificate.toString("pem")}\n`;
}

const algorithm = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };
const dayMs = 86_400_000;
const validityMs = 3650 * dayMs;

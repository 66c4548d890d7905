/** Certificates for tests that the program itself would not make. */
import "reflect-metadata";
import {
  BasicConstraintsExtension,
  ExtendedKeyUsageExtension,
  type Extension,
  PemConverter,
  SubjectAlternativeNameExtension,
  X509CertificateGenerator,
} from "@peculiar/x509";

/** How a test certificate differs from an ordinary one. */
export interface TestCertificateOptions {
  /** Key pair; a fresh one by default. */
  readonly keys?: CryptoKeyPair;
  /** Marked as an authority's; false by default. */
  readonly authority?: boolean;
  /** DNS name; `parley.invalid` by default, `null` for none. */
  readonly name?: string | null;
  /** Valid from, relative to now, ms. */
  readonly from?: number;
  /** Valid until, relative to now, ms. */
  readonly until?: number;
  /** WebCrypto algorithm of key and signature; P-256 by default. */
  readonly algorithm?: EcKeyGenParams & { hash: string } | { name: "Ed25519" };
  /** Extended key usage, as an object identifier; none by default. */
  readonly usage?: string;
  /** Who signs it, instead of its own key. */
  readonly issuer?: CryptoKeyPair;
}

/** A self-signed certificate and its key, PEM. */
export async function testCertificate(
  options: TestCertificateOptions = {},
): Promise<{ cert: string; key: string; keys: CryptoKeyPair }> {
  const {
    algorithm = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" },
    name = "parley.invalid",
    from = -3_600_000,
    until = 86_400_000,
    authority = false,
    usage,
    issuer,
  } = options;
  const keys = options.keys ?? await crypto.subtle.generateKey(
    algorithm as EcKeyGenParams,
    true,
    ["sign", "verify"],
  ) as CryptoKeyPair;
  const extensions: Extension[] = [
    new BasicConstraintsExtension(authority, undefined, true),
  ];
  if (name !== null) {
    extensions.push(
      new SubjectAlternativeNameExtension([{ type: "dns", value: name }]),
    );
  }
  if (usage !== undefined) {
    extensions.push(new ExtendedKeyUsageExtension([usage]));
  }
  const subject = `CN=test ${crypto.randomUUID()}`;
  const certificate = await X509CertificateGenerator.create({
    subject,
    issuer: issuer === undefined ? subject : `CN=issuer of ${subject}`,
    notBefore: new Date(Date.now() + from),
    notAfter: new Date(Date.now() + until),
    signingAlgorithm: algorithm as EcdsaParams,
    publicKey: keys.publicKey,
    signingKey: (issuer ?? keys).privateKey,
    extensions,
  });
  const key = await crypto.subtle.exportKey("pkcs8", keys.privateKey);
  return {
    cert: certificate.toString("pem"),
    key: PemConverter.encode(key, "PRIVATE KEY"),
    keys,
  };
}

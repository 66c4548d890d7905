import { assert, assertEquals, assertThrows } from "@std/assert";
import { createHash } from "node:crypto";
import fc from "fast-check";
import {
  CertificateError,
  channelBindingOf,
  parseCertificate,
} from "../../lib/security/certificate.ts";
import { isFingerprint } from "../../lib/security/is_fingerprint.ts";
import { testCertificate } from "../support/test_certificate.ts";

Deno.test("parseCertificate() reads PEM and DER alike", async () => {
  const { cert } = await testCertificate();
  const parsed = parseCertificate(cert);
  assertEquals(parseCertificate(parsed.der), parsed);
  assertEquals(parseCertificate(parsed.pem), parsed);
  assert(isFingerprint(parsed.fingerprint));
  assert(parsed.selfSigned && !parsed.authority);
  assertEquals(parsed.serverName, "parley.invalid");
});

Deno.test("parseCertificate() notices a signature that is not the key's", async () => {
  const { der } = parseCertificate((await testCertificate()).cert);
  der[der.length - 1]! ^= 1;
  assertEquals(parseCertificate(der).selfSigned, false);
});

Deno.test("fingerprintOf() stays with the key", async () => {
  const first = await testCertificate();
  const second = await testCertificate({ keys: first.keys });
  const other = await testCertificate();
  const of = (pem: string) => parseCertificate(pem).fingerprint;
  assertEquals(of(first.cert), of(second.cert));
  assert(of(first.cert) !== of(other.cert));
});

Deno.test("channelBindingOf() hashes as RFC 5929 says", async () => {
  for (
    const [hash, namedCurve] of [["SHA-256", "P-256"], ["SHA-384", "P-384"]]
  ) {
    const algorithm = { name: "ECDSA", namedCurve: namedCurve!, hash: hash! };
    const { cert } = await testCertificate({ algorithm });
    const certificate = parseCertificate(cert);
    const expected = createHash(hash!.replace("-", "").toLowerCase())
      .update(certificate.der).digest();
    const binding = channelBindingOf(certificate);
    assertEquals(binding.type, "tls-server-end-point");
    assertEquals(binding.data, new Uint8Array(expected));
  }
});

Deno.test("parseCertificate() refuses anything else", () => {
  const refuse = (input: string | Uint8Array) =>
    assertThrows(() => parseCertificate(input), CertificateError);
  refuse("");
  refuse("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----");
  refuse("x".repeat(300_000));
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
      refuse(bytes);
    }),
    { seed: 7, numRuns: 300 },
  );
});

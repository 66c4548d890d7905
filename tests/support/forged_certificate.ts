/**
 * A certificate (DER) of X.509 version 1 that carries somebody else's public
 * key. The signature in it is nonsense. Some verifiers give up on such a
 * certificate and let the handshake pass without proof of the key.
 *
 * @param publicKey SubjectPublicKeyInfo, DER.
 */
export function forgedCertificate(publicKey: Uint8Array): Uint8Array {
  const ecdsaSha256 = der(
    0x30,
    Uint8Array.of(6, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 2),
  );
  const commonName = der(0x30, Uint8Array.of(6, 3, 0x55, 4, 3, 0x0c, 1, 0x78));
  const name = der(0x30, der(0x31, commonName));
  const time = (text: string) => der(0x17, new TextEncoder().encode(text));
  const validity = der(0x30, time("200101000000Z"), time("490101000000Z"));
  const serial = Uint8Array.of(2, 1, 1);
  const body = der(0x30, serial, ecdsaSha256, name, validity, name, publicKey);
  const signature = der(0x30, Uint8Array.of(2, 1, 1, 2, 1, 1));
  return der(0x30, body, ecdsaSha256, der(3, Uint8Array.of(0), signature));
}

/** One DER value: tag, length, contents. */
function der(tag: number, ...contents: Uint8Array[]): Uint8Array {
  const length = contents.reduce((sum, part) => sum + part.length, 0);
  const head = length < 128
    ? [tag, length]
    : length < 256
    ? [tag, 0x81, length]
    : [tag, 0x82, length >> 8, length & 255];
  return Uint8Array.from([...head, ...contents.flatMap((part) => [...part])]);
}

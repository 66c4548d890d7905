/**
 * A TLS 1.3 server that shows any certificate, with the key to it or without: no
 * kept library lends itself to the latter. It says what a server says up to the
 * end of its side of the handshake (RFC 8446) and reads no answer.
 */
import {
  createCipheriv,
  createHash,
  createHmac,
  createPrivateKey,
  sign,
} from "node:crypto";

/** What it shows. */
export interface ImpostorOptions {
  /** The certificate, DER. */
  readonly certificate: Uint8Array;
  /** What it signs with, P-256, PEM. */
  readonly key: string;
}

/** Speaks with one client, up to the end of this side of the handshake. */
export async function impersonate(
  conn: Deno.Conn,
  { certificate, key }: ImpostorOptions,
): Promise<void> {
  const clientHello = await readHandshake(conn);
  const { session, publicKey } = parseClientHello(clientHello);
  const pair = await crypto.subtle.generateKey("X25519", true, [
    "deriveBits",
  ]) as CryptoKeyPair;
  const own = await crypto.subtle.exportKey("raw", pair.publicKey);
  const theirs = await crypto.subtle.importKey(
    "raw",
    publicKey,
    "X25519",
    true,
    [],
  );
  const algorithm = { name: "X25519", public: theirs };
  const secret = await crypto.subtle.deriveBits(
    algorithm,
    pair.privateKey,
    256,
  );

  const serverHello = message(
    2,
    u16(0x0303),
    crypto.getRandomValues(new Uint8Array(32)),
    vector(1, session),
    u16(0x1301),
    [0],
    vector(
      2,
      u16(43),
      vector(2, u16(0x0304)),
      u16(51),
      vector(2, u16(x25519), vector(2, new Uint8Array(own))),
    ),
  );
  await write(conn, record(22, serverHello));

  const transcript = createHash("sha256").update(clientHello)
    .update(serverHello);
  const hash = () => transcript.copy().digest();
  const early = hmac(new Uint8Array(32), new Uint8Array(32));
  const derived = expand(early, "derived", sha256(), 32);
  const handshake = hmac(derived, new Uint8Array(secret));
  const traffic = expand(handshake, "s hs traffic", hash(), 32);
  const said: Uint8Array[] = [];
  const say = (bytes: Uint8Array) => {
    transcript.update(bytes);
    said.push(bytes);
  };
  say(message(8, vector(2)));
  say(message(11, [0], vector(3, vector(3, certificate), vector(2))));
  const signed = bytesOf(
    new Uint8Array(64).fill(32),
    new TextEncoder().encode("TLS 1.3, server CertificateVerify"),
    [0],
    hash(),
  );
  const signature = sign("sha256", signed, createPrivateKey(key));
  say(message(15, u16(0x0403), vector(2, signature)));
  say(message(20, hmac(expand(traffic, "finished", [], 32), hash())));

  const clear = bytesOf(...said, [22]);
  const head = bytesOf([23], u16(0x0303), u16(clear.length + 16));
  const sealing = createCipheriv(
    "aes-128-gcm",
    expand(traffic, "key", [], 16),
    expand(traffic, "iv", [], 12),
  );
  sealing.setAAD(head);
  const sealed = bytesOf(sealing.update(clear), sealing.final());
  await write(conn, bytesOf(head, sealed, sealing.getAuthTag()));
}

/** The first handshake message, which fits one record. */
async function readHandshake(conn: Deno.Conn): Promise<Uint8Array> {
  const buffer = new Uint8Array(16 * 1024);
  let count = 0;
  for (;;) {
    const read = await conn.read(buffer.subarray(count));
    if (read === null) throw new Error("the client hung up");
    count += read;
    const length = buffer[3]! << 8 | buffer[4]!;
    if (count >= 5 + length) return buffer.slice(5, 5 + length);
  }
}

function parseClientHello(hello: Uint8Array) {
  const number = (at: number) => hello[at]! << 8 | hello[at + 1]!;
  let at = 4 + 2 + 32;
  const session = hello.slice(at + 1, at + 1 + hello[at]!);
  at += 1 + session.length;
  at += 2 + number(at);
  at += 1 + hello[at]!;
  const end = at + 2 + number(at);
  for (at += 2; at < end; at += 4 + number(at + 2)) {
    if (number(at) !== 51) continue;
    for (let share = at + 6; share < end; share += 4 + number(share + 2)) {
      if (number(share) !== x25519) continue;
      return { session, publicKey: hello.slice(share + 4, share + 36) };
    }
  }
  throw new Error("the client offers no X25519");
}

type Part = Uint8Array | readonly number[];

function message(type: number, ...parts: Part[]): Uint8Array {
  return bytesOf([type], vector(3, ...parts));
}

function record(type: number, bytes: Uint8Array): Uint8Array {
  return bytesOf([type], u16(0x0303), vector(2, bytes));
}

/** Bytes after their length, which takes `size` bytes. */
function vector(size: number, ...parts: Part[]): Uint8Array {
  const bytes = bytesOf(...parts);
  const length = Array.from(
    { length: size },
    (_, at) => bytes.length >> 8 * (size - 1 - at) & 255,
  );
  return bytesOf(length, bytes);
}

function u16(value: number): number[] {
  return [value >> 8, value & 255];
}

function bytesOf(...parts: Part[]): Uint8Array {
  return Uint8Array.from(parts.flatMap((part) => [...part]));
}

function expand(
  secret: Uint8Array,
  label: string,
  context: Part,
  length: number,
): Uint8Array {
  const info = bytesOf(
    u16(length),
    vector(1, new TextEncoder().encode(`tls13 ${label}`)),
    vector(1, context),
    [1],
  );
  return hmac(secret, info).slice(0, length);
}

function hmac(key: Uint8Array, bytes: Uint8Array): Uint8Array {
  return createHmac("sha256", key).update(bytes).digest();
}

function sha256(): Uint8Array {
  return createHash("sha256").digest();
}

async function write(conn: Deno.Conn, bytes: Uint8Array): Promise<void> {
  let at = 0;
  while (at < bytes.length) at += await conn.write(bytes.subarray(at));
}

const x25519 = 0x001d;

/**
 * A second implementation of the private session's wire, from its description
 * and with WebCrypto and another cipher call, talks to the real one.
 */
import { assert, assertEquals } from "@std/assert";
import { createCipheriv, createDecipheriv } from "node:crypto";
import { decodeBase64Url, encodeBase64Url } from "@std/encoding/base64url";
import {
  decodeHello,
  encodeHello,
} from "../../../lib/client/private/private_record.ts";
import { X25519KeyPair } from "../../../lib/security/x25519.ts";
import { ChannelEnd } from "../../support/channel_pair.ts";
import { SeededRandom } from "../../support/seeded_random.ts";

const id = "0123456789abcdef";
const idBytes = Uint8Array.of(0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef);

Deno.test("private session: the bytes on the wire are as described", async () => {
  const random = new SeededRandom(42);
  const keyPair = new X25519KeyPair(random);
  const own = await crypto.subtle.generateKey("X25519", true, [
    "deriveBits",
  ]) as CryptoKeyPair;
  const ownKey = new Uint8Array(
    await crypto.subtle.exportKey("raw", own.publicKey),
  );
  const real = new ChannelEnd({
    id,
    role: "answerer",
    isDialler: false,
    keyPair,
    self: "leia",
    peer: { user: "han", key: encodeBase64Url(ownKey) },
    random,
  }, 0);

  const hello = Uint8Array.of(
    ...ascii("PLPS"),
    1,
    0,
    ...idBytes,
    ...random.bytes(32),
  );
  real.give(hello, 0);
  const reply = real.take(0);
  const peerHello = reply.subarray(0, 46);
  assertEquals([...peerHello.subarray(0, 14)], [
    ...ascii("PLPS"),
    1,
    1,
    ...idBytes,
  ]);

  const peerKey = decodeBase64Url(keyPair.publicKey);
  const public_ = await crypto.subtle.importKey(
    "raw",
    peerKey,
    "X25519",
    false,
    [],
  );
  const secret = await crypto.subtle.deriveBits(
    { name: "X25519", public: public_ },
    own.privateKey,
    256,
  );
  const info = Uint8Array.from([
    ascii("parley private session 1"),
    idBytes,
    ownKey,
    peerKey,
    ascii("han"),
    ascii("leia"),
    hello,
    peerHello,
  ].flatMap((field) => [field.length >> 8, field.length & 255, ...field]));
  const ikm = await crypto.subtle.importKey("raw", secret, "HKDF", false, [
    "deriveBits",
  ]);
  const keys = new Uint8Array(
    await crypto.subtle.deriveBits(
      { name: "HKDF", hash: "SHA-256", salt: idBytes, info },
      ikm,
      512,
    ),
  );
  const [mine, theirs] = [keys.slice(0, 32), keys.slice(32)];

  assertEquals(open(theirs, 0, reply.subarray(46)), block(0));
  real.give(seal(mine, 0, block(0)), 0);
  real.give(seal(mine, 1, block(1)), 0);
  assertEquals(open(theirs, 1, real.take(0)), block(2));
  real.give(seal(mine, 2, block(3, ...ascii("hello"))), 0);
  assertEquals(open(theirs, 2, real.take(0)), block(4, 0, 0, 0, 1));
  real.give(seal(mine, 3, block(5)), 0);
  assertEquals(open(theirs, 3, real.take(0)), block(6));
  real.channel.handleText("bye");
  real.channel.handleClose("left");
  const rest = real.take(0);
  assertEquals(
    open(theirs, 4, rest.subarray(0, 82)),
    block(3, ...ascii("bye")),
  );
  assertEquals(open(theirs, 5, rest.subarray(82)), block(7, 1));
  assertEquals(real.texts, ["hello"]);
  assert(real.channel.isFinished);
});

Deno.test("decodeHello: reads what encodeHello wrote and nothing else", () => {
  const random = new SeededRandom(1).bytes(32);
  const hello = { id, role: "answerer", random } as const;
  const bytes = encodeHello(hello);
  assertEquals(decodeHello(bytes), hello);
  assertEquals(decodeHello(bytes.subarray(1)), undefined);
  for (const at of [0, 1, 2, 3, 4, 5]) {
    const other = bytes.slice();
    other[at]! ^= 0x82;
    assertEquals(decodeHello(other), undefined);
  }
});

/** A padded plaintext of one block. */
function block(kind: number, ...body: number[]): Uint8Array {
  const bytes = new Uint8Array(64);
  bytes.set([kind, 0, body.length, ...body]);
  return bytes;
}

function seal(
  key: Uint8Array,
  number: number,
  plaintext: Uint8Array,
): Uint8Array {
  const header = Uint8Array.of(0, plaintext.length + 16);
  const cipher = createCipheriv("chacha20-poly1305", key, nonce(number), {
    authTagLength: 16,
  });
  cipher.setAAD(header, { plaintextLength: plaintext.length });
  const sealed = cipher.update(plaintext);
  cipher.final();
  return Uint8Array.of(...header, ...sealed, ...cipher.getAuthTag());
}

function open(key: Uint8Array, number: number, record: Uint8Array): Uint8Array {
  assertEquals([...record.subarray(0, 2)], [0, 80]);
  assertEquals(record.length, 82);
  const decipher = createDecipheriv("chacha20-poly1305", key, nonce(number), {
    authTagLength: 16,
  });
  decipher.setAAD(record.subarray(0, 2), { plaintextLength: 64 });
  decipher.setAuthTag(record.subarray(66));
  const plaintext = decipher.update(record.subarray(2, 66));
  decipher.final();
  return new Uint8Array(plaintext);
}

function nonce(number: number): Uint8Array {
  return Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, number);
}

function ascii(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

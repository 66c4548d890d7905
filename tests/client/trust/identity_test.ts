import { assert, assertEquals, assertThrows } from "@std/assert";
import { decodeHex } from "@std/encoding/hex";
import { encodeBase64Url } from "@std/encoding/base64url";
import fc from "fast-check";
import {
  Identity,
  isPublicKey,
  verifySignature,
} from "../../../lib/client/trust/identity.ts";
import { SeededRandom } from "../../support/seeded_random.ts";

const random = new SeededRandom(11);
const alice = Identity.fromSeed(random.bytes(32));
const bob = Identity.fromSeed(random.bytes(32));

Deno.test("Identity signs as RFC 8032 §7.1, test 1, says", () => {
  const identity = Identity.fromSeed(decodeHex(
    "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
  ));
  assertEquals(
    identity.publicKey,
    encodeBase64Url(decodeHex(
      "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
    )),
  );
  assertEquals(
    identity.sign(new Uint8Array(0)),
    encodeBase64Url(decodeHex(
      "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e06522490155" +
        "5fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b",
    )),
  );
});

Deno.test("Identity.fromPem() reads back toPem() and nothing else", () => {
  assertEquals(Identity.fromPem(alice.toPem()).publicKey, alice.publicKey);
  assertThrows(() => Identity.fromPem("nothing"), TypeError);
  assertThrows(() => Identity.fromSeed(new Uint8Array(31)), RangeError);
});

Deno.test("verifySignature() takes the owner's signature of these bytes only", () => {
  const text = new TextEncoder().encode("an exchange");
  const signature = alice.sign(text);
  assert(verifySignature(alice.publicKey, text, signature));
  assert(!verifySignature(bob.publicKey, text, signature));
  assert(!verifySignature(alice.publicKey, text.subarray(1), signature));
  assert(!verifySignature(alice.publicKey, text, bob.sign(text)));
  assert(!verifySignature(alice.publicKey, text, `${signature}A`));
  assert(!verifySignature("", text, signature));
});

Deno.test("verifySignature() takes anything without throwing", () => {
  fc.assert(
    fc.property(
      fc.string(),
      fc.uint8Array(),
      fc.string(),
      (key, data, sign) => {
        assert(!verifySignature(key, data, sign));
        assert(!verifySignature(alice.publicKey, data, sign));
      },
    ),
    { seed: 5 },
  );
});

Deno.test("verifySignature() refuses keys for which anybody can sign", () => {
  const small = encodeBase64Url(new Uint8Array(32));
  const zero = encodeBase64Url(new Uint8Array(64));
  assert(isPublicKey(alice.publicKey) && !isPublicKey(small));
  assert(!verifySignature(small, new Uint8Array(3), zero));
});

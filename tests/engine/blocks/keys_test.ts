import { hkdfSync } from "node:crypto";
import { assert, assertEquals, assertThrows } from "@std/assert";
import { decodeBase64Url, encodeBase64Url } from "@std/encoding/base64url";
import { decodeHex, encodeHex } from "@std/encoding/hex";
import { TransferKeyPair } from "../../../lib/engine/blocks/keys.ts";
import { SeededRandom } from "../../support/seeded_random.ts";

const id = new Uint8Array(8).fill(5);

Deno.test("TransferKeyPair derives its public key as RFC 7748 §6.1 does", () => {
  const alice = new TransferKeyPair({
    bytes: () =>
      decodeHex(
        "77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a",
      ),
  });
  assertEquals(
    encodeHex(decodeBase64Url(alice.publicKey)),
    "8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a",
  );
});

Deno.test("TransferKeyPair.agree gives both ends the same keys", () => {
  const random = new SeededRandom(9);
  const ours = new TransferKeyPair(random);
  const theirs = new TransferKeyPair(random);
  const a = ours.agree(theirs.publicKey, id, "sender");
  const b = theirs.agree(ours.publicKey, id, "receiver");
  assertEquals(a, b);
  const all = [a.block, a.senderControl, a.receiverControl, a.header]
    .map((key) => encodeBase64Url(key));
  assertEquals(new Set(all).size, 4);
});

Deno.test("TransferKeyPair.agree: the keys of docs/protocol/files.md", () => {
  // The keys and the shared secret of RFC 7748 §6.1.
  const alice = new TransferKeyPair({
    bytes: () =>
      decodeHex(
        "77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a",
      ),
  });
  const bob = encodeBase64Url(decodeHex(
    "de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f",
  ));
  const secret = decodeHex(
    "4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742",
  );
  const info = `parley transfer 2 ${alice.publicKey} ${bob}`;
  const bytes = new Uint8Array(hkdfSync("sha256", secret, id, info, 104));
  assertEquals(alice.agree(bob, id, "sender"), {
    block: bytes.subarray(0, 32),
    senderControl: bytes.subarray(32, 64),
    receiverControl: bytes.subarray(64, 96),
    header: bytes.subarray(96),
  });
});

Deno.test("TransferKeyPair.agree binds keys to offer and roles", () => {
  const random = new SeededRandom(9);
  const ours = new TransferKeyPair(random);
  const theirs = new TransferKeyPair(random);
  const a = ours.agree(theirs.publicKey, id, "sender").block;
  const other = ours.agree(theirs.publicKey, random.bytes(8), "sender").block;
  const swapped = ours.agree(theirs.publicKey, id, "receiver").block;
  assert(encodeBase64Url(a) !== encodeBase64Url(other));
  assert(encodeBase64Url(a) !== encodeBase64Url(swapped));
});

Deno.test("TransferKeyPair.agree refuses keys that give no secret", () => {
  const ours = new TransferKeyPair(new SeededRandom(9));
  for (const key of ["", "short", encodeBase64Url(new Uint8Array(32))]) {
    assertThrows(() => ours.agree(key, id, "sender"), RangeError);
  }
});

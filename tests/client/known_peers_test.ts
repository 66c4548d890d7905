import { assert, assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { KnownPeers } from "../../lib/client/known_peers.ts";
import { Identity } from "../../lib/client/identity.ts";
import { SeededRandom } from "../support/seeded_random.ts";

const random = new SeededRandom(2);
const one = Identity.fromSeed(random.bytes(32)).publicKey;
const two = Identity.fromSeed(random.bytes(32)).publicKey;

Deno.test("KnownPeers.handleKey() remembers the first and never a changed one", () => {
  const peers = new KnownPeers("", "a:1");
  assertEquals(peers.handleKey("yoda", one), "first");
  assertEquals(peers.handleKey("yoda", one), "same");
  assertEquals(peers.handleKey("yoda", two), "changed");
  assertEquals(peers.find("yoda"), { key: one, verified: false });
  peers.accept("yoda", two);
  assertEquals(peers.handleKey("yoda", two), "same");
});

Deno.test("KnownPeers forgets that a key was verified when it changes", () => {
  const peers = new KnownPeers("", "a:1");
  assert(!peers.markVerified("yoda"));
  peers.handleKey("yoda", one);
  assert(peers.markVerified("yoda"));
  assertEquals(peers.find("yoda"), { key: one, verified: true });
  peers.accept("yoda", two);
  assertEquals(peers.find("yoda"), { key: two, verified: false });
});

Deno.test("KnownPeers.toText() reads back and keeps other lines", () => {
  const other = `b:1 yoda ${two} verified\n# note\n`;
  const peers = new KnownPeers(other, "a:1");
  assertEquals(peers.find("yoda"), undefined);
  peers.handleKey("yoda", one);
  peers.markVerified("yoda");
  peers.handleKey("leia", two);
  const text = peers.toText();
  assertEquals(text, `${other}a:1 yoda ${one} verified\na:1 leia ${two}\n`);
  assertEquals(new KnownPeers(text, "a:1").toText(), text);
  const others = new KnownPeers(text, "b:1");
  assertEquals(others.find("yoda"), { key: two, verified: true });
});

Deno.test("KnownPeers refuses malformed keys and takes any text", () => {
  const peers = new KnownPeers("", "a:1");
  assertThrows(() => peers.handleKey("yoda", "x"), TypeError);
  assertThrows(() => peers.handleKey("yo da", one), TypeError);
  fc.assert(
    fc.property(fc.string(), (text) => {
      const read = new KnownPeers(text, "a:1").toText();
      assertEquals(new KnownPeers(read, "a:1").toText(), read);
    }),
    { seed: 4 },
  );
});

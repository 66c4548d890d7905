import { assert, assertEquals, assertMatch, assertThrows } from "@std/assert";
import { Identity } from "../../../lib/client/trust/identity.ts";
import { safetyNumber } from "../../../lib/client/trust/known_peers.ts";
import { SeededRandom } from "../../support/seeded_random.ts";

const random = new SeededRandom(11);
const [alice, bob, mallory] = [1, 2, 3].map(() =>
  Identity.fromSeed(random.bytes(32)).publicKey
) as [string, string, string];

Deno.test("safetyNumber() is the same for both and changes with a key", () => {
  const number = safetyNumber(alice, bob);
  assertMatch(number, /^\d{5}( \d{5}){7}$/);
  assertEquals(number, safetyNumber(bob, alice));
  assert(number !== safetyNumber(alice, mallory));
  assert(number !== safetyNumber(mallory, bob));
  assertThrows(() => safetyNumber(alice, "x"), TypeError);
});

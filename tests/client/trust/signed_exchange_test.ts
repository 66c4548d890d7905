import { assert, assertNotEquals } from "@std/assert";
import {
  Identity,
  verifySignature,
} from "../../../lib/client/trust/identity.ts";
import {
  answerTranscript,
  type OfferTerms,
  offerTranscript,
} from "../../../lib/client/trust/signed_offers.ts";
import { SeededRandom } from "../../support/seeded_random.ts";

const terms: OfferTerms = {
  offer: "0123456789abcdef",
  kind: "file",
  from: "yoda",
  to: "luke",
  fromIdentity: "F",
  toIdentity: "T",
  offerKey: "K",
  file: { name: "a.mp4", size: 12, fingerprint: "f" },
};

Deno.test("offerTranscript() differs when any term differs", () => {
  const file = { name: "a.mp4", size: 12, fingerprint: "f" };
  const { file: _, ...session } = terms;
  const others: OfferTerms[] = [
    { ...terms, offer: "1123456789abcdef" },
    { ...terms, kind: "session" },
    { ...terms, fromIdentity: "X" },
    { ...terms, toIdentity: "X" },
    { ...terms, fromIdentity: "T", toIdentity: "F" },
    { ...terms, fromIdentity: "FT", toIdentity: "" },
    { ...terms, offerKey: "L" },
    { ...terms, from: "luke", to: "yoda" },
    { ...terms, from: "yodaluke", to: "" },
    { ...terms, to: "leia" },
    { ...terms, file: { ...file, name: "b.mp4" } },
    { ...terms, file: { ...file, size: 13 } },
    { ...terms, file: { name: "a.mp4", size: 12 } },
    session,
  ];
  for (const other of others) {
    assertNotEquals(offerTranscript(other), offerTranscript(terms));
  }
});

Deno.test("answerTranscript() cannot pass for an offer's, nor for another key's", () => {
  const identity = Identity.fromSeed(new SeededRandom(1).bytes(32));
  const signature = identity.sign(answerTranscript(terms, "A"));
  const check = (bytes: Uint8Array) =>
    verifySignature(identity.publicKey, bytes, signature);
  assert(check(answerTranscript(terms, "A")));
  assert(!check(answerTranscript(terms, "B")));
  assert(!check(offerTranscript(terms)));
});

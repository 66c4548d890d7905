import { assertEquals } from "@std/assert";
import type { CallDescription } from "../../../lib/client/events/call_description.ts";
import { Identity } from "../../../lib/client/trust/identity.ts";
import {
  type DescribedEnd,
  openDescription,
  signDescription,
} from "../../../lib/client/trust/signed_descriptions.ts";
import { SeededRandom } from "../../support/seeded_random.ts";

const yoda = Identity.fromSeed(new SeededRandom(1).bytes(32));
const luke = Identity.fromSeed(new SeededRandom(2).bytes(32));
const end: DescribedEnd = {
  call: "00ff00ff00ff00ff",
  offer: "11ff00ff00ff00ff",
  from: "yoda",
  fromIdentity: yoda.publicKey,
  to: "luke",
  toIdentity: luke.publicKey,
  role: "offerer",
};
const description: CallDescription = {
  fingerprint: "0f".repeat(32),
  ufrag: "abcd",
  pwd: "p".repeat(22),
  types: [111, 96, 97],
  extensions: [4, 3],
  sources: [1, 2, 3, 4, 5],
};

Deno.test("signed_descriptions: what was signed is opened, once", () => {
  const sent = signDescription(end, description, 1000, yoda);
  const opened = openDescription(end, sent, 0);
  assertEquals(JSON.parse(JSON.stringify(opened)), { description, time: 1000 });
  assertEquals(openDescription(end, sent, 1000), undefined);
});

Deno.test("signed_descriptions: a signature is good for nothing else", () => {
  const sent = signDescription(end, description, 1000, yoda);
  const others: Partial<DescribedEnd>[] = [
    { call: "22ff00ff00ff00ff" },
    { offer: "22ff00ff00ff00ff" },
    { from: "leia" },
    { fromIdentity: luke.publicKey },
    { fromIdentity: "" },
    { to: "leia" },
    { toIdentity: yoda.publicKey },
    { role: "answerer" },
  ];
  for (const other of others) {
    const opened = openDescription({ ...end, ...other }, sent, 0);
    assertEquals(opened, undefined, JSON.stringify(other));
  }
});

Deno.test("signed_descriptions: what was changed on the way is not opened", () => {
  const sent = JSON.parse(signDescription(end, description, 1000, yoda));
  const text = sent.text.replace("0f0f", "0e0f");
  const changed = [
    JSON.stringify({ ...sent, text }),
    JSON.stringify({ ...sent, time: 1001 }),
    JSON.stringify({ ...sent, signature: "A".repeat(86) }),
    JSON.stringify({ ...sent, signature: "" }),
    JSON.stringify({ ...sent, text: 7 }),
    JSON.stringify(sent).slice(1),
    "",
    "null",
  ];
  for (const each of changed) {
    assertEquals(openDescription(end, each, 0), undefined, each);
  }
});

Deno.test("signed_descriptions: what is signed is no description by that", () => {
  const odd = { ...description, ufrag: "a\r\nb" };
  const sent = signDescription(end, odd, 1000, yoda);
  assertEquals(openDescription(end, sent, 0), undefined);
});

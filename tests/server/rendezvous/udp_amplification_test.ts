/**
 * Whoever spoofs the source of a datagram chooses who gets the answer: so none
 * may be larger than the question, and nothing is answered that anybody could
 * have sent.
 */
import { assert, assertEquals, assertExists } from "@std/assert";
import { decodeBase64Url } from "@std/encoding/base64url";
import { decodeHex } from "@std/encoding/hex";
import {
  encodeBind,
  encodeBound,
  encodeJoin,
  encodeProbe,
  encodeRefused,
  rendezvousType,
} from "../../../lib/wire/rendezvous_datagram.ts";
import { CoreHarness } from "../../support/core_harness.ts";
import { SeededRandom } from "../../support/seeded_random.ts";
import { relayedDatagram } from "../../support/relayed_datagram.ts";

const victim = { ip: "203.0.113.9", port: 53 };
const offer = "00112233445566ff";
const key = "A".repeat(43);

/** A server with two bound clients and a transfer between them. */
function world(relayBytes: number) {
  const harness = new CoreHarness({ relayBytes });
  harness.node = { node: "a", udpPort: 6000, probePort: 0 };
  const [yoda, luke] = [harness.login("yoda"), harness.login("luke")];
  const bindings = [yoda, luke].map((client) => {
    const { id, key } = client.ask("rendezvous", {});
    return { id: decodeHex(id), key: decodeBase64Url(key) };
  });
  const file = { name: "a", size: 1 };
  const addresses = [{ ip: "10.0.0.7", port: 1 }];
  const about = { offer, kind: "file", key, addresses, file } as const;
  yoda.ask("offer", { ...about, to: "luke" });
  luke.ask("answer", { offer, accept: true, key });
  const handle = (bytes: Uint8Array, from = victim) =>
    harness.handleDatagram(bytes, from);
  const [ofYoda, ofLuke] = bindings;
  assert(ofYoda && ofLuke);
  const home = { ip: "192.0.2.1", port: 4000 };
  const away = { ip: "192.0.2.2", port: 5000 };
  assertExists(handle(encodeBind(ofYoda.id, ofYoda.key, 1), home));
  assertExists(handle(encodeBind(ofLuke.id, ofLuke.key, 1), away));
  const grant = yoda.ask("probe", {});
  const probe = encodeProbe(
    decodeHex(grant.id),
    decodeBase64Url(grant.key),
    1,
    1_400,
  );
  const [relay] = yoda.eventsOf("relay");
  assertExists(relay);
  const join = encodeJoin(
    decodeHex(offer),
    decodeBase64Url(relay.key),
    1,
    decodeBase64Url(relay.ticket),
  );
  return { handle, ofYoda, home, probe, join };
}

Deno.test("Rendezvous.handleDatagram() sends no more bytes than it got, for every kind of datagram", () => {
  for (const relayBytes of [1e9, 0]) {
    const { handle, ofYoda, home, probe, join } = world(relayBytes);
    const { id, key } = ofYoda;
    // Each kind as it is sent in earnest, also by those who never send it.
    const genuine: Record<keyof typeof rendezvousType, Uint8Array> = {
      bind: encodeBind(id, key, 7),
      bound: encodeBound(id, key, 7, victim),
      relayed: relayedDatagram(offer, 1_400),
      refused: encodeRefused(decodeHex(offer), "quota"),
      probe,
      join,
      probed: handle(probe, home)?.bytes.slice() ?? new Uint8Array(0),
    };
    let answers = 0;
    for (const bytes of Object.values(genuine)) {
      for (const from of [home, victim]) {
        for (let length = 0; length <= bytes.length; length++) {
          const part = bytes.slice(0, length);
          const answer = handle(part, from);
          if (answer === undefined) continue;
          answers++;
          assert(answer.bytes.length <= length, `${bytes[0]}: ${length}`);
        }
      }
    }
    assert(answers > 0);
  }
});

Deno.test("Rendezvous.handleDatagram() answers nothing that anybody could have sent", () => {
  const { handle } = world(1e9);
  const random = new SeededRandom(5);
  for (let type = 0; type < 256; type++) {
    for (const length of [1, 9, 10, 49, 63, 64, 65, 100, 1_400]) {
      const bytes = new Uint8Array(random.bytes(length));
      bytes[0] = type;
      assertEquals(handle(bytes), undefined, `${type}, ${length} bytes`);
    }
  }
  // The id of a transfer is no secret between its ends, but not enough.
  assertEquals(handle(relayedDatagram(offer, 1_400)), undefined);
});

Deno.test("Rendezvous.handleDatagram() answers a datagram that was recorded once only", () => {
  const { handle, ofYoda, join } = world(1e9);
  for (const bytes of [encodeBind(ofYoda.id, ofYoda.key, 9), join]) {
    assertExists(handle(bytes.slice(), { ip: "192.0.2.7", port: 1 }));
    assertEquals(handle(bytes.slice()), undefined);
  }
});

import { assert, assertEquals } from "@std/assert";
import { decodeBase64Url } from "@std/encoding/base64url";
import { decodeHex } from "@std/encoding/hex";
import {
  encodeBind,
  encodeProbe,
  isBind,
  rendezvousType,
} from "../../lib/wire/rendezvous_datagram.ts";
import type { TestClient } from "../support/core_client.ts";
import { CoreHarness } from "../support/core_harness.ts";
import type { FuzzTarget } from "./fuzz_target.ts";
import { Mutator } from "./mutator.ts";
import { relayedDatagram } from "../support/relayed_datagram.ts";

/**
 * The server's UDP port: nobody gets more bytes than they sent, nothing goes to
 * a third party but what an accepted offer's other side sent for it, and a
 * forged bind moves nobody.
 */
export const rendezvousTarget: FuzzTarget = {
  name: "rendezvous",
  about: "datagrams to the server's UDP port",
  shortRuns: 20_000,
  open(random) {
    const mutator = new Mutator(random);
    const harness = new CoreHarness({ relayBytes: 1e12 });
    const [yoda, luke] = ["yoda", "luke"].map((name) => harness.login(name));
    assert(yoda !== undefined && luke !== undefined);
    const offer = "00112233445566ff";
    const fields = { offer, key: "k".repeat(43), addresses: [] };
    yoda.ask("offer", { ...fields, to: "luke", kind: "session" });
    luke.ask("answer", { ...fields, accept: true });
    const places = [yoda, luke].map((client, index) => {
      const given = client.ask("rendezvous", {});
      const id = decodeHex(given.id);
      const key = decodeBase64Url(given.key);
      return { id, key, ip: `198.51.100.${index}`, port: 7000, number: 0 };
    });
    const handle = (bytes: Uint8Array, ip: string, port: number) => {
      const from = { ip, port };
      return harness.handleDatagram(bytes, from);
    };
    const bind = () => {
      for (const place of places) {
        const bytes = encodeBind(place.id, place.key, ++place.number);
        assert(handle(bytes, place.ip, place.port) !== undefined);
      }
    };
    bind();
    let probe = probeOf(yoda);
    const relayed = relayedDatagram(offer);
    return {
      step() {
        if (mutator.chance(500)) {
          harness.advance(1_000);
          bind();
          probe = probeOf(yoda);
        }
        const place = mutator.pick(places);
        // Old numbers only: a new one would be genuine.
        const number = random.below(place.number + 1);
        const good = mutator.pick([
          encodeBind(place.id, place.key, number),
          relayed,
          probe,
        ]);
        const bytes = mutator.chance(8)
          ? mutator.noise(1600)
          : mutator.chance(8)
          ? good
          : mutator.bytes(good);
        const isHome = mutator.chance(3);
        const ip = isHome ? place.ip : `203.0.113.${random.below(256)}`;
        const port = isHome ? place.port : random.below(65_536);
        const sent = bytes.slice();
        const answer = handle(bytes, ip, port);
        harness.drive();
        if (answer === undefined) return 1;
        assert(answer.bytes.length <= sent.length, "more than was sent");
        assert(!isBind(sent), "an old or forged bind was answered");
        if (sent[0] === rendezvousType.probe) {
          assertEquals([sent, answer.to], [probe, { ip, port }]);
          assertEquals(answer.bytes[0], rendezvousType.probed);
          return 1;
        }
        // Relayed, unchanged, to the other one.
        assert(isHome && places.some((each) => each.ip === answer.to.ip));
        assertEquals(answer.bytes, sent);
        return 1;
      },
    };
  },
};

/** A genuine probe of this moment. */
function probeOf(client: TestClient): Uint8Array {
  const { id, key } = client.ask("probe", {});
  return encodeProbe(decodeHex(id), decodeBase64Url(key), 1, 100);
}

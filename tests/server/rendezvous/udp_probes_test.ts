import { assert, assertEquals } from "@std/assert";
import { decodeBase64Url } from "@std/encoding/base64url";
import { decodeHex } from "@std/encoding/hex";
import {
  encodeProbe,
  openProbed,
} from "../../../lib/wire/rendezvous_datagram.ts";
import {
  probeGrant,
  UdpProbes,
} from "../../../lib/server/rendezvous/udp_probes.ts";
import { SeededRandom } from "../../support/seeded_random.ts";

const at = (wall: number) => ({ mono: wall, wall });
const from = { ip: "203.0.113.9", port: 4242 };

function setUp() {
  const random = new SeededRandom(7);
  const secret = random.bytes(32);
  const probes = new UdpProbes(secret);
  const grant = probeGrant(secret, random, at(5_000));
  const id = decodeHex(grant.id);
  const key = decodeBase64Url(grant.key);
  return { probes, id, key };
}

Deno.test("UdpProbes tell number, size and address, in fewer bytes than were sent", () => {
  const { probes, id, key } = setUp();
  for (const [number, size] of [[1, 64], [2, 1472], [3, 65_507]] as const) {
    const probe = encodeProbe(id, key, number, size);
    assertEquals(probe.length, size);
    const answer = probes.handleDatagram(probe, from, at(5_000));
    assert(typeof answer === "object");
    assertEquals(answer.to, from);
    assert(answer.bytes.length < 64, String(answer.bytes.length));
    assertEquals(openProbed(answer.bytes, id, key), {
      number,
      size,
      seen: from,
    });
  }
});

Deno.test("UdpProbes answer nothing forged, cut off or old", () => {
  const { probes, id, key } = setUp();
  const probe = encodeProbe(id, key, 1, 64);
  const answer = (bytes: Uint8Array, now = 5_000) =>
    probes.handleDatagram(bytes, from, at(now));
  for (let index = 0; index < probe.length; index++) {
    const forged = probe.slice();
    forged[index]! ^= 1;
    assertEquals(typeof answer(forged), "string", `byte ${index}`);
    assertEquals(answer(probe.subarray(0, index)), "malformed");
  }
  assertEquals(typeof answer(probe, 60_000), "object");
  assertEquals(answer(probe, 70_000), "unknown");
  // The clock that it was granted by is ahead of this one by so much.
  assertEquals(typeof answer(probe, 4_000), "object");
  assertEquals(answer(probe, -1_000), "unknown");
  const others = new UdpProbes(new SeededRandom(8).bytes(32));
  assertEquals(others.handleDatagram(probe, from, at(5_000)), "malformed");
  const answered = answer(probe);
  assert(typeof answered === "object");
  const { bytes } = answered;
  assertEquals(openProbed(bytes.subarray(1), id, key), undefined);
  assertEquals(openProbed(bytes, key.subarray(0, 8), key), undefined);
});

Deno.test("UdpProbes answer 50 a second and address", () => {
  const { probes, id, key } = setUp();
  const answered = (ip: string, now: number) => {
    let count = 0;
    for (let number = 1; number <= 80; number++) {
      const probe = encodeProbe(id, key, number, 64);
      const answer = probes.handleDatagram(probe, { ip, port: 1 }, at(now));
      if (answer !== "rate") count++;
    }
    return count;
  };
  assertEquals(answered("203.0.113.1", 5_000), 50);
  assertEquals(answered("203.0.113.2", 5_000), 50);
  assertEquals(answered("203.0.113.1", 6_000), 50);
});

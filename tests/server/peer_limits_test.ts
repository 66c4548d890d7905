/** What happens at each limit of the limit table that concerns offers and UDP. */
import { assert, assertEquals } from "@std/assert";
import { decodeBase64Url } from "@std/encoding/base64url";
import { decodeHex } from "@std/encoding/hex";
import { limits } from "../../lib/wire/limits.ts";
import { encodeBind, encodeProbe } from "../../lib/wire/rendezvous_datagram.ts";
import { RateLimit } from "../../lib/base/rate_limit.ts";
import { RelayQuota } from "../../lib/server/rendezvous/relay_quota.ts";
import {
  probeGrant,
  UdpProbes,
} from "../../lib/server/rendezvous/udp_probes.ts";
import { codeOf, offerOf, peerKey, twoUsers } from "../support/limit_case.ts";
import { SeededRandom } from "../support/seeded_random.ts";

Deno.test("limit offersPerUser: no more are made until one has ended", () => {
  const { yoda, luke } = twoUsers();
  for (let i = 0; i < limits.offersPerUser; i++) yoda.ask("offer", offerOf(i));
  const more = offerOf(limits.offersPerUser);
  assertEquals(codeOf(yoda.refused("offer", more)), "too_many_offers");
  luke.ask("answer", { offer: offerOf(0).offer, accept: false });
  yoda.ask("offer", more);
});

Deno.test("limit offerMs: an offer without an answer ends for both", () => {
  const { harness, yoda, luke } = twoUsers();
  yoda.ask("offer", offerOf(1));
  harness.advance(limits.offerMs - 1000);
  assertEquals(yoda.eventsOf("offer-end"), []);
  harness.advance(1000);
  assertEquals(yoda.eventsOf("offer-end").length, 1);
  assertEquals(luke.eventsOf("offer-end").length, 1);
});

Deno.test("limit awayMs: a transfer waits that long for a side that is away", () => {
  const { harness, yoda, luke } = twoUsers();
  const { offer } = offerOf(1);
  yoda.ask("offer", offerOf(1));
  luke.ask("answer", { offer, accept: true, key: peerKey });
  luke.disconnect();
  harness.advance(limits.awayMs - 1000);
  assertEquals(yoda.eventsOf("offer-end"), []);
  harness.advance(11_000);
  assertEquals(yoda.eventsOf("offer-end").length, 1);
});

Deno.test("limit fileNameBytes: a longer name cannot be offered", () => {
  const { yoda } = twoUsers();
  const name = "é".repeat(127) + "a";
  yoda.ask("offer", offerOf(1, name));
  assertEquals(
    codeOf(yoda.refused("offer", offerOf(2, `${name}a`))),
    "bad_file_name",
  );
});

Deno.test("limit addresses: more in an offer are no request", () => {
  const { yoda } = twoUsers();
  const address = { ip: "10.0.0.7", port: 6666 };
  const addresses = Array.from({ length: limits.addresses }, () => address);
  yoda.ask("offer", { ...offerOf(1), addresses });
  const more = { ...offerOf(2), addresses: [...addresses, address] };
  assertEquals(codeOf(yoda.refused("offer", more)), "bad_request");
});

Deno.test("limit bindingMs: a client silent over UDP for so long has no address", () => {
  const { harness, yoda, luke } = twoUsers();
  const issued = yoda.ask("rendezvous", {});
  const [id, secret] = [decodeHex(issued.id), decodeBase64Url(issued.key)];
  const from = { ip: "192.0.2.1", port: 5 };
  harness.handleDatagram(encodeBind(id, secret, 1), from);
  const isTold = (number: number) => {
    yoda.ask("offer", { ...offerOf(number), addresses: [] });
    const { addresses } = luke.eventsOf("offer").at(-1) ?? { addresses: [] };
    return addresses.some(({ ip, port }) => ip === from.ip && port === 5);
  };
  harness.advance(limits.bindingMs - 1);
  assert(isTold(1));
  harness.advance(1);
  assert(!isTold(2));
});

Deno.test("limit datagramsPerAddress: no more of one address are looked at in a second", () => {
  const rate = new RateLimit(limits.datagramsPerAddress);
  let taken = 0;
  for (let i = 0; i < 1000; i++) if (rate.take("192.0.2.1", 500)) taken++;
  assertEquals(taken, limits.datagramsPerAddress);
  assert(rate.take("192.0.2.2", 500));
  assert(rate.take("192.0.2.1", 1000));
  // Even from more addresses than it can tell apart.
  for (let i = 0; i < 100_000; i++) rate.take(`address ${i}`, 1000);
  assert(!rate.take("one more", 1000));
});

Deno.test("limit probesPerAddress: no more of one address are answered in a second", () => {
  const random = new SeededRandom(1);
  const key = random.bytes(32);
  const probes = new UdpProbes(key);
  const grant = probeGrant(key, random, { mono: 0, wall: 0 });
  const [id, secret] = [decodeHex(grant.id), decodeBase64Url(grant.key)];
  const answered = (ip: string, mono: number) => {
    const probe = encodeProbe(id, secret, 1, 64);
    const now = { mono, wall: mono };
    const answer = probes.handleDatagram(probe, { ip, port: 5 }, now);
    return typeof answer !== "string";
  };
  let count = 0;
  for (let i = 0; i < 200; i++) {
    if (answered(`2001:db8::${i.toString(16)}`, 500)) count++;
  }
  assertEquals(count, limits.probesPerAddress);
  assert(answered("2001:db8:0:1::1", 500) && answered("2001:db8::1", 1000));
});

Deno.test("limit relayBytesPerSecond: no more is relayed for a user", () => {
  const quota = new RelayQuota(1e12);
  let bytes = 0;
  for (let mono = 0; mono < 10_000; mono++) {
    const now = { mono, wall: mono };
    while (quota.take(1, 1000, now) === undefined) bytes += 1000;
  }
  const rate = bytes / 10;
  assert(rate <= 1.01 * limits.relayBytesPerSecond, `${rate}`);
  assert(rate >= 0.95 * limits.relayBytesPerSecond, `${rate}`);
});

Deno.test("limit relayMegabytesPerDay: no more is relayed for a user until tomorrow", () => {
  const quota = new RelayQuota(limits.relayMegabytesPerDay * 1e6);
  let bytes = 0;
  let now = { mono: 0, wall: 0 };
  for (;; now = { mono: now.mono + 30, wall: now.wall + 30 }) {
    const refusal = quota.take(1, 240_000, now);
    if (refusal !== undefined) {
      assertEquals(refusal, "quota");
      break;
    }
    bytes += 240_000;
  }
  assertEquals(Math.ceil(bytes / 1e6), limits.relayMegabytesPerDay);
  const tomorrow = { mono: now.mono, wall: now.wall + 86_400_000 };
  assertEquals(quota.take(1, 240_000, tomorrow), undefined);
});

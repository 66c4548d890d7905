import { assertEquals, assertExists } from "@std/assert";
import { decodeHex } from "@std/encoding/hex";
import { decodeBase64Url } from "@std/encoding/base64url";
import {
  encodeBind,
  openBound,
  openRefused,
} from "../../../lib/wire/rendezvous_datagram.ts";
import { limits } from "../../../lib/wire/limits.ts";
import type { Offer } from "../../../lib/server/model/offer_table.ts";
import { Rendezvous } from "../../../lib/server/rendezvous/rendezvous.ts";
import { User } from "../../../lib/server/model/user.ts";
import type { Session } from "../../../lib/server/model/session.ts";
import { SeededRandom } from "../../support/seeded_random.ts";
import { storedUser } from "../../support/stored_user.ts";

const dayMs = 86_400_000;
const offerId = "00112233445566ff";

/** Two users with an offer between them. */
class World {
  readonly yoda = user(1, "yoda");
  readonly luke = user(2, "luke");
  readonly offer: Offer = {
    id: offerId,
    from: this.yoda,
    to: this.luke,
    kind: "file",
    at: 0,
    accepted: true,
  };
  readonly rendezvous: Rendezvous;
  now = { mono: 1_000, wall: 10 * dayMs };

  constructor(relayBytes = 1e6) {
    const offers = {
      find: (id: string) => id === offerId ? this.offer : undefined,
    };
    this.rendezvous = new Rendezvous(offers, relayBytes, new SeededRandom(1));
  }

  /** A client of `user` that can bind. */
  client(user: User) {
    const issued = this.rendezvous.issue(user);
    const id = decodeHex(issued.id);
    const key = decodeBase64Url(issued.key);
    return {
      bind: (number: number, ip: string, port: number) => {
        const bytes = encodeBind(id, key, number);
        const answer = this.handle(bytes, ip, port);
        return answer && openBound(answer.bytes, id, key);
      },
    };
  }

  handle(bytes: Uint8Array, ip: string, port: number) {
    return this.rendezvous.handleDatagram(bytes, { ip, port }, this.now);
  }

  /** A datagram to be relayed. */
  relayed(length = 100): Uint8Array {
    const bytes = new Uint8Array(length);
    bytes.set([0x5a, 0x50]);
    bytes.set(decodeHex(offerId), 2);
    return bytes;
  }
}

function user(id: number, name: string): User {
  const made = new User(storedUser(id, name));
  made.session = {} as Session;
  return made;
}

Deno.test("Rendezvous tells a client where it is seen, and moves with it", () => {
  const world = new World();
  const { rendezvous, yoda, now } = world;
  const client = world.client(yoda);
  const seen = { ip: "192.0.2.1", port: 4000 };
  assertEquals(client.bind(1, seen.ip, seen.port), { number: 1, seen });
  assertEquals(rendezvous.takeMoved(), yoda);
  assertEquals(rendezvous.addresses(yoda, now.mono), [seen]);
  client.bind(2, seen.ip, seen.port);
  assertEquals(rendezvous.takeMoved(), undefined);
  client.bind(3, "2001:db8::1", 5);
  client.bind(4, seen.ip, 4001);
  assertEquals(rendezvous.takeMoved(), yoda);
  assertEquals(rendezvous.addresses(yoda, now.mono), [
    { ip: seen.ip, port: 4001 },
    { ip: "2001:db8::1", port: 5 },
  ]);
  const later = now.mono + limits.bindingMs;
  assertEquals(rendezvous.addresses(yoda, later), []);
});

Deno.test("Rendezvous answers nobody without the key, and no repetition", () => {
  const world = new World();
  const client = world.client(world.yoda);
  assertExists(client.bind(5, "192.0.2.1", 4000));
  assertEquals(client.bind(5, "203.0.113.9", 1), undefined);
  assertEquals(client.bind(4, "203.0.113.9", 1), undefined);
  const { id, key } = world.rendezvous.issue(world.luke);
  const bytes = encodeBind(decodeHex(id), new Uint8Array(32), 1);
  assertEquals(world.handle(bytes, "192.0.2.1", 1), undefined);
  const unknown = encodeBind(new Uint8Array(8), decodeBase64Url(key), 1);
  assertEquals(world.handle(unknown, "192.0.2.1", 1), undefined);
  assertEquals(client.bind(6, "192.0.2.1", 4000)?.number, 6);
  world.rendezvous.remove(world.yoda);
  assertEquals(client.bind(7, "192.0.2.1", 4000), undefined);
});

Deno.test("Rendezvous bounds the questions of one address", () => {
  const world = new World();
  const client = world.client(world.yoda);
  let answered = 0;
  for (let number = 1; number <= 1000; number++) {
    if (client.bind(number, "192.0.2.1", 4000)) answered++;
  }
  assertEquals(answered, 200);
  assertExists(client.bind(2000, "192.0.2.2", 4000));
  world.now.mono += 1000;
  assertExists(client.bind(2001, "192.0.2.1", 4000));
});

Deno.test("Rendezvous relays between the two of an accepted offer only", () => {
  const world = new World();
  world.client(world.yoda).bind(1, "192.0.2.1", 4000);
  const bytes = world.relayed();
  assertEquals(world.handle(bytes, "192.0.2.1", 4000), undefined, "no luke");
  world.client(world.luke).bind(1, "192.0.2.1", 5000);
  const there = world.handle(bytes, "192.0.2.1", 4000);
  assertEquals(there, { to: { ip: "192.0.2.1", port: 5000 }, bytes });
  const back = world.handle(bytes, "192.0.2.1", 5000);
  assertEquals(back?.to, { ip: "192.0.2.1", port: 4000 });
  assertEquals(world.handle(bytes, "192.0.2.1", 6000), undefined);
  assertEquals(world.handle(bytes, "203.0.113.1", 4000), undefined);
  assertEquals(
    world.handle(world.relayed(1_501), "192.0.2.1", 4000),
    undefined,
  );
  assertEquals(
    world.handle(bytes.subarray(0, 15), "192.0.2.1", 4000),
    undefined,
  );
  world.offer.accepted = false;
  assertEquals(world.handle(bytes, "192.0.2.1", 4000), undefined);
});

Deno.test("Rendezvous stops to relay at the day's quota and says so", () => {
  const world = new World(1_000);
  world.client(world.yoda).bind(1, "192.0.2.1", 4000);
  world.client(world.luke).bind(1, "192.0.2.2", 5000);
  for (let i = 0; i < 10; i++) {
    const to = world.handle(world.relayed(), "192.0.2.2", 5000)?.to;
    assertEquals(to?.port, 4000);
  }
  const refused = world.handle(world.relayed(), "192.0.2.1", 4000);
  assertEquals(refused?.to, { ip: "192.0.2.1", port: 4000 });
  assertEquals(refused && openRefused(refused.bytes), "quota");
  assertEquals(world.rendezvous.takeExhausted(), world.offer);
  const again = world.handle(world.relayed(), "192.0.2.1", 4000);
  assertEquals(again, undefined, "told once a second");
  assertEquals(world.rendezvous.takeExhausted(), undefined, "told once a day");
  assertEquals(world.offer.relayAgainAt! % dayMs, 0);
  world.now.wall = world.offer.relayAgainAt!;
  for (let i = 0; i < 10; i++) {
    assertExists(world.handle(world.relayed(), "192.0.2.1", 4000));
    assertEquals(world.rendezvous.takeExhausted(), undefined);
  }
  world.handle(world.relayed(), "192.0.2.1", 4000);
  assertEquals(world.rendezvous.takeExhausted(), world.offer, "the next day");
});

Deno.test("Rendezvous relays nothing without a quota, and not without end", () => {
  const none = new World(0);
  none.client(none.yoda).bind(1, "192.0.2.1", 4000);
  none.client(none.luke).bind(1, "192.0.2.2", 5000);
  const refused = none.handle(none.relayed(), "192.0.2.1", 4000);
  assertEquals(refused && openRefused(refused.bytes), "off");
  // Each side is told, though the other one asked at the same time.
  const also = none.handle(none.relayed(), "192.0.2.2", 5000);
  assertEquals(also?.to, { ip: "192.0.2.2", port: 5000 });
  assertEquals(also && openRefused(also.bytes), "off");
  assertEquals(none.handle(none.relayed(), "192.0.2.1", 4000), undefined);
  const world = new World(1e12);
  world.client(world.yoda).bind(1, "192.0.2.1", 4000);
  world.client(world.luke).bind(1, "192.0.2.2", 5000);
  let relayed = 0;
  for (let i = 0; i < 1000; i++) {
    if (world.handle(world.relayed(1_400), "192.0.2.1", 4000)) relayed++;
  }
  assertEquals(relayed, Math.floor(256 * 1024 / 1_400));
  world.now.mono += 10;
  assertExists(world.handle(world.relayed(1_400), "192.0.2.1", 4000));
});

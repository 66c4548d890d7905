import { assertEquals, assertExists } from "@std/assert";
import { encodeHex } from "@std/encoding/hex";
import {
  encodeBind,
  openBound,
  openRefused,
} from "../../../lib/wire/rendezvous_datagram.ts";
import { limits } from "../../../lib/wire/limits.ts";
import type { RendezvousNews } from "../../../lib/server/model/rendezvous_change.ts";
import { Rendezvous } from "../../../lib/server/rendezvous/rendezvous.ts";
import { SeededRandom } from "../../support/seeded_random.ts";
import { relayedDatagram } from "../../support/relayed_datagram.ts";

const dayMs = 86_400_000;
const offerId = "00112233445566ff";

const yoda = 1;
const luke = 2;
/** Users, whose numbers have nothing to do with those of clients. */
const account = 7;

/** Two clients with an accepted offer between them. */
class World {
  readonly rendezvous: Rendezvous;
  readonly #random = new SeededRandom(1);
  now = { mono: 1_000, wall: 10 * dayMs };

  constructor(relayBytes = 1e6) {
    this.rendezvous = new Rendezvous(relayBytes);
    this.relay(yoda);
  }

  /** An offer of this client to Luke's was accepted. */
  relay(from: number, transfer = offerId) {
    const clients = { from, to: luke };
    this.rendezvous.handleChange({
      do: "relay",
      transfer,
      ...clients,
      account,
    });
  }

  /** What is told to a client that may bind. */
  issue(client: number) {
    const [id, key] = [this.#random.bytes(8), this.#random.bytes(32)];
    this.rendezvous.handleChange({
      do: "bind",
      client,
      id: encodeHex(id),
      key,
    });
    return { id, key };
  }

  /** A client that can bind. */
  client(client: number) {
    const { id, key } = this.issue(client);
    return {
      bind: (number: number, ip: string, port: number) => {
        const bytes = encodeBind(id, key, number);
        const answer = this.handle(bytes, ip, port);
        return answer && openBound(answer.bytes, id, key);
      },
    };
  }

  /** Clients at these places. */
  bound(
    ofYoda: [ip: string, port: number],
    ofLuke: [ip: string, port: number],
  ) {
    this.client(yoda).bind(1, ...ofYoda);
    this.client(luke).bind(1, ...ofLuke);
    this.news();
  }

  /** Everything that the core was told since the last call. */
  news(): RendezvousNews[] {
    const all: RendezvousNews[] = [];
    for (;;) {
      const next = this.rendezvous.pollNews();
      if (next === undefined) return all;
      all.push(next);
    }
  }

  handle(bytes: Uint8Array, ip: string, port: number) {
    return this.rendezvous.handleDatagram(bytes, { ip, port }, this.now);
  }

  /** A datagram to be relayed. */
  relayed(length = 100, transfer = offerId): Uint8Array {
    return relayedDatagram(transfer, length);
  }
}

const nothingDropped = {
  malformed: 0,
  unknown: 0,
  repeated: 0,
  unplaced: 0,
  quota: 0,
  rate: 0,
};

Deno.test("Rendezvous tells a client where it is seen, and the core when that changes", () => {
  const world = new World();
  const { rendezvous, now } = world;
  const client = world.client(yoda);
  const seen = { ip: "192.0.2.1", port: 4000 };
  const news = (...addresses: { ip: string; port: number }[]) => [
    { what: "seen" as const, client: yoda, addresses },
  ];
  assertEquals(rendezvous.timeout, Infinity);
  assertEquals(client.bind(1, seen.ip, seen.port), { number: 1, seen });
  assertEquals(world.news(), news(seen));
  now.mono += 1_000;
  client.bind(2, seen.ip, seen.port);
  assertEquals(world.news(), [], "the same again");
  const other = { ip: "2001:db8::1", port: 5 };
  client.bind(3, other.ip, other.port);
  assertEquals(world.news(), news(seen, other));
  now.mono += 1_000;
  client.bind(4, seen.ip, 4001);
  assertEquals(world.news(), news({ ...seen, port: 4001 }, other));
  assertEquals(rendezvous.timeout, now.mono - 1_000 + limits.bindingMs);
  rendezvous.handleTimeout(rendezvous.timeout);
  assertEquals(world.news(), news({ ...seen, port: 4001 }));
  rendezvous.handleTimeout(rendezvous.timeout);
  assertEquals(world.news(), news());
  assertEquals(rendezvous.timeout, Infinity);
  client.bind(5, seen.ip, 4001);
  assertEquals(world.news(), news({ ...seen, port: 4001 }), "back again");
  rendezvous.handleChange({ do: "unbind", client: yoda });
  assertEquals(rendezvous.timeout, Infinity);
});

Deno.test("Rendezvous answers nobody without the key, and no repetition", () => {
  const world = new World();
  const client = world.client(yoda);
  assertExists(client.bind(5, "192.0.2.1", 4000));
  assertEquals(client.bind(5, "203.0.113.9", 1), undefined);
  assertEquals(client.bind(4, "203.0.113.9", 1), undefined);
  const { id, key } = world.issue(luke);
  const bytes = encodeBind(id, new Uint8Array(32), 1);
  assertEquals(world.handle(bytes, "192.0.2.1", 1), undefined);
  const unknown = encodeBind(new Uint8Array(8), key, 1);
  assertEquals(world.handle(unknown, "192.0.2.1", 1), undefined);
  assertEquals(client.bind(6, "192.0.2.1", 4000)?.number, 6);
  world.rendezvous.handleChange({ do: "unbind", client: yoda });
  assertEquals(client.bind(7, "192.0.2.1", 4000), undefined);
  world.handle(new Uint8Array(3), "192.0.2.1", 1);
  assertEquals(world.rendezvous.dropped, {
    ...nothingDropped,
    repeated: 2,
    malformed: 1,
    unknown: 3,
  }, "without probes, what is nothing else is unknown");
});

Deno.test("Rendezvous bounds the questions of one address", () => {
  const world = new World();
  const client = world.client(yoda);
  let answered = 0;
  for (let number = 1; number <= 1000; number++) {
    if (client.bind(number, "192.0.2.1", 4000)) answered++;
  }
  assertEquals(answered, 200);
  assertEquals(world.rendezvous.dropped.rate, 800);
  assertExists(client.bind(2000, "192.0.2.2", 4000));
  world.now.mono += 1000;
  assertExists(client.bind(2001, "192.0.2.1", 4000));
});

Deno.test("limit clientMoves: a client that seems to be everywhere is not believed for a while", () => {
  const world = new World();
  const client = world.client(yoda);
  const at = (port: number) => client.bind(port, "192.0.2.1", port);
  for (let port = 1; port <= limits.clientMoves; port++) assertExists(at(port));
  assertEquals(world.news().length, limits.clientMoves);
  for (let port = 100; port < 150; port++) assertEquals(at(port), undefined);
  assertEquals(world.news(), []);
  // Where it was it still is.
  assertExists(client.bind(400, "192.0.2.1", limits.clientMoves));
  world.now = { ...world.now, mono: world.now.mono + 1000 };
  assertExists(at(401));
  assertEquals(at(402), undefined);
  assertEquals(world.news().length, 1);
});

Deno.test("Rendezvous relays between the two of an accepted offer only", () => {
  const world = new World();
  world.client(yoda).bind(1, "192.0.2.1", 4000);
  const bytes = world.relayed();
  assertEquals(world.handle(bytes, "192.0.2.1", 4000), undefined, "no luke");
  world.client(luke).bind(1, "192.0.2.1", 5000);
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
  assertEquals(world.rendezvous.relayedBytes, 2 * bytes.length);
  const faults = { unplaced: 3, malformed: 2 };
  assertEquals(world.rendezvous.dropped, { ...nothingDropped, ...faults });
  world.rendezvous.handleChange({ do: "relay-end", transfer: offerId });
  assertEquals(world.handle(bytes, "192.0.2.1", 4000), undefined);
});

Deno.test("Rendezvous stops to relay at the day's quota and says so", () => {
  const world = new World(1_000);
  world.bound(["192.0.2.1", 4000], ["192.0.2.2", 5000]);
  for (let i = 0; i < 10; i++) {
    const to = world.handle(world.relayed(), "192.0.2.2", 5000)?.to;
    assertEquals(to?.port, 4000);
  }
  const refused = world.handle(world.relayed(), "192.0.2.1", 4000);
  assertEquals(refused?.to, { ip: "192.0.2.1", port: 4000 });
  assertEquals(refused && openRefused(refused.bytes), "quota");
  assertEquals(world.rendezvous.dropped.quota, 1);
  const usedUp = (day: number) => [
    { what: "used-up" as const, transfer: offerId, at: day * dayMs },
  ];
  assertEquals(world.news(), usedUp(11));
  const again = world.handle(world.relayed(), "192.0.2.1", 4000);
  assertEquals(again, undefined, "told once a second");
  assertEquals(world.news(), [], "told once a day");
  world.now.wall = 11 * dayMs;
  for (let i = 0; i < 10; i++) {
    assertExists(world.handle(world.relayed(), "192.0.2.1", 4000));
    assertEquals(world.news(), []);
  }
  world.handle(world.relayed(), "192.0.2.1", 4000);
  assertEquals(world.news(), usedUp(12), "the next day");
});

Deno.test("Rendezvous counts what all clients of one account send together", () => {
  const world = new World(1_000);
  world.bound(["192.0.2.1", 4000], ["192.0.2.2", 5000]);
  const [laptop, other] = [3, "ff66554433221100"];
  world.client(laptop).bind(1, "192.0.2.3", 6000);
  world.relay(laptop, other);
  for (let i = 0; i < 5; i++) {
    assertExists(world.handle(world.relayed(), "192.0.2.1", 4000));
    const back = world.handle(world.relayed(100, other), "192.0.2.2", 5000);
    assertEquals(back?.to, { ip: "192.0.2.3", port: 6000 });
  }
  const ways = [["192.0.2.1", 4000], ["192.0.2.3", 6000]] as const;
  for (const [index, [ip, port]] of ways.entries()) {
    world.now.mono += 1_000;
    const transfer = [offerId, other][index]!;
    const refused = world.handle(world.relayed(100, transfer), ip, port);
    assertEquals(refused && openRefused(refused.bytes), "quota");
    // Each of them, such as the parts of a call of several, has its end told.
    const news = world.news().filter(({ what }) => what === "used-up");
    assertEquals(news, [{ what: "used-up", transfer, at: 11 * dayMs }]);
  }
});

Deno.test("Rendezvous relays nothing without a quota, and not without end", () => {
  const none = new World(0);
  none.bound(["192.0.2.1", 4000], ["192.0.2.2", 5000]);
  const refused = none.handle(none.relayed(), "192.0.2.1", 4000);
  assertEquals(refused && openRefused(refused.bytes), "off");
  // Each side is told, though the other one asked at the same time.
  const also = none.handle(none.relayed(), "192.0.2.2", 5000);
  assertEquals(also?.to, { ip: "192.0.2.2", port: 5000 });
  assertEquals(also && openRefused(also.bytes), "off");
  assertEquals(none.handle(none.relayed(), "192.0.2.1", 4000), undefined);
  const world = new World(1e12);
  world.bound(["192.0.2.1", 4000], ["192.0.2.2", 5000]);
  let relayed = 0;
  for (let i = 0; i < 1000; i++) {
    if (world.handle(world.relayed(1_400), "192.0.2.1", 4000)) relayed++;
  }
  assertEquals(relayed, Math.floor(256 * 1024 / 1_400));
  world.now.mono += 10;
  assertExists(world.handle(world.relayed(1_400), "192.0.2.1", 4000));
});

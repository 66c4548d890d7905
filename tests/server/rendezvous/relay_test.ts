/** Relays of several nodes, which clients join by their tickets. */
import { assert, assertEquals, assertExists } from "@std/assert";
import { decodeHex } from "@std/encoding/hex";
import {
  encodeJoin,
  openBound,
  openRefused,
} from "../../../lib/wire/rendezvous_datagram.ts";
import { limits } from "../../../lib/wire/limits.ts";
import { Rendezvous } from "../../../lib/server/rendezvous/rendezvous.ts";
import {
  grantRelay,
  type RelaySide,
} from "../../../lib/server/rendezvous/relay_ticket.ts";
import { relayedDatagram } from "../../support/relayed_datagram.ts";

const dayMs = 86_400_000;
const id = "00112233445566ff";
const transfer = decodeHex(id);
const secret = new Uint8Array(32).fill(7);
const account = 2 ** 32 + 5;

/** A relay, and both sides of a transfer that have tickets. */
class World {
  readonly rendezvous: Rendezvous;
  now = { mono: 1_000, wall: 10 * dayMs };

  constructor(relayBytes = 1e6) {
    this.rendezvous = new Rendezvous(relayBytes);
    this.rendezvous.handleChange({ do: "secret", secret });
  }

  handle(bytes: Uint8Array, port: number) {
    const from = { ip: "192.0.2.1", port };
    return this.rendezvous.handleDatagram(bytes, from, this.now);
  }

  /** A side with the ticket that it was given now. */
  side(side: RelaySide, of = secret) {
    const { wall } = this.now;
    const { ticket, key } = grantRelay(of, transfer, { side, account }, wall);
    const join = (number: number, port: number) => {
      const bytes = encodeJoin(transfer, key, number, ticket);
      const answer = this.handle(bytes, port);
      return answer && openBound(answer.bytes, transfer, key);
    };
    return { join, ticket, key };
  }

  /** Where a datagram of the transfer goes that comes from this port. */
  relay(port: number) {
    return this.handle(relayedDatagram(id), port);
  }
}

Deno.test("Rendezvous relays between two sides that have joined, of whom no core told it", () => {
  const world = new World();
  const [yoda, luke] = [world.side("from"), world.side("to")];
  const seen = { ip: "192.0.2.1", port: 4000 };
  assertEquals(yoda.join(1, 4000), { number: 1, seen });
  assertEquals(world.relay(4000), undefined, "the other is not there");
  luke.join(1, 5000);
  assertEquals(world.relay(4000)?.to.port, 5000);
  assertEquals(world.relay(5000)?.to.port, 4000);
  assertEquals(world.relay(6000), undefined);

  // Another core: nothing that was joined is lost by that.
  world.rendezvous.handleChange({ do: "secret", secret });
  assertEquals(world.relay(4000)?.to.port, 5000);

  // A side is somewhere else, and what it sent before is repeated by another.
  assertEquals(yoda.join(2, 4001)?.seen.port, 4001);
  assertEquals(yoda.join(2, 4002), undefined);
  assertEquals(world.relay(5000)?.to.port, 4001);

  // It is over.
  const over = { do: "relay-end", transfer: id } as const;
  world.rendezvous.handleChange(over);
  assertEquals(world.relay(4001), undefined);
  assertEquals(world.rendezvous.timeout, Infinity);
  assertEquals(world.rendezvous.pollNews(), undefined);
});

Deno.test("Rendezvous lets in nobody without a ticket, with a forged one or with one of long ago", () => {
  const world = new World();
  const forged = world.side("from", new Uint8Array(32));
  assertEquals(forged.join(1, 4000), undefined);
  const yoda = world.side("from");
  const other = yoda.ticket.slice();
  other[0] = 1;
  const claimed = encodeJoin(transfer, yoda.key, 1, other);
  assertEquals(world.handle(claimed, 4000), undefined);
  other[0] = 2;
  assertEquals(
    world.handle(encodeJoin(transfer, yoda.key, 1, other), 4000),
    undefined,
  );
  world.now.wall += 8 * dayMs;
  assertEquals(yoda.join(1, 4000), undefined);
  const early = new Rendezvous(1e6);
  const bytes = encodeJoin(transfer, yoda.key, 1, yoda.ticket);
  const from = { ip: "192.0.2.1", port: 1 };
  assertEquals(early.handleDatagram(bytes, from, world.now), undefined);
});

Deno.test("Rendezvous forgets who has not joined again for long", () => {
  const world = new World();
  const [yoda, luke] = [world.side("from"), world.side("to")];
  yoda.join(1, 4000);
  luke.join(1, 5000);
  world.now.mono += limits.bindingMs / 2;
  luke.join(2, 5000);
  world.now.mono += limits.bindingMs / 2;
  world.rendezvous.handleTimeout(world.now.mono);
  assertEquals(world.relay(5000), undefined);
  world.now.mono += limits.bindingMs / 2;
  world.rendezvous.handleTimeout(world.now.mono);
  assertEquals(world.rendezvous.timeout, Infinity);
  yoda.join(2, 4000);
  luke.join(3, 5000);
  assertExists(world.relay(5000));
});

Deno.test("Rendezvous tells what it has relayed, all of it to another core, and stops when all together are at the end", () => {
  const world = new World();
  world.side("from").join(1, 4000);
  world.side("to").join(1, 5000);
  const uses = () => world.rendezvous.pollUses(world.now);
  assertEquals(uses(), undefined);
  world.relay(4000);
  const once = [{ account, bytes: 100 }];
  assertEquals(uses(), { what: "relayed", day: 10, uses: once });
  assertEquals(uses(), undefined);
  world.rendezvous.handleChange({ do: "secret", secret });
  assertEquals(uses(), { what: "relayed", day: 10, uses: once });

  const at = 11 * dayMs;
  world.rendezvous.handleChange({ do: "used-up", account, at });
  const refused = world.relay(4000);
  assertEquals(refused && openRefused(refused.bytes), "quota");
  const told = { what: "used-up", transfer: id, at } as const;
  assertEquals(world.rendezvous.pollNews(), told);
  world.now.wall = at;
  assertEquals(world.relay(4000)?.to.port, 5000);
  assertEquals(uses(), { what: "relayed", day: 11, uses: once });
  assert(world.rendezvous.timeout < Infinity);
});

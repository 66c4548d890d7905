/** What clients of several nodes are told of the relay. */
import { assert, assertEquals, assertExists } from "@std/assert";
import { decodeBase64Url } from "@std/encoding/base64url";
import { decodeHex } from "@std/encoding/hex";
import {
  encodeJoin,
  openBound,
} from "../../../lib/wire/rendezvous_datagram.ts";
import type { TestClient } from "../../support/core_client.ts";
import { CoreHarness } from "../../support/core_harness.ts";
import { offerOf, peerKey } from "../../support/limit_case.ts";
import { relayedDatagram } from "../../support/relayed_datagram.ts";

const ports = { udpPort: 6000, probePort: 0 };
const places = [
  { ...ports, node: "one", addresses: ["203.0.113.1"] },
  { ...ports, node: "two", addresses: ["203.0.113.2", "2001:db8::2"] },
];
const { offer } = offerOf(1);

/** Yoda at the first node, Luke at the second, a file offered and accepted. */
function world() {
  const harness = new CoreHarness({ relayBytes: 250 });
  const [yoda, luke] = ["yoda", "luke"].map((name, index) => {
    harness.node = places[index];
    return harness.login(name);
  });
  assert(yoda !== undefined && luke !== undefined);
  yoda.ask("offer", offerOf(1));
  luke.ask("answer", { offer, accept: true, key: peerKey });
  return { harness, yoda, luke };
}

/** Joins by what the client was told last. */
function join(harness: CoreHarness, client: TestClient, port: number) {
  const told = client.eventsOf("relay").at(-1);
  assertExists(told);
  const [id, key] = [decodeHex(told.offer), decodeBase64Url(told.key)];
  const bytes = encodeJoin(id, key, port, decodeBase64Url(told.ticket));
  const answer = harness.handleDatagram(bytes, { ip: "192.0.2.1", port });
  assert(answer !== undefined && openBound(answer.bytes, id, key));
}

/** Where a datagram of the transfer goes from a port. */
function relays(harness: CoreHarness, port: number): number | undefined {
  const bytes = relayedDatagram(offer);
  return harness.handleDatagram(bytes, { ip: "192.0.2.1", port })?.to.port;
}

Deno.test("both sides of an offer are let in at the node of the one who offered", () => {
  const { harness, yoda, luke } = world();
  const [mine, ...more] = yoda.eventsOf("relay");
  assertEquals([mine?.offer, mine?.addresses, more], [offer, undefined, []]);
  assertEquals(luke.eventsOf("relay").map(({ addresses }) => addresses), [
    [{ ip: "203.0.113.1", port: 6000 }],
  ]);
  join(harness, yoda, 1);
  join(harness, luke, 2);
  assertEquals([relays(harness, 1), relays(harness, 2)], [2, 1]);
  yoda.ask("offer-end", { offer, result: "cancelled" });
  assertEquals(relays(harness, 1), undefined);
});

Deno.test("who comes back at another node takes the relay along", () => {
  const { harness, yoda, luke } = world();
  for (const client of [yoda, luke]) client.eventsOf("relay");
  yoda.disconnect();
  harness.node = places[1];
  const again = harness.connect();
  again.resume(yoda.token);
  // They are at the same one now.
  for (const client of [again, luke]) {
    const last = client.eventsOf("relay").at(-1);
    assertEquals([last?.offer, last?.addresses], [offer, undefined]);
  }
  luke.disconnect();
  harness.node = places[0];
  const elsewhere = harness.connect();
  elsewhere.resume(luke.token);
  const last = elsewhere.eventsOf("relay").at(-1);
  const expected = [
    { ip: "203.0.113.2", port: 6000 },
    { ip: "2001:db8::2", port: 6000 },
  ];
  assertEquals(last?.addresses, expected);
});

Deno.test("what all relays together carry counts, and all are told when it is enough", () => {
  const { harness, yoda, luke } = world();
  join(harness, yoda, 1);
  join(harness, luke, 2);
  assertEquals(relays(harness, 1), 2);
  const day = Math.floor(harness.now.wall / 86_400_000);
  // Another relay had more of it.
  const uses = harness.rendezvous.pollUses(harness.now);
  assert(uses?.what === "relayed");
  harness.core.handleRendezvous(uses, harness.now, "one");
  const [mine] = uses.uses;
  const elsewhere = [{ account: mine?.account ?? 0, bytes: 200 }];
  const news = { what: "relayed", day, uses: elsewhere } as const;
  harness.core.handleRendezvous(news, harness.now, "two");
  harness.drive();
  assertEquals(relays(harness, 1), 1, "refused");
  harness.drive();
  for (const client of [yoda, luke]) {
    const [told, ...more] = client.eventsOf("relay-end");
    assertEquals([told?.offer, told?.user, more], [offer, "yoda", []]);
  }
});

Deno.test("of a server alone nobody is told where its relay is", () => {
  const harness = new CoreHarness();
  const [yoda, luke] = [harness.login("yoda"), harness.login("luke")];
  yoda.ask("offer", offerOf(1));
  luke.ask("answer", { offer, accept: true, key: peerKey });
  assertEquals(yoda.eventsOf("relay"), []);
  assertEquals(luke.eventsOf("relay"), []);
});

import { assert, assertEquals } from "@std/assert";
import { decodeBase64Url } from "@std/encoding/base64url";
import { decodeHex } from "@std/encoding/hex";
import { limits } from "../../../lib/wire/limits.ts";
import { encodeBind } from "../../../lib/wire/rendezvous_datagram.ts";
import type { TestClient } from "../../support/core_client.ts";
import { CoreHarness } from "../../support/core_harness.ts";
import { offerOf, peerKey } from "../../support/limit_case.ts";
import { relayedDatagram } from "../../support/relayed_datagram.ts";

/** Binds at the UDP port, each time anew; whether it is answered. */
function binder(harness: CoreHarness, client: TestClient, port: number) {
  const issued = client.ask("rendezvous", {});
  const [id, key] = [decodeHex(issued.id), decodeBase64Url(issued.key)];
  let number = 0;
  return () => {
    const bytes = encodeBind(id, key, ++number);
    const from = { ip: "203.0.113.5", port };
    return harness.handleDatagram(bytes, from) !== undefined;
  };
}

Deno.test("a client may bind until it leaves for good", () => {
  const harness = new CoreHarness();
  const yoda = harness.login("yoda");
  const bind = binder(harness, yoda, 1);
  assert(bind());
  yoda.ask("logout", {});
  assert(!bind());
});

Deno.test("a client that lost its connection may bind for as long as its token is good", () => {
  const harness = new CoreHarness();
  const [yoda, luke] = [harness.login("yoda"), harness.login("luke")];
  const binds = [binder(harness, yoda, 1), binder(harness, luke, 2)];
  yoda.disconnect();
  luke.disconnect();
  harness.connect().resume(luke.token);
  harness.advance(limits.tokenMs - 1);
  assertEquals(binds.map((bind) => bind()), [true, true]);
  harness.advance(1);
  assertEquals(binds.map((bind) => bind()), [false, true]);
});

Deno.test("what was accepted is relayed until it ends; both are told when the quota is used up", () => {
  const harness = new CoreHarness({ relayBytes: 250 });
  const [yoda, luke] = [harness.login("yoda"), harness.login("luke")];
  for (const [port, client] of [yoda, luke].entries()) {
    assert(binder(harness, client, port + 1)());
  }
  const { offer } = offerOf(1);
  const bytes = relayedDatagram(offer);
  const relays = () =>
    harness.handleDatagram(bytes, { ip: "203.0.113.5", port: 1 })?.to.port ===
      2;
  yoda.ask("offer", offerOf(1));
  assert(!relays());
  luke.ask("answer", { offer, accept: true, key: peerKey });
  assertEquals([relays(), relays(), relays()], [true, true, false]);
  harness.advance(2_000);
  for (const client of [yoda, luke]) {
    const [told, ...more] = client.eventsOf("relay-end");
    assertEquals([told?.offer, told?.user, more], [offer, "yoda", []]);
  }
  yoda.ask("offer-end", { offer, result: "cancelled" });
  const refused = harness.handleDatagram(bytes, { ip: "203.0.113.5", port: 1 });
  assertEquals(refused, undefined, "not even refused");
});

import { assert, assertEquals, assertExists } from "@std/assert";
import {
  encodeBound,
  openBind,
} from "../../../lib/wire/rendezvous_datagram.ts";
import { limits } from "../../../lib/wire/limits.ts";
import { Binder } from "../../../lib/engine/path/binder.ts";

const id = new Uint8Array(8).fill(3);
const key = new Uint8Array(32).fill(4);
const seen = { ip: "203.0.113.5", port: 77 };

Deno.test("Binder asks until it is answered, then every 15 s", () => {
  const binder = new Binder(id, key, 0);
  const asked: number[] = [];
  let number = 0;
  for (let now = 0; now < 3_000; now = binder.pollTimeout()) {
    const bytes = binder.pollTransmit(now);
    assertExists(bytes);
    number = openBind(bytes, key) ?? 0;
    asked.push(now);
  }
  assertEquals(asked, [0, 250, 750, 1_750]);
  assertEquals([number, binder.seen], [4, undefined]);
  assert(!binder.handleDatagram(encodeBound(id, key, 3, seen), 3_000), "old");
  assert(binder.handleDatagram(encodeBound(id, key, 4, seen), 3_000));
  assertEquals([binder.seen, binder.pollTimeout()], [seen, 18_000]);
  assertEquals(binder.pollTransmit(17_999), undefined);
  assertExists(binder.pollTransmit(18_000));
  assertEquals(binder.pollTimeout(), 18_250, "a lost one is asked again soon");
});

Deno.test("Binder takes forged answers for nothing, and silence for none", () => {
  const binder = new Binder(id, key, 0);
  binder.pollTransmit(0);
  const forged = encodeBound(id, new Uint8Array(32), 1, seen);
  assert(!binder.handleDatagram(forged, 1));
  assert(binder.handleDatagram(encodeBound(id, key, 1, seen), 1));
  for (let i = 0; i < 7; i++) binder.pollTransmit(binder.pollTimeout());
  assertEquals(binder.seen, undefined);
});

Deno.test("Binder.ask asks before its time", () => {
  const binder = new Binder(id, key, 0);
  binder.pollTransmit(0);
  binder.handleDatagram(encodeBound(id, key, 1, seen), 1);
  binder.ask(2_000);
  assertExists(binder.pollTransmit(2_000));
});

Deno.test("limit bindMs: an answered binder asks again after so long", () => {
  const binder = new Binder(id, key, 0);
  binder.pollTransmit(0);
  binder.handleDatagram(encodeBound(id, key, 1, seen), 1);
  assertEquals(binder.pollTransmit(limits.bindMs - 1), undefined);
  assertExists(binder.pollTransmit(limits.bindMs + 1));
});

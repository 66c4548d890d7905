import { assertEquals } from "@std/assert";
import { ControlSealer } from "../../lib/engine/control_sealer.ts";
import {
  controlHeaderBytes,
  packetType,
} from "../../lib/engine/packets/packet.ts";
import { SeededRandom } from "../support/seeded_random.ts";

const random = new SeededRandom(2);
const id = random.bytes(8);
const keys = {
  block: random.bytes(32),
  senderControl: random.bytes(32),
  receiverControl: random.bytes(32),
  header: random.bytes(8),
};

function pair() {
  return {
    sender: new ControlSealer(id, keys, "sender"),
    receiver: new ControlSealer(id, keys, "receiver"),
  };
}

function datagram(sealer: ControlSealer, body: Uint8Array): Uint8Array {
  const out = new Uint8Array(2000);
  out.set(body, controlHeaderBytes);
  return out.slice(0, sealer.seal(out, packetType.ack, body.length));
}

Deno.test("ControlSealer opens the other side's datagrams once", () => {
  const { sender, receiver } = pair();
  const body = random.bytes(100);
  const bytes = datagram(sender, body);
  assertEquals(new Uint8Array(receiver.open(bytes)!), body);
  assertEquals(receiver.open(bytes), undefined);
  // Not its own: directions have keys of their own.
  assertEquals(sender.open(datagram(sender, body)), undefined);
});

Deno.test("ControlSealer.open refuses every changed byte, header included", () => {
  const { sender, receiver } = pair();
  const bytes = datagram(sender, random.bytes(20));
  for (let i = 0; i < bytes.length; i++) {
    bytes[i]! ^= 0x10;
    assertEquals(receiver.open(bytes), undefined);
    bytes[i]! ^= 0x10;
  }
  for (let length = 0; length < bytes.length; length++) {
    assertEquals(receiver.open(bytes.subarray(0, length)), undefined);
  }
  assertEquals(receiver.open(bytes)?.length, 20);
});

Deno.test("ControlSealer.open takes reordered datagrams, each once", () => {
  const { sender, receiver } = pair();
  const all = Array.from({ length: 200 }, () => datagram(sender, id));
  let opened = 0;
  for (let i = 0; i < all.length; i++) {
    // Blocks of eight arrive backwards.
    const index = (i & ~7) + 7 - (i & 7);
    if (receiver.open(all[index]!) !== undefined) opened++;
    if (receiver.open(all[index]!) !== undefined) opened++;
  }
  assertEquals(opened, 200);
  assertEquals(receiver.open(all[0]!), undefined);
});

import { assert, assertEquals } from "@std/assert";
import { ControlChannel } from "../../lib/engine/control_channel.ts";
import { packetType } from "../../lib/engine/packets/packet.ts";
import { TransferKeyPair } from "../../lib/engine/blocks/keys.ts";
import { SeededRandom } from "../support/seeded_random.ts";

const random = new SeededRandom(1);
const id = random.bytes(8);

function pair(): [ControlChannel, ControlChannel] {
  const ours = new TransferKeyPair(random);
  const theirs = new TransferKeyPair(random);
  const common = { id, size: 1, paths: [1], now: 0 };
  return [
    new ControlChannel({
      ...common,
      keys: ours.agree(theirs.publicKey, id, "sender"),
    }, "sender"),
    new ControlChannel({
      ...common,
      keys: theirs.agree(ours.publicKey, id, "receiver"),
    }, "receiver"),
  ];
}

/** What `from` wants sent now, each in a buffer of its own. */
function sent(from: ControlChannel, now: number): Uint8Array[] {
  const datagrams: Uint8Array[] = [];
  const out = new Uint8Array(2000);
  for (let i = 0; i < 100; i++) {
    const length = from.pollTransmit(out, now);
    if (length === 0) return datagrams;
    datagrams.push(out.slice(0, length));
  }
  throw new Error("It never ends");
}

Deno.test("ControlChannel answers probes and measures with them", () => {
  const [sender, receiver] = pair();
  const probes = sent(sender, 0);
  assertEquals(probes.map((bytes) => bytes[0]), [packetType.probe]);
  assert(receiver.handle(probes[0]!, 5, 20) !== undefined);
  assertEquals(receiver.paths.active, 5);
  const answer = new Uint8Array(2000);
  const length = receiver.pollTransmit(answer, 20);
  assertEquals([answer[0], receiver.path], [packetType.probed, 5]);
  sender.handle(answer.subarray(0, length), 1, 40);
  assertEquals(sender.rtt.latest, 40);
  assertEquals(sender.probedBytes, probes[0]!.length);
});

Deno.test("ControlChannel takes the path of a probe that came early, and does not answer it", () => {
  const [sender, receiver] = pair();
  const probe = sent(receiver, 0)[0]!;
  assert(sender.handle(probe, 5, 70, true) !== undefined);
  assertEquals(sender.paths.active, 5);
  const types = sent(sender, 70).map((bytes) => bytes[0]);
  assertEquals(types.includes(packetType.probed), false);
});

Deno.test("ControlChannel.sendProbe pads to the size asked for", () => {
  const [sender, receiver] = pair();
  const out = new Uint8Array(2000);
  const length = sender.sendProbe(out, 0, 1, 1472);
  assertEquals(length, 1472);
  assert(receiver.handle(out.subarray(0, length), 5, 1) !== undefined);
});

Deno.test("ControlChannel ignores what is forged, repeated or reflected", () => {
  const [sender, receiver] = pair();
  const probe = sent(sender, 0)[0]!;
  for (let i = 0; i < probe.length; i++) {
    if (i >= 1 && i < 9) continue;
    const forged = probe.slice();
    forged[i]! ^= 1;
    assertEquals(receiver.handle(forged, 5, 1), undefined, `byte ${i}`);
  }
  assertEquals(sender.handle(probe, 1, 1), undefined, "reflected");
  assert(receiver.handle(probe, 5, 1) !== undefined);
  assertEquals(receiver.handle(probe, 5, 1), undefined, "repeated");
  assertEquals(receiver.isOurs(probe), true);
  assertEquals(receiver.isOurs(probe.subarray(0, 14)), false);
});

Deno.test("ControlChannel says good-bye, again whenever it is spoken to", () => {
  const [sender, receiver] = pair();
  receiver.handle(sent(sender, 0)[0]!, 5, 0);
  receiver.close("space");
  receiver.close("cancelled");
  const close = sent(receiver, 1);
  assertEquals(close.map((bytes) => bytes[0]), [packetType.close]);
  const body = sender.handle(close[0]!, 1, 2);
  assert(body !== undefined);
  assertEquals(sender.closeReason(body), "space");
  assertEquals(sent(receiver, 3), []);
  const out = new Uint8Array(100);
  const length = sender.send(out, packetType.doneAck, 0);
  receiver.handle(out.subarray(0, length), 5, 4);
  assertEquals(sent(receiver, 4).length, 1);
});

Deno.test("ControlChannel keeps a bounded number of answers", () => {
  const [sender, receiver] = pair();
  const out = new Uint8Array(2000);
  for (let i = 0; i < 1000; i++) {
    const length = sender.sendProbe(out, 0, 1, 60);
    receiver.handle(out.subarray(0, length), 5, 1);
  }
  const answers = sent(receiver, 1);
  assert(answers.length <= 17, `${answers.length}`);
});

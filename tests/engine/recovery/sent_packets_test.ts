import { assertEquals } from "@std/assert";
import {
  type PacketState,
  packetState,
  SentPackets,
} from "../../../lib/engine/recovery/sent_packets.ts";
import { SeededRandom } from "../../support/seeded_random.ts";

Deno.test("SentPackets agrees with a plain map, beyond its ring", () => {
  const random = new SeededRandom(11);
  const sent = new SentPackets();
  const model = new Map<number, { length: number; state: PacketState }>();
  const fates = [packetState.acked, packetState.lost, packetState.superseded];
  for (let step = 0; step < 100_000; step++) {
    if (random.below(2) === 0 && !sent.isFull) {
      const length = 1 + random.below(1400);
      const number = sent.add(step, step % 7, step, length, 1, 2, 3, false);
      assertEquals(number, sent.next - 1);
      model.set(number, { length, state: packetState.inFlight });
    } else if (sent.next > 0) {
      const number = Math.max(sent.floor, sent.next - 1 - random.below(50));
      const fate = fates[random.below(3)]!;
      sent.settle(number, fate);
      model.get(number)!.state = fate;
    }
    if (step % 5_000 !== 0) continue;
    let bytes = 0;
    let packets = 0;
    let oldest = sent.next;
    for (const [number, { length, state }] of model) {
      if (state !== packetState.inFlight) continue;
      bytes += length;
      packets++;
      oldest = Math.min(oldest, number);
    }
    assertEquals(sent.bytesInFlight, bytes);
    assertEquals(sent.packetsInFlight, packets);
    assertEquals(sent.oldest, oldest);
  }
});

Deno.test("SentPackets is full before it forgets one in flight", () => {
  const sent = new SentPackets();
  while (!sent.isFull) sent.add(0, 0, 0, 1, 0, 0, 0, false);
  assertEquals(sent.floor, sent.oldest);
  sent.settle(0, packetState.acked);
  assertEquals(sent.isFull, false);
});

Deno.test("SentPackets: what a packet carried may have arrived in one that it repeats", () => {
  const sent = new SentPackets();
  const send = () => sent.add(0, 0, 0, 1_000, 0, 0, 0, false);
  const [first, second, third] = [send(), send(), send()] as const;
  sent.setOriginal(second, first);
  sent.setOriginal(third, second);
  assertEquals(sent.hasArrived(third), false);
  sent.settle(first, packetState.acked);
  assertEquals(sent.hasArrived(third), true);
  // A slot that is used again repeats nothing.
  while (sent.next < 40_000) sent.settle(send(), packetState.lost);
  assertEquals(sent.hasArrived(sent.floor + third), false);
});

Deno.test("SentPackets knows all of every packet while it grows, and beyond its ring", () => {
  const sent = new SentPackets();
  const fields = (number: number) => [
    ...[sent.sentAt(number), sent.block(number), sent.offset(number)],
    ...[sent.length(number), sent.delivered(number)],
    ...[sent.deliveredAt(number), sent.firstSentAt(number)],
    ...[sent.isAppLimited(number), sent.socket(number), sent.state(number)],
  ];
  const expected = (number: number) => [
    ...[number, number + 1, number + 2, 1 + number % 1_400, number + 3],
    ...[number + 4, number + 5, number % 3 === 0, number % 5],
    packetState.acked,
  ];
  while (sent.next < 40_000) {
    const n = sent.next;
    const length = 1 + n % 1_400;
    sent.add(n, n + 1, n + 2, length, n + 3, n + 4, n + 5, n % 3 === 0);
    sent.setSocket(n, n % 5);
    sent.setOriginal(n, n - 1);
    sent.settle(n, n === 0 ? packetState.acked : packetState.lost);
    const isPower = (sent.next & n) === 0;
    if (isPower) assertEquals(sent.hasArrived(n), sent.floor === 0);
  }
  for (let n = sent.floor; n < sent.next; n++) {
    sent.settle(n, packetState.acked);
    const [found, wanted] = [fields(n).join(), expected(n).join()];
    if (found !== wanted) assertEquals(found, wanted, `packet ${n}`);
  }
});

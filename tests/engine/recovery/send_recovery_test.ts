import { assertEquals } from "@std/assert";
import { AckFrame } from "../../../lib/engine/packets/ack_frame.ts";
import { controllerFor } from "../../../lib/engine/sender.ts";
import { RangeSet } from "../../../lib/engine/packets/range_set.ts";
import { Rtt } from "../../../lib/engine/recovery/rtt.ts";
import { SendRecovery } from "../../../lib/engine/recovery/send_recovery.ts";

/** A sender of datagrams of 1,000 bytes over a path of 10 ms. */
class Sending {
  readonly resent: number[] = [];
  readonly recovery: SendRecovery;

  constructor(makeController = controllerFor) {
    const rtt = new Rtt();
    rtt.update(10);
    this.recovery = new SendRecovery(
      rtt,
      makeController,
      (number) => this.resent.push(number),
    );
    this.recovery.start(0, 1_200, false);
  }

  send(count: number, now: number, socket = 0): void {
    for (let i = 0; i < count; i++) {
      this.recovery.handleSent(now, 0, 1_000 * i, 1_000, socket);
    }
  }

  /** The ranges, each from a first number to before a last one, arrived. */
  ack(now: number, ...ranges: readonly (readonly [number, number])[]): void {
    const received = new RangeSet(64);
    for (const [start, end] of ranges) received.add(start, end);
    const ack = new AckFrame();
    ack.setRanges(received);
    this.recovery.handleAck(ack, now);
  }

  get bytesInFlight(): number {
    return this.recovery.sent.bytesInFlight;
  }
}

Deno.test("SendRecovery: what is missing before what arrived is lost", () => {
  const sending = new Sending();
  sending.send(10, 0);
  sending.ack(10, [0, 2], [4, 10]);
  assertEquals(sending.resent, [2, 3]);
  assertEquals(sending.recovery.lostPackets, 2);
  assertEquals(sending.bytesInFlight, 0);
});

Deno.test("SendRecovery: what was lost and arrives late is noticed, once", () => {
  const sending = new Sending();
  sending.send(10, 0);
  sending.ack(10, [0, 2], [4, 10]);
  sending.send(10, 10);
  sending.ack(20, [0, 3], [4, 14]);
  sending.ack(21, [0, 3], [4, 14]);
  assertEquals(sending.recovery.lostPackets, 1, "late is not lost");
  // A path that reorders: four numbers apart are no loss any more at once.
  assertEquals(sending.bytesInFlight, 6_000);
  sending.ack(21, [0, 3], [4, 15], [19, 20]);
  assertEquals(sending.resent, [2, 3]);
  assertEquals(sending.bytesInFlight, 4_000);
});

Deno.test("SendRecovery: what a probe repeated may have arrived", () => {
  const sending = new Sending();
  sending.send(4, 0);
  let probes = 0;
  for (let now = 1; now < 1_000 && probes === 0; now++) {
    probes = sending.recovery.handleTimeout(now);
  }
  assertEquals(probes, 2);
  assertEquals(sending.resent, [0, 1]);
  assertEquals(sending.bytesInFlight, 2_000);
  sending.ack(1_000, [0, 4]);
  assertEquals(sending.bytesInFlight, 0);
  assertEquals(sending.recovery.lostPackets, 0);
});

Deno.test("SendRecovery forgets what is long gone", () => {
  const sending = new Sending();
  sending.send(2, 0);
  for (let i = 0; i < 40; i++) {
    const first = sending.recovery.sent.next;
    sending.send(100, 10 * i);
    sending.ack(10 * i + 10, [first, first + 100]);
  }
  assertEquals(sending.resent, [0, 1]);
  // Far behind: whether it arrived is of no interest any more.
  sending.ack(500, [0, 2], [2, 4_002]);
  // Else it would pass for reordering, and what is missing next would be waited for.
  const first = sending.recovery.sent.next;
  sending.send(4, 500);
  sending.ack(510, [first + 1, first + 4]);
  assertEquals(sending.resent, [0, 1, first]);
});

Deno.test("SendRecovery: late is what was overtaken on its way to the same socket", () => {
  const isReordered = [1, 0].map((other) => {
    const sending = new Sending();
    sending.recovery.setSubflows(2);
    for (let now = 0; now < 1_000; now += 20) {
      const first = sending.recovery.sent.next;
      sending.send(2, now, 0);
      sending.send(2, now, other);
      sending.ack(now + 10, [0, first], [first + 2, first + 4]);
      sending.ack(now + 11, [0, first + 4]);
    }
    assertEquals(sending.resent, []);
    return sending.recovery.isReordered;
  });
  assertEquals(isReordered, [false, true]);
});

Deno.test("SendRecovery: what was held back to see the round trip tells no rate", () => {
  const controller = controllerFor(false);
  let phase = "probe-rate";
  Object.defineProperty(controller, "phase", { get: () => phase });
  const told: boolean[] = [];
  const handleAck = controller.handleAck.bind(controller);
  controller.handleAck = (sample) => {
    told.push(sample.isAppLimited);
    handleAck(sample);
  };
  const sending = new Sending(() => controller);
  for (const next of ["probe-rate", "probe-rtt", "probe-rate", "probe-rate"]) {
    const { next: end } = sending.recovery.sent;
    const now = 20 * told.length;
    sending.send(10, now);
    phase = next;
    // Some stay in flight, and are acknowledged with the next ones.
    sending.ack(now + 10, [0, end + 5]);
  }
  assertEquals(told, [false, false, true, false]);
});

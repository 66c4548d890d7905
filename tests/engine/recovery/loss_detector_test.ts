import { assertEquals } from "@std/assert";
import { LossDetector } from "../../../lib/engine/recovery/loss_detector.ts";
import { Rtt } from "../../../lib/engine/recovery/rtt.ts";
import {
  packetState,
  SentPackets,
} from "../../../lib/engine/recovery/sent_packets.ts";

function setUp(count: number) {
  const sent = new SentPackets();
  const rtt = new Rtt();
  rtt.update(80);
  const loss = new LossDetector(sent, rtt);
  for (let i = 0; i < count; i++) {
    sent.add(i, 0, i * 100, 100, 0, 0, 0, false);
    loss.handleSent(i);
  }
  const ack = (number: number) => {
    sent.settle(number, packetState.acked);
    loss.handleAcked(number);
  };
  const detect = (now: number) => {
    const lost: number[] = [];
    loss.detect(now, (number) => lost.push(number));
    return lost;
  };
  return { sent, loss, ack, detect };
}

Deno.test("LossDetector declares lost what is three packets behind", () => {
  const { ack, detect } = setUp(6);
  ack(2);
  assertEquals(detect(80), []);
  ack(3);
  assertEquals(detect(80), [0]);
  ack(5);
  assertEquals(detect(80), [1]);
});

Deno.test("LossDetector declares lost after 9/8 of a round trip", () => {
  const { loss, ack, detect } = setUp(2);
  ack(1);
  assertEquals(detect(81), []);
  assertEquals(loss.deadline(), 90);
  assertEquals(detect(89.9), []);
  assertEquals(detect(90), [0]);
  assertEquals(loss.deadline(), Infinity);
});

Deno.test("LossDetector waits longer once a lost packet turned up", () => {
  const { loss, ack, detect } = setUp(12);
  ack(5);
  assertEquals(detect(80), [0, 1, 2]);
  // It took 20 ms more than a round trip.
  loss.handleLate(0, 100);
  ack(8);
  assertEquals(detect(80), [], "numbers tell nothing any more");
  assertEquals(loss.deadline(), 3 + 80 + 20 + 10);
  assertEquals(detect(112), []);
  assertEquals(detect(113), [3]);
});

Deno.test("LossDetector: what came late, but was waited for, keeps it waiting", () => {
  const { loss, ack, detect } = setUp(12);
  ack(2);
  loss.handleLate(1, 90);
  ack(8);
  assertEquals(detect(92), []);
  loss.restart(92);
  assertEquals(detect(92), [0, 1, 3, 4, 5], "on another path that is void");
});

Deno.test("LossDetector: of several sockets one may be read much later", () => {
  const { loss, ack, detect } = setUp(80);
  loss.setSubflows(8);
  ack(64);
  assertEquals(detect(80), [0]);
});

Deno.test("LossDetector probes with exponential back-off", () => {
  const { loss } = setUp(1);
  // 80 + 4 * 40 + 5 ms of allowed delay
  assertEquals(loss.deadline(), 245);
  assertEquals(loss.takeProbe(244), false);
  assertEquals(loss.takeProbe(245), true);
  loss.handleSent(245);
  assertEquals(loss.deadline(), 245 + 2 * 245);
  assertEquals(loss.probeCount, 1);
  loss.handleAcked(0);
  assertEquals(loss.probeCount, 0);
});

Deno.test("LossDetector asks for nothing when nothing is in flight", () => {
  const { loss, ack, detect } = setUp(1);
  ack(0);
  assertEquals(detect(80), []);
  assertEquals(loss.deadline(), Infinity);
});

Deno.test("LossDetector lets several sockets be read in any order", () => {
  const { loss, ack, detect } = setUp(80);
  loss.setSubflows(8);
  ack(63);
  assertEquals(detect(80), []);
  ack(64);
  assertEquals(detect(80), [0]);
  loss.setSubflows(1);
  assertEquals(detect(80).length, 61);
});

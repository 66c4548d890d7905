import { assert, assertEquals } from "@std/assert";
import {
  type AckSample,
  emptySample,
} from "../../../lib/engine/congestion/controller.ts";
import { DeliveryRate } from "../../../lib/engine/recovery/delivery_rate.ts";
import {
  packetState,
  SentPackets,
} from "../../../lib/engine/recovery/sent_packets.ts";

/** Packets of 1,000 bytes, one a ms each way, 10 ms round trip. */
function run(count: number, ackEvery: number): AckSample {
  const sent = new SentPackets();
  const rate = new DeliveryRate();
  const sample = emptySample();
  let last = -1;
  for (let now = 0; now < count + 10; now++) {
    if (now < count) rate.handleSent(sent, now, 0, 0, 1000);
    const arrived = now - 10;
    if (arrived < 0 || (arrived + 1) % ackEvery !== 0) continue;
    for (let number = last + 1; number <= arrived; number++) {
      rate.handleAcked(sent, number, now);
      sent.settle(number, packetState.acked);
    }
    last = arrived;
    rate.finish(sent, 10, sample);
  }
  return sample;
}

Deno.test("DeliveryRate measures the rate of a steady flow", () => {
  const { rate } = run(200, 1);
  assert(Math.abs(rate - 1000) <= 1, `${rate}`);
});

Deno.test("DeliveryRate is not misled by bunched acknowledgements", () => {
  for (const every of [2, 5, 10]) {
    const { rate } = run(200, every);
    assert(rate > 700 && rate <= 1001, `${rate}`);
  }
});

Deno.test("DeliveryRate says nothing without news, or too soon", () => {
  const sent = new SentPackets();
  const rate = new DeliveryRate();
  const sample = emptySample();
  rate.finish(sent, 10, sample);
  assertEquals([sample.rate, sample.priorDelivered], [0, -1]);
  const number = rate.handleSent(sent, 0, 0, 0, 1000);
  rate.handleAcked(sent, number, 2);
  rate.finish(sent, 10, sample);
  assertEquals(sample.rate, 0, "faster than the path can answer");
  assertEquals(sample.delivered, 1000);
});

Deno.test("DeliveryRate marks what was sent with nothing left to send", () => {
  const sent = new SentPackets();
  const rate = new DeliveryRate();
  const sample = emptySample();
  rate.handleAppLimited(0);
  const first = rate.handleSent(sent, 0, 0, 0, 1000);
  rate.handleAcked(sent, first, 20);
  sent.settle(first, packetState.acked);
  rate.finish(sent, 10, sample);
  assertEquals(sample.isAppLimited, true);
  const second = rate.handleSent(sent, 30, 0, 0, 1000);
  rate.handleAcked(sent, second, 50);
  rate.finish(sent, 10, sample);
  assertEquals(sample.isAppLimited, false);
});

Deno.test("DeliveryRate: what comes ahead of the others does not make the path faster", () => {
  const rates = [0, 1].map((ahead) => {
    const sent = new SentPackets();
    const rate = new DeliveryRate();
    const sample = emptySample();
    // All at once every 20 ms, which arrive one a ms: the last two early.
    for (let burst = 0; burst < 4; burst++) {
      const start = 20 * burst;
      for (let i = 0; i < 20; i++) rate.handleSent(sent, start, 0, 0, 1000);
      for (let i = 0; i < 20; i++) {
        const early = i < 17 ? 0 : i - 16;
        const now = start + i + 1 - early;
        const number = start + i;
        rate.handleAcked(sent, number, now, ahead * early);
        sent.settle(number, packetState.acked);
        if (i < 17) rate.finish(sent, 10, sample);
      }
      rate.finish(sent, 10, sample);
    }
    return sample.rate;
  });
  assert(rates[0]! > 1_100, `${rates}`);
  assert(Math.abs(rates[1]! - 1_000) < 1, `${rates}`);
});

Deno.test("DeliveryRate: one that is far ahead ends no round", () => {
  const sent = new SentPackets();
  const rate = new DeliveryRate();
  const sample = emptySample();
  for (let now = 0; now < 10; now++) rate.handleSent(sent, now, 0, 0, 1000);
  rate.handleAcked(sent, 9, 10, 9);
  rate.finish(sent, 1, sample);
  assertEquals([sample.rate, sample.priorDelivered], [0, -1]);
  assertEquals(sample.delivered, 1_000);
});

import { assert, assertEquals } from "@std/assert";
import type { AckSample } from "../../lib/transfer/congestion.ts";
import { DeliveryRate } from "../../lib/transfer/delivery_rate.ts";
import { emptySample } from "../../lib/transfer/empty_sample.ts";
import { packetState, SentPackets } from "../../lib/transfer/sent_packets.ts";

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

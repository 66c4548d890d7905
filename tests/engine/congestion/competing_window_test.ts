import { assert, assertEquals } from "@std/assert";
import {
  type CompetingPath,
  CompetingWindow,
} from "../../../lib/engine/congestion/competing_window.ts";
import { emptySample } from "../../../lib/engine/congestion/controller.ts";

const minRtt = 40;
const segmentBytes = 1_448;

/** Feeds acknowledgements, a round trip at a time, of all that is in flight. */
class Feed {
  readonly window = new CompetingWindow();
  now = 0;
  bytes = 300_000;
  /** What was thought lost and comes with the next acknowledgement. */
  recovered = 0;

  ack(
    rtt: number,
    isLossy = false,
    stage: CompetingPath["stage"] = "settled",
  ): void {
    const inFlight = this.window.bytes || this.bytes;
    this.now += rtt;
    const sample = emptySample();
    sample.now = this.now;
    sample.rtt = rtt;
    sample.acked = inFlight;
    sample.priorInFlight = inFlight;
    sample.lost = isLossy ? segmentBytes : 0;
    sample.lostSentAt = isLossy ? this.now - rtt : 0;
    sample.recovered = this.recovered;
    this.recovered = 0;
    this.window.handleAck(sample, { minRtt, recentRtt: rtt, stage });
  }

  acks(count: number, rtt: number): void {
    for (let i = 0; i < count; i++) this.ack(rtt);
  }
}

Deno.test("CompetingWindow is none while the queue empties now and then", () => {
  const feed = new Feed();
  for (let i = 0; i < 200; i++) {
    feed.ack(i % 5 === 0 ? 45 : 70);
    assertEquals(feed.window.bytes, 0);
  }
});

Deno.test("CompetingWindow is none before the sender has settled", () => {
  const feed = new Feed();
  for (let i = 0; i < 50; i++) feed.ack(70, false, "seeking");
  assertEquals(feed.window.bytes, 0);
});

Deno.test("CompetingWindow takes up what is in flight, then grows faster and faster", () => {
  const feed = new Feed();
  while (feed.window.bytes === 0 && feed.now < 5_000) feed.ack(60);
  assert(feed.now >= 12 * minRtt && feed.now < 20 * minRtt, `${feed.now} ms`);
  const first = feed.window.bytes;
  assert(first >= feed.bytes && first < 1.02 * feed.bytes, `${first}`);
  feed.acks(80, 60);
  const second = feed.window.bytes;
  feed.acks(80, 60);
  const third = feed.window.bytes;
  assert(second > first && third - second > 1.5 * (second - first));
});

Deno.test("CompetingWindow shrinks once for each overflow, and is back within seconds", () => {
  const feed = new Feed();
  feed.acks(40, 80);
  const before = feed.window.bytes;
  feed.ack(80, true);
  const after = feed.window.bytes;
  assert(after > 0.78 * before && after < 0.85 * before, `${after / before}`);
  // What was lost in the same round trip does not count again.
  feed.now -= 70;
  feed.ack(70, true);
  assert(feed.window.bytes >= after);
  const wanted = Math.cbrt(0.2 * before / segmentBytes / 0.4);
  const start = feed.now;
  while (feed.window.bytes < before && feed.now < 60_000) feed.ack(80);
  const seconds = (feed.now - start) / 1_000;
  assert(Math.abs(seconds - wanted) < 1.5, `${seconds} s, not ${wanted} s`);
});

Deno.test("CompetingWindow is not moved by losses while the queue is short", () => {
  const feed = new Feed();
  feed.acks(20, 80);
  feed.acks(20, 55);
  const before = feed.window.bytes;
  feed.ack(55, true);
  assert(feed.window.bytes >= before);
});

Deno.test("CompetingWindow ends with the queue and is remembered for a while", () => {
  const feed = new Feed();
  feed.acks(60, 70);
  const before = feed.window.bytes;
  feed.ack(42);
  assertEquals(feed.window.bytes, 0);
  feed.bytes = 100_000;
  for (let i = 0; i < 30 && feed.window.bytes === 0; i++) feed.ack(70);
  assert(feed.window.bytes >= before, "within seconds");
  feed.acks(1, 42);
  feed.acks(200, 45);
  for (let i = 0; i < 30 && feed.window.bytes === 0; i++) feed.ack(70);
  assert(feed.window.bytes < 0.5 * before, "not later");
});

Deno.test("CompetingWindow ends when the queue is empty without this sender", () => {
  const feed = new Feed();
  feed.acks(60, 70);
  const before = feed.window.bytes;
  // Others keep it filled.
  for (let i = 0; i < 5; i++) feed.ack(60, false, "looking");
  assertEquals(feed.window.bytes, before, "not while it is being looked at");
  feed.ack(70);
  assert(feed.window.bytes >= before);
  feed.ack(41, false, "looking");
  feed.ack(70);
  assertEquals(feed.window.bytes, 0);
});

Deno.test("CompetingWindow is as before when what seemed lost was late", () => {
  const feed = new Feed();
  feed.acks(40, 80);
  const before = feed.window.bytes;
  feed.ack(80, true);
  assert(feed.window.bytes < before);
  feed.recovered = segmentBytes;
  feed.ack(80);
  assert(feed.window.bytes >= before);
});

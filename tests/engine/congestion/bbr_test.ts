import { assert, assertEquals } from "@std/assert";
import { Bbr } from "../../../lib/engine/congestion/bbr.ts";
import type { AckSample } from "../../../lib/engine/congestion/controller.ts";

/** Feeds a path of `rate` bytes/ms and `rtt` ms, a round trip at a time. */
class Path {
  readonly bbr = new Bbr();
  now = 0;
  delivered = 0;
  /** What was thought lost and comes in the next round. */
  recovered = 0;
  /** What is in flight at the end of a round, where it is not what was sent. */
  inFlight: number | undefined;
  rate: number;
  rtt: number;

  constructor(rate: number, rtt: number) {
    this.rate = rate;
    this.rtt = rtt;
    this.bbr.setDatagramBytes(1472);
    this.bbr.handleFirstRtt(rtt);
  }

  /** A round in which `lossShare` of what was sent got lost. */
  round(lossShare = 0, isAppLimited = false): void {
    const inFlight = this.bbr.window;
    const sent = Math.min(inFlight, this.bbr.pacingRate * this.rtt);
    const acked = Math.min(sent * (1 - lossShare), this.rate * this.rtt);
    const prior = this.delivered;
    this.delivered += acked;
    this.now += this.rtt;
    const sample: AckSample = {
      now: this.now,
      acked,
      lost: sent * lossShare,
      recovered: this.recovered,
      inFlight: this.inFlight ?? Math.min(sent, this.rate * this.rtt),
      priorInFlight: inFlight,
      delivered: this.delivered,
      priorDelivered: prior,
      rate: acked / this.rtt,
      isAppLimited,
      rtt: this.rtt,
      lostSentAt: lossShare > 0 ? this.now - this.rtt : 0,
    };
    this.recovered = 0;
    this.bbr.handleAck(sample);
  }

  rounds(count: number, lossShare = 0): void {
    for (let i = 0; i < count; i++) this.round(lossShare);
  }
}

Deno.test("Bbr doubles until the path is full, then stays at its rate", () => {
  const path = new Path(12_500, 40);
  assertEquals(path.bbr.phase, "startup");
  path.rounds(20);
  assertEquals(path.bbr.phase, "probe-rate");
  const { pacingRate, window } = path.bbr;
  assert(pacingRate >= 0.75 * 12_500 && pacingRate <= 1.25 * 12_500);
  assert(window >= 12_500 * 40 && window <= 3 * 12_500 * 40, `${window}`);
});

Deno.test("Bbr is not slowed down by scattered loss", () => {
  const path = new Path(12_500, 40);
  path.rounds(20);
  path.rounds(30, 0.05);
  assert(path.bbr.pacingRate >= 0.7 * 12_500);
});

Deno.test("Bbr bounds what is in flight when a round loses much", () => {
  const path = new Path(12_500, 40);
  path.rounds(20);
  const before = path.bbr.window;
  path.rounds(3, 0.4);
  assert(path.bbr.window < before);
});

Deno.test("Bbr takes back the bound when what seemed lost was late", () => {
  const path = new Path(12_500, 40);
  path.rounds(20);
  const before = path.bbr.window;
  path.round(0.4);
  const bounded = path.bbr.window;
  assert(bounded < 0.9 * before, `${bounded} of ${before}`);
  path.recovered = 0.4 * before;
  path.round();
  assert(path.bbr.window > 0.95 * before, `${path.bbr.window} of ${before}`);
});

Deno.test("Bbr: round trips of another kind take the place of those so far", () => {
  const path = new Path(12_500, 40);
  path.rounds(20);
  path.rtt = 20;
  path.round();
  const before = path.bbr.window;
  path.rtt = 40;
  path.bbr.handleOtherRtt(40, path.now);
  path.rounds(3);
  assert(path.bbr.window > 1.4 * before, `${path.bbr.window}, ${before}`);
});

Deno.test("Bbr follows a rate that falls, and one that rises", () => {
  const path = new Path(12_500, 40);
  path.rounds(20);
  path.rate = 1_250;
  path.rounds(15);
  assert(path.bbr.pacingRate <= 1.25 * 1_250 + 1);
  path.rate = 12_500;
  path.rounds(120);
  assert(path.bbr.pacingRate >= 0.7 * 12_500, `${path.bbr.pacingRate}`);
});

Deno.test("Bbr has drained a queue when no more waits than the ends hold back", () => {
  for (const [rtt, heldMs] of [[40, 1.5], [2, 0.7]] as const) {
    for (const [share, isDrained] of [[0.9, true], [1.1, false]] as const) {
      const path = new Path(12_500, rtt);
      const isDraining = () => path.bbr.pacingRate < 0.8 * path.rate;
      path.rounds(100);
      for (let i = 0; i < 20 && !isDraining(); i++) path.round();
      path.inFlight = path.rate * (rtt + share * heldMs);
      path.round();
      assertEquals(!isDraining(), isDrained, `${rtt} ms, ${share}`);
    }
  }
});

Deno.test("Bbr probes again at once as long as that brings more", () => {
  const path = new Path(1_250, 40);
  path.rounds(20);
  path.rate = 12_500;
  let rounds = 0;
  for (; path.bbr.pacingRate < 9_000 && rounds < 100; rounds++) path.round();
  // Ten times as much is eleven steps of a quarter: one in a cycle of eight
  // rounds would take 80.
  assert(rounds <= 35, `${rounds} rounds`);
  path.rounds(30);
  assert(path.bbr.pacingRate <= 1.25 * 12_500, "and then no more");
});

Deno.test("Bbr does not take its own idleness for a slow path", () => {
  const path = new Path(12_500, 40);
  path.rounds(20);
  const { pacingRate } = path.bbr;
  path.rate = 100;
  for (let i = 0; i < 5; i++) path.round(0, true);
  path.rate = 12_500;
  assert(path.bbr.pacingRate >= 0.55 * pacingRate);
});

Deno.test("Bbr sends at its whole rate where its machine is slower than that", () => {
  /** The usual rate of 100 rounds, as a share of what the path carries. */
  const usualRate = (isTooSlow: boolean, lossShare = 0, rtt = 4) => {
    const path = new Path(125_000, rtt);
    path.rounds(60);
    const rates = Array.from({ length: 100 }, () => {
      path.round(lossShare, isTooSlow);
      return path.bbr.pacingRate / 125_000;
    });
    return rates.toSorted((a, b) => a - b)[50]!;
  };
  const usual = usualRate(false, 0, 12);
  assert(usual > 0.97 && usual < 0.98, `${usual}`);
  const whole = usualRate(true);
  assert(whole > 0.99 && whole < 1.01, `${whole}`);
  const sure = usualRate(false);
  assert(sure > 0.99 && sure < 1.01, `${sure}`);
  const lossy = usualRate(true, 0.01);
  assert(lossy > 0.9 && lossy < 0.95, `${lossy}`);
});

Deno.test("Bbr looks for the smallest round trip every ten seconds", () => {
  const path = new Path(12_500, 40);
  path.rounds(20);
  path.rtt = 60;
  let isProbing = false;
  for (let i = 0; i < 300 && !isProbing; i++) {
    path.round();
    isProbing = path.bbr.phase === "probe-rtt";
  }
  assert(isProbing);
  path.rounds(20);
  assertEquals(path.bbr.phase, "probe-rate");
});

Deno.test("Bbr looks for it soon where a queue never empties", () => {
  const path = new Path(12_500, 40);
  path.rounds(20);
  const start = path.now;
  path.rtt = 70;
  while (path.now < start + 5_000 && path.bbr.phase !== "probe-rtt") {
    path.round();
  }
  const waited = path.now - start;
  assert(waited > 1_500 && waited < 2_500, `${waited} ms`);
  path.rounds(10);
  assertEquals(path.bbr.phase, "probe-rate");
  while (path.now < start + 8_000 && path.bbr.phase !== "probe-rtt") {
    path.round();
  }
  assert(path.now - start - waited > 2_800, "but ever more rarely");
});

Deno.test("Bbr takes less of a queue in which little gets lost", () => {
  const [calm, lossy] = [new Path(12_500, 40), new Path(12_500, 40)];
  calm.rounds(60);
  lossy.rounds(20);
  lossy.rounds(40, 0.02);
  const [less, more] = [calm, lossy].map(({ bbr }) => bbr.window);
  const wait = (more! - less!) / 12_500;
  assert(wait > 30 && wait < 40, `${less} and ${more} bytes, ${wait} ms`);
});

Deno.test("Bbr sends next to nothing while nothing comes back", () => {
  const path = new Path(12_500, 40);
  path.rounds(20);
  path.bbr.handlePersistentCongestion();
  assertEquals(path.bbr.window, 4 * 1472);
  path.round();
  assert(path.bbr.window > 4 * 1472);
});

Deno.test("Bbr keeps more in flight than a receiver holds back", () => {
  const path = new Path(2_500, 0.2);
  path.rounds(40);
  // An acknowledgement leaves after 16 datagrams.
  assert(path.bbr.window > 16 * 1472);
});

Deno.test("Bbr keeps what it has in flight when others fill the queue", () => {
  const path = new Path(12_500, 40);
  path.rounds(30);
  // A flow joins, whose queue leaves this one less and less.
  path.rtt = 60;
  path.rate = 6_000;
  path.rounds(30);
  const settled = path.bbr.window;
  assert(settled > 6_000 * 55, `${settled} bytes`);
  for (const rtt of [65, 70, 75, 80]) {
    path.rtt = rtt;
    path.rate = Math.min(6_000, path.bbr.window / rtt);
    path.rounds(10);
    if (path.bbr.phase === "probe-rtt") path.rounds(6);
    const { window, phase } = path.bbr;
    assert(window >= 0.95 * settled, `${rtt} ms: ${window} bytes, ${phase}`);
  }
});

Deno.test("Bbr has little in flight beyond the path when it is alone", () => {
  const path = new Path(12_500, 40);
  for (let i = 0; i < 100; i++) {
    path.round();
    if (i < 20) continue;
    assert(path.bbr.window < 1.5 * 12_500 * 40, `${path.bbr.window} bytes`);
  }
});

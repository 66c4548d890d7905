import { assert, assertEquals } from "@std/assert";
import { AckSchedule } from "../../lib/engine/ack_schedule.ts";
import { Rtt } from "../../lib/engine/recovery/rtt.ts";
import { transferLimits } from "../../lib/engine/packets/limits.ts";

/** One receiver's schedule on a path with this round trip, ms. */
class Arrivals {
  readonly schedule: AckSchedule;

  constructor(rtt: number) {
    const measured = new Rtt();
    measured.update(rtt);
    this.schedule = new AckSchedule(measured);
  }

  come(
    number: number,
    bytes: number,
    { isKnown = false, isSpread = false, now = 0 } = {},
  ): void {
    this.schedule.handleData(number, bytes, isKnown, isSpread, now);
  }

  /** Numbers that come in order, from 0 on, until one is to be answered. */
  countUntilDue(bytes: number): number {
    for (let count = 1; count <= 100; count++) {
      this.come(this.schedule.largest + 1, bytes);
      if (this.schedule.dueAt <= 0) return count;
    }
    return Infinity;
  }
}

Deno.test("AckSchedule: every 16 small datagrams", () => {
  assertEquals(new Arrivals(40).countUntilDue(1_200), 16);
});

Deno.test("AckSchedule: sooner for large ones, soonest on a short path", () => {
  assertEquals(new Arrivals(0.1).countUntilDue(65_507), 2);
  assertEquals(new Arrivals(0.1).countUntilDue(8_872), 8);
  assertEquals(new Arrivals(4).countUntilDue(26_632), 10);
});

Deno.test("AckSchedule: a quarter of a round trip later, 1 to 5 ms", () => {
  for (const [rtt, delay] of [[0.1, 1], [8, 2], [12, 3], [400, 5]] as const) {
    const arrivals = new Arrivals(rtt);
    arrivals.come(0, 1_200, { now: 100 });
    arrivals.come(1, 1_200, { now: 100.5 });
    assertEquals(arrivals.schedule.dueAt, 100 + delay);
    assert(delay <= transferLimits.maxAckDelayMs);
  }
});

Deno.test("AckSchedule: soon when something is missing or came twice", () => {
  const missing = new Arrivals(40);
  missing.come(0, 1_200);
  missing.come(2, 1_200);
  assert(missing.schedule.dueAt > 0);
  missing.come(4, 1_200);
  assertEquals(missing.schedule.dueAt, 0);
  const twice = new Arrivals(40);
  twice.come(0, 1_200);
  twice.come(1, 1_200, { isKnown: true });
  twice.come(2, 1_200, { isKnown: true });
  assertEquals(twice.schedule.dueAt, 0);
});

Deno.test("AckSchedule: less often for what fills gaps, where many come late", () => {
  const arrivals = new Arrivals(40);
  arrivals.come(0, 1_200);
  arrivals.come(20, 1_200);
  arrivals.schedule.handleSent();
  for (const number of [1, 2, 3]) {
    arrivals.come(number, 1_200);
    assert(arrivals.schedule.dueAt > 0, `${number}`);
  }
  arrivals.come(4, 1_200);
  assertEquals(arrivals.schedule.dueAt, 0);
});

Deno.test("AckSchedule: as in order where most come late and fast, as often as else where they come slowly", () => {
  const told: string[] = [];
  const more = [0.06, 0.13, 0.2].map((ms) => {
    const inOrder = countAcks(ms, (i) => i);
    // Every tenth overtakes the forty before it.
    const shuffled = countAcks(ms, (i) => i % 10 === 9 ? i + 40 : i);
    told.push(`${shuffled} and ${inOrder}`);
    return shuffled / inOrder;
  });
  assert(more[0]! < 1.3 && more[1]! < 1.3 && more[2]! > 1.5, `${told}`);
});

Deno.test("AckSchedule: large datagrams as often as else, however fast they come", () => {
  // Sockets that are read one after the other give them in such an order.
  const spread = (i: number) => i % 10 === 9 ? i + 40 : i;
  for (const numberOf of [(i: number) => i, spread]) {
    const acks = countAcks(0.05, numberOf, 4, { bytes: 8_872, isSpread: true });
    assertEquals(acks, 4_000 / 16);
  }
});

/** Of 4,000 datagrams, one each `ms`. */
function countAcks(
  ms: number,
  numberOf: (index: number) => number,
  rtt = 2,
  { bytes = 1_452, isSpread = false } = {},
): number {
  const arrivals = new Arrivals(rtt);
  let acks = 0;
  for (let i = 0; i < 4_000; i++) {
    const now = ms * i;
    arrivals.come(numberOf(i), bytes, { isSpread, now });
    if (arrivals.schedule.dueAt > now) continue;
    acks++;
    arrivals.schedule.handleSent();
  }
  return acks;
}

Deno.test("AckSchedule: half as often on a fast path that is not very short", () => {
  const acks = (ms: number, rtt: number) => countAcks(ms, (i) => i, rtt);
  const [near, far] = [acks(0.03, 1), acks(0.03, 4)];
  assert(far < 0.6 * near, `${far} and ${near}`);
  assertEquals(acks(0.2, 4), acks(0.2, 1));
});

Deno.test("AckSchedule: several sockets are read in any order", () => {
  const arrivals = new Arrivals(40);
  for (const number of [6, 7, 8, 0, 1, 2, 3, 4]) {
    arrivals.come(number, 8_872, { isSpread: true });
    assert(arrivals.schedule.dueAt > 0, `${number}`);
  }
  assertEquals(arrivals.schedule.largest, 8);
  arrivals.schedule.handleSent();
  assertEquals(arrivals.schedule.dueAt, Infinity);
});

import { assert, assertEquals } from "@std/assert";
import { MaxRate } from "../../../lib/engine/congestion/bbr_model.ts";
import type { AckSample } from "../../../lib/engine/congestion/controller.ts";

/** Of the path, bytes per ms. */
const pathRate = 100;

/**
 * The highest rate, as a share of the path's, after 200 flights of `rtt` ms whose
 * acknowledgements are noticed up to a millisecond late.
 */
function shareAfter(
  rtt: number,
  options: Partial<AckSample> = {},
  isFound = true,
): { share: number; isSure: boolean } {
  const rate = new MaxRate();
  const lateMs = [0, 0.9, 0.3, 0, 0.6, 1, 0.1];
  let [before, delivered] = [0, 0];
  for (let round = 1; round <= 200; round++) {
    const now = round * rtt + lateMs[round % lateMs.length]!;
    delivered = round * rtt * pathRate;
    const measured = rtt * pathRate / (now - before);
    const sample = { now, delivered, rate: measured, isAppLimited: false };
    before = now;
    // Nothing else of it is looked at.
    const whole = { ...sample, ...options } as AckSample;
    rate.handleRound(whole);
    rate.update(whole, isFound ? rtt : Infinity);
  }
  return { share: rate.perMs / pathRate, isSure: rate.isSure };
}

Deno.test("MaxRate of a short path is not too high by what acknowledgements are late", () => {
  for (const rtt of [2, 4, 8]) {
    const { share, isSure } = shareAfter(rtt);
    assert(isSure);
    assert(share > 0.99 && share < 1 + 0.4 / rtt, `${rtt} ms: ${share}`);
  }
});

Deno.test("MaxRate is the highest of single flights while the rate is found, on a long path, and for a slow sender", () => {
  const all = [
    shareAfter(4, {}, false),
    shareAfter(0.5),
    shareAfter(40),
    shareAfter(4, { isAppLimited: true }),
  ];
  assertEquals(all.map(({ isSure }) => isSure), [false, false, false, false]);
  for (const { share } of [all[0]!, all[3]!]) assert(share > 1.25, `${share}`);
});

Deno.test("MaxRate follows a rate that falls within ten rounds, and keeps it while nothing is sent", () => {
  const rate = new MaxRate();
  let [now, delivered] = [0, 0];
  const round = (perMs: number, isAppLimited = false) => {
    now += 4;
    delivered += 4 * perMs;
    const sample = { now, delivered, rate: perMs, isAppLimited } as AckSample;
    rate.handleRound(sample);
    rate.update(sample, 4);
  };
  for (let i = 0; i < 20; i++) round(100);
  assertEquals(rate.perMs, 100);
  for (let i = 0; i < 30; i++) round(10, true);
  assertEquals(rate.perMs, 100);
  for (let i = 0; i < 14; i++) round(50);
  assertEquals(rate.perMs, 50);
});

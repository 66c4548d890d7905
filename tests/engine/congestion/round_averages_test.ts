import { assert, assertEquals } from "@std/assert";
import { emptySample } from "../../../lib/engine/congestion/controller.ts";
import { RoundAverages } from "../../../lib/engine/congestion/bbr_model.ts";

/** Rounds that lose `lost` of 1,000 bytes. */
function lossAfter(rounds: number, lost: number, datagramBytes: number) {
  const averages = new RoundAverages();
  for (let i = 0; i < rounds; i++) {
    averages.add({ ...emptySample(), acked: 1_000 - lost, lost });
    averages.update(10, datagramBytes, false);
    averages.restart();
  }
  return averages.lossShare;
}

Deno.test("RoundAverages: what is lost again and again is the average", () => {
  assert(Math.abs(lossAfter(200, 20, 1_472) - 0.02) < 0.0001);
  const few = lossAfter(4, 20, 1_472);
  assert(few > 0.003 && few < 0.006, `${few}`);
});

Deno.test("RoundAverages: of the packets, of which a datagram may have six", () => {
  const share = lossAfter(200, 60, 8_872);
  assert(Math.abs(share - 0.01) < 0.0001, `${share}`);
});

Deno.test("RoundAverages: the start is not counted, nor is an empty round", () => {
  const averages = new RoundAverages();
  averages.add({ ...emptySample(), acked: 500, lost: 500 });
  assertEquals([averages.total, averages.lost], [1_000, 500]);
  averages.update(10, 1_472, true);
  averages.restart();
  averages.update(0, 1_472, false);
  assertEquals(averages.lossShare, 0);
  assertEquals(averages.rtt, 10);
});

Deno.test("RoundAverages: round trips, from the first on", () => {
  const averages = new RoundAverages();
  averages.update(10, 1_472, true);
  assertEquals(averages.rtt, 10);
  for (let i = 0; i < 200; i++) averages.update(30, 1_472, false);
  assert(Math.abs(averages.rtt - 30) < 0.1);
});

Deno.test("RoundAverages: what was thought lost and came counts no more", () => {
  const averages = new RoundAverages();
  const lossy = { ...emptySample(), acked: 900, lost: 100 };
  averages.add(lossy);
  averages.update(10, 1_472, false);
  averages.restart();
  assert(averages.lossShare > 0);
  averages.add({ ...emptySample(), acked: 1_000, recovered: 100 });
  assertEquals(averages.lost, 0);
  averages.update(10, 1_472, false);
  assertEquals(averages.lossShare, 0);
});

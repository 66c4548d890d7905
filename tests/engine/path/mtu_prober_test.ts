import { assertEquals } from "@std/assert";
import { MtuProber } from "../../../lib/engine/path/mtu_prober.ts";

/** What is probed at this moment. */
function probes(prober: MtuProber, now: number): number[] {
  const sizes: number[] = [];
  for (let n = prober.poll(now, 100); n > 0; n = prober.poll(now, 100)) {
    sizes.push(n);
  }
  return sizes;
}

Deno.test("MtuProber probes what is larger than what arrives, ever more rarely", () => {
  const prober = new MtuProber();
  prober.start([1_400, 1_500], 0);
  assertEquals(probes(prober, 0), [1_400, 1_500]);
  assertEquals(prober.handleProbed(1_400), true);
  assertEquals(prober.reached, 1_400);
  const times: number[] = [];
  for (let now = 0; now < 60_000; now += 100) {
    if (probes(prober, now).length > 0) times.push(now);
  }
  const rounds = [100, 4_200, 12_400, 28_600];
  assertEquals(times.filter((_, i) => i === 0 || i % 3 === 2), rounds);
  assertEquals(prober.handleProbed(1_500), true);
  probes(prober, 100_000);
  assertEquals(prober.deadline(), Infinity);
});

Deno.test("MtuProber ignores what it did not probe or knows already", () => {
  const prober = new MtuProber();
  prober.start([1_400, 1_500], 0);
  assertEquals(prober.handleProbed(60_000), false);
  assertEquals(prober.handleProbed(1_500), true);
  assertEquals(prober.handleProbed(1_400), false);
  assertEquals(prober.reached, 1_500);
});

Deno.test("MtuProber keeps what has arrived when more is to be probed, not when nothing arrives any more", () => {
  const prober = new MtuProber();
  prober.start([1_400], 0);
  prober.handleProbed(1_400);
  prober.extend([1_400, 3_000], 10);
  assertEquals(prober.reached, 1_400);
  assertEquals(probes(prober, 10), [3_000]);
  prober.restart([1_400], 50);
  assertEquals(prober.reached, 1_200);
  assertEquals(probes(prober, 50), []);
  assertEquals(probes(prober, prober.deadline()), [1_400]);
});

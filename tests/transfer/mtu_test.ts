import { assertEquals } from "@std/assert";
import { MtuProber } from "../../lib/transfer/mtu.ts";

function probes(mtu: MtuProber, now: number): number[] {
  const sizes: number[] = [];
  for (let n = mtu.pollProbe(now, 100); n > 0; n = mtu.pollProbe(now, 100)) {
    sizes.push(n);
  }
  return sizes;
}

Deno.test("MtuProber uses the largest size that was answered", () => {
  const mtu = new MtuProber();
  mtu.start(0, "far");
  const sizes = probes(mtu, 0);
  assertEquals(sizes, [1372, 1452, 1472]);
  assertEquals(mtu.size, 1200);
  assertEquals(mtu.handleProbed(1452), true);
  assertEquals(mtu.handleProbed(1372), false);
  assertEquals(mtu.size, 1452);
  assertEquals(probes(mtu, 50), []);
  assertEquals(probes(mtu, 100), [1472]);
  assertEquals(probes(mtu, 200), [1472]);
  // What is not answered may have been lost for other reasons.
  assertEquals(mtu.deadline(), 4_200);
  assertEquals(probes(mtu, 4_200), [1472]);
  mtu.handleProbed(1472);
  assertEquals(probes(mtu, 4_300), []);
  assertEquals(mtu.deadline(), Infinity);
});

Deno.test("MtuProber sends fragments to those who are near, until they get lost", () => {
  const mtu = new MtuProber();
  mtu.start(0, "near");
  const sizes = probes(mtu, 0);
  assertEquals(sizes, [1372, 1452, 1472, 8872, 26_632, 53_272]);
  mtu.handleProbed(53_272);
  assertEquals(mtu.handleLoss(5_000, 500, true), false);
  assertEquals(mtu.handleLoss(6_100, 500, false), false);
  assertEquals(mtu.handleLoss(6_200, 600, false), false);
  for (const [round, smaller] of [26_632, 8872, 1472].entries()) {
    const sent = 7_300 + 1_100 * round;
    assertEquals(mtu.handleLoss(sent, 600 + 20 * round, false), true);
    assertEquals(mtu.size, smaller);
  }
  assertEquals(mtu.handleLoss(20_000, 10_000, false), false);
  assertEquals(mtu.size, 1472);
  assertEquals(probes(mtu, 100_000), []);
  mtu.handleNear(100_000);
  assertEquals(probes(mtu, 100_000), []);
});

Deno.test("MtuProber finds out later that the other end is near", () => {
  const mtu = new MtuProber();
  mtu.start(0, "far");
  mtu.handleProbed(1472);
  mtu.handleNear(50);
  assertEquals(probes(mtu, 50), [8872, 26_632, 53_272]);
  assertEquals(mtu.size, 1472);
});

Deno.test("MtuProber ignores sizes it never probed", () => {
  const mtu = new MtuProber();
  mtu.start(0, "far");
  assertEquals(mtu.handleProbed(60_000), false);
  assertEquals(mtu.size, 1200);
});

Deno.test("MtuProber goes back to the smallest on a black hole and retries", () => {
  const mtu = new MtuProber();
  mtu.start(0, "local");
  const largest = probes(mtu, 0).at(-1)!;
  mtu.handleProbed(largest);
  assertEquals(mtu.size, largest);
  assertEquals(mtu.handleUnanswered(1, 500), false);
  assertEquals(mtu.handleUnanswered(3, 700), false);
  assertEquals(mtu.handleUnanswered(5, 1_000), true);
  assertEquals(mtu.size, 1200);
  assertEquals(mtu.handleUnanswered(6, 1_000), false);
  assertEquals(probes(mtu, 1_000), []);
  assertEquals(probes(mtu, mtu.deadline()).includes(largest), true);
});

import { assert, assertEquals } from "@std/assert";
import { packetsOf } from "../../lib/transfer/fragment_budget.ts";
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
  mtu.start(0, false);
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

Deno.test("MtuProber sends fragments when it may, until they get lost", () => {
  const mtu = new MtuProber();
  mtu.start(0, false);
  assertEquals(probes(mtu, 0), [1372, 1452, 1472]);
  mtu.handleProbed(1472);
  // What was lost while the rate was being found does not count.
  assertEquals(mtu.handleLoss(5_000, 500, 40), false);
  mtu.fragment(50, "near");
  assertEquals(probes(mtu, 50), [8872, 26_632, 53_272]);
  assertEquals(mtu.size, 1472);
  mtu.handleProbed(53_272);
  // A few at once may get lost, and 1.5 % for as long as it takes.
  assertEquals(mtu.handleLoss(5_100, 550, 60), false);
  let lost = 550 + 1_400;
  assertEquals(mtu.handleLoss(100_000, lost, 5_000), false);
  for (const [round, smaller] of [26_632, 8872, 1472].entries()) {
    const sent = 100_000 + 1_000 * (round + 1);
    lost += Math.ceil(3_200_000 / mtu.size) + 15;
    assertEquals(mtu.handleLoss(sent, lost, 6_000), true);
    assertEquals(mtu.size, smaller);
  }
  assertEquals(mtu.handleLoss(120_000, lost + 10_000, 7_000), false);
  assertEquals(mtu.size, 1472);
  assertEquals(probes(mtu, 100_000), []);
  mtu.fragment(100_000, "near");
  assertEquals(probes(mtu, 100_000), [], "once for each path");
  mtu.start(200_000, false);
  probes(mtu, 200_000);
  mtu.fragment(200_000, "far");
  assertEquals(probes(mtu, 200_000).slice(-3), [2_888, 4_336, 8_872]);
});

Deno.test("MtuProber forgives losses as time goes by, a steady excess not", () => {
  for (const [share, isTooMuch] of [[0.014, false], [0.03, true]] as const) {
    const mtu = new MtuProber();
    mtu.start(0, false);
    mtu.fragment(0, "near");
    mtu.handleProbed(26_632);
    let sent = 0;
    while (sent < 200_000 && !mtu.handleLoss(sent, share * sent, sent / 10)) {
      sent += 100;
    }
    assertEquals(sent < 200_000, isTooMuch);
    assertEquals(mtu.size, isTooMuch ? 8_872 : 26_632);
  }
});

Deno.test("MtuProber sends smaller ones while the far end holds much of them", () => {
  // One packet in so many gets lost; 25,000 datagrams/s of 3 packets leave.
  for (const [packets, smallest] of [[1_000, 4_336], [100_000, 8_872]]) {
    const mtu = new MtuProber();
    mtu.start(0, false);
    mtu.fragment(0, "far");
    mtu.handleProbed(8_872);
    const seen = new Map<number, number>();
    let [now, sent, lost] = [0, 0, 0];
    for (let packet = 0; packet < 3_000_000; packet += packetsOf(mtu.size)) {
      now += packetsOf(mtu.size) / 75;
      sent++;
      const next = packet + packetsOf(mtu.size);
      if (next % packets! < packet % packets!) lost++;
      mtu.handleLoss(sent, lost, now);
      seen.set(mtu.size, (seen.get(mtu.size) ?? 0) + 1);
    }
    assertEquals(Math.min(...seen.keys()), smallest);
    // Numbers come round, what was held goes, and they grow again.
    const large = seen.get(8_872)!;
    assert(large > 1.5 * firstLarge || seen.size === 1, `${large}`);
  }
});

Deno.test("MtuProber sends no fragments on this machine", () => {
  const mtu = new MtuProber();
  mtu.start(0, true);
  assertEquals(probes(mtu, 0), [1452, 8_952, 26_244, 65_507]);
  mtu.handleProbed(65_507);
  mtu.fragment(50, "near");
  assertEquals(probes(mtu, 50), []);
  assertEquals(mtu.handleLoss(10_000, 5_000, 100), false);
});

Deno.test("MtuProber ignores sizes it never probed", () => {
  const mtu = new MtuProber();
  mtu.start(0, false);
  assertEquals(mtu.handleProbed(60_000), false);
  assertEquals(mtu.size, 1200);
});

Deno.test("MtuProber goes back to the smallest on a black hole and retries", () => {
  const mtu = new MtuProber();
  mtu.start(0, true);
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

/** Datagrams of six packets until 3.3 MiB are held, if one packet in 1,000 is lost. */
const firstLarge = 3.3 * 1024 * 1024 / (5 * 3_600) / 0.006;

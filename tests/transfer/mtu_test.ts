import { assert, assertEquals } from "@std/assert";
import { packetsOf } from "../../lib/transfer/fragment_budget.ts";
import { FragmentBudgets } from "../../lib/transfer/fragment_budgets.ts";
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
  mtu.start(0, false, 0);
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

/** Tells of 5,000 datagrams a second, some of which get lost. */
class Flow {
  readonly mtu: MtuProber;
  now: number;
  sent = 0;
  lost = 0;

  constructor(mtu: MtuProber, now: number) {
    this.mtu = mtu;
    this.now = now;
  }

  /** Loses `share`, one by one or so many at once; true when the size changed. */
  run(count: number, share: number, atOnce = 1): boolean {
    let due = 0;
    for (let i = 0; i < count; i += 10) {
      this.now += 2;
      this.sent += 10;
      due += 10 * share;
      const lost = due >= atOnce ? Math.floor(due) : 0;
      due -= lost;
      this.lost += lost;
      if (this.mtu.handleLoss(this.sent, this.lost, this.now, Infinity)) {
        return true;
      }
    }
    return false;
  }
}

Deno.test("MtuProber sends fragments when it may, for a while smaller where they get lost", () => {
  const mtu = new MtuProber();
  mtu.start(0, false, 0);
  assertEquals(probes(mtu, 0), [1372, 1452, 1472]);
  mtu.handleProbed(1472);
  const flow = new Flow(mtu, 10);
  // What was lost while the rate was being found does not count.
  assertEquals(flow.run(5_000, 0.1), false);
  mtu.fragment(flow.now, "near");
  assertEquals(probes(mtu, flow.now), [8872, 26_632, 53_272]);
  assertEquals(mtu.size, 1472);
  mtu.handleProbed(53_272);
  assertEquals(flow.run(100_000, 0.014), false);
  // A receiver that is busy for a moment loses many at once.
  assertEquals(flow.run(20_000, 0.1, 50), false);
  for (const smaller of [26_632, 8872, 1472]) {
    assertEquals(flow.run(50_000, 0.04), true);
    assertEquals(mtu.size, smaller);
  }
  const start = flow.now;
  assertEquals(flow.run(10_000, 0.04), false);
  assertEquals(probes(mtu, flow.now), []);
  assertEquals(flow.run(1_000_000, 0), true);
  assertEquals(mtu.size, 53_272);
  assert(flow.now - start > 30_000 && flow.now - start < 40_000);
  // A system that has no room for incomplete ones joins none at all.
  const before = flow.sent;
  for (const smaller of [26_632, 8872, 1472]) {
    assertEquals(flow.run(2_000, 1), true);
    assertEquals(mtu.size, smaller);
  }
  assert(flow.sent - before < 1_000, `${flow.sent - before}`);
  const again = flow.now;
  assertEquals(flow.run(1_000_000, 0), true);
  assert(flow.now - again > 60_000, "but ever more rarely");
  mtu.fragment(flow.now, "near");
  assertEquals(probes(mtu, flow.now), [], "probed once for each path");
  mtu.start(200_000, false, 0);
  probes(mtu, 200_000);
  mtu.fragment(200_000, "far");
  assertEquals(probes(mtu, 200_000).slice(-3), [2_888, 4_336, 8_872]);
});

Deno.test("MtuProber sends single packets for a while when no fragments come any more", () => {
  const mtu = new MtuProber();
  mtu.start(0, false, 0);
  mtu.handleProbed(1472);
  mtu.fragment(0, "far");
  mtu.handleProbed(8_872);
  mtu.handleUnanswered(1, 1_000);
  assertEquals(mtu.handleUnanswered(3, 1_400), true);
  assertEquals(mtu.size, 1472);
  assertEquals(mtu.handleUnanswered(4, 1_500), false, "these have a chance");
  mtu.handleLoss(1, 0, 36_000, Infinity);
  assertEquals(mtu.size, 1472);
  mtu.handleLoss(1, 0, 37_000, Infinity);
  assertEquals(mtu.size, 8_872);
  // Where not even these come, the path is another one.
  mtu.handleUnanswered(1, 50_000);
  assertEquals(mtu.handleUnanswered(3, 50_400), true);
  assertEquals(mtu.size, 1472);
  assertEquals(mtu.handleUnanswered(5, 50_800), true);
  assertEquals(mtu.size, 1200);
  assertEquals(probes(mtu, mtu.deadline()), [1372, 1452, 1472]);
});

Deno.test("MtuProber forgives losses as time goes by, a steady excess not", () => {
  for (const [share, isTooMuch] of [[0.014, false], [0.03, true]] as const) {
    const mtu = new MtuProber();
    mtu.start(0, false, 0);
    mtu.fragment(0, "near");
    mtu.handleProbed(26_632);
    assertEquals(new Flow(mtu, 10).run(200_000, share), isTooMuch);
    assertEquals(mtu.size, isTooMuch ? 8_872 : 26_632);
  }
});

Deno.test("MtuProber sends smaller ones while the far end holds much of them", () => {
  // One packet in so many gets lost; 25,000 datagrams/s of 3 packets leave.
  for (const [packets, smallest] of [[1_000, 2_888], [100_000, 8_872]]) {
    const mtu = new MtuProber();
    mtu.start(0, false, 0);
    mtu.fragment(0, "far");
    mtu.handleProbed(8_872);
    const seen = new Map<number, number>();
    let [now, sent, lost] = [0, 0, 0];
    for (let packet = 0; packet < 3_000_000; packet += packetsOf(mtu.size)) {
      now += packetsOf(mtu.size) / 75;
      sent++;
      const next = packet + packetsOf(mtu.size);
      if (next % packets! < packet % packets!) lost++;
      mtu.handleLoss(sent, lost, now, Infinity);
      seen.set(mtu.size, (seen.get(mtu.size) ?? 0) + 1);
    }
    assertEquals(Math.min(...seen.keys()), smallest);
    // Numbers come round, what was held goes, and they grow again.
    const large = seen.get(8_872)!;
    assert(large > 1.5 * firstLarge || seen.size === 1, `${large}`);
  }
});

Deno.test("MtuProber keeps to large ones when what is left of the file has room", () => {
  for (const [megabytes, smallest] of [[60, 8_872], [400, 2_888]] as const) {
    const mtu = new MtuProber();
    mtu.start(0, false, 0);
    mtu.fragment(0, "far");
    mtu.handleProbed(8_872);
    let [now, sent, lost, due] = [0, 0, 0, 0];
    const sizes = new Set<number>();
    let left = megabytes * 1e6 + 200e6;
    for (; left > 0; left -= mtu.size) {
      now += packetsOf(mtu.size) / 75;
      sent++;
      due += packetsOf(mtu.size) / 1_000;
      if (due >= 1) {
        lost++;
        due--;
      }
      mtu.handleLoss(sent, lost, now, left);
      sizes.add(mtu.size);
    }
    assertEquals(Math.min(...sizes), smallest);
  }
});

Deno.test("MtuProber knows what an earlier file has left at the far end", () => {
  // Losses of 8,872 bytes before, and the size that still is affordable.
  for (const [losses, size] of [[120, 8_872], [180, 4_336], [400, 1_472]]) {
    const budgets = new FragmentBudgets();
    for (let i = 0; i < losses!; i++) {
      budgets.of(5).handleSent(100, 1, 8_872, 10 * i);
    }
    for (const path of [5, 6]) {
      const mtu = new MtuProber(budgets);
      mtu.start(4_000, false, path);
      mtu.fragment(4_000, "far");
      for (const probed of probes(mtu, 4_000)) mtu.handleProbed(probed);
      assertEquals(mtu.size, path === 5 ? size : 8_872);
      mtu.handleLoss(1, 0, 60_000, Infinity);
      assertEquals(mtu.size, 8_872, "after half a minute it is gone");
    }
  }
});

Deno.test("MtuProber sends no fragments on this machine", () => {
  const mtu = new MtuProber();
  mtu.start(0, true, 0);
  assertEquals(probes(mtu, 0), [1452, 8_952, 26_244, 65_507]);
  mtu.handleProbed(65_507);
  mtu.fragment(50, "near");
  assertEquals(probes(mtu, 50), []);
  assertEquals(mtu.handleLoss(10_000, 5_000, 100, Infinity), false);
});

Deno.test("MtuProber ignores sizes it never probed", () => {
  const mtu = new MtuProber();
  mtu.start(0, false, 0);
  assertEquals(mtu.handleProbed(60_000), false);
  assertEquals(mtu.size, 1200);
});

Deno.test("MtuProber goes back to the smallest on a black hole and retries", () => {
  const mtu = new MtuProber();
  mtu.start(0, true, 0);
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

/** Datagrams of six packets until 2.8 MiB are held, if one packet in 1,000 is lost. */
const firstLarge = 2.8 * 1024 * 1024 / (5 * 3_600) / 0.006;

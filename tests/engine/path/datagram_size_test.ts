import { assert, assertEquals } from "@std/assert";
import { FragmentBudgets } from "../../../lib/engine/path/fragments.ts";
import { DatagramSize } from "../../../lib/engine/path/datagram_size.ts";
import { packetsOf } from "../../../lib/engine/packets/limits.ts";

function probes(chosen: DatagramSize, now: number): number[] {
  const sizes: number[] = [];
  for (
    let n = chosen.pollProbe(now, 100);
    n > 0;
    n = chosen.pollProbe(now, 100)
  ) {
    sizes.push(n);
  }
  return sizes;
}

Deno.test("DatagramSize uses the largest size that was answered", () => {
  const chosen = new DatagramSize();
  chosen.start(0, false, 0);
  const sizes = probes(chosen, 0);
  assertEquals(sizes, [1372, 1452, 1472]);
  assertEquals(chosen.bytes, 1200);
  assertEquals(chosen.handleProbed(1452), true);
  assertEquals(chosen.handleProbed(1372), false);
  assertEquals(chosen.bytes, 1452);
  assertEquals(probes(chosen, 50), []);
  assertEquals(probes(chosen, 100), [1472]);
  assertEquals(probes(chosen, 200), [1472]);
  // What is not answered may have been lost for other reasons.
  assertEquals(chosen.deadline(), 4_200);
  assertEquals(probes(chosen, 4_200), [1472]);
  chosen.handleProbed(1472);
  assertEquals(probes(chosen, 4_300), []);
  assertEquals(chosen.deadline(), Infinity);
});

/** Tells of 5,000 datagrams a second, some of which get lost. */
class Flow {
  readonly chosen: DatagramSize;
  now: number;
  sent = 0;
  lost = 0;

  constructor(chosen: DatagramSize, now: number) {
    this.chosen = chosen;
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
      if (this.chosen.handleLoss(this.sent, this.lost, this.now, Infinity)) {
        return true;
      }
    }
    return false;
  }
}

Deno.test("DatagramSize sends fragments when it may, for a while smaller where they get lost", () => {
  const chosen = new DatagramSize();
  chosen.start(0, false, 0);
  assertEquals(probes(chosen, 0), [1372, 1452, 1472]);
  chosen.handleProbed(1472);
  const flow = new Flow(chosen, 10);
  // What was lost while the rate was being found does not count.
  assertEquals(flow.run(5_000, 0.1), false);
  chosen.fragment(flow.now, "near");
  assertEquals(probes(chosen, flow.now), [8872, 26_632, 53_272]);
  assertEquals(chosen.bytes, 1472);
  chosen.handleProbed(53_272);
  assertEquals(flow.run(100_000, 0.014), false);
  // A receiver that is busy for a moment loses many at once.
  assertEquals(flow.run(20_000, 0.1, 50), false);
  for (const smaller of [26_632, 8872, 1472]) {
    assertEquals(flow.run(50_000, 0.04), true);
    assertEquals(chosen.bytes, smaller);
  }
  const start = flow.now;
  assertEquals(flow.run(10_000, 0.04), false);
  assertEquals(probes(chosen, flow.now), []);
  assertEquals(flow.run(1_000_000, 0), true);
  assertEquals(chosen.bytes, 53_272);
  assert(flow.now - start > 30_000 && flow.now - start < 40_000);
  // A system that has no room for incomplete ones joins none at all.
  const before = flow.sent;
  for (const smaller of [26_632, 8872, 1472]) {
    assertEquals(flow.run(2_000, 1), true);
    assertEquals(chosen.bytes, smaller);
  }
  assert(flow.sent - before < 1_000, `${flow.sent - before}`);
  const again = flow.now;
  assertEquals(flow.run(1_000_000, 0), true);
  assert(flow.now - again > 60_000, "but ever more rarely");
  chosen.fragment(flow.now, "near");
  assertEquals(probes(chosen, flow.now), [], "probed once for each path");
  chosen.start(200_000, false, 0);
  probes(chosen, 200_000);
  chosen.fragment(200_000, "far");
  assertEquals(
    probes(chosen, 200_000).slice(-4),
    [2_888, 4_336, 8_872, 26_632],
  );
});

Deno.test("DatagramSize sends single packets for a while when no fragments come any more", () => {
  const chosen = new DatagramSize();
  chosen.start(0, false, 0);
  chosen.handleProbed(1472);
  chosen.fragment(0, "far");
  chosen.handleProbed(8_872);
  chosen.handleUnanswered(1, 1_000);
  assertEquals(chosen.handleUnanswered(3, 1_400), true);
  assertEquals(chosen.bytes, 1472);
  assertEquals(chosen.handleUnanswered(4, 1_500), false, "these have a chance");
  chosen.handleLoss(1, 0, 36_000, Infinity);
  assertEquals(chosen.bytes, 1472);
  chosen.handleLoss(1, 0, 37_000, Infinity);
  assertEquals(chosen.bytes, 8_872);
  // Where not even these come, the path is another one.
  chosen.handleUnanswered(1, 50_000);
  assertEquals(chosen.handleUnanswered(3, 50_400), true);
  assertEquals(chosen.bytes, 1472);
  assertEquals(chosen.handleUnanswered(5, 50_800), true);
  assertEquals(chosen.bytes, 1200);
  assertEquals(probes(chosen, chosen.deadline()), [1372, 1452, 1472]);
});

Deno.test("DatagramSize sends the largest to someone far once the rate is long known", () => {
  const chosen = new DatagramSize();
  chosen.start(0, false, 0);
  chosen.fragment(0, "far");
  chosen.handleProbed(26_632);
  assertEquals(chosen.bytes, 8_872);
  const flow = new Flow(chosen, 10);
  // 60 MB, then 10 more.
  assertEquals(flow.run(60e6 / 8_872, 0.0001), false);
  assertEquals(flow.run(10e6 / 8_872, 0.0001), true);
  assertEquals(chosen.bytes, 26_632);
  chosen.start(flow.now, false, 1);
  chosen.fragment(flow.now, "far");
  for (const size of probes(chosen, flow.now)) chosen.handleProbed(size);
  assertEquals(chosen.bytes, 8_872, "and anew on another path");
});

Deno.test("DatagramSize forgives losses as time goes by, a steady excess not", () => {
  for (const [share, isTooMuch] of [[0.014, false], [0.03, true]] as const) {
    const chosen = new DatagramSize();
    chosen.start(0, false, 0);
    chosen.fragment(0, "near");
    chosen.handleProbed(26_632);
    assertEquals(new Flow(chosen, 10).run(200_000, share), isTooMuch);
    assertEquals(chosen.bytes, isTooMuch ? 8_872 : 26_632);
  }
});

Deno.test("DatagramSize sends smaller ones while the far end holds much of them", () => {
  // One packet in so many gets lost; 25,000 datagrams/s of 3 packets leave.
  for (const [packets, smallest] of [[1_000, 2_888], [100_000, 8_872]]) {
    const chosen = new DatagramSize();
    chosen.start(0, false, 0);
    chosen.fragment(0, "far");
    chosen.handleProbed(8_872);
    const seen = new Map<number, number>();
    let [now, sent, lost] = [0, 0, 0];
    for (
      let packet = 0;
      packet < 3_000_000;
      packet += packetsOf(chosen.bytes)
    ) {
      now += packetsOf(chosen.bytes) / 75;
      sent++;
      const next = packet + packetsOf(chosen.bytes);
      if (next % packets! < packet % packets!) lost++;
      chosen.handleLoss(sent, lost, now, Infinity);
      seen.set(chosen.bytes, (seen.get(chosen.bytes) ?? 0) + 1);
    }
    assertEquals(Math.min(...seen.keys()), smallest);
    // Numbers come round, what was held goes, and they grow again.
    const large = seen.get(8_872)!;
    assert(large > 1.5 * firstLarge || seen.size === 1, `${large}`);
  }
});

Deno.test("DatagramSize keeps to large ones when what is left of the file has room", () => {
  for (const [megabytes, smallest] of [[60, 8_872], [400, 2_888]] as const) {
    const chosen = new DatagramSize();
    chosen.start(0, false, 0);
    chosen.fragment(0, "far");
    chosen.handleProbed(8_872);
    let [now, sent, lost, due] = [0, 0, 0, 0];
    const sizes = new Set<number>();
    let left = megabytes * 1e6 + 200e6;
    for (; left > 0; left -= chosen.bytes) {
      now += packetsOf(chosen.bytes) / 75;
      sent++;
      due += packetsOf(chosen.bytes) / 1_000;
      if (due >= 1) {
        lost++;
        due--;
      }
      chosen.handleLoss(sent, lost, now, left);
      sizes.add(chosen.bytes);
    }
    assertEquals(Math.min(...sizes), smallest);
  }
});

Deno.test("DatagramSize knows what an earlier file has left at the far end", () => {
  // Losses of 8,872 bytes before, and the size that still is affordable.
  for (
    const [losses, size] of [
      [120, 8_872],
      [180, 4_336],
      [400, 1_472],
    ]
  ) {
    const budgets = new FragmentBudgets();
    for (let i = 0; i < losses!; i++) {
      budgets.of(5).handleSent(100, 1, 8_872, 10 * i);
    }
    for (const path of [5, 6]) {
      const chosen = new DatagramSize(budgets);
      chosen.start(4_000, false, path);
      chosen.fragment(4_000, "far");
      for (const probed of probes(chosen, 4_000)) chosen.handleProbed(probed);
      assertEquals(chosen.bytes, path === 5 ? size : 8_872);
      chosen.handleLoss(1, 0, 60_000, Infinity);
      assertEquals(chosen.bytes, 8_872, "after half a minute it is gone");
    }
  }
});

Deno.test("DatagramSize sends no fragments on this machine", () => {
  const chosen = new DatagramSize();
  chosen.start(0, true, 0);
  assertEquals(probes(chosen, 0), [1452, 8_952, 26_244, 65_507]);
  chosen.handleProbed(65_507);
  chosen.fragment(50, "near");
  assertEquals(probes(chosen, 50), []);
  assertEquals(chosen.handleLoss(10_000, 5_000, 100, Infinity), false);
});

Deno.test("DatagramSize ignores sizes it never probed", () => {
  const chosen = new DatagramSize();
  chosen.start(0, false, 0);
  assertEquals(chosen.handleProbed(60_000), false);
  assertEquals(chosen.bytes, 1200);
});

Deno.test("DatagramSize goes back to the smallest on a black hole and retries", () => {
  const chosen = new DatagramSize();
  chosen.start(0, true, 0);
  const largest = probes(chosen, 0).at(-1)!;
  chosen.handleProbed(largest);
  assertEquals(chosen.bytes, largest);
  assertEquals(chosen.handleUnanswered(1, 500), false);
  assertEquals(chosen.handleUnanswered(3, 700), false);
  assertEquals(chosen.handleUnanswered(5, 1_000), true);
  assertEquals(chosen.bytes, 1200);
  assertEquals(chosen.handleUnanswered(6, 1_000), false);
  assertEquals(probes(chosen, 1_000), []);
  assertEquals(probes(chosen, chosen.deadline()).includes(largest), true);
});

/** Datagrams of six packets until 2.8 MiB are held, if one packet in 1,000 is lost. */
const firstLarge = 2.8 * 1024 * 1024 / (5 * 3_600) / 0.006;

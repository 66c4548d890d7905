/** Transfers that share a bottleneck: among themselves, and beside others. */
import { assert } from "@std/assert";
import type { CongestionController } from "../../../lib/engine/congestion/controller.ts";
import { Bbr } from "../../../lib/engine/congestion/bbr.ts";
import { Cubic } from "../../support/cubic.ts";
import { runTogether, SharedLink } from "../../support/shared_link.ts";
import { testFile, TransferPair } from "../../support/transfer_pair.ts";

const rate = 1_250;
const delayMs = 20;
const file = testFile(70_000_000);
const largeFile = testFile(120_000_000);
const headStartMs = 4_000;

/**
 * Bytes that each of several transfers got through one link between `from` and
 * `to`, ms; each begins 100 ms after the one before.
 */
function shares(
  makers: readonly (() => CongestionController)[],
  queueBytes: number,
  from: number,
  to: number,
): number[] {
  const link = { delayMs, rate, queueBytes };
  const shared = new SharedLink({ seed: 3, ...link });
  const pairs = makers.map((makeController, index) =>
    new TransferPair({
      seed: 20 + index,
      file,
      there: shared.passage(),
      back: { delayMs },
      startAt: 100 * index,
      makeController,
    })
  );
  runTogether(pairs, (now) => now >= from);
  const before = pairs.map((pair) => pair.writtenBytes);
  runTogether(pairs, (now) => now >= to);
  return pairs.map((pair, index) => pair.writtenBytes - before[index]!);
}

function sum(all: readonly number[]): number {
  return all.reduce((total, each) => total + each, 0);
}

/** Jain's index: 1 when all get the same, 1/n when one gets everything. */
function fairness(all: readonly number[]): number {
  return sum(all) ** 2 / (all.length * sum(all.map((each) => each ** 2)));
}

Deno.test("transfers side by side fill the link and come to share it fairly", () => {
  for (const roundTrips of [0.5, 1, 3]) {
    const makers = Array.from({ length: 4 }, () => () => new Bbr());
    const queueBytes = roundTrips * rate * 2 * delayMs;
    const all = shares(makers, queueBytes, 15_000, 30_000);
    const told = `${roundTrips}: ${all.map((each) => (each / 1e6).toFixed(1))}`;
    assert(sum(all) > 0.85 * rate * 15_000, told);
    assert(fairness(all) > 0.85, `${told}, ${fairness(all)}`);
  }
});

/** Stops sending when it is told to. */
class StoppableCubic extends Cubic {
  isStopped = false;

  override get window(): number {
    return this.isStopped ? 0 : super.window;
  }
}

/** A transfer that comes to a flow that has had the link for 4 s. */
function latecomer(roundTrips: number) {
  const link = { delayMs, rate: 2_500, queueBytes: roundTrips * 2_500 * 40 };
  const shared = new SharedLink({ seed: 3, ...link });
  const flow = new StoppableCubic();
  const pairs = [() => flow, () => new Bbr()].map((maker, index) =>
    new TransferPair({
      seed: 20 + index,
      file: largeFile,
      there: shared.passage(),
      back: { delayMs },
      startAt: index * headStartMs,
      makeController: maker,
    })
  );
  runTogether(pairs, (now) => now >= headStartMs);
  return { flow, pairs };
}

/** What it takes in each of some spans of time, ms. */
function latecomerShares(roundTrips: number, spans: readonly number[]) {
  const { pairs } = latecomer(roundTrips);
  let end = headStartMs;
  return spans.map((span) => {
    const before = pairs.map((pair) => pair.writtenBytes);
    end += span;
    runTogether(pairs, (now) => now >= end);
    const all = pairs.map((pair, index) => pair.writtenBytes - before[index]!);
    return all[1]! / sum(all);
  });
}

Deno.test("a transfer that comes to a flow as those of TCP leaves it room, and keeps its own", () => {
  for (const roundTrips of [1, 2, 4]) {
    // At first, and when both have had time to come to terms or to starve.
    const all = latecomerShares(roundTrips, [15_000, 30_000]);
    for (const share of all) {
      assert(share > 0.3 && share < 0.7, `${roundTrips}: ${all}`);
    }
  }
});

Deno.test("a transfer has the link to itself, and no queue, once the flow has ended", () => {
  const { flow, pairs } = latecomer(4);
  runTogether(pairs, (now) => now >= 20_000);
  const transfer = pairs[1]!;
  assert(transfer.sender.stats().rtt > 80, "a queue of others");
  flow.isStopped = true;
  runTogether(pairs, (now) => now >= 22_000);
  const before = transfer.writtenBytes;
  let longest = 0;
  runTogether(pairs, (now) => {
    longest = Math.max(longest, transfer.sender.stats().rtt);
    return now >= 27_000;
  });
  assert(transfer.writtenBytes - before > 0.85 * 2_500 * 5_000);
  assert(longest < 60, `${longest} ms`);
});

Deno.test("others wait less than 50 ms more on an uplink that a transfer fills, however long its queue", () => {
  // 20 Mbit/s, as of many homes, whose router queues for 400 ms.
  const link = { delayMs: 10, rate: 2_500, queueBytes: 1_000_000 };
  const shared = new SharedLink({ seed: 5, ...link });
  const pair = new TransferPair({
    seed: 31,
    file: largeFile,
    there: shared.passage(),
    back: { delayMs: 10 },
    makeController: () => new Bbr(),
  });
  let longest = 0;
  runTogether([pair], (now) => {
    const { rtt, minRtt } = pair.sender.stats();
    if (minRtt < Infinity) longest = Math.max(longest, rtt);
    return now >= 15_000;
  });
  assert(longest < 20 + 50, `${longest} ms`);
  assert(pair.writtenBytes > 0.9 * 2_500 * 15_000);
});

Deno.test("a transfer and a flow as those of TCP leave room for each other", () => {
  // Queues as routers have them; in shorter ones CUBIC starves itself here.
  for (const roundTrips of [1.5, 3, 5]) {
    const makers = [() => new Bbr(), () => new Cubic()];
    const queueBytes = roundTrips * rate * 2 * delayMs;
    const all = shares(makers, queueBytes, 5_000, 60_000);
    const share = all[0]! / sum(all);
    assert(share > 0.3 && share < 0.7, `${roundTrips}: ${share}`);
  }
});

Deno.test("a transfer is no worse a neighbour than such a flow on a slow line with a short queue", () => {
  const lines = [[625, 7.5, 25], [1_250, 15, 25], [1_250, 20, 17]] as const;
  for (const [lineRate, delayMs, packets] of lines) {
    const link = { delayMs, rate: lineRate, queueBytes: packets * 1_500 };
    const [transfer, flow] = [() => new Bbr(), () => new Cubic()].map(
      (makeController) => {
        const shared = new SharedLink({ seed: 1, mtu: 1_500, ...link });
        const pairs = [() => new Cubic(), makeController].map((maker, index) =>
          new TransferPair({
            seed: 21 + index,
            file,
            there: shared.passage(),
            back: { delayMs },
            startAt: index * headStartMs,
            makeController: maker,
          })
        );
        runTogether(pairs, (now) => now >= 5_000);
        const before = pairs.map((pair) => pair.writtenBytes);
        runTogether(pairs, (now) => now >= 35_000);
        const all = pairs.map((pair, index) =>
          pair.writtenBytes - before[index]!
        );
        return all[1]! / sum(all);
      },
    );
    const told = `${lineRate}: ${transfer}, ${flow}`;
    assert(transfer! < 0.7 && transfer! < flow! + 0.15, told);
    assert(transfer! > 0.35, told);
  }
});

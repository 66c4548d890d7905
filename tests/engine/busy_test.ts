/** Ends that wake up late, since their machines have much else to do. */
import { assert, assertEquals } from "@std/assert";
import {
  type PairOptions,
  testFile,
  TransferPair,
} from "../support/transfer_pair.ts";

Deno.test("transfer pair: who wakes up late keeps the rate of the path", () => {
  for (const lateMs of [10, 20]) {
    const link = { delayMs: 20, rate: 12_500, loss: 0.01, queueBytes: 500_000 };
    const file = testFile(8_000_000);
    const pair = new TransferPair({ seed: 1, file, link, lateMs });
    pair.run(60_000, () => pair.writtenBytes === file.length);
    assertEquals(pair.written, file);
    // The line alone takes 640 ms, and finding its rate a few round trips.
    assert(pair.now < 2_000, `${pair.now} ms, late by up to ${lateMs}`);
  }
});

/** How long a file takes over a link, ms, and the share of its packets lost. */
function over(
  file: Uint8Array,
  link: PairOptions["link"],
  lateMs: number,
): { ms: number; lost: number } {
  const pair = new TransferPair({ seed: 1, file, link: link!, lateMs });
  pair.run(60_000, () => pair.writtenBytes === file.length);
  const { sentPackets, lostPackets } = pair.sender.stats();
  return { ms: pair.now, lost: lostPackets / sentPackets };
}

Deno.test("a transfer between machines that notice late what comes keeps its rate on a short path", () => {
  const link = { delayMs: 2, rate: 12_500, queueBytes: 131_072 };
  const { ms } = over(testFile(12_000_000), link, 5);
  assert(ms < 1_300, `${ms} ms`);
});

Deno.test("a sender that is late sends no more at once than a short queue takes", () => {
  const link = { delayMs: 5.5, rate: 125_000, queueBytes: 65_536 };
  const { ms, lost } = over(testFile(40_000_000), link, 1);
  assert(lost < 0.15, `${lost} lost`);
  assert(ms < 800, `${ms} ms`);
});

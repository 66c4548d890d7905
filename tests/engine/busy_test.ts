/** Ends that wake up late, since their machines have much else to do. */
import { assert, assertEquals } from "@std/assert";
import { testFile, TransferPair } from "../support/transfer_pair.ts";

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

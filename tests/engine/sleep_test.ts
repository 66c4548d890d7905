/** A machine sleeps in the middle of a transfer: it goes on when it wakes up. */
import { assert, assertEquals } from "@std/assert";
import { transferLimits } from "../../lib/engine/packets/limits.ts";
import { testFile, TransferPair } from "../support/transfer_pair.ts";

const hour = 3_600_000;
const day = 24 * hour;

/** In the middle of a file, one end falls asleep. */
function asleep(which: "sender" | "receiver"): TransferPair {
  const link = { delayMs: 10, rate: 12_500, loss: 0.01 };
  const pair = new TransferPair({ seed: 1, file: testFile(8_000_000), link });
  pair.run(day, () => pair.writtenBytes > 2_000_000);
  pair.asleep = which;
  return pair;
}

Deno.test("transfer pair: what sleeps is waited for, and goes on at once", () => {
  for (const which of ["sender", "receiver"] as const) {
    for (const ms of [60_000, 11 * hour]) {
      const pair = asleep(which);
      const start = pair.now;
      const awake = which === "sender" ? "receiver" : "sender";
      // The server says that it does not hear that side, either.
      pair.run(day, () => pair.now > start + 30_000);
      pair[awake].handleAsleep();
      let datagrams = 0;
      pair.intercept = (bytes) => {
        datagrams++;
        return bytes;
      };
      pair.run(day, () => pair.now > start + ms);
      // Few, with nobody to hear them.
      assert(datagrams < 200 + 2 * ms / 1_000, `${datagrams} in ${ms} ms`);
      pair.asleep = undefined;
      const woken = pair.now;
      pair.run(day);
      assertEquals(pair.written, testFile(8_000_000));
      // The 6 MB that are missing take 480 ms.
      const took = pair.now - transferLimits.lingerMs - woken;
      assert(took < 3_000, `${took} ms after ${ms}`);
    }
  }
});

Deno.test("transfer pair: who is gone for good is given up in time", () => {
  const { idleMs, awayMs } = transferLimits;
  for (const isAwaited of [false, true]) {
    const pair = asleep("receiver");
    const start = pair.now;
    pair.run(day, () => pair.now > start + 1_000);
    if (isAwaited) pair.sender.handleAsleep();
    pair.run(day, () => pair.sender.isDrained);
    const waited = pair.now - start;
    const most = isAwaited ? awayMs : idleMs;
    assert(Math.abs(waited - most) < 1_000, `${waited} ms`);
    const last = pair.senderEvents.at(-1);
    assertEquals(last, { type: "unreachable", wasConnected: true });
  }
});

Deno.test("transfer pair: who wakes up hears the other side first, gone or not", () => {
  const pair = asleep("sender");
  // Both sleep, as where the clock jumps; one does not wake up.
  pair.now += hour;
  const woken = pair.now;
  pair.asleep = "receiver";
  pair.run(day, () => pair.sender.isDrained);
  const waited = pair.now - woken;
  assert(Math.abs(waited - transferLimits.idleMs) < 1_000, `${waited} ms`);
});

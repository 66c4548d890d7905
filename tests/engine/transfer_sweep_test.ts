/**
 * Thousands of short transfers over links of every kind, each drawn from a seed.
 * A run that fails names its seed; `sweep(SEED)` repeats it.
 */
import { assert, assertEquals } from "@std/assert";
import { Buffer } from "node:buffer";
import { SeededRandom } from "../support/seeded_random.ts";
import type { LinkOptions } from "../support/simulated_link.ts";
import { testFile, TransferPair } from "../support/transfer_pair.ts";

const file = testFile(700_000);
const runs = 2_000;

function drawLink(random: SeededRandom): Omit<LinkOptions, "seed"> {
  const has = (share: number) => random.next() < share;
  const rate = 500 * 10 ** (2 * random.next());
  const blackoutAt = 20 + random.below(2_000);
  return {
    delayMs: has(0.2) ? 0 : 150 * random.next() ** 2,
    rate,
    queueBytes: 20_000 + random.below(300_000),
    ...(has(0.5) ? { jitterMs: 30 * random.next() } : {}),
    ...(has(0.7) ? { loss: 0.3 * random.next() ** 2 } : {}),
    ...(has(0.3) ? { burst: 1 + random.below(8) } : {}),
    ...(has(0.3) ? { duplicate: 0.2 * random.next() } : {}),
    ...(has(0.3) ? { corrupt: 0.003 * random.next() } : {}),
    ...(has(0.3) ? { reorder: 0.2 * random.next() } : {}),
    ...(has(0.2) ? { mtu: 1_200 + random.below(300) } : {}),
    ...(has(0.2)
      ? {
        blackouts: [{
          from: blackoutAt,
          to: blackoutAt + random.below(3_000),
        }],
      }
      : {}),
  };
}

/** One transfer over a link that `seed` stands for. */
function sweep(seed: number): void {
  const random = new SeededRandom(seed);
  const size = random.next() < 0.3
    ? random.below(3_000)
    : random.below(file.length);
  const contents = file.subarray(0, size);
  const link = drawLink(random);
  const pair = new TransferPair({ seed, file: contents, link });
  const changeAt = random.next() < 0.3 ? random.below(size + 1) : Infinity;
  const told = `seed ${seed}, ${size} bytes, ${JSON.stringify(link)}`;
  try {
    pair.run(240_000, () => {
      if (pair.writtenBytes >= changeAt) {
        pair.there.options.mtu = 1_200 + random.below(300);
        pair.there.options.rate = 500 * 10 ** (2 * random.next());
      }
      return pair.sender.isDrained && pair.receiver.isDrained;
    });
  } catch (error) {
    throw new Error(`${told}: ${error}`);
  }
  assertEquals(pair.writtenBytes, size, told);
  assert(sameBytes(pair.written, contents), told);
  assertEquals(pair.receiverEvents.at(-1)?.type, "done", told);
  assertEquals(pair.senderEvents.at(-1)?.type, "done", told);
}

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0;
}

Deno.test(`transfer sweep: ${runs} links, each file whole at both ends`, () => {
  for (let seed = 0; seed < runs; seed++) sweep(seed);
});

Deno.test("transfer sweep: a seed repeats a run exactly", () => {
  const trace = () => {
    const pair = new TransferPair({
      seed: 77,
      file,
      link: { delayMs: 20, jitterMs: 5, loss: 0.1, rate: 5_000 },
    });
    pair.run();
    return [pair.now, pair.steps, pair.sender.stats().sentPackets];
  };
  assertEquals(trace(), trace());
});

Deno.test("transfer sweep: one corrupted datagram in 1,000 costs less than half the speed", () => {
  const contents = testFile(20_000_000);
  const time = (corrupt: number) => {
    const pair = new TransferPair({
      seed: 3,
      file: contents,
      link: { delayMs: 20, rate: 12_500, queueBytes: 500_000, corrupt },
    });
    pair.run();
    assert(sameBytes(pair.written, contents));
    return pair.now;
  };
  assert(time(0.001) < 2 * time(0));
});

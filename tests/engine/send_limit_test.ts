import { assert, assertEquals } from "@std/assert";
import { SendLimit } from "../../lib/engine/send_limit.ts";

/** Bytes that two senders move in `ms`, each waiting as it is told. */
function run(limit: SendLimit, sizes: readonly number[], ms: number): number[] {
  const sent = sizes.map(() => 0);
  const readyAt = sizes.map(() => 0);
  const pending = sizes.map(() => 0);
  for (let now = 0; now < ms; now += 0.5) {
    for (const [index, size] of sizes.entries()) {
      while (readyAt[index]! <= now) {
        sent[index]! += pending[index]!;
        pending[index] = size;
        readyAt[index] = now + limit.reserve(size, now);
      }
    }
  }
  return sent;
}

Deno.test("SendLimit keeps to its rate, shared evenly", () => {
  const limit = new SendLimit();
  limit.set(1_000_000);
  const [one = 0, two = 0] = run(limit, [1_200, 1_200], 2_000);
  assert(Math.abs(one + two - 2_000_000) < 30_000, `${one + two}`);
  assert(Math.abs(one - two) < 0.05 * one, `${one} and ${two}`);
});

Deno.test("SendLimit without a rate lets everything pass", () => {
  const limit = new SendLimit();
  for (let i = 0; i < 1_000; i++) assertEquals(limit.reserve(65_000, 5), 0);
  limit.set(10_000);
  limit.reserve(10_000, 5);
  assert(limit.reserve(1, 5) > 900);
  limit.set(0);
  assertEquals(limit.reserve(1, 5), 0);
});

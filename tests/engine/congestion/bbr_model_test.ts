import { assert, assertEquals } from "@std/assert";
import {
  FullPipe,
  type RoundOutcome,
} from "../../../lib/engine/congestion/bbr_model.ts";

/** Rounds of `ms` each with these rates; `from` is the time before them. */
function play(
  pipe: FullPipe,
  rates: readonly number[],
  { ms = 200, from = 1_000, outcome = "clean" as RoundOutcome } = {},
): void {
  for (const [i, rate] of rates.entries()) {
    pipe.handleRound(rate, outcome, from + ms * (i + 1));
  }
}

Deno.test("FullPipe: three rounds without a quarter more", () => {
  const pipe = new FullPipe();
  play(pipe, [10, 20, 40, 44, 49]);
  assertEquals(pipe.isFull, false);
  play(pipe, [49], { from: 2_000 });
  assert(pipe.isFull);
});

Deno.test("FullPipe: growth starts the count again", () => {
  const pipe = new FullPipe();
  play(pipe, [10, 11, 11, 13, 13, 13]);
  assertEquals(pipe.isFull, false);
});

Deno.test("FullPipe: short rounds must stand still for 120 ms", () => {
  const pipe = new FullPipe();
  play(pipe, [10, ...Array(23).fill(10)], { ms: 5 });
  assertEquals(pipe.isFull, false);
  play(pipe, [10, 10], { ms: 5, from: 1_120 });
  assert(pipe.isFull);
});

Deno.test("FullPipe: a program that gets faster meanwhile goes on", () => {
  const pipe = new FullPipe();
  play(pipe, [10, ...Array(20).fill(10)], { ms: 5 });
  play(pipe, [13, ...Array(20).fill(13)], { ms: 5, from: 1_110 });
  assertEquals(pipe.isFull, false);
});

Deno.test("FullPipe: short rounds that lose much are not waited for", () => {
  const pipe = new FullPipe();
  play(pipe, [10, 10, 10], { ms: 5, outcome: "lossy" });
  assertEquals(pipe.isFull, false);
  play(pipe, [10], { ms: 5, from: 1_015, outcome: "lossy" });
  assert(pipe.isFull);
});

Deno.test("FullPipe: an overload ends it unless the rate still grows", () => {
  const pipe = new FullPipe();
  play(pipe, [10, 20], { ms: 5, outcome: "overloaded" });
  assertEquals(pipe.isFull, false);
  play(pipe, [21], { ms: 5, from: 1_010, outcome: "overloaded" });
  assert(pipe.isFull);
});

Deno.test("FullPipe.reopen: the rate grows without being asked", () => {
  const pipe = new FullPipe();
  play(pipe, [10, 10, 10, 10]);
  assert(pipe.isFull);
  assertEquals(pipe.reopen(12), false);
  assert(pipe.isFull);
  assert(pipe.reopen(13));
  assertEquals(pipe.isFull, false);
  // From here on that is what must be exceeded.
  play(pipe, [13, 13, 13, 13], { from: 2_000 });
  assert(pipe.isFull);
  assertEquals(pipe.reopen(16), false);
});

import { assert, assertEquals } from "@std/assert";
import { FullPipe } from "../../lib/transfer/full_pipe.ts";

Deno.test("FullPipe: three rounds without a quarter more", () => {
  const pipe = new FullPipe();
  for (const rate of [10, 20, 40, 44, 49]) pipe.handleRound(rate, false);
  assertEquals(pipe.isFull, false);
  pipe.handleRound(49, false);
  assert(pipe.isFull);
});

Deno.test("FullPipe: growth starts the count again", () => {
  const pipe = new FullPipe();
  for (const rate of [10, 11, 11, 13, 13, 13]) pipe.handleRound(rate, false);
  assertEquals(pipe.isFull, false);
});

Deno.test("FullPipe: an overload ends it unless the rate still grows", () => {
  const pipe = new FullPipe();
  pipe.handleRound(10, true);
  pipe.handleRound(20, true);
  assertEquals(pipe.isFull, false);
  pipe.handleRound(21, true);
  assert(pipe.isFull);
});

Deno.test("FullPipe.reopen: the rate grows without being asked", () => {
  const pipe = new FullPipe();
  for (let i = 0; i < 4; i++) pipe.handleRound(10, false);
  assert(pipe.isFull);
  assertEquals(pipe.reopen(12), false);
  assert(pipe.isFull);
  assert(pipe.reopen(13));
  assertEquals(pipe.isFull, false);
  // From here on that is what must be exceeded.
  for (let i = 0; i < 4; i++) pipe.handleRound(13, false);
  assert(pipe.isFull);
  assertEquals(pipe.reopen(16), false);
});

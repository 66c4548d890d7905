import { assert, assertEquals } from "@std/assert";
import { setImmediate } from "node:timers";
import { TurnQueue } from "../../../lib/server/net/turn_queue.io.ts";
import { waitUntil } from "../../support/wait_until.ts";

Deno.test("TurnQueue does its tasks in order and lets others have turns between", async () => {
  const queue = new TurnQueue(2);
  const done: number[] = [];
  let turns = 0;
  const count = () => {
    turns++;
    if (done.length < 40) setImmediate(count);
  };
  setImmediate(count);
  for (let number = 0; number < 40; number++) {
    queue.add(() => {
      const end = performance.now() + 1;
      while (performance.now() < end);
      done.push(number);
    });
  }
  assertEquals(done, []);
  await waitUntil("all to be done", () => done.length === 40);
  assertEquals(done, done.map((_, index) => index));
  assert(turns >= 13, `${turns} turns`);
  queue.add(() => done.push(40));
  await waitUntil("one more", () => done.length === 41);
});

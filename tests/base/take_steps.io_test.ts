import { assert, assertEquals, assertRejects } from "@std/assert";
import type { Steps } from "../../lib/base/steps.ts";
import { takeSteps } from "../../lib/base/take_steps.io.ts";

/** Steps until the flag is set, or there were too many. */
function* until(flag: { isSet: boolean }): Steps<boolean> {
  const giveUpAt = performance.now() + 20_000;
  while (!flag.isSet && performance.now() < giveUpAt) yield;
  return flag.isSet;
}

Deno.test("takeSteps() lets timers have their turn between steps", async () => {
  const flag = { isSet: false };
  setTimeout(() => flag.isSet = true, 5);
  assert(await takeSteps(until(flag)));
});

Deno.test("takeSteps() ends at a signal, and takes no step after it", async () => {
  const stop = new AbortController();
  const flag = { isSet: false };
  setTimeout(() => stop.abort(new Error("enough")), 5);
  await assertRejects(
    () => takeSteps(until(flag), stop.signal),
    Error,
    "enough",
  );
  assertEquals(flag.isSet, false);
});

import { assertEquals } from "@std/assert";
import { LegRetries } from "../../../lib/client/calls/leg_retries.ts";

/** When `luke` is asked from `now` on where nothing helps. */
function asked(retries: LegRetries, now: number): number[] {
  const times: number[] = [];
  for (;;) {
    const at = retries.dueAt("luke");
    if (at === Infinity) return times;
    times.push(Math.max(at, now));
    now = times.at(-1)!;
    retries.handleTried("luke", now);
    retries.handleLost("luke", false, now);
  }
}

Deno.test("LegRetries: who has come in is asked at once, who was lost five times and ever less often", () => {
  const retries = new LegRetries();
  assertEquals(retries.dueAt("luke"), -Infinity);
  retries.handleTried("luke", 0);
  retries.handleLost("luke", false, 1000);
  assertEquals(asked(retries, 1000), [3000, 7000, 15_000, 23_000]);
  // A person may want it all the same.
  retries.forget("luke");
  assertEquals(asked(retries, 0).length, 5);
});

Deno.test("LegRetries: who was there and was lost is asked for a minute", () => {
  const retries = new LegRetries();
  retries.handleTried("luke", 0);
  retries.handleOpen("luke", 100);
  retries.handleLost("luke", false, 1000);
  assertEquals(retries.keptUntil("luke"), 61_000);
  assertEquals(
    asked(retries, 1000),
    [2, 4, 8, 16, 24, 32, 40, 48, 56].map((seconds) => seconds * 1000),
  );
  // Not so one who was away from the server before.
  retries.handleOpen("luke", 100_000);
  retries.handleLost("luke", false, 200_000, true);
  assertEquals(retries.keptUntil("luke"), 220_000);
  retries.handleOpen("luke", 300_000);
  retries.handleLost("luke", false, 310_000);
  retries.handleLeft("luke");
  assertEquals(retries.keptUntil("luke"), -Infinity);
  retries.handleThere("luke");
  retries.handleLost("luke", true, 320_000);
  assertEquals(retries.keptUntil("luke"), -Infinity);
});

Deno.test("LegRetries: only what has held for a minute begins anew", () => {
  const retries = new LegRetries();
  retries.handleOpen("luke", 0);
  let [now, times] = [0, 0];
  for (; times < 100; times++) {
    retries.handleLost("luke", false, now);
    const due = retries.dueAt("luke");
    if (due === Infinity) break;
    now = due;
    retries.handleTried("luke", now);
    retries.handleOpen("luke", now);
    now += 59_000;
  }
  assertEquals(times, 20);
  retries.forget("luke");
  retries.handleOpen("luke", now);
  retries.handleLost("luke", false, now + 60_000);
  assertEquals(retries.dueAt("luke"), now + 61_000);
});

Deno.test("LegRetries: who left and came in again is another matter, up to a point", () => {
  const retries = new LegRetries();
  const [there, away] = [new Set(["luke"]), new Set<string>()];
  retries.handleOpen("luke", 0);
  retries.handleLost("luke", true, 5);
  assertEquals(retries.dueAt("luke"), Infinity);
  retries.handleListed(away);
  retries.handleListed(there);
  assertEquals(retries.dueAt("luke"), -Infinity);
  assertEquals(asked(retries, 0).length, 5);
  // Who is said to come and go is not asked each time.
  const more: number[] = [];
  for (let times = 0; times < 3; times++) {
    retries.handleListed(away);
    retries.handleListed(there);
    more.push(...asked(retries, 0));
  }
  const [last = 0] = more;
  assertEquals(more, [last, last + 8000, last + 16_000]);
});

Deno.test("LegRetries: names that somebody makes up are asked for so often and no more", () => {
  const retries = new LegRetries();
  const tries: number[] = [];
  for (let at = 0; at < 1_200_000; at += 500) {
    const names = [`user${at}`, "luke"];
    retries.handleListed(new Set(at % 1000 === 0 ? names : []));
    for (const user of names) {
      if (retries.dueAt(user) > at) continue;
      retries.handleTried(user, at);
      retries.handleLost(user, false, at);
      tries.push(at);
    }
  }
  assertEquals(tries.length, 3 * 80);
  assertEquals(tries.filter((at) => at < 400_000).length, 80);
});

Deno.test("LegRetries: who does not ask waits for it, for twenty seconds or as long as they are kept", () => {
  const retries = new LegRetries();
  retries.handleOpen("luke", 0);
  retries.handleLost("luke", false, 7);
  assertEquals(retries.waitsUntil("luke"), 60_007);
  retries.forget("luke");
  retries.handleLost("luke", false, 7);
  assertEquals(retries.waitsUntil("luke"), 20_007);
  retries.rename("luke", "lars");
  assertEquals(retries.waitsUntil("lars"), 20_007);
  assertEquals(retries.waitsUntil("luke"), -Infinity);
  retries.handleLost("lars", true, 8);
  assertEquals(retries.waitsUntil("lars"), -Infinity);
});

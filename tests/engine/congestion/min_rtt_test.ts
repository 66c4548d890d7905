import { assertEquals } from "@std/assert";
import { MinRtt } from "../../../lib/engine/congestion/bbr_model.ts";

Deno.test("MinRtt keeps the smallest for ten seconds, then asks for it", () => {
  const min = new MinRtt();
  assertEquals(min.ms, Infinity);
  assertEquals(min.update(0, 0), false, "no round trip");
  assertEquals(min.ms, Infinity);
  assertEquals(min.update(50, 10), false);
  assertEquals(min.update(40, 20), false);
  for (let now = 100; now <= 10_000; now += 100) {
    assertEquals(min.update(44, now), false, `${now}`);
    assertEquals(min.ms, 40);
  }
  assertEquals(min.update(44, 10_100), true);
  assertEquals(min.ms, 44);
});

Deno.test("MinRtt asks sooner, then ever more rarely, where a queue stays", () => {
  const min = new MinRtt();
  min.update(40, 0);
  const asked: number[] = [];
  for (let now = 10; now <= 30_000; now += 10) {
    if (!min.update(60, now, true)) continue;
    asked.push(now);
    min.handleProbed(now, true);
  }
  assertEquals(asked, [2_010, 5_020, 9_530, 16_290, 26_300]);
  assertEquals(min.ms, 40, "it is known as long as others fill the queue");
});

Deno.test("MinRtt forgets even then what was not seen for a minute", () => {
  const min = new MinRtt();
  min.update(40, 0);
  min.update(60, 59_990, true);
  assertEquals(min.ms, 40);
  min.update(60, 60_010, true);
  assertEquals(min.ms, 60);
});

Deno.test("MinRtt: next to the smallest it has been seen again", () => {
  for (const [rtt, isAsked] of [[41, false], [42, true]] as const) {
    const min = new MinRtt();
    min.update(40, 0);
    min.update(rtt, 9_000);
    assertEquals(min.update(44, 10_010), isAsked, `${rtt}`);
    assertEquals(min.ms, isAsked ? 44 : 40);
  }
});

Deno.test("MinRtt.handleProbed: what was seen meanwhile lasts ten seconds", () => {
  const min = new MinRtt();
  min.update(40, 0);
  min.update(42, 9_000);
  min.handleProbed(9_000);
  assertEquals(min.update(42, 18_990), false);
  assertEquals(min.ms, 40);
  assertEquals(min.update(42, 19_010), true);
});

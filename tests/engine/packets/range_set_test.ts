import { assertEquals } from "@std/assert";
import { RangeSet } from "../../../lib/engine/packets/range_set.ts";
import { SeededRandom } from "../../support/seeded_random.ts";

function ranges(set: RangeSet): [number, number][] {
  const found: [number, number][] = [];
  for (let i = 0; i < set.count; i++) found.push([set.start(i), set.end(i)]);
  return found;
}

Deno.test("RangeSet.add joins what touches and overlaps", () => {
  const set = new RangeSet(8);
  assertEquals(set.add(10, 20), 10);
  assertEquals(set.add(30, 40), 10);
  assertEquals(set.add(20, 25), 5);
  assertEquals(ranges(set), [[10, 25], [30, 40]]);
  assertEquals(set.add(0, 50), 25);
  assertEquals(ranges(set), [[0, 50]]);
  assertEquals(set.add(5, 6), 0);
  assertEquals(set.add(7, 7), 0);
});

Deno.test("RangeSet.add refuses a range too many and stays whole", () => {
  const set = new RangeSet(2);
  set.add(0, 1);
  set.add(10, 11);
  assertEquals(set.add(20, 21), -1);
  assertEquals(set.add(1, 2), 1);
  assertEquals(ranges(set), [[0, 2], [10, 11]]);
  set.dropLowest();
  assertEquals(ranges(set), [[10, 11]]);
});

Deno.test("RangeSet agrees with a plain set of numbers", () => {
  for (let seed = 1; seed <= 200; seed++) {
    const random = new SeededRandom(seed);
    const set = new RangeSet(200);
    const model = new Set<number>();
    for (let step = 0; step < 100; step++) {
      const start = random.below(300);
      const end = start + random.below(20);
      let added = 0;
      for (let n = start; n < end; n++) {
        if (!model.has(n)) added++;
        model.add(n);
      }
      assertEquals(set.add(start, end), added);
      const from = random.below(300);
      const to = from + 1 + random.below(10);
      let isCovered = true;
      for (let n = from; n < to; n++) isCovered &&= model.has(n);
      assertEquals(set.covers(from, to), isCovered);
    }
    const expected = [...model].sort((a, b) => a - b);
    const actual = ranges(set).flatMap(([start, end]) =>
      Array.from({ length: end - start }, (_, i) => start + i)
    );
    assertEquals(actual, expected);
    for (let i = 1; i < set.count; i++) {
      assertEquals(set.start(i) > set.end(i - 1), true);
    }
  }
});

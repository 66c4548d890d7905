import { assertEquals } from "@std/assert";
import { portions, type Steps, takeAll } from "../../lib/base/steps.ts";

Deno.test("portions() hands over all items in order, so many that each is a step", () => {
  assertEquals([...portions([])], []);
  const items = Array.from({ length: 2_500 }, (_, index) => index);
  const all = [...portions(new Set(items))];
  assertEquals(all.map(({ length }) => length), [1_000, 1_000, 500]);
  assertEquals(all.flat(), items);
  assertEquals([...portions(items.slice(0, 1_000))].length, 1);
});

Deno.test("takeAll() takes every step and gives what comes of them", () => {
  const taken: number[] = [];
  function* count(): Steps<number> {
    for (let step = 1; step <= 3; step++) {
      taken.push(step);
      yield;
    }
    return 4;
  }
  assertEquals(takeAll(count()), 4);
  assertEquals(taken, [1, 2, 3]);
});

/** What is wished for while a file that arrives is read. */
import { assertEquals } from "@std/assert";
import { ReadPlan } from "../../../lib/client/transfer/read_plan.ts";

/** Nothing is here, and everything comes in order from `next` on. */
function waiting(wanted: number[], next = 0) {
  const upcoming = Array.from({ length: 8 }, (_, index) => next + index);
  return { wanted, upcoming, isHere: (block: number) => block < next };
}

Deno.test("ReadPlan: the start, then the end, then on from the start", () => {
  const plan = new ReadPlan(1_000);
  const first = { first: 0, end: 16 };
  const end = { first: 992, end: 1_000 };
  assertEquals(plan.wanted(waiting([0]), 0), [
    first,
    end,
    { first: 0, end: 1_000 },
  ]);
  // What comes next anyway is not wished for.
  assertEquals(plan.wanted(waiting([3], 1), 5_000), undefined);
});

Deno.test("ReadPlan: where somebody seeks comes first, and that of the others then", () => {
  const plan = new ReadPlan(1_000);
  plan.wanted(waiting([0]), 0);
  assertEquals(plan.wanted(waiting([500, 20, 30, 40, 50], 10), 100), [
    { first: 500, end: 516 },
    { first: 20, end: 36 },
    { first: 30, end: 46 },
    { first: 40, end: 56 },
    { first: 500, end: 1_000 },
  ]);
  // The sender has not heard yet, or cannot do it.
  assertEquals(plan.wanted(waiting([503], 12), 600), undefined);
  const again = plan.wanted(waiting([503], 12), 1_200);
  assertEquals(again?.[0], { first: 503, end: 519 });
});

Deno.test("ReadPlan: a short file, and one whose end is here, have no end to wish for", () => {
  const short = new ReadPlan(3);
  assertEquals(short.wanted(waiting([1]), 0), [
    { first: 1, end: 3 },
    { first: 0, end: 3 },
    { first: 1, end: 3 },
  ]);
  const plan = new ReadPlan(1_000);
  const isHere = (block: number) => block > 900;
  assertEquals(plan.wanted({ wanted: [5], upcoming: [], isHere }, 0), [
    { first: 5, end: 21 },
    { first: 5, end: 1_000 },
  ]);
});

Deno.test("ReadPlan: when nobody came back, what is missing comes from the start up", () => {
  const plan = new ReadPlan(1_000);
  assertEquals(plan.unread(10_000), undefined, "nobody ever read");
  plan.wanted(waiting([500]), 10_000);
  plan.handleClosed(11_000);
  assertEquals(plan.unread(13_900), undefined);
  plan.wanted(waiting([800]), 13_950);
  assertEquals(plan.unread(20_000), undefined, "one who seeks is back");
  plan.handleClosed(20_000);
  assertEquals(plan.unread(23_000), [{ first: 0, end: 1_000 }]);
  assertEquals(plan.unread(30_000), undefined, "once");
});

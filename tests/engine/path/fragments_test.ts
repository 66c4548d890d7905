import { assert, assertEquals } from "@std/assert";
import { FragmentBudget } from "../../../lib/engine/path/fragments.ts";
import { packetsOf } from "../../../lib/engine/packets/limits.ts";

/** What five fragments take. */
const five = 5 * 3_600;

Deno.test("packetsOf: with the headers of IPv4 and UDP", () => {
  assertEquals([1, 1_472, 1_473, 4_432, 4_433, 8_872].map(packetsOf), [
    1,
    1,
    2,
    3,
    4,
    6,
  ]);
});

Deno.test("FragmentBudget counts the other fragments of what is lost", () => {
  const budget = new FragmentBudget();
  budget.handleSent(100, 0, 8_872, 10);
  assertEquals(budget.bytes, 0);
  budget.handleSent(100, 1, 8_872, 20);
  assertEquals(budget.bytes, five);
  budget.handleSent(100, 1, 4_336, 30);
  assertEquals(budget.bytes, five + 2 * 3_600);
  budget.handleSent(100, 1, 1_472, 40);
  assertEquals(budget.bytes, five + 2 * 3_600, "one packet leaves nothing");
});

Deno.test("FragmentBudget takes losses close together for an overflow", () => {
  const budget = new FragmentBudget();
  budget.handleSent(100, 30, 8_872, 10);
  budget.handleSent(100, 20, 8_872, 11);
  assertEquals(budget.bytes, five);
  budget.handleSent(100, 1, 8_872, 14);
  assertEquals(budget.bytes, 2 * five);
});

Deno.test("FragmentBudget lets go after 65,536 further fragmented datagrams", () => {
  const budget = new FragmentBudget();
  budget.handleSent(1, 1, 8_872, 0);
  for (let sent = 0; sent < 60_000; sent++) {
    budget.handleSent(1, 0, 1_472, 1);
    budget.handleSent(1, 0, 4_336, 1);
  }
  assertEquals(budget.bytes, five);
  for (let sent = 60_000; sent < 66_000; sent++) {
    budget.handleSent(1, 0, 4_336, 1);
  }
  assertEquals(budget.bytes, 0);
});

Deno.test("FragmentBudget lets go half a minute after the last of a stretch", () => {
  const budget = new FragmentBudget();
  budget.handleSent(1, 1, 8_872, 0);
  budget.handleSent(1, 0, 1_472, 29_000);
  assertEquals(budget.bytes, five);
  budget.handleSent(1, 0, 1_472, 30_001);
  assertEquals(budget.bytes, 0);
});

Deno.test("FragmentBudget expects of what is left the losses so far", () => {
  const budget = new FragmentBudget();
  assertEquals(budget.expected(1_480_000, 8_872), 0);
  // One packet of 600, then none of another 600.
  budget.handleSent(100, 1, 8_872, 0);
  assertEquals(budget.expected(600 * 1_480, 8_872), five);
  budget.handleSent(200, 0, 4_336, 10);
  assertEquals(budget.expected(1_200 * 1_480, 8_872), five);
  assertEquals(budget.expected(1_200 * 1_480, 4_336), 2 * 3_600);
  assertEquals(budget.expected(1_200 * 1_480, 1_472), 0);
});

Deno.test("FragmentBudget never falls below nothing", () => {
  const budget = new FragmentBudget();
  let now = 0;
  for (let i = 0; i < 300_000; i++) {
    now += i % 1_000 === 0 ? 900 : 1;
    budget.handleSent(1, i % 7 === 0 ? 1 : 0, i % 3 === 0 ? 1_472 : 8_872, now);
    assert(budget.bytes >= 0);
  }
});

import { assertEquals } from "@std/assert";
import { SendSubflows } from "../../../lib/engine/path/subflows.ts";
import { transferLimits } from "../../../lib/engine/packets/limits.ts";

/** Paths of the next datagrams, sorted: the order is of no importance. */
function nextPaths(subflows: SendSubflows): number[] {
  return Array.from({ length: subflows.count }, () => subflows.next(7, 65_507))
    .toSorted((a, b) => a - b);
}

Deno.test("SendSubflows uses what the receiver says is reached, in turn", () => {
  const subflows = new SendSubflows();
  assertEquals(nextPaths(subflows), [7]);
  subflows.handleProbe(1, false, 11, 0);
  assertEquals(nextPaths(subflows), [7]);
  subflows.handleProbe(1, true, 11, 1);
  subflows.handleProbe(2, true, 12, 1);
  assertEquals(nextPaths(subflows), [7, 11, 12]);
  assertEquals(nextPaths(subflows), [7, 11, 12]);
  subflows.handleProbe(2, true, 13, 2);
  assertEquals(nextPaths(subflows), [7, 11, 13], "moved");
  subflows.handleProbe(1, false, 11, 2);
  assertEquals(nextPaths(subflows), [7, 13]);
  subflows.clear();
  assertEquals([subflows.count, subflows.deadline()], [1, Infinity]);
});

Deno.test("SendSubflows leaves out what falls silent", () => {
  const subflows = new SendSubflows();
  subflows.handleProbe(1, true, 11, 0);
  subflows.handleProbe(2, true, 12, 500);
  assertEquals(subflows.deadline(), transferLimits.subflowMs);
  subflows.handleTimeout(transferLimits.subflowMs - 1);
  assertEquals(subflows.count, 3);
  subflows.handleTimeout(transferLimits.subflowMs);
  assertEquals(nextPaths(subflows), [7, 12]);
  subflows.handleTimeout(500 + transferLimits.subflowMs);
  assertEquals(nextPaths(subflows), [7]);
});

Deno.test("SendSubflows ignores numbers that no subflow has", () => {
  const subflows = new SendSubflows();
  for (const subflow of [0, -1, transferLimits.subflows, 255]) {
    subflows.handleProbe(subflow, true, 11, 0);
  }
  assertEquals(subflows.count, 1);
});

Deno.test("SendSubflows sends some in a row to each", () => {
  const subflows = new SendSubflows();
  subflows.handleProbe(1, true, 11, 0);
  subflows.handleProbe(2, true, 12, 0);
  const paths = Array.from({ length: 24 }, () => subflows.next(7, 8_000));
  const runs = paths.filter((path, i) => path !== paths[i - 1]);
  // Six of them are 48,000 bytes.
  assertEquals(paths.slice(0, 7), [7, 7, 7, 7, 7, 7, 11]);
  assertEquals(runs, [7, 11, 12, 7]);
});

Deno.test("SendSubflows goes on with the main path when the one in turn is gone", () => {
  const subflows = new SendSubflows();
  subflows.handleProbe(1, true, 11, 0);
  subflows.handleProbe(2, true, 12, 0);
  const paths = Array.from({ length: 13 }, () => subflows.next(7, 8_000));
  assertEquals(paths.at(-1), 12);
  subflows.handleProbe(2, false, 12, 1);
  assertEquals(subflows.next(7, 8_000), 7);
});

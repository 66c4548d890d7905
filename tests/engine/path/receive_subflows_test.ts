import { assert, assertEquals } from "@std/assert";
import { ReceiveSubflows } from "../../../lib/engine/path/subflows.ts";
import { transferLimits } from "../../../lib/engine/packets/limits.ts";

/** All but the main one. */
const most = transferLimits.subflows - 1;

/** Probes everything that is due at `now`, with its number as the token. */
function probeAll(subflows: ReceiveSubflows, now: number): number[] {
  const probed: number[] = [];
  for (;;) {
    const subflow = subflows.pollProbe(now);
    if (subflow === 0) return probed;
    subflows.handleProbe(subflow, 100 * now + subflow, now);
    probed.push(subflow);
  }
}

Deno.test("ReceiveSubflows probes nothing until it is wanted", () => {
  const subflows = new ReceiveSubflows();
  assertEquals([subflows.pollProbe(1), subflows.deadline()], [0, Infinity]);
  subflows.setWanted(most, 0);
  const all = Array.from({ length: most }, (_, i) => i + 1);
  assertEquals(probeAll(subflows, 1), all);
  assertEquals(subflows.deadline(), 1 + transferLimits.keepAliveMs);
  assertEquals(probeAll(subflows, subflows.deadline()), all);
  subflows.setWanted(3, 0);
  assertEquals(probeAll(subflows, subflows.deadline()), [1, 2, 3]);
  subflows.setWanted(0, 0);
  assertEquals(subflows.deadline(), Infinity);
});

Deno.test("ReceiveSubflows tells the first answer at once, later ones in time", () => {
  const subflows = new ReceiveSubflows();
  subflows.setWanted(most, 0);
  probeAll(subflows, 1);
  assert(!subflows.isUsable(2, 1));
  subflows.handleAnswer(102, 3);
  assert(subflows.isUsable(2, 3) && !subflows.isUsable(1, 3));
  assertEquals(probeAll(subflows, 3), [2]);
  subflows.handleAnswer(302, 4);
  assertEquals(probeAll(subflows, 4), []);
  subflows.handleAnswer(999, 4);
  subflows.handleAnswer(0, 4);
  assert(!subflows.isUsable(1, 4), "of no token of ours");
});

Deno.test("ReceiveSubflows forgets a subflow that is no longer answered", () => {
  const subflows = new ReceiveSubflows();
  subflows.setWanted(most, 0);
  probeAll(subflows, 1);
  subflows.handleAnswer(101, 1);
  assert(subflows.isUsable(1, transferLimits.subflowMs));
  assert(!subflows.isUsable(1, 1 + transferLimits.subflowMs));
});

Deno.test("ReceiveSubflows asks for none any more where no data comes", () => {
  const subflows = new ReceiveSubflows();
  subflows.setWanted(3, 0);
  probeAll(subflows, 0);
  subflows.handleAnswer(1, 10);
  assertEquals(probeAll(subflows, transferLimits.subflowMs), []);
  assertEquals(subflows.deadline(), Infinity);
  subflows.setWanted(3, 4_000);
  assertEquals(probeAll(subflows, 4_000), [1, 2, 3]);
});

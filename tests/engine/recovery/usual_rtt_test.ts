import { assert, assertEquals } from "@std/assert";
import { UsualRtt } from "../../../lib/engine/recovery/usual_rtt.ts";
import { SeededRandom } from "../../support/seeded_random.ts";

/** Acknowledgements of four packets each, one a ms. */
class Acks {
  readonly usual = new UsualRtt();
  readonly #random = new SeededRandom(5);
  #number = 0;
  #now = 0;

  /** @param ahead Share of them that come after 1 ms, not after `rtt`. */
  come(count: number, rtt: number, ahead: number): void {
    for (let i = 0; i < count; i++) {
      const isAhead = this.#random.next() < ahead;
      this.usual.handleAck(isAhead);
      this.#now++;
      if (!this.usual.isReordered) continue;
      for (let k = 0; k < 4; k++) {
        const next = this.#number + 40;
        const took = isAhead ? 1 : rtt;
        this.usual.add(this.#number++, took, next, this.#now);
      }
    }
  }
}

Deno.test("UsualRtt is of no use where next to nothing is late", () => {
  const acks = new Acks();
  acks.come(5_000, 20, 0.01);
  assertEquals([acks.usual.isReordered, acks.usual.ms], [false, 0]);
  assertEquals(acks.usual.ahead(1), 0);
});

Deno.test("UsualRtt: that of most packets, though some are far ahead", () => {
  const acks = new Acks();
  acks.come(300, 20, 0.15);
  assert(acks.usual.isReordered);
  assertEquals(acks.usual.ms, 20);
  acks.come(100, 30, 0.15);
  assertEquals(acks.usual.ms, 30);
});

Deno.test("UsualRtt: ahead of what most take without a queue", () => {
  const acks = new Acks();
  acks.come(300, 20, 0.15);
  acks.come(100, 30, 0.15);
  assertEquals(acks.usual.ahead(1), 19);
  assertEquals(acks.usual.ahead(25), 0);
});

Deno.test("UsualRtt forgets when nothing overtakes any more", () => {
  const acks = new Acks();
  acks.come(300, 20, 0.15);
  acks.come(1_000, 20, 0);
  assertEquals([acks.usual.isReordered, acks.usual.ms], [false, 0]);
});

import { assertEquals } from "@std/assert";
import { BlockPool, SendWindow } from "../../lib/engine/send_window.ts";
import {
  packetState,
  SentPackets,
} from "../../lib/engine/recovery/sent_packets.ts";
import { SliceQueue } from "../../lib/engine/slice_queue.ts";

/** A queue over so many blocks of 3,016 bytes. */
function world(blocks: number, firstBlock = 0) {
  const window = new SendWindow(firstBlock, new BlockPool());
  for (let i = 0; i < blocks; i++) window.push(new Uint8Array(3_016));
  const sent = new SentPackets();
  const queue = new SliceQueue(sent, window, firstBlock);
  /** Sends the next slice; undefined when there is none. */
  function next(maxBytes = 1_400, limit = Infinity): number[] | undefined {
    if (!queue.pick(maxBytes, limit)) return undefined;
    const { block, offset, length } = queue;
    const number = sent.add(0, block, offset, length, 0, 0, 0, false);
    queue.advance(number);
    return [block, offset, length];
  }
  return { queue, window, sent, next };
}

Deno.test("SliceQueue cuts blocks into equal slices, in order, up to the limit", () => {
  const { queue, next } = world(3, 7);
  assertEquals(queue.nextBlock, 7);
  assertEquals(next(), [7, 0, 1_006]);
  assertEquals(next(), [7, 1_006, 1_006]);
  assertEquals(queue.nextBlock, 7);
  assertEquals(next(), [7, 2_012, 1_004]);
  assertEquals(queue.nextBlock, 8);
  assertEquals(next(1_400, 8), undefined);
  assertEquals(next(4_000, 9), [8, 0, 3_016]);
  assertEquals(next(4_000), [9, 0, 3_016]);
  assertEquals(next(), undefined);
});

Deno.test("SliceQueue goes on within a block when slices become larger or smaller", () => {
  const { next } = world(1);
  assertEquals(next(800), [0, 0, 754]);
  assertEquals(next(2_000), [0, 754, 1_508]);
  assertEquals(next(400), [0, 2_262, 377]);
  assertEquals(next(400), [0, 2_639, 377]);
  assertEquals(next(400), undefined);
});

Deno.test("SliceQueue repeats what was lost before anything new", () => {
  const { queue, sent, next } = world(2);
  next();
  next();
  queue.repeat(0);
  queue.repeat(1);
  assertEquals(next(), [0, 0, 1_006]);
  sent.settle(1, packetState.acked);
  assertEquals(next(), [0, 2_012, 1_004], "the other one had arrived");
});

Deno.test("SliceQueue sends a block anew that could not be opened, once for each time", () => {
  const { queue, window, next } = world(2);
  while (next()) { /* all */ }
  queue.refetch(1, 1);
  queue.refetch(1, 1);
  queue.refetch(5, 1);
  assertEquals(next(4_000), [1, 0, 3_016]);
  assertEquals(next(), undefined);
  window.release(1);
  queue.refetch(0, 1);
  assertEquals(next(), undefined, "it is no longer held");
});

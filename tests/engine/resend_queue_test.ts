import { assert, assertEquals } from "@std/assert";
import { ResendQueue } from "../../lib/engine/slice_queue.ts";
import { BlockPool, SendWindow } from "../../lib/engine/send_window.ts";
import {
  packetState,
  SentPackets,
} from "../../lib/engine/recovery/sent_packets.ts";

function world(blocks: number) {
  const window = new SendWindow(0, new BlockPool());
  for (let i = 0; i < blocks; i++) {
    window.push(new Uint8Array(3016));
  }
  return { sent: new SentPackets(), window, queue: new ResendQueue() };
}

function send(sent: SentPackets, block: number, offset: number, length = 1000) {
  return sent.add(0, block, offset, length, 0, 0, 0, false);
}

Deno.test("ResendQueue gives lost slices in the order of their loss", () => {
  const { sent, window, queue } = world(2);
  assert(queue.isEmpty);
  const numbers = [send(sent, 0, 0), send(sent, 0, 1000), send(sent, 1, 0)];
  for (const number of numbers) queue.push(number);
  const found: number[][] = [];
  while (queue.next(sent, window, 1400)) {
    found.push([queue.block, queue.offset, queue.length]);
    queue.advance(sent, send(sent, queue.block, queue.offset));
  }
  assertEquals(found, [[0, 0, 1000], [0, 1000, 1000], [1, 0, 1000]]);
  assert(queue.isEmpty);
});

Deno.test("ResendQueue cuts slices that became too large", () => {
  const { sent, window, queue } = world(1);
  queue.push(send(sent, 0, 500, 1000));
  const found: number[][] = [];
  while (queue.next(sent, window, 400)) {
    found.push([queue.offset, queue.length]);
    queue.advance(sent, send(sent, queue.block, queue.offset));
  }
  assertEquals(found, [[500, 400], [900, 400], [1300, 200]]);
});

Deno.test("ResendQueue passes over what arrived after all", () => {
  const { sent, window, queue } = world(2);
  const late = send(sent, 0, 0);
  const released = send(sent, 0, 1000);
  const lost = send(sent, 1, 0);
  for (const number of [late, released, lost]) queue.push(number);
  sent.settle(late, packetState.acked);
  window.release(1);
  assert(queue.next(sent, window, 1400));
  assertEquals(queue.block, 1);
  queue.advance(sent, send(sent, queue.block, queue.offset));
  assertEquals(queue.next(sent, window, 1400), false);
});

Deno.test("ResendQueue sends all of a block that failed, tag included", () => {
  const { sent, window, queue } = world(2);
  queue.refetch(1, 1, window);
  queue.refetch(1, 1, window);
  let bytes = 0;
  while (queue.next(sent, window, 700)) {
    assertEquals([queue.block, queue.offset], [1, bytes]);
    bytes += queue.length;
    queue.advance(sent, send(sent, queue.block, queue.offset));
  }
  assertEquals(bytes, 3016);
  queue.refetch(1, 1, window);
  assertEquals(queue.next(sent, window, 700), false, "not news");
  queue.refetch(1, 2, window);
  assert(queue.next(sent, window, 700), "again when it fails again");
});

Deno.test("ResendQueue: a repetition that got lost is not repeated when what it repeats arrived", () => {
  const { sent, window, queue } = world(1);
  const late = send(sent, 0, 0);
  queue.push(late);
  assert(queue.next(sent, window, 1400));
  const repetition = send(sent, queue.block, queue.offset);
  queue.advance(sent, repetition);
  queue.push(repetition);
  assert(queue.next(sent, window, 1400));
  sent.settle(late, packetState.acked);
  assertEquals(queue.next(sent, window, 1400), false);
});

Deno.test("ResendQueue keeps the order of many, while it grows and beyond its ring", () => {
  const { sent, window, queue } = world(3);
  let lost = 0;
  let found = 0;
  const take = () => {
    assert(queue.next(sent, window, 1400));
    assertEquals([queue.block, queue.offset], [found % 3, found % 2_000]);
    queue.advance(sent, send(sent, queue.block, queue.offset));
    found++;
  };
  while (lost < 70_000) {
    // Never more than the memory of sent packets, which count the repetitions.
    for (let i = 0; i < 7_000; i++, lost++) {
      queue.push(send(sent, lost % 3, lost % 2_000));
    }
    while (found < lost - 1_000) take();
  }
  while (found < lost) take();
  assert(queue.isEmpty);
});

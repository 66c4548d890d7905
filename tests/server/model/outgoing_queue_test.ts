import { assert, assertEquals, assertStrictEquals } from "@std/assert";
import { OutgoingQueue } from "../../../lib/server/model/outgoing_queue.ts";

Deno.test("OutgoingQueue joins what is queued into one write, in order", () => {
  const queue = new OutgoingQueue(10);
  assertEquals(queue.take(), undefined);
  const one = Uint8Array.of(1, 2);
  assert(queue.push(one));
  assertStrictEquals(queue.take(), one, "a single frame is not copied");
  assert(queue.push(one) && queue.push(Uint8Array.of(3)));
  assertEquals(queue.bytes, 3);
  assertEquals(queue.take(), Uint8Array.of(1, 2, 3));
  assertEquals(queue.bytes, 0);
});

Deno.test("OutgoingQueue takes its limit, and nothing more once it is exceeded", () => {
  const queue = new OutgoingQueue(4);
  assert(queue.push(new Uint8Array(4)));
  assert(!queue.push(new Uint8Array(1)));
  assert(queue.overflowed);
  assertEquals([queue.bytes, queue.take()], [0, undefined]);
  assert(!queue.push(new Uint8Array(1)));
  queue.pushLast(Uint8Array.of(9, 9, 9, 9, 9));
  assertEquals(queue.take(), Uint8Array.of(9, 9, 9, 9, 9));
  assert(!queue.push(new Uint8Array(1)));
});

Deno.test("OutgoingQueue joins texts and encoded frames, in order, and counts bytes", () => {
  const queue = new OutgoingQueue(20);
  const encode = (text: string) => new TextEncoder().encode(text);
  assert(queue.push("a\n") && queue.push("b\n"));
  assert(queue.push(encode("€\n")));
  assert(queue.push("ü\n") && queue.push("c\n"));
  assertEquals(queue.bytes, 2 + 2 + 4 + 3 + 2);
  assertEquals(queue.take(), encode("a\nb\n€\nü\nc\n"));
  assert(queue.push("alone\n"));
  assertEquals(queue.take(), encode("alone\n"));
  assert(!queue.push("€".repeat(7)), "21 bytes");
});

Deno.test("OutgoingQueue joins the same frames for many connections once", () => {
  const [one, two, three] = [1, 2, 3].map(() => new OutgoingQueue());
  assert(one !== undefined && two !== undefined && three !== undefined);
  const [first, second] = [Uint8Array.of(1), Uint8Array.of(2)];
  for (const queue of [one, two]) queue.push(first) && queue.push(second);
  three.push(second);
  three.push(first);
  const joined = one.take();
  assertEquals(joined, Uint8Array.of(1, 2));
  assert(two.take() === joined);
  assertEquals(three.take(), Uint8Array.of(2, 1));
});

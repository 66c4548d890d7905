import { assert, assertEquals, assertStrictEquals } from "@std/assert";
import { OutgoingQueue } from "../../../lib/server/model/outgoing_queue.ts";

Deno.test("OutgoingQueue gives what is queued, in order, uncopied", () => {
  const queue = new OutgoingQueue(10);
  assertEquals(queue.take(), []);
  const one = Uint8Array.of(1, 2);
  assert(queue.push(one) && queue.push(Uint8Array.of(3)));
  assertEquals(queue.bytes, 3);
  const frames = queue.take();
  assertEquals(frames, [one, Uint8Array.of(3)]);
  assertStrictEquals(frames[0], one);
  assertEquals([queue.bytes, queue.take()], [0, []]);
});

Deno.test("OutgoingQueue gives no more frames than are wanted, and the rest later", () => {
  const queue = new OutgoingQueue();
  for (const text of ["aa", "bb", "cc", "d"]) queue.push(text);
  assertEquals(queue.take(3), ["aa", "bb"]);
  assertEquals(queue.bytes, 3);
  queue.push("e");
  assertEquals(queue.take(4), ["cc", "d", "e"]);
  assertEquals(queue.bytes, 0);
});

Deno.test("OutgoingQueue takes its limit, and nothing more once it is exceeded", () => {
  const queue = new OutgoingQueue(4);
  assert(queue.push(new Uint8Array(4)));
  assert(!queue.push(new Uint8Array(1)));
  assert(queue.overflowed);
  assertEquals([queue.bytes, queue.take()], [0, []]);
  assert(!queue.push(new Uint8Array(1)));
  queue.pushLast(Uint8Array.of(9, 9, 9, 9, 9));
  assertEquals(queue.take(), [Uint8Array.of(9, 9, 9, 9, 9)]);
  assert(!queue.push(new Uint8Array(1)));
});

Deno.test("OutgoingQueue counts bytes, and keeps texts only where these are their letters", () => {
  const queue = new OutgoingQueue(20);
  const encode = (text: string) => new TextEncoder().encode(text);
  assert(queue.push("a\n") && queue.push("ü\n") && queue.push(encode("€\n")));
  assertEquals(queue.bytes, 2 + 3 + 4);
  assertEquals(queue.take(), ["a\n", encode("ü\n"), encode("€\n")]);
  assert(!queue.push("€".repeat(7)), "21 bytes");
});

import { assert, assertEquals } from "@std/assert";
import { DerivationQueue } from "../../../lib/server/accounts/derivation_queue.ts";

Deno.test("DerivationQueue serves the urgent first, the background in between", () => {
  const queue = new DerivationQueue();
  queue.setBackground(["a", "b", "c"]);
  for (const name of ["u", "v", "w", "x", "b"]) assert(queue.request(name));
  assertEquals(drain(queue), "u! v! w! a x! b! c");
});

Deno.test("DerivationQueue takes a name once, as an urgent one", () => {
  const queue = new DerivationQueue();
  queue.setBackground(["a"]);
  assert(queue.request("a"));
  assert(queue.request("a"));
  assertEquals(drain(queue), "a!");
  assertEquals(queue.backgroundSize, 0);
});

Deno.test("DerivationQueue gets through the background during a flood", () => {
  const queue = new DerivationQueue();
  queue.setBackground(["a", "b", "c"]);
  for (let i = 0; i < 12; i++) {
    queue.request(`flood${i}`);
    queue.request(`more${i}`);
    queue.take();
  }
  assertEquals(queue.backgroundSize, 0);
});

Deno.test("DerivationQueue bounds what is urgent", () => {
  const queue = new DerivationQueue(2);
  assert(queue.request("a"));
  assert(queue.request("b"));
  assert(!queue.request("c"));
  assert(queue.request("a"));
});

/** All names in the order they are taken, urgent ones with `!`. */
function drain(queue: DerivationQueue): string {
  const taken: string[] = [];
  for (let next = queue.take(); next !== undefined; next = queue.take()) {
    taken.push(next.name + (next.urgent ? "!" : ""));
  }
  return taken.join(" ");
}

import { assertEquals } from "@std/assert";
import { EarlyDatagrams } from "../../../lib/client/transfer/early_datagrams.ts";
import { packetType } from "../../../lib/engine/packets/packet.ts";

function probe(mark: number, length = 40): Uint8Array {
  const bytes = new Uint8Array(length);
  bytes[0] = packetType.probe;
  bytes[1] = mark;
  return bytes;
}

/** What was taken, by its marks. */
function marks(taken: readonly { readonly bytes: Uint8Array }[]): number[] {
  return taken.map(({ bytes }) => bytes[1]!);
}

Deno.test("EarlyDatagrams keeps probes for whoever comes a moment later, once", () => {
  const early = new EarlyDatagrams<string>();
  const bytes = probe(1);
  early.add(7, bytes, "a", 0);
  // The memory is reused.
  bytes[1] = 9;
  early.add(8, probe(2), "b", 500);
  early.add(7, probe(3), "c", 900);
  const taken = early.take(7, 990);
  assertEquals(marks(taken), [1, 3]);
  assertEquals(taken.map(({ from }) => from), ["a", "c"]);
  assertEquals(marks(early.take(7, 990)), []);
  assertEquals(marks(early.take(8, 1_499)), [2]);
});

Deno.test("EarlyDatagrams keeps nothing for long, nothing else, and few", () => {
  const early = new EarlyDatagrams<string>();
  early.add(7, probe(1), "a", 0);
  assertEquals(marks(early.take(7, 1_000)), []);
  const data = probe(2);
  data[0] = packetType.data;
  early.add(7, data, "a", 0);
  early.add(7, probe(3, 257), "a", 0);
  early.add(-1, probe(4), "a", 0);
  assertEquals(marks(early.take(7, 0)), []);
  assertEquals(marks(early.take(-1, 0)), []);
  for (let i = 0; i < 40; i++) early.add(i, probe(i), "a", 0);
  const kept = Array.from({ length: 40 }, (_, i) => early.take(i, 0).length);
  assertEquals(kept.indexOf(1), 8);
  assertEquals(kept.filter((count) => count === 1).length, 32);
});

/** A file that is read while it arrives. */
import { assert, assertEquals } from "@std/assert";
import type { BlockRange } from "../../../lib/engine/block_order.ts";
import { transferLimits } from "../../../lib/engine/packets/limits.ts";
import { ArrivingFile } from "../../../lib/client/transfer/arriving_file.ts";

/** One of 100 blocks of which the first five are here. */
function arriving() {
  const here = new Set([0, 1, 2, 3, 4]);
  const wishes: (readonly BlockRange[])[] = [];
  const time = { now: 0 };
  const file = new ArrivingFile(
    "film.mp4",
    100 * transferLimits.blockBytes,
    () => Promise.resolve("handle"),
  );
  file.handleStarted({
    now: () => time.now,
    upcoming: (count) => Array.from({ length: count }, (_, at) => 5 + at),
    wish: (ranges) => wishes.push(ranges),
    checkOf: (block) => here.has(block) ? block : undefined,
  });
  const arrive = (block: number) => {
    here.add(block);
    file.handleWritten();
  };
  return { file, wishes, time, arrive };
}

/** Where a block begins, bytes. */
const at = (block: number) => block * transferLimits.blockBytes;

Deno.test("ArrivingFile: what is here is read at once, and nothing is wished for", async () => {
  const { file, wishes } = arriving();
  const reader = file.read(at(2));
  assert(await reader.wait(2));
  assertEquals(wishes, []);
});

Deno.test("ArrivingFile: what is not here is wished for, and waited for", async () => {
  const { file, wishes, arrive } = arriving();
  const waits = file.read(at(60)).wait(60);
  assertEquals(wishes[0]?.[0], { first: 60, end: 76 });
  arrive(59);
  arrive(60);
  assert(await waits);
});

Deno.test("ArrivingFile: the one who waits last comes first", () => {
  const { file, wishes } = arriving();
  file.read(at(60)).wait(60);
  file.read(at(90)).wait(90);
  assertEquals(wishes.at(-1)?.map(({ first }) => first), [90, 60, 90]);
});

Deno.test("ArrivingFile: who waits when the transfer ends otherwise gets no more", async () => {
  const { file } = arriving();
  const reader = file.read(at(60));
  const waits = reader.wait(60);
  file.handleEnded();
  assertEquals([await waits, await reader.wait(0)], [false, false]);
  assert(file.isGone);
});

Deno.test("ArrivingFile: once whole it stays whole", async () => {
  const { file, arrive } = arriving();
  const reader = file.read(at(60));
  const waits = reader.wait(60);
  arrive(60);
  file.handleStored("/films/film.mp4");
  file.handleEnded();
  assert(await waits);
  assertEquals([file.path, file.isGone], ["/films/film.mp4", false]);
});

Deno.test("ArrivingFile: of too many readers the first gets no more", async () => {
  const { file } = arriving();
  const first = file.read(at(60)).wait(60);
  for (let count = 0; count < 16; count++) file.read(0);
  assertEquals(await first, false);
});

Deno.test("ArrivingFile: when nobody reads any more it comes from the start up", () => {
  const { file, wishes, time, arrive } = arriving();
  const reader = file.read(at(60));
  reader.wait(60);
  reader.close();
  arrive(5);
  assertEquals(wishes.length, 1);
  time.now = 5_000;
  arrive(6);
  assertEquals(wishes.at(-1), [{ first: 0, end: 100 }]);
});

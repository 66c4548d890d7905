import { assert, assertEquals } from "@std/assert";
import {
  type Writer,
  WriteScheduler,
} from "../../../lib/server/net/write_scheduler.io.ts";
import { joinFrames } from "../../../lib/server/net/join_frames.ts";
import { limits } from "../../../lib/wire/limits.ts";
import { OutgoingQueue } from "../../../lib/server/model/outgoing_queue.ts";
import { waitUntil } from "../../support/wait_until.ts";

/** A connection whose writes end when the test says so. */
class ManualSource {
  readonly queue = new OutgoingQueue();
  readonly writer: Writer;
  readonly writes: string[] = [];
  drained = 0;
  failed = 0;
  #end: (() => void) | undefined;
  #fail: ((error: Error) => void) | undefined;

  constructor(scheduler: WriteScheduler) {
    this.writer = scheduler.writer(this);
  }

  get hasOutgoing(): boolean {
    return this.queue.bytes > 0;
  }

  get writing(): boolean {
    return this.#end !== undefined;
  }

  takeOutgoing(): Uint8Array | undefined {
    return joinFrames(this.queue.take());
  }

  write(bytes: Uint8Array): Promise<void> {
    assert(!this.writing, "two writes at once on one connection");
    this.writes.push(new TextDecoder().decode(bytes));
    return new Promise((resolve, reject) => {
      this.#end = resolve;
      this.#fail = reject;
    });
  }

  handleDrained(): void {
    this.drained++;
  }

  handleWriteFailed(): void {
    this.failed++;
  }

  send(text: string): void {
    this.queue.push(new TextEncoder().encode(text));
    this.writer.wake();
  }

  async end(): Promise<void> {
    const end = this.#end;
    this.#end = undefined;
    end?.();
    await turns();
  }

  async fail(): Promise<void> {
    const fail = this.#fail;
    this.#end = undefined;
    fail?.(new Error("gone"));
    await turns();
  }
}

async function turns(): Promise<void> {
  for (let turn = 0; turn < 10; turn++) await Promise.resolve();
}

Deno.test("WriteScheduler joins what queues while a write is under way", async () => {
  const scheduler = new WriteScheduler();
  const source = new ManualSource(scheduler);
  source.send("a");
  source.send("b");
  source.send("c");
  await source.end();
  assertEquals(source.writes, ["a", "bc"]);
  assertEquals(source.drained, 0);
  await source.end();
  assertEquals(source.drained, 1);
  assertEquals(scheduler.underWay, 0);
  scheduler.close();
});

Deno.test("limit writesUnderWay: the others wait", () => {
  const scheduler = new WriteScheduler();
  for (let i = 0; i < 100; i++) new ManualSource(scheduler).send("x");
  assertEquals(scheduler.underWay, limits.writesUnderWay);
  scheduler.close();
});

Deno.test("WriteScheduler has only so many writes under way, in order of arrival", async () => {
  const scheduler = new WriteScheduler({ places: 32 });
  const sources = Array.from(
    { length: 200 },
    () => new ManualSource(scheduler),
  );
  for (const source of sources) source.send("x");
  for (let first = 0; first < sources.length; first++) {
    const writing = sources.map((source) => source.writing);
    const expected = sources.map((_, i) => i >= first && i < first + 32);
    assertEquals(writing, expected);
    assert(scheduler.underWay <= 32);
    await sources[first]?.end();
  }
  assertEquals(scheduler.underWay, 0);
  scheduler.close();
});

Deno.test("WriteScheduler lets others pass readers that do not read", async () => {
  const options = { places: 4, slowPlaces: 1, placeMs: 20 };
  const scheduler = new WriteScheduler(options);
  const blocked = Array.from({ length: 4 }, () => new ManualSource(scheduler));
  for (const source of blocked) source.send("x");
  const others = Array.from({ length: 4 }, () => new ManualSource(scheduler));
  for (const source of others) source.send("y");
  assert(others.every((source) => !source.writing));
  await waitUntil(
    "the others write",
    () => others.every((source) => source.writing),
  );
  for (const source of others) await source.end();
  // The blocked ones read on, once, and block again: now they hold at most the
  // one slow place and disturb nobody.
  for (const source of blocked) {
    source.send("z");
    await source.end();
  }
  for (const source of blocked) {
    if (source.writing) source.send("more");
  }
  for (const source of others) {
    source.send("y2");
    assert(source.writing);
  }
  for (const source of [...others, ...blocked, ...blocked]) await source.end();
  await waitUntil("every writer is idle", async () => {
    for (const source of blocked) await source.end();
    return blocked.every((source) => !source.writer.busy);
  });
  assertEquals(
    blocked.map((source) => source.writes.join("")),
    blocked.map((source) => source.writes.includes("more") ? "xzmore" : "xz"),
  );
  scheduler.close();
});

Deno.test("WriteScheduler forgets a connection that broke", async () => {
  const scheduler = new WriteScheduler();
  const source = new ManualSource(scheduler);
  source.send("a");
  source.send("b");
  await source.fail();
  assertEquals(source.failed, 1);
  source.send("c");
  assertEquals(source.writes, ["a"]);
  assertEquals(scheduler.underWay, 0);
  scheduler.close();
});

Deno.test("WriteScheduler keeps order through a long crowd", async () => {
  const scheduler = new WriteScheduler({ places: 1 });
  const sources = Array.from(
    { length: 300 },
    () => new ManualSource(scheduler),
  );
  const order: number[] = [];
  for (let round = 0; round < 3; round++) {
    for (const source of sources) source.send(`${round}`);
  }
  for (let step = 0; step < 2 * sources.length; step++) {
    const index = sources.findIndex((source) => source.writing);
    if (index < 0) break;
    order.push(index);
    await sources[index]?.end();
  }
  // The first wrote "0" alone, and the rest of it after everybody else.
  const all = sources.map((_, index) => index);
  assertEquals(order, [...all, 0]);
  assertEquals(sources[0]?.writes, ["0", "12"]);
  assertEquals(sources[1]?.writes, ["012"]);
  scheduler.close();
});

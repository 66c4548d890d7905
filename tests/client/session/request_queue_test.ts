import { assert, assertEquals } from "@std/assert";
import { RequestQueue } from "../../../lib/client/session/request_queue.ts";
import { ServerLink } from "../../../lib/client/session/server_link.ts";
import { limits } from "../../../lib/wire/limits.ts";
import { SeededRandom } from "../../support/seeded_random.ts";

interface Frame {
  readonly id: number;
  readonly text: string;
}

/** A queue with messages `m1`, `m2`, … and what became of them. */
class World {
  readonly queue = new RequestQueue();
  readonly results: string[] = [];

  constructor(messages: number) {
    for (let number = 1; number <= messages; number++) {
      const text = `m${number}`;
      this.queue.add(
        "broadcast",
        { text, mid: text },
        (reply) => this.results.push(`${text} ${reply.code ?? "ok"}`),
        true,
      );
    }
  }

  /** All that goes out at `now`. */
  sent(now: number): Frame[] {
    const frames: Frame[] = [];
    for (;;) {
      const frame = this.queue.pollTransmit(now);
      if (frame === undefined) return frames;
      frames.push(frame as Frame);
    }
  }

  confirm(frame: Frame): void {
    this.queue.handleOk(frame.id, { at: 1, number: 1, partial: false });
  }
}

const texts = (frames: readonly Frame[]) => frames.map(({ text }) => text);

Deno.test("RequestQueue holds what came too fast and sends it again, in its order", () => {
  const world = new World(5);
  const { queue } = world;
  const first = world.sent(0);
  assertEquals(texts(first), ["m1", "m2", "m3", "m4", "m5"]);
  const [one, two, three, four, five] = first;
  assert(one && two && three && four && five);
  world.confirm(one);
  queue.handleTooFast(three.id, 900, 0);
  queue.handleTooFast(two.id, 1000, 0);
  queue.handleTooFast(four.id, 800, 0);
  assertEquals(queue.size, 4);
  // One answer is still missing: it may say the same.
  assertEquals([world.sent(2000), queue.pollTimeout()], [[], undefined]);
  queue.handleTooFast(five.id, 500, 0);
  assertEquals([world.sent(999), queue.pollTimeout()], [[], 1000]);
  const again = world.sent(1000);
  assertEquals(texts(again), ["m2", "m3", "m4", "m5"]);
  assertEquals(queue.pollTimeout(), undefined);
  again.forEach((frame) => world.confirm(frame));
  assertEquals(world.results, ["m1 ok", "m2 ok", "m3 ok", "m4 ok", "m5 ok"]);
});

Deno.test("RequestQueue sends what it held first on the next connection, and fails it at the end", () => {
  const world = new World(300);
  const { queue } = world;
  const first = world.sent(0);
  assertEquals(first.length, limits.unconfirmedMessages);
  for (const frame of first.slice(1, 3)) {
    queue.handleTooFast(frame.id, 60_000, 0);
  }
  queue.handleDisconnected();
  const again = world.sent(1);
  assertEquals(texts(again).slice(0, 4), ["m1", "m2", "m3", "m4"]);
  again.slice(0, 2).forEach(({ id }) => queue.handleTooFast(id, 1, 1));
  queue.close();
  assertEquals(queue.size, 0);
  assertEquals(world.results.length, 300);
  assertEquals(world.results[0], "m1 not_confirmed");
});

Deno.test("RequestQueue is not silenced for ever by a server", () => {
  const world = new World(1);
  const [frame] = world.sent(0);
  world.queue.handleTooFast(frame?.id ?? 0, Number.MAX_SAFE_INTEGER, 0);
  assertEquals(texts(world.sent(60_000)), ["m1"]);
});

Deno.test("limit serverFrameBytes: the client hangs up on a longer line", () => {
  const line = (bytes: number) => {
    const frame = JSON.stringify({ re: 1, ok: { pad: "" } });
    const pad = "x".repeat(bytes - frame.length);
    return new TextEncoder().encode(
      JSON.stringify({ re: 1, ok: { pad } }) + "\n",
    );
  };
  for (const [more, code] of [[0, undefined], [1, "bad_frame"]] as const) {
    const link = new ServerLink(new SeededRandom(1));
    link.connect(0);
    link.handleConnected(0);
    let frames = 0;
    const bytes = line(limits.serverFrameBytes + more);
    const fault = link.handleData(bytes, 0, () => frames++);
    assertEquals([fault?.code, frames], [code, 1 - more]);
  }
});

Deno.test("RequestQueue repeats no deletion at a server that was set back", () => {
  const queue = new RequestQueue();
  const results: string[] = [];
  const note =
    (name: string) => (reply: { readonly code?: string | undefined }) =>
      results.push(`${name} ${reply.code ?? "ok"}`);
  queue.add("delete", { number: 3, mid: "a" }, note("delete"), true);
  queue.add("broadcast", { text: "x", mid: "b" }, note("broadcast"), true);
  while (queue.pollTransmit(0) !== undefined);
  queue.handleDisconnected();
  queue.handleSetBack();
  assertEquals(results, ["delete not_confirmed"]);
  const again = queue.pollTransmit(1) as { do: string } | undefined;
  assertEquals(again?.do, "broadcast");
  assertEquals(queue.pollTransmit(1), undefined);
});

Deno.test("RequestQueue refuses what the server would end the connection for", () => {
  const world = new World(0);
  const { queue, results } = world;
  const longest = (character: string, bytes: number) =>
    character.repeat(Math.floor((limits.frameBytes - 100) / bytes));
  // In UTF-8, and as JSON writes it.
  for (const [character, bytes] of [["x", 1], ["€", 3], ["\n", 2]] as const) {
    const text = longest(character, bytes);
    for (const [mid, each] of [["fits", text], ["not", `${text}${text}`]]) {
      queue.add(
        "broadcast",
        { text: each ?? "", mid: mid ?? "" },
        ({ code = "ok", message }) => results.push(`${mid} ${code} ${message}`),
        true,
      );
    }
  }
  const frames = world.sent(0);
  assertEquals(frames.length, 3);
  for (const frame of frames) {
    const { length } = new TextEncoder().encode(JSON.stringify(frame));
    assert(length <= limits.frameBytes && length > limits.frameBytes - 200);
  }
  assertEquals(results.length, 3);
  for (const result of results) {
    assert(
      result.startsWith("not text_too_long This is too long: it takes 13"),
    );
  }
  assertEquals(queue.size, 3);
});

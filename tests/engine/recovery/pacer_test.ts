import { assert, assertEquals } from "@std/assert";
import { Pacer } from "../../../lib/engine/recovery/pacer.ts";

Deno.test("Pacer keeps to its rate over time", () => {
  const pacer = new Pacer(128 * 1024);
  let now = 0;
  pacer.setRate(now, 100);
  let sent = 0;
  while (now < 1000) {
    const readyAt = pacer.readyAt(now);
    if (readyAt > now) {
      now = readyAt;
      continue;
    }
    pacer.handleSent(1200);
    sent += 1200;
  }
  assert(sent >= 99_000 && sent <= 107_000, `${sent} bytes`);
});

Deno.test("Pacer catches up what a late timer missed, but no more", () => {
  const pacer = new Pacer(10_000);
  pacer.setRate(0, 4_000);
  pacer.readyAt(0);
  pacer.handleSent(100_000);
  const burst = (now: number) => {
    let bytes = 0;
    while (pacer.readyAt(now) <= now) {
      pacer.handleSent(1000);
      bytes += 1000;
    }
    return bytes;
  };
  burst(100);
  assertEquals(burst(102), 8_000);
  assertEquals(burst(1_000), 10_000);
});

/** A pacer of 1 MB/s, of which the next datagram waits. */
function waiting(): Pacer {
  const pacer = new Pacer(100_000);
  pacer.setDatagramBytes(1_000);
  pacer.setRate(0, 1_000);
  pacer.readyAt(0);
  pacer.handleSent(100_000);
  assert(pacer.readyAt(1) > 1);
  return pacer;
}

/** Bytes that leave at once. */
function burstOf(pacer: Pacer, now: number): number {
  let bytes = 0;
  for (; pacer.readyAt(now) <= now; bytes += 1_000) pacer.handleSent(1_000);
  return bytes;
}

Deno.test("Pacer keeps its rate where whoever waits for it is late", () => {
  const pacer = waiting();
  let sent = burstOf(pacer, 200);
  for (let now = 220; now <= 1_000; now += 20) sent += burstOf(pacer, now);
  assertEquals(pacer.takeBehind(), true, "the first time was too late");
  // 64 datagrams in place of 99, and from then on all that was due.
  assertEquals(sent, 64_000 + 800_000);
});

Deno.test("Pacer sends as much more at once as the receiver has more sockets", () => {
  for (const [datagramBytes, most] of [[1_000, 192_000], [8_000, 300_000]]) {
    const pacer = waiting();
    pacer.setDatagramBytes(datagramBytes!);
    pacer.setSubflows(3);
    assertEquals(burstOf(pacer, 1_000), most);
  }
});

Deno.test("Pacer sends to all sockets as much as to one where much gets lost", () => {
  for (
    const [lostShare, most] of [[0, 192], [0.009, 192], [0.05, 64]]
  ) {
    const pacer = waiting();
    pacer.setDatagramBytes(1_000);
    pacer.setSubflows(3);
    for (let i = 0; i < 10_000; i++) {
      pacer.handleSettled(10_000 * (1 - lostShare!), 10_000 * lostShare!);
    }
    assertEquals(burstOf(pacer, 1_000), 1_000 * most!);
    // What was only late counts as never lost.
    for (let i = 0; i < 10_000; i++) {
      pacer.handleSettled(10_000, -10_000 * lostShare!);
    }
    assertEquals(burstOf(pacer, 2_000), 192_000);
  }
});

Deno.test("Pacer says once when more was due than may leave together", () => {
  const pacer = waiting();
  burstOf(pacer, 150);
  assertEquals(pacer.takeBehind(), false);
  burstOf(pacer, 300);
  assertEquals(pacer.takeBehind(), true);
  assertEquals(pacer.takeBehind(), false);
});

Deno.test("Pacer catches up nothing where nothing waited", () => {
  const pacer = waiting();
  pacer.handleIdle();
  assertEquals(burstOf(pacer, 10_000), 5_000);
  assertEquals(pacer.takeBehind(), false);
});

Deno.test("Pacer without a rate lets everything pass", () => {
  const pacer = new Pacer(1000);
  pacer.handleSent(1e9);
  assertEquals(pacer.readyAt(5), 5);
});

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

Deno.test("Pacer without a rate lets everything pass", () => {
  const pacer = new Pacer(1000);
  pacer.handleSent(1e9);
  assertEquals(pacer.readyAt(5), 5);
});

import { assertEquals } from "@std/assert";
import { ReorderWindow } from "../../../lib/engine/recovery/reorder_window.ts";

const rtt = 40;

/** So many round trips, each of which loses something. */
function recover(window: ReorderWindow, count: number, from = 0): void {
  for (let i = 1; i <= count; i++) {
    window.handleLost(from + (i - 1) * rtt + 1, from + i * rtt);
    // Of the same round trip: it counts once.
    window.handleLost(from + (i - 1) * rtt + 2, from + i * rtt + 1);
  }
}

Deno.test("ReorderWindow: an eighth of a round trip while nothing is late", () => {
  const window = new ReorderWindow();
  recover(window, 100);
  assertEquals([window.isOpen, window.ms(rtt)], [false, rtt / 8]);
});

Deno.test("ReorderWindow: what was needed and some more, a round trip at most", () => {
  const window = new ReorderWindow();
  window.handleLate(12);
  window.handleLate(3);
  assertEquals([window.isOpen, window.ms(rtt)], [true, 12 + rtt / 8]);
  window.handleLate(500);
  assertEquals(window.ms(rtt), rtt);
  assertEquals(window.ms(0.4), 20, "a short path may be shaken for longer");
});

Deno.test("ReorderWindow closes after recoveries without need of it, not before", () => {
  const window = new ReorderWindow();
  window.handleLate(12);
  recover(window, 16);
  assertEquals(window.ms(rtt), 12 + rtt / 8);
  window.handleLate(9);
  recover(window, 16, 10_000);
  assertEquals(window.ms(rtt), 9 + rtt / 8);
  recover(window, 16, 20_000);
  assertEquals([window.isOpen, window.ms(rtt)], [false, rtt / 8]);
});

Deno.test("ReorderWindow: one that overtakes by no time at all is seen, too", () => {
  const window = new ReorderWindow();
  window.handleLate(-3);
  assertEquals(window.isOpen, true);
});

import { assert, assertEquals } from "@std/assert";
import {
  type AckSample,
  emptySample,
} from "../../../lib/engine/congestion/controller.ts";
import { LocalController } from "../../../lib/engine/congestion/local_controller.ts";

function sample(now: number, changes: Partial<AckSample>): AckSample {
  return { ...emptySample(), now, rtt: 1, ...changes };
}

/** What the usual socket buffer was measured to hold, datagrams. */
const held = [[1_472, 92], [8_952, 12], [26_244, 7], [65_507, 3]] as const;

Deno.test("LocalController keeps less in flight than the sockets hold", () => {
  for (const [bytes, datagrams] of held) {
    for (const sockets of [1, 2, 16]) {
      const controller = new LocalController();
      controller.setDatagramBytes(bytes);
      controller.setSubflows(sockets);
      const window = controller.window / bytes / sockets;
      // One may be on its way that the window did not count.
      assert(window <= datagrams - 1, `${bytes}: ${window}`);
      assert(window >= datagrams / 3, `${bytes}: ${window}`);
    }
  }
});

Deno.test("LocalController paces nothing", () => {
  assertEquals(new LocalController().pacingRate, Infinity);
});

Deno.test("LocalController gives way once for each loss and comes back", () => {
  const controller = new LocalController();
  controller.setDatagramBytes(65_507);
  controller.setSubflows(16);
  const full = controller.window;
  controller.handleAck(sample(10, { lost: 65_507, lostSentAt: 8 }));
  const reduced = controller.window;
  assert(reduced < 0.8 * full);
  controller.handleAck(sample(11, { lost: 65_507, lostSentAt: 9 }));
  assertEquals(controller.window, reduced, "lost in the same moment");
  controller.handleAck(sample(20, { lost: 65_507, lostSentAt: 12 }));
  assert(controller.window < reduced);
  for (let i = 0; i < 40; i++) {
    controller.handleAck(sample(30 + i, { acked: full / 2 }));
  }
  assertEquals(controller.window, full);
});

Deno.test("LocalController never stops sending", () => {
  const controller = new LocalController();
  controller.setDatagramBytes(65_507);
  for (let now = 1; now < 100; now++) {
    const lost = { lost: 65_507, lostSentAt: now };
    controller.handleAck(sample(now, lost));
    controller.handlePersistentCongestion();
    assert(controller.window >= 2 * 65_507);
  }
});

Deno.test("LocalController takes it back when what seemed lost was late", () => {
  const controller = new LocalController();
  controller.setDatagramBytes(1_472);
  const full = controller.window;
  controller.handleAck(sample(10, { lost: 2_944, lostSentAt: 8 }));
  controller.handleAck(sample(11, { recovered: 1_472 }));
  assert(controller.window < full, "one of the two is missing");
  controller.handleAck(sample(12, { recovered: 1_472 }));
  assertEquals(controller.window, full);
});

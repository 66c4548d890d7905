import { assert, assertEquals } from "@std/assert";
import { FragmentCheck } from "../../../lib/engine/path/fragments.ts";
import {
  type PacketState,
  packetState,
  SentPackets,
} from "../../../lib/engine/recovery/sent_packets.ts";

/** Two probes are sent; the fates are those of the large and the small one. */
function check(large?: PacketState, small?: PacketState) {
  const sent = new SentPackets();
  const checked = new FragmentCheck(sent);
  const send = () => sent.add(0, 0, 0, 1_000, 0, 0, 0, false);
  const numbers = [send(), send()] as const;
  checked.handleProbe(numbers[0], 8_872);
  checked.handleProbe(numbers[1], 1_472);
  if (large !== undefined) sent.settle(numbers[0], large);
  if (small !== undefined) sent.settle(numbers[1], small);
  return { checked, sent, numbers };
}

const { acked, lost, superseded } = packetState;

Deno.test("FragmentCheck: only the small one arrives", () => {
  for (const fate of [lost, superseded]) {
    const { checked } = check(fate, acked);
    assert(checked.isSwallowed());
    // It is told once.
    assertEquals(checked.isSwallowed(), false);
  }
});

Deno.test("FragmentCheck: nothing is known of the large one yet", () => {
  const { checked, sent, numbers } = check(undefined, acked);
  assertEquals(checked.isSwallowed(), false);
  sent.settle(numbers[0], lost);
  assert(checked.isSwallowed());
});

Deno.test("FragmentCheck: an outage, or a busy receiver", () => {
  for (
    const fates of [
      [undefined, undefined],
      [lost, lost],
      [lost, undefined],
      [acked, acked],
      [acked, lost],
    ] as const
  ) assertEquals(check(...fates).checked.isSwallowed(), false);
});

Deno.test("FragmentCheck: a probe by itself says nothing", () => {
  const sent = new SentPackets();
  const checked = new FragmentCheck(sent);
  assertEquals(checked.isSwallowed(), false);
  const number = sent.add(0, 0, 0, 1_000, 0, 0, 0, false);
  checked.handleProbe(number, 1_472);
  sent.settle(number, acked);
  assertEquals(checked.isSwallowed(), false);
});

Deno.test("FragmentCheck.restart: probes of different time-outs are no pair", () => {
  const { checked, sent } = check(superseded, lost);
  checked.restart();
  const number = sent.add(0, 0, 0, 1_000, 0, 0, 0, false);
  checked.handleProbe(number, 1_472);
  sent.settle(number, acked);
  assertEquals(checked.isSwallowed(), false);
});

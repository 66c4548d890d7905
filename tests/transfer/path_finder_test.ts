import { assert, assertEquals } from "@std/assert";
import { PathFinder } from "../../lib/transfer/path_finder.ts";
import { transferLimits } from "../../lib/transfer/transfer_limits.ts";

function drain(paths: PathFinder, now: number): number[] {
  const found: number[] = [];
  for (let p = paths.pollProbe(now); p >= 0; p = paths.pollProbe(now)) {
    found.push(p);
    assert(found.length < 100);
  }
  return found;
}

Deno.test("PathFinder probes every path at once and again with growing pauses", () => {
  const paths = new PathFinder([3, 1, 2, 1], 0);
  assertEquals(drain(paths, 0), [3, 1, 2]);
  const pauses: number[] = [];
  let now = 0;
  for (let i = 0; i < 12; i++) {
    assertEquals(drain(paths, now), i === 0 ? [] : [3, 1, 2]);
    const next = paths.deadline();
    pauses.push(next - now);
    now = next;
  }
  assertEquals(pauses[0], 30);
  assertEquals(pauses.at(-1), 1_000);
  for (let i = 1; i < pauses.length; i++) assert(pauses[i]! >= pauses[i - 1]!);
});

Deno.test("PathFinder uses the first path that answers and keeps to it", () => {
  const paths = new PathFinder([1, 2], 0);
  assertEquals(paths.active, -1);
  assertEquals(paths.handleHeard(2, 10), true);
  assertEquals(paths.handleHeard(1, 11), false);
  assertEquals([paths.active, paths.isValidated(1)], [2, true]);
});

Deno.test("PathFinder moves to another path when its own is silent", () => {
  const paths = new PathFinder([1, 2], 0);
  paths.handleHeard(1, 0);
  const later = transferLimits.keepAliveMs + 1;
  assertEquals(paths.handleHeard(2, later), true);
  assertEquals(paths.active, 2);
});

Deno.test("PathFinder asks before it follows data from elsewhere", () => {
  const paths = new PathFinder([1], 0);
  paths.handleHeard(1, 0);
  paths.handleData(9, 1);
  assertEquals(paths.active, 1);
  assertEquals(paths.deadline(), -Infinity);
  assertEquals(drain(paths, 1), [9]);
  paths.handleData(9, 2);
  assertEquals(drain(paths, 2), [], "not asked again at once");
  paths.handleHeard(9, 3);
  assertEquals(paths.active, 1, "the old path still speaks");
  paths.handleData(9, 4);
  assertEquals(paths.active, 9);
});

Deno.test("PathFinder keeps alive what is silent, and gives up in time", () => {
  const { keepAliveMs, idleMs, connectMs } = transferLimits;
  const paths = new PathFinder([1, 2], 0);
  assertEquals(paths.giveUpAt, connectMs);
  paths.handleHeard(1, 100);
  assertEquals(paths.giveUpAt, 100 + idleMs);
  assertEquals(drain(paths, 100 + keepAliveMs - 1), []);
  const asked = new Set<number>();
  for (let i = 0; i < 6; i++) {
    for (const path of drain(paths, paths.deadline())) asked.add(path);
  }
  assertEquals([...asked].sort(), [1, 2]);
});

Deno.test("PathFinder.roundTrip knows its own tokens only, on their path", () => {
  const paths = new PathFinder([1], 0);
  const token = paths.issueToken(1, 100);
  assertEquals(paths.roundTrip(token, 1, 130), 30);
  assertEquals(paths.roundTrip(token, 2, 130), -1);
  assertEquals(paths.roundTrip(0, 1, 130), -1);
  assertEquals(paths.roundTrip(token + 1, 1, 130), -1);
  for (let i = 0; i < 128; i++) paths.issueToken(1, 200);
  assertEquals(paths.roundTrip(token, 1, 230), -1, "too old");
});

Deno.test("PathFinder: what a peer can make it hold is bounded", () => {
  const paths = new PathFinder(
    Array.from({ length: 1000 }, (_, index) => index),
    0,
  );
  assertEquals(drain(paths, 0).length, transferLimits.paths);
  for (let path = 0; path < 10_000; path++) paths.handleHeard(path, 1);
  assertEquals(paths.isValidated(9_999), false);
});

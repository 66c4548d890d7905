import { assert, assertEquals } from "@std/assert";
import {
  PathFinder,
  type PathOptions,
} from "../../../lib/engine/path/path_finder.ts";
import { transferLimits } from "../../../lib/engine/packets/limits.ts";

/** Every path probed from `from` on until `until`, with its time. */
function probes(
  finder: PathFinder,
  from: number,
  until: number,
): [number, number][] {
  const all: [number, number][] = [];
  let now = from;
  while (now <= until) {
    let path: number;
    while ((path = finder.pollProbe(now)) >= 0) {
      all.push([now, path]);
      assert(all.length < 10_000, "endless");
    }
    const next = finder.deadline();
    assert(next > now, `the deadline ${next} must move on from ${now}`);
    now = next;
  }
  return all;
}

const lan = 1;
const direct = 2;
const far = 3;
const relay = 9;
const ranks: Record<number, number> = { 1: 1, 2: 2, 3: 2, 9: 3 };
const options: PathOptions = {
  rankOf: (path) => ranks[path] ?? 2,
  relay,
  chooses: true,
};

Deno.test("PathFinder probes all at once, then ever less often", () => {
  const finder = new PathFinder([lan, direct], 0, options);
  const early = probes(finder, 0, 2_000);
  assertEquals(early.slice(0, 2), [[0, lan], [0, direct]]);
  assert(early.length >= 10 && early.length < 40, `${early.length}`);
  assert(early.every(([, path]) => path !== relay));
});

Deno.test("PathFinder tries the relay when nothing direct answers", () => {
  const finder = new PathFinder([direct], 0, options);
  const all = probes(finder, 0, transferLimits.connectMs);
  const first = all.find(([, path]) => path === relay)?.[0] ?? 0;
  assert(first >= 3_000 && first < 4_100, `${first}`);
  assertEquals(finder.giveUpAt, transferLimits.connectMs);
});

Deno.test("PathFinder uses the first that answers, then the best", () => {
  const finder = new PathFinder([lan, direct], 0, options);
  assert(finder.handleHeard(direct, 10));
  assertEquals([finder.active, finder.takeMoved()], [direct, true]);
  finder.handleHeard(lan, 20);
  assertEquals([finder.active, finder.takeMoved()], [direct, false]);
  finder.handleRoundTrip(lan, 5, 25);
  assertEquals([finder.active, finder.takeMoved()], [lan, true]);
  finder.handleRoundTrip(direct, 1, 30);
  assertEquals(finder.active, lan, "a worse rank is no reason to move");
});

Deno.test("PathFinder moves within a rank for a clearly shorter way only", () => {
  const finder = new PathFinder([direct, far], 0, options);
  finder.handleHeard(far, 10);
  finder.handleRoundTrip(far, 100, 10);
  finder.handleRoundTrip(direct, 80, 12);
  assertEquals(finder.active, far);
  finder.handleRoundTrip(direct, 40, 14);
  assertEquals(finder.active, direct);
});

Deno.test("PathFinder leaves the choice to the other end unless told", () => {
  const { chooses: _, ...rest } = options;
  const finder = new PathFinder([lan, direct], 0, rest);
  finder.handleHeard(direct, 10);
  finder.handleHeard(lan, 11);
  finder.handleRoundTrip(lan, 1, 12);
  assertEquals(finder.active, direct);
  finder.handleData(lan, 13);
  assertEquals([finder.active, finder.takeMoved()], [lan, true]);
});

Deno.test("PathFinder leaves the relay as soon as a direct path answers", () => {
  const finder = new PathFinder([direct], 0, options);
  probes(finder, 0, 3_500);
  finder.handleHeard(relay, 3_600);
  assertEquals(finder.active, relay);
  const later: number[] = [];
  for (let now = 3_600; now < 20_000; now += 100) {
    finder.handleHeard(relay, now);
    for (let path; (path = finder.pollProbe(now)) >= 0;) {
      if (path === direct) later.push(now);
    }
  }
  assert(later.length >= 3 && later.length < 20, `${later}`);
  finder.handleHeard(direct, 20_000);
  finder.handleRoundTrip(direct, 50, 20_000);
  assertEquals(finder.active, direct);
});

Deno.test("PathFinder stops looking once the best kind is in use", () => {
  const finder = new PathFinder([lan, direct], 0, options);
  finder.handleHeard(lan, 5);
  finder.handleRoundTrip(lan, 1, 5);
  let last = 0;
  for (let now = 5; now < 60_000; now += 50) {
    finder.handleHeard(lan, now);
    while (finder.pollProbe(now) >= 0) last = now;
  }
  assert(last < 3_000, `${last}`);
});

Deno.test("PathFinder probes an address that becomes known later at once", () => {
  const finder = new PathFinder([direct], 0, options);
  probes(finder, 0, 2_500);
  finder.add(far, 2_600);
  assertEquals(finder.deadline(), 2_600);
  const paths = probes(finder, 2_600, 2_600).map(([, path]) => path);
  assert(paths.includes(far));
  finder.handleHeard(far, 2_700);
  finder.handleRoundTrip(far, 30, 2_700);
  for (let now = 2_700; now < 30_000; now += 500) {
    finder.handleHeard(far, now);
    while (finder.pollProbe(now) >= 0);
  }
  finder.add(lan, 30_000);
  assertEquals(finder.pollProbe(30_000), lan, "a better one in mid-transfer");
  finder.handleHeard(lan, 30_001);
  finder.handleRoundTrip(lan, 1, 30_001);
  while (finder.pollProbe(40_000) >= 0);
  finder.handleHeard(lan, 40_000);
  finder.add(4, 40_000);
  assertEquals(
    finder.pollProbe(40_000),
    4,
    "a worse one, where it may have gone",
  );
  const all = probes(finder, 40_010, 60_000);
  const asked = all.filter(([, path]) => path === 4).map(([now]) => now);
  assert(asked.length > 3, `${asked}`);
});

Deno.test("PathFinder asks before it follows data to an unknown address", () => {
  const finder = new PathFinder([direct], 0, options);
  finder.handleHeard(direct, 1);
  finder.handleData(far, 2);
  assertEquals(finder.active, direct);
  assertEquals(finder.pollProbe(2), far);
  finder.handleData(far, 3);
  assert(finder.pollProbe(3) !== far, "not for every datagram");
  finder.handleHeard(far, 4);
  finder.handleData(far, 5);
  assertEquals(finder.active, far);
});

Deno.test("PathFinder asks everywhere when the path in use is silent", () => {
  const finder = new PathFinder([direct, far], 0, options);
  finder.handleHeard(direct, 1);
  finder.handleRoundTrip(direct, 1, 1);
  finder.handleRoundTrip(far, 1, 1);
  const asked = new Set(probes(finder, 2_001, 20_000).map(([, path]) => path));
  assertEquals(asked, new Set([direct, far, relay]));
  assert(finder.handleHeard(relay, 20_000), "what answers is used");
});

Deno.test("PathFinder.handleUnanswered asks everywhere before it is silent for long", () => {
  const finder = new PathFinder([direct, far], 0, options);
  finder.handleHeard(direct, 10_000);
  finder.handleRoundTrip(direct, 1, 10_000);
  finder.handleRoundTrip(far, 1, 10_000);
  probes(finder, 10_000, 10_100);
  finder.handleUnanswered(10_200);
  assertEquals(probes(finder, 10_200, 10_250), [], "heard a moment ago");
  finder.handleUnanswered(10_400);
  assertEquals(
    new Set(probes(finder, 10_400, 10_450).map(([, path]) => path)),
    new Set([direct, far]),
  );
  assert(finder.handleHeard(far, 10_500), "what answers is used");
  assertEquals([finder.active, finder.takeMoved()], [far, true]);
});

Deno.test("PathFinder.handleUnanswered is forgotten when the path in use answers", () => {
  const finder = new PathFinder([direct, far], 0, options);
  finder.handleHeard(direct, 10_000);
  finder.handleUnanswered(10_400);
  finder.handleHeard(direct, 10_450);
  assert(!finder.handleHeard(far, 10_500));
  assertEquals(finder.active, direct);
});

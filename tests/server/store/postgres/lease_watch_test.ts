import { assert, assertEquals } from "@std/assert";
import {
  type LeaseNews,
  type LeaseRow,
  LeaseWatch,
} from "../../../../lib/server/store/postgres/lease_watch.ts";

function row(fields: Partial<LeaseRow> = {}): LeaseRow {
  return { node: "other", term: 3, isFree: false, ...fields };
}

function newsOf(watch: LeaseWatch): LeaseNews[] {
  const all: LeaseNews[] = [];
  for (;;) {
    const next = watch.pollNews();
    if (next === undefined) return all;
    all.push(next);
  }
}

/** One that has it since 0, in term 4. */
function holder(): LeaseWatch {
  const watch = new LeaseWatch(0);
  watch.pollQuestion(0);
  watch.handleTaken(4, 0, 10);
  assertEquals(newsOf(watch), [{ news: "held", term: 4 }]);
  return watch;
}

Deno.test("LeaseWatch looks four times a second, tells who is the core once, and takes what is free", () => {
  const watch = new LeaseWatch(100);
  assertEquals(watch.pollQuestion(99), undefined);
  assertEquals(watch.pollQuestion(100), "look");
  // One question at a time.
  assertEquals(watch.pollQuestion(5000), undefined);
  watch.handleRow(row(), 110);
  assertEquals(newsOf(watch), [{ news: "other", holder: "other", term: 3 }]);
  assertEquals(watch.pollTimeout(), 360);
  assertEquals(watch.pollQuestion(360), "look");
  watch.handleRow(row(), 361);
  assertEquals(newsOf(watch), []);
  assertEquals(watch.pollQuestion(611), "look");
  watch.handleRow(row({ isFree: true }), 620);
  assertEquals(newsOf(watch), [{ news: "other", holder: "", term: 3 }]);
  assertEquals(watch.pollQuestion(620), "take");
  watch.handleTaken(4, 621, 650);
  assertEquals(newsOf(watch), [{ news: "held", term: 4 }]);
  assertEquals(watch.term, 4);
  // It may have taken a while: renewed at once, then each second.
  assertEquals(watch.pollQuestion(650), "renew");
  watch.handleRenewed(650);
  assertEquals(watch.pollTimeout(), 1650);
});

Deno.test("LeaseWatch looks at once when the row was given back, also when that is told while it looks", () => {
  const watch = new LeaseWatch(0);
  watch.pollQuestion(0);
  watch.handleRow(row(), 10);
  newsOf(watch);
  assertEquals(watch.pollQuestion(20), undefined);
  watch.handleGiven(20);
  assert(watch.pollTimeout() <= 20);
  assertEquals(watch.pollQuestion(20), "look");
  // Asked before it was given, so perhaps answered with what was then.
  watch.handleGiven(21);
  watch.handleRow(row(), 22);
  assertEquals(watch.pollQuestion(22), "look");
  watch.handleRow(row({ isFree: true }), 23);
  assertEquals(watch.pollQuestion(23), "take");
  watch.handleNotTaken(24);
  assertEquals(watch.pollQuestion(24), undefined);

  // Who gave it back hears that, too, and leaves it to others.
  const giver = holder();
  giver.handleGiven(500);
  giver.handleReleased(1_000);
  giver.handleGiven(1_001);
  assertEquals(giver.pollQuestion(1_001), "look");
  giver.handleRow(row({ term: 4, isFree: true }), 1_002);
  assertEquals(giver.pollQuestion(1_252), "look");
});

Deno.test("LeaseWatch looks again where somebody else was faster", () => {
  const watch = new LeaseWatch(0);
  watch.pollQuestion(0);
  watch.handleRow(row({ isFree: true }), 0);
  assertEquals(watch.pollQuestion(0), "take");
  watch.handleNotTaken(5);
  assertEquals(watch.term, undefined);
  assertEquals(watch.pollQuestion(255), "look");
});

Deno.test("LeaseWatch gives up a second before the row expires, whatever is asked", () => {
  const watch = holder();
  assertEquals(watch.pollQuestion(10), "renew");
  watch.handleTimeout(3_999);
  assertEquals(watch.term, 4);
  assertEquals(watch.pollTimeout(), 4_000);
  watch.handleTimeout(4_000);
  assertEquals(watch.term, undefined);
  assertEquals(newsOf(watch).map(({ news }) => news), ["lost"]);
  // An answer that comes late gives it nothing back.
  watch.handleRenewed(10);
  assertEquals(watch.term, undefined);
  assertEquals(watch.pollQuestion(5_000), "look");
});

Deno.test("LeaseWatch loses it to another node, to its end and to the fence", () => {
  for (
    const lose of [
      (watch: LeaseWatch) => watch.handleRow(row({ term: 5 }), 20),
      (watch: LeaseWatch) => watch.handleRow(row({ isFree: true, term: 4 }), 9),
      (watch: LeaseWatch) => watch.handleFenced("refused", 20),
    ]
  ) {
    const watch = holder();
    watch.pollQuestion(10);
    lose(watch);
    assertEquals(newsOf(watch)[0]?.news, "lost");
    assertEquals(watch.term, undefined);
  }
});

Deno.test("LeaseWatch leaves the row to others after it was given back", () => {
  const watch = holder();
  watch.handleReleased(1_000);
  assertEquals(newsOf(watch), []);
  for (let now = 1_250; now < 3_000; now += 250) {
    assertEquals(watch.pollQuestion(now), "look");
    watch.handleRow(row({ term: 4, isFree: true }), now);
  }
  assertEquals(watch.pollQuestion(3_000), "take");
});

Deno.test("LeaseWatch tells once whether the database answers", () => {
  const watch = new LeaseWatch(0);
  for (let now = 0; now < 1_000; now += 250) {
    assertEquals(watch.pollQuestion(now), "look");
    watch.handleFailure(now);
  }
  assertEquals(newsOf(watch), [{ news: "reachable", isReachable: false }]);
  watch.pollQuestion(1_000);
  watch.handleRow(row(), 1_000);
  assertEquals(newsOf(watch)[0], { news: "reachable", isReachable: true });
});

Deno.test("LeaseWatch stops where the row is older than it was, or the data are elsewhere", () => {
  for (const last of [row({ term: 2 }), row({ moved: "data" })]) {
    const watch = new LeaseWatch(0);
    watch.pollQuestion(0);
    watch.handleRow(row(), 0);
    newsOf(watch);
    watch.pollQuestion(250);
    watch.handleRow(last, 250);
    assertEquals(newsOf(watch).map(({ news }) => news), ["stopped"]);
    assertEquals(watch.pollQuestion(10_000), undefined);
  }
  const watch = holder();
  watch.pollQuestion(10);
  watch.handleRow(row({ term: 3 }), 20);
  assertEquals(newsOf(watch).map(({ news }) => news), ["lost", "stopped"]);
});

Deno.test("LeaseWatch leaves it for a while to those that hear each other, if there were any", () => {
  const taken = (from: number, upto: number) => {
    const watch = new LeaseWatch(0);
    for (let now = from; now <= upto; now += 250) {
      watch.handleRow(row(), now, true);
    }
    return watch;
  };
  // What is left of one that died is nobody.
  const alone = taken(0, 4_750);
  alone.handleRow(row({ isFree: true }), 5_000, true);
  assertEquals(alone.pollQuestion(5_000), "take");

  const apart = taken(0, 7_000);
  for (let now = 7_250; now < 17_250; now += 250) {
    apart.handleRow(row({ isFree: true }), now, true);
    assertEquals(apart.pollQuestion(now + 250), "look");
  }
  apart.handleRow(row({ isFree: true }), 17_250, true);
  assertEquals(apart.pollQuestion(17_250), "take");

  const near = taken(0, 7_000);
  near.handleRow(row({ isFree: true }), 7_250, false);
  assertEquals(near.pollQuestion(7_250), "take");
});

Deno.test("LeaseWatch does not take what is free while nobody could hear it as the core", () => {
  const watch = new LeaseWatch(0);
  const free = row({ isFree: true });
  for (let now = 0; now < 60_000; now += 250) {
    assertEquals(watch.pollQuestion(now), "look");
    watch.handleRow(free, now, true, true);
  }
  assertEquals(newsOf(watch), [{ news: "other", holder: "", term: 3 }]);
  assertEquals(watch.pollQuestion(60_000), "look");
  watch.handleRow(free, 60_001, true, false);
  assertEquals(watch.pollQuestion(60_001), "take");
});

Deno.test("LeaseWatch tells once that another node has the same name, and not of its own last run", () => {
  const watch = new LeaseWatch(0);
  for (let now = 0; now <= 5_000; now += 1_000) watch.handleSeen(true, now);
  watch.handleSeen(false, 6_000);
  assertEquals(newsOf(watch), []);
  watch.handleSeen(true, 7_000);
  watch.handleSeen(true, 8_000);
  assertEquals(newsOf(watch), [{ news: "namesake" }]);
  watch.handleSeen(false, 9_000);
  watch.handleSeen(true, 10_000);
  assertEquals(newsOf(watch), [{ news: "namesake" }]);
});

import { assertEquals } from "@std/assert";
import {
  clockTime,
  dayName,
  deliveredIn,
  shortTime,
  showMessages,
  todayFor,
  wholeTime,
} from "../../../../lib/client/ui/page/model/shown_messages.ts";

const noon = new Date(2026, 5, 15, 12).getTime();
const minute = 60_000;
const day = 24 * 60 * minute;
const at = (time: number, from: string) => ({
  number: time,
  at: time,
  from,
  text: "x",
});

Deno.test("days, runs of an author and the first new message are told", () => {
  const messages = [
    at(noon - day, "luke"),
    at(noon, "luke"),
    at(noon + minute, "luke"),
    at(noon + 2 * minute, "leia"),
    at(noon + 20 * minute, "leia"),
    at(noon + 21 * minute, "leia"),
  ];
  const shown = showMessages(messages, undefined, messages[5], noon);
  assertEquals(shown.map((each) => each.day), [
    "Yesterday",
    "Today",
    undefined,
    undefined,
    undefined,
    undefined,
  ]);
  const firsts = shown.map(({ isFirst }) => isFirst);
  assertEquals(firsts, [true, true, false, true, true, true]);
  assertEquals(shown.map(({ isFirstNew }) => isFirstNew).indexOf(true), 5);
});

Deno.test("a block goes on where the one above it ended", () => {
  const [above, next] = [at(noon, "luke"), at(noon + minute, "luke")];
  const [shown] = showMessages([next], above, undefined, noon);
  assertEquals(shown, { message: next, isFirst: false, isFirstNew: false });
});

Deno.test("what arrived changes nothing where no message of one's own did", () => {
  const own = { ...at(2, "yoda"), own: true as const };
  const messages = [at(1, "luke"), own, at(3, "luke")];
  assertEquals([1, 2, 3, 9].map((each) => deliveredIn(messages, each)), [
    0,
    2,
    2,
    2,
  ]);
  assertEquals(deliveredIn([at(1, "luke")], 9), 0);
  const onItsWay = { at: 3, from: "yoda", text: "x", own: true as const };
  assertEquals(deliveredIn([own, onItsWay], 9), 2);
});

Deno.test("another day changes what is said of the last ones alone", () => {
  const changes = (said: number, before: number, after: number) =>
    todayFor(said, before) !== todayFor(said, after);
  assertEquals(changes(noon, noon, noon + day), true);
  assertEquals(changes(noon, noon + day, noon + 2 * day), true);
  assertEquals(changes(noon, noon + 10 * day, noon + 11 * day), false);
  assertEquals(changes(noon, noon + 10 * day, noon + 365 * day), true);
});

Deno.test("days and times are told in few words", () => {
  assertEquals(dayName(noon - 5 * day, noon), "Wednesday 10 June");
  assertEquals(dayName(noon - 365 * day, noon), "Sunday 15 June 2025");
  assertEquals(clockTime(noon + 5 * minute), "12:05");
  assertEquals(shortTime(noon, noon), "12:00");
  assertEquals(shortTime(noon - 2 * day, noon), "Sat");
  assertEquals(shortTime(noon - 30 * day, noon), "16 May");
  assertEquals(shortTime(noon - 365 * day, noon), "2025");
  assertEquals(wholeTime(noon, noon), "today at 12:00");
});

import { assertEquals } from "@std/assert";
import {
  clockTime,
  dayName,
  shortTime,
  showMessages,
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

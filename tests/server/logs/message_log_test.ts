import { assertEquals, assertMatch } from "@std/assert";
import {
  compareLogStart,
  groupLogLine,
  messageLogLine,
  messageLogName,
} from "../../../lib/server/logs/message_log.ts";

// A date in local time, so that the test holds in every time zone.
const at = new Date(2026, 5, 1, 21, 39, 4).getTime();

Deno.test("messageLogLine writes number, time, sender, receiver and text", () => {
  assertEquals(
    messageLogLine(1, at, "yoda", "obiwan", "do or do not"),
    "1; 01 Jun 2026 21:39:04; yoda; obiwan; do or do not\n",
  );
});

Deno.test("messageLogLine writes a star for the receiver of a broadcast", () => {
  const line = "12; 01 Jun 2026 21:39:04; yoda; *; a; b\n";
  assertEquals(messageLogLine(12, at, "yoda", undefined, "a; b"), line);
  assertEquals(messageLogLine(12, at, "yoda", "*", "a; b"), line);
});

Deno.test("groupLogLine writes number, time, sender and text", () => {
  const line = groupLogLine(1, at, "yoda", "hello");
  assertEquals(line, "1; 01 Jun 2026 21:39:04; yoda; hello\n");
  assertMatch(line, /\n$/);
});

Deno.test("messageLogName names a log after its group", () => {
  assertEquals(messageLogName(undefined), "messagelog.txt");
  assertEquals(messageLogName("Jedi"), "Jedi_messagelog.txt");
});

Deno.test("compareLogStart tells the logs of groups of one name apart, in any time zone", () => {
  const at = Date.UTC(2026, 5, 1, 12, 0, 7, 345);
  const hour = 3_600_000;
  const line = (ms: number) => groupLogLine(1, ms, "yoda", "hi").trimEnd();
  for (const shift of [0, hour, -14 * hour, 26 * hour, hour / 4]) {
    assertEquals(compareLogStart(line(at + shift), at), "same");
  }
  assertEquals(compareLogStart(line(at - 1000), at), "earlier");
  assertEquals(compareLogStart(line(at + 1000), at), "later");
  assertEquals(compareLogStart(line(at - 48 * hour), at), "earlier");
  for (const other of ["", "2; 01 Jun 2026 12:00:00; yoda; hi", "a note"]) {
    assertEquals(compareLogStart(other, at), "same");
  }
});

import { assertEquals, assertMatch } from "@std/assert";
import { formatTime } from "../../lib/base/time.ts";

Deno.test("formatTime() writes local time as in the logs", () => {
  const at = new Date(2026, 5, 1, 21, 39, 4).getTime();
  assertEquals(formatTime(at), "01 Jun 2026 21:39:04");
});

Deno.test("formatTime() has a fixed width all year round", () => {
  for (let day = 0; day < 366; day++) {
    const at = new Date(2026, 0, 1 + day, 3, 4, 5).getTime();
    assertMatch(formatTime(at), /^\d\d [A-Z][a-z]{2} 202\d 03:04:05$/);
  }
});

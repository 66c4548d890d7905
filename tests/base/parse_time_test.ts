import { assertEquals } from "@std/assert";
import { formatTime, parseTime } from "../../lib/base/time.ts";

const local = new Date(2026, 5, 1, 21, 39, 4).getTime();

Deno.test("parseTime reads what formatTime writes, ISO 8601 and seconds", () => {
  const utc = Date.UTC(2026, 5, 1, 21, 39, 4);
  const cases: readonly (readonly [text: string, ms: number])[] = [
    [formatTime(local), local],
    ["1 jun 2026 21:39:04", local],
    ["01 Jun 2026", new Date(2026, 5, 1).getTime()],
    ["2026-06-01", new Date(2026, 5, 1).getTime()],
    ["2026-06-01 21:39:04", local],
    ["2026-06-01T21:39:04", local],
    ["2026-06-01T21:39:04.25Z", utc + 250],
    ["2026-06-01T23:39:04+02:00", utc],
    ["2026-06-01T20:09-0130", utc - 4000],
    ["0", 0],
    ["1780349944", 1_780_349_944_000],
  ];
  for (const [text, ms] of cases) assertEquals(parseTime(text), ms, text);
});

Deno.test("parseTime refuses what is no time", () => {
  for (
    const text of [
      "",
      "noon",
      "31 Feb 2026 10:00:00",
      "2026-02-29",
      "01 Foo 2026",
      "2026-06-01T24:00",
      "2026-06-01T10:60",
      "1960-01-01",
      "-5",
      "1780349944000",
      "01 Jun 2026 21:39:04 x",
    ]
  ) assertEquals(parseTime(text), undefined, text);
});

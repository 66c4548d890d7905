import { assert, assertEquals } from "@std/assert";
import { DailyQuota } from "../../lib/base/daily_quota.ts";

const dayMs = 86_400_000;

Deno.test("DailyQuota counts for each by itself until the day is over", () => {
  const quota = new DailyQuota<string>(10);
  assert(quota.take("a", 7, 5 * dayMs));
  assert(!quota.take("a", 4, 5 * dayMs + 1));
  assertEquals(quota.left("a", 5 * dayMs + 1), 3, "a refusal counts nothing");
  assert(quota.take("a", 3, 6 * dayMs - 1));
  assert(quota.take("b", 10, 6 * dayMs - 1));
  assertEquals(quota.nextAt(6 * dayMs - 1), 6 * dayMs);
  assertEquals(quota.left("a", 6 * dayMs), 10);
});

Deno.test("DailyQuota of any amount remembers nobody", () => {
  const quota = new DailyQuota<string>(Infinity);
  assert(quota.take("a", 1e15, 0));
  assertEquals(quota.left("a", 0), Infinity);
});

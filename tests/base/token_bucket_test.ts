import { assertEquals } from "@std/assert";
import { TokenBucket } from "../../lib/base/token_bucket.ts";

Deno.test("TokenBucket gives what it holds at once, then what comes back", () => {
  const bucket = new TokenBucket(0.5, 10, 1_000);
  assertEquals(bucket.take(8, 1_000), 0);
  assertEquals(bucket.take(8, 1_000), 12, "6 are missing, at one in 2 ms");
  assertEquals(bucket.take(8, 1_008), 4, "a refusal takes nothing");
  assertEquals(bucket.take(8, 1_012), 0);
  assertEquals(bucket.take(10, 9_000), 0, "full again");
  assertEquals(bucket.take(1, 9_000), 2);
});

Deno.test("TokenBucket takes back no more than it holds", () => {
  const bucket = new TokenBucket(1, 3, 0);
  bucket.take(2, 0);
  bucket.give(1);
  assertEquals(bucket.take(2, 0), 0);
  bucket.give(100);
  assertEquals(bucket.take(4, 0), 1);
});

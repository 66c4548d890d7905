/** The slow connections of tests/soak/hostile.ts in small; in 10 s that it waits. */
import { assert } from "@std/assert";
import { accountLine } from "../support/account_line.ts";
import { TestServer } from "../support/test_server.ts";
import { slowStrangers } from "../soak/hostile.ts";

Deno.test("server: connections that send a byte a second are closed and keep nobody out", async () => {
  const accounts = accountLine("yoda", "yoda");
  await using server = await TestServer.start({ accounts });
  const figures = await slowStrangers(server, 100, 3, "yoda");
  const { lastClosedMs = NaN, slowestLoginMs = NaN } = figures;
  assert(lastClosedMs < 20_000, `${lastClosedMs} ms`);
  assert(slowestLoginMs < 8000, `${slowestLoginMs} ms`);
});

/** The slow connections of tests/soak/hostile.ts in small; in 10 s that it waits. */
import { assert } from "@std/assert";
import { accountLine } from "../support/account_line.ts";
import { TestServer } from "../support/test_server.ts";
import { handshakeStrangers, slowStrangers } from "../soak/hostile.ts";

const accounts = accountLine("yoda", "yoda");

// Both at once, since both wait for the same 10 s.
Deno.test("server: connections that send a byte a second, or nothing, are closed and keep nobody out", async () => {
  await Promise.all([withoutTls(), insideTheHandshake()]);
});

async function withoutTls(): Promise<void> {
  await using server = await TestServer.start({ accounts });
  const figures = await slowStrangers(server, 100, 3, "yoda");
  const { lastClosedMs = NaN, slowestLoginMs = NaN } = figures;
  assert(lastClosedMs < 20_000, `${lastClosedMs} ms`);
  assert(slowestLoginMs < 8000, `${slowestLoginMs} ms`);
}

/** More connections than the server may have files. */
async function insideTheHandshake(): Promise<void> {
  await using server = await TestServer.start({
    accounts,
    plain: false,
    launcher: ["prlimit", "--nofile=256"],
  });
  const figures = await handshakeStrangers(server, 400);
  const { crowdedMs = NaN, lastClosedMs = NaN, slowestHelloMs = NaN } = figures;
  assert(crowdedMs < 5000, `${crowdedMs} ms`);
  assert(lastClosedMs < 20_000, `${lastClosedMs} ms`);
  assert(slowestHelloMs < 5000, `${slowestHelloMs} ms`);
}

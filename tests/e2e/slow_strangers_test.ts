/** The slow connections of tests/soak/hostile.ts in small; in 10 s that it waits. */
import { assert, assertEquals } from "@std/assert";
import { connect, type Socket } from "node:net";
import { accountLine } from "../support/account_line.ts";
import { ProtocolClient } from "../support/protocol_client.ts";
import { TestServer } from "../support/test_server.ts";
import { waitUntil } from "../support/wait_until.ts";
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

Deno.test("server: strangers from many addresses leave file descriptors to people", async () => {
  await using server = await TestServer.start({
    accounts,
    plain: false,
    launcher: ["prlimit", "--nofile=256"],
  });
  const strangers: Socket[] = [];
  try {
    // Fewer of each address than may come from one.
    for (let number = 0; number < 400; number++) {
      strangers.push(await strangerFrom(server, `127.0.4.${1 + number % 40}`));
    }
    // The first of them make room before they are told to go, 10 s later.
    const start = performance.now();
    using yoda = await waitUntil(
      "a place",
      () => logIn(server).catch(() => undefined),
    );
    const ms = performance.now() - start;
    assert(ms < 5000, `${ms} ms`);
    await yoda.request("who");
    const starved = (line: string) => line.includes("cannot accept");
    assertEquals(server.process.out.filter(starved), []);
  } finally {
    for (const stranger of strangers) stranger.destroy();
  }
});

/** Connects and says nothing; who is hung up on is a stranger as well. */
function strangerFrom(server: TestServer, address: string): Promise<Socket> {
  return new Promise((resolve) => {
    const socket = connect({
      host: "127.0.0.1",
      port: server.port,
      localAddress: address,
    }, () => resolve(socket));
    socket.on("error", () => resolve(socket));
  });
}

async function logIn(server: TestServer): Promise<ProtocolClient> {
  const address = "127.0.5.1";
  const client = await ProtocolClient.connectTls(
    server.port,
    undefined,
    address,
  );
  try {
    await client.hello();
    await client.authenticate("yoda", "yoda");
    return client;
  } catch (error) {
    client[Symbol.dispose]();
    throw error;
  }
}

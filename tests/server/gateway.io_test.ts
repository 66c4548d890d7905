// The shell with connections that are somewhere else: nothing in it may depend
// on the sockets, or on the memory, of whoever holds them.

import { assert, assertEquals } from "@std/assert";
import { limits } from "../../lib/wire/limits.ts";
import {
  ownTlsCertificate,
  type TlsCertificate,
} from "../../lib/security/server_certificate.io.ts";
import { Gateway, GatewayNetwork, windowBytes } from "../support/gateway.ts";
import { ProtocolClient } from "../support/protocol_client.ts";
import { ShellServer } from "../support/shell_server.ts";
import { waitUntil } from "../support/wait_until.ts";

const folder = await Deno.makeTempDir();
const certificate = await ownTlsCertificate(folder, Date.now());
await Deno.remove(folder, { recursive: true });

/** A server all of whose clients come through a gateway. */
async function behindGateway(certificate?: TlsCertificate) {
  const { port1, port2 } = new MessageChannel();
  const gateway = new Gateway(port1, certificate);
  let network: GatewayNetwork | undefined;
  const server = await ShellServer.start((owner) => {
    network = new GatewayNetwork(port2, owner);
    return {
      network,
      port: gateway.port,
      start() {},
      async close() {
        await gateway.close();
        network?.close();
      },
    };
  });
  assert(network !== undefined);
  return {
    server,
    network,
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}

async function login(port: number, user: string, password: string) {
  const client = await ProtocolClient.connectTls(port);
  await client.hello();
  await client.authenticate(user, password);
  return client;
}

Deno.test("behind a gateway: logins bound to its certificate, messages, a goodbye", async () => {
  await using parts = await behindGateway(certificate);
  const { server, network } = parts;
  using yoda = await login(server.port, "yoda", "green");
  using luke = await login(server.port, "luke", "blue");
  using leia = await login(server.port, "leia", "white");
  await yoda.request("message", { to: ["luke"], text: "hi", mid: "1" });
  await luke.event("message", { text: "hi", from: "yoda" });
  await luke.request("broadcast", { text: "to all", mid: "2" });
  for (const each of [yoda, leia]) {
    await each.event("message", { text: "to all", from: "luke" });
  }
  const texts = network.sent.flatMap((sent) =>
    "frames" in sent ? sent.frames : []
  )
    .map((frame) => typeof frame === "string" ? frame : decoder.decode(frame));
  assertEquals(
    texts.filter((text) => text.includes("to all")).length,
    1,
    "what is for many crosses the line once",
  );
  const entered = network.sent.filter(({ what }) => what === "enter");
  assertEquals(entered.map((sent) => "id" in sent && sent.id), [1, 2, 3]);
  await yoda.request("logout");
  await yoda.closed;
  await luke.event("presence", { user: "yoda", online: false });
  leia[Symbol.dispose]();
  await luke.event("presence", { user: "leia", online: false });
  assertEquals(server.online?.map(({ user }) => user), ["luke"]);
});

Deno.test("behind a gateway: a reader that does not read is cut off, and costs the core no more than its limit", async () => {
  await using parts = await behindGateway();
  const { server, network } = parts;
  using yoda = await server.login("yoda", "green");
  using luke = await server.login("luke", "blue");
  luke.pause();
  const text = "x".repeat(4000);
  let most = 0;
  for (let sent = 0; sent < 20_000 && server.online?.length === 2; sent += 50) {
    const messages = Array.from({ length: 50 }, (_, index) => {
      const fields = { to: ["luke"], text, mid: `${sent + index}` };
      return JSON.stringify({ do: "message", ...fields }) + "\n";
    });
    await yoda.write(messages.join(""));
    await yoda.request("ping");
    await waitUntil(
      "all are stored",
      () => server.core.gauges().pendingRequests === 0,
    );
    most = Math.max(most, server.core.gauges().queuedBytes);
  }
  await yoda.event("presence", { user: "luke", online: false });
  assertEquals(server.core.metrics.slowReaders, 1);
  assert(most > 0 && most <= limits.outgoingBytes, `${most} bytes queued`);
  assert(network.mostUnderWay < windowBytes + 8192);
  luke.read();
  await luke.closed;
});

Deno.test("behind a gateway: when its line is cut its clients are offline", async () => {
  await using parts = await behindGateway();
  const { server, network } = parts;
  using _yoda = await server.login("yoda", "green");
  using _luke = await server.login("luke", "blue");
  await waitUntil("both are online", () => server.online?.length === 2);
  network.close();
  await waitUntil("nobody is online", () => server.online?.length === 0);
  assertEquals(server.core.gauges().connections, 0);
});

const decoder = new TextDecoder();

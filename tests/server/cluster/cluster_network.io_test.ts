// A core whose clients are at gateways, over a real NATS, with TLS.

import {
  assert,
  assertEquals,
  assertMatch,
  assertNotEquals,
  assertRejects,
} from "@std/assert";
import { join } from "@std/path";
import { ownTlsCertificate } from "../../../lib/security/server_certificate.io.ts";
import {
  ClusterNetwork,
  type CoreEnd,
} from "../../../lib/server/cluster/cluster_network.io.ts";
import { checkNats } from "../../../lib/server/cluster/nats_check.io.ts";
import { readNatsOption } from "../../../lib/server/cluster/nats_option.io.ts";
import { RendezvousServer } from "../../../lib/server/rendezvous/rendezvous_server.io.ts";
import { StartError } from "../../../lib/system/errors.io.ts";
import { systemClock } from "../../../lib/system/clock.io.ts";
import { limits } from "../../../lib/wire/limits.ts";
import { freePort } from "../../support/free_port.ts";
import { NatsServer, noNats } from "../../support/nats_server.ts";
import { ProtocolClient } from "../../support/protocol_client.ts";
import { ShellServer } from "../../support/shell_server.ts";
import { waitUntil } from "../../support/wait_until.ts";
import { testCertificate } from "../../support/test_certificate.ts";
import { testUnless } from "../../support/test_unless.ts";
import { withTempFolder } from "../../support/temp_folder.ts";

/** Two nodes, the first of which is the core. */
async function cluster(isSecure = false) {
  const nats = await NatsServer.start();
  const place = await readNatsOption(nats.url);
  const certificate = isSecure
    ? await withTempFolder((folder) => ownTlsCertificate(folder, Date.now()))
    : undefined;
  const reports: string[] = [];
  const secret = crypto.getRandomValues(new Uint8Array(32));
  const nodes = ["one", "two"].map((node) =>
    new ClusterNetwork({
      ...{ node, certificate, secret },
      ...{ host: "127.0.0.1", port: 0, addresses: [] },
      nats: place,
      report: (_level, text) => reports.push(`${node}: ${text}`),
    })
  );
  const [one, two] = nodes;
  assert(one !== undefined && two !== undefined);
  const rendezvous = new RendezvousServer(0, () => {}, systemClock);
  for (const node of nodes) node.start(rendezvous);
  let core: CoreEnd | undefined;
  const unfit: string[] = [];
  const server = await ShellServer.start((owner) => {
    core = one.serve(1, {
      handleOpen: (id, remote) => owner.handleOpen(id, remote),
      handleData: (id, bytes) => owner.handleData(id, bytes),
      handleClosed: (id) => owner.handleClosed(id),
      takeFrames: (id, enough) => owner.takeFrames(id, enough),
      handleAttached() {},
      handleDetached() {},
      handleRendezvous() {},
      handleUnfit: (why) => unfit.push(why),
    });
    return {
      network: core,
      port: one.port,
      start: () => core?.start(),
      close: () => Promise.resolve(core?.close()),
    };
  }, { restarts: true });
  assert(core !== undefined);
  await waitUntil("gateways", () => core?.gateways.length === 2);
  return {
    ...{ nats, one, two, server, core, reports, unfit },
    async [Symbol.asyncDispose]() {
      await server[Symbol.asyncDispose]();
      for (const node of nodes) await node.close();
      await rendezvous.close();
      await nats[Symbol.asyncDispose]();
    },
  };
}

async function login(port: number, user: string, password: string) {
  const client = await ProtocolClient.connectTls(port);
  await client.hello(["devices"]);
  await client.authenticate(user, password);
  return client;
}

testUnless(
  noNats,
  "cluster network: clients at two nodes, with logins bound to their certificate, talk to each other",
  async () => {
    await using parts = await cluster(true);
    const { one, two, server, core } = parts;
    using yoda = await login(one.port, "yoda", "green");
    using luke = await login(two.port, "luke", "blue");
    using leia = await login(two.port, "leia", "white");
    await yoda.request("message", { to: ["luke"], text: "hi", mid: "1" });
    await luke.event("message", { text: "hi", from: "yoda" });
    await luke.request("broadcast", { text: "to all", mid: "2" });
    for (const each of [yoda, leia]) {
      await each.event("message", { text: "to all", from: "luke" });
    }
    await yoda.request("logout");
    await yoda.closed;
    await luke.event("presence", { user: "yoda", online: false });
    leia[Symbol.dispose]();
    await luke.event("presence", { user: "leia", online: false });
    assertEquals(server.online?.map(({ user }) => user), ["luke"]);
    core.close();
    await waitUntil("nobody is online", () => two.core === undefined);
  },
);

/**
 * Asks for an answer, which comes only where nothing is missing from the line.
 * When there is, which may be what its ends say each second, the client begins
 * anew first.
 */
async function answered(client: ProtocolClient): Promise<void> {
  for (;;) {
    const before = begun.get(client);
    let isAnswered = false;
    client.request("ping").then(() => isAnswered = true, () => {});
    await waitUntil(
      "an answer",
      () => isAnswered || restartOf(client) !== before,
    );
    const restart = restartOf(client);
    if (restart === undefined || restart === before) return;
    begun.set(client, restart);
    const features = ["restart", "devices"];
    await client.request("hello", { version: 1, features, restart });
    await client.resume(client.token ?? "");
  }
}

/** The last restart that each client has done. */
const begun = new WeakMap<ProtocolClient, number>();

/** The last restart that a client was told of. */
function restartOf({ events }: ProtocolClient): number | undefined {
  return events.findLast(({ ev }) => ev === "restart")?.number;
}

testUnless(
  noNats,
  "checkNats() says of each server whether it can be used",
  async () => {
    await using nats = await NatsServer.start();
    const none = freePort();
    const found = await checkNats({
      servers: [`127.0.0.1:${nats.port}`, `127.0.0.1:${none}`],
      isSecure: false,
    });
    assertEquals(found.map(({ status }) => status), ["ok", "fail"]);
    assertMatch(found[1]?.message ?? "", new RegExp(`^NATS: .*:${none}: `));
  },
);

testUnless(
  noNats,
  "NATS is asked with the certificates and the credentials of files, and not believed with others",
  () =>
    withTempFolder(async (folder) => {
      const path = (name: string) => join(folder, name);
      const write = async (name: string, text: string) => {
        await Deno.writeTextFile(path(name), text);
        return path(name);
      };
      const own = await testCertificate({ name: "localhost" });
      const other = await testCertificate({ name: "localhost" });
      const ca = await write("ca.pem", own.cert);
      const wrong = await write("wrong.pem", other.cert);
      const key = await write("key.pem", own.key);
      const args = ["--tls", "--tlscert", ca, "--tlskey", key];
      await using nats = await NatsServer.start({ args });
      const check = async (options: string) => {
        const url = `tls://localhost:${nats.port}${options}`;
        const [found] = await checkNats(await readNatsOption(url));
        return `${found?.status} ${found?.message}`;
      };
      assertMatch(await check(`?ca=${ca}`), /^ok NATS: localhost/);
      for (const options of ["", `?ca=${wrong}`]) {
        assertMatch(
          await check(options),
          /^fail NATS: cannot reach NATS at localhost/,
        );
      }
      const none = `?ca=${ca}&creds=${path("none.creds")}`;
      const { message } = await assertRejects(() => check(none), StartError);
      assertMatch(message, /credentials for NATS.*none.creds.*does not exist/);
    }),
);

testUnless(
  noNats,
  "cluster network: a reader that does not read is cut off, and costs the core no more than its limit",
  async () => {
    await using parts = await cluster();
    const { one, two, server } = parts;
    using yoda = await ProtocolClient.login(one.port, {
      user: "yoda",
      password: "green",
    });
    using luke = await ProtocolClient.login(two.port, {
      user: "luke",
      password: "blue",
    });
    luke.pause();
    const text = "x".repeat(4000);
    let most = 0;
    for (
      let sent = 0;
      sent < 20_000 && server.online?.length === 2;
      sent += 50
    ) {
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
    luke.read();
    await luke.closed;
  },
);

testUnless(
  noNats,
  "cluster network: when NATS was restarted, clients go on with the connections that they have",
  async () => {
    await using parts = await cluster();
    const { nats, one, two, server } = parts;
    const clients = await Promise.all([
      [one, "yoda", "green"] as const,
      [two, "luke", "blue"] as const,
    ].map(async ([node, user, password]) => {
      const client = await ProtocolClient.connect(node.port);
      const { features } = await client.hello(["restart", "devices"]);
      assertEquals(features, ["devices", "restart"]);
      await client.authenticate(user, password);
      return client;
    }));
    const [yoda, luke] = clients;
    assert(yoda !== undefined && luke !== undefined);
    await nats.restart();
    await waitUntil("the connections", () => one.hasNats && two.hasNats);
    for (const client of clients) await answered(client);
    await nats.kill();
    await waitUntil("it is noticed", () => !one.hasNats);
    const before = restartOf(yoda);
    const lost = { do: "message", to: ["luke"], text: "lost", mid: "8" };
    await yoda.write(JSON.stringify(lost) + "\n");
    await nats.restart();
    for (const client of clients) await answered(client);
    assertNotEquals(restartOf(yoda), before);
    await yoda.request("message", { to: ["luke"], text: "on", mid: "9" });
    await luke.event("message", { text: "on" });
    assertEquals(server.online?.length, 2);
    for (const client of clients) client[Symbol.dispose]();
    await nats.kill();
    await waitUntil("it is noticed", () => parts.unfit.length > 0);
    assertEquals(parts.unfit[0], "it cannot reach NATS");
    await nats.restart();
  },
);

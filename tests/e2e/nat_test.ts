/** Clients behind address translators, in network namespaces of the test. */
import { assertEquals, assertMatch } from "@std/assert";
import { join } from "@std/path";
import { jediAccounts, logIn } from "../support/jedi.ts";
import { type NatKind, NetworkLab } from "../support/network_lab.ts";
import { digestOf, writeRandomFile } from "../support/random_file.ts";
import type { JsonEvent, TestClient } from "../support/test_client.ts";
import { TestServer } from "../support/test_server.ts";
import { testUnless } from "../support/test_unless.ts";

const lack = await NetworkLab.lack();

function natTest(name: string, act: () => Promise<void>): void {
  testUnless(lack, name, act);
}

function startServer(lab: NetworkLab, ...args: string[]): Promise<TestServer> {
  const place = lab.at(lab.server);
  return TestServer.start({ accounts: jediAccounts, ...place, args });
}

function logInAt(
  lab: NetworkLab,
  server: TestServer,
  name: string,
  space: string,
  ...args: string[]
): Promise<TestClient> {
  return logIn(server, name, { ...lab.at(space), args });
}

/** Sends a file; checks it and returns what both sides say of the way. */
async function send(
  from: TestClient,
  to: TestClient,
  bytes: number,
): Promise<{ sent: JsonEvent; got: JsonEvent }> {
  const path = join(from.folder, "film.mp4");
  await writeRandomFile(path, bytes, 5);
  const sent = await from.succeed(`/p2pvideo luke "${path}"`);
  const got = await to.event("transfer", { state: "verified" });
  const stored = String(got.path);
  assertEquals(await digestOf(stored), await digestOf(path));
  return { sent, got };
}

/** A server and two homes of these kinds with yoda and luke in them. */
async function withHomes(
  kinds: readonly [NatKind, NatKind],
  run: (yoda: TestClient, luke: TestClient, lab: NetworkLab) => Promise<void>,
  ...args: string[]
): Promise<void> {
  await using lab = await NetworkLab.open();
  const [one = ""] = await lab.addHome(1, kinds[0]);
  const [two = ""] = await lab.addHome(2, kinds[1]);
  await using server = await startServer(lab, ...args);
  await using yoda = await logInAt(lab, server, "yoda", one);
  await using luke = await logInAt(lab, server, "luke", two);
  await run(yoda, luke, lab);
}

natTest("two homes with usual routers: straight through both", async () => {
  await withHomes(["cone", "cone"], async (yoda, luke) => {
    const { sent, got } = await send(yoda, luke, 20_000_000);
    assertEquals([sent.via, got.via], ["direct-v4", "direct-v4"]);
    assertMatch(String(sent.address), /^203\.0\.113\.12:/);
    assertMatch(String(got.address), /^203\.0\.113\.11:/);
  });
});

natTest(
  "a router with another port for each destination: relayed",
  async () => {
    await withHomes(
      ["symmetric", "symmetric"],
      async (yoda, luke) => {
        const { sent, got } = await send(yoda, luke, 3_000_000);
        assertEquals([sent.via, got.via], ["relay", "relay"]);
        assertMatch(String(sent.why), /none of .* answered; a router between/);
        // What is left of the day's quota does not do for another one.
        const lukeSees = luke.process.out.length;
        const path = join(yoda.folder, "long.mp4");
        await writeRandomFile(path, 3_000_000, 6);
        assertMatch(
          await yoda.refused(`/p2pvideo luke ${path}`),
          /^quota: your quota of the server's relay is used up; it starts again at .* 20/,
        );
        const failed = { state: "failed" };
        const end = await luke.event("transfer", failed, { from: lukeSees });
        assertMatch(
          String(end.message),
          /^yoda's quota of .* is used up; it starts/,
        );
      },
      "--relay-quota",
      "5",
    );
  },
);

natTest("IPv6 leads directly where IPv4 would need the relay", async () => {
  await using lab = await NetworkLab.open();
  const [one = ""] = await lab.addHome(1, "symmetric");
  const [two = ""] = await lab.addHome(2, "symmetric");
  await lab.addIpv6();
  await using server = await startServer(lab);
  await using yoda = await logInAt(lab, server, "yoda", one);
  await using luke = await logInAt(lab, server, "luke", two);
  const { sent, got } = await send(yoda, luke, 3_000_000);
  assertEquals([sent.via, got.via], ["direct-v6", "direct-v6"]);
  assertMatch(String(sent.address), /^\[2001:db8:2::2\]:/);
});

natTest("no relay: says why there is no path", async () => {
  await withHomes(
    ["symmetric", "cone"],
    async (yoda) => {
      const path = join(yoda.folder, "film.mp4");
      await writeRandomFile(path, 1_000, 5);
      const refused = await yoda.refused(`/p2pvideo luke "${path}"`);
      assertMatch(
        refused,
        /No path .* 203\.0\.113\.1.* the server does not relay/,
      );
    },
    "--relay-quota",
    "0",
  );
});

natTest("two clients of one home meet in its LAN", async () => {
  await using lab = await NetworkLab.open();
  const [one = "", two = ""] = await lab.addHome(1, "cone", 2);
  await using server = await startServer(lab);
  await using yoda = await logInAt(lab, server, "yoda", one);
  await using luke = await logInAt(lab, server, "luke", two);
  const { sent, got } = await send(yoda, luke, 5_000_000);
  assertEquals([sent.via, got.via], ["lan", "lan"]);
  assertMatch(String(sent.address), /^192\.168\.1\.3:/);
});

natTest(
  "a client that gets another address in mid-transfer goes on",
  async () => {
    await withHomes(["cone", "cone"], async (yoda, luke, lab) => {
      const path = join(yoda.folder, "film.mp4");
      await writeRandomFile(path, 12_000_000, 5);
      await yoda.succeed("/limit 2M");
      await yoda.send(`/p2pvideo luke "${path}"`);
      await luke.event("path", { via: "direct-v4" });
      await luke.event("progress");
      // The router gives the new address another port, as the old one is in use.
      await lab.run(
        "c11",
        "sysctl -qw net.ipv4.conf.all.promote_secondaries=1",
      );
      await lab.run("c11", "ip addr add 192.168.1.77/24 dev eth0");
      await lab.run("c11", "ip addr del 192.168.1.2/24 dev eth0");
      await lab.run("c11", "ip route replace default via 192.168.1.1");
      const got = await luke.event(
        "transfer",
        { state: "verified" },
        { timeoutMs: 45_000 },
      );
      const stored = String(got.path);
      assertEquals(await digestOf(stored), await digestOf(path));
    });
  },
);

/** Files between clients of different nodes that find no direct path. */
import { assertEquals, assertMatch } from "@std/assert";
import { join } from "@std/path";
import { jediAccounts, logIn } from "../support/jedi.ts";
import { NatsServer, noNats } from "../support/nats_server.ts";
import { NetworkLab } from "../support/network_lab.ts";
import { noPostgres, PostgresServer } from "../support/postgres_server.ts";
import { digestOf, writeRandomFile } from "../support/random_file.ts";
import { TestServer } from "../support/test_server.ts";
import { testUnless } from "../support/test_unless.ts";

testUnless(
  await NetworkLab.lack() ?? noPostgres ?? noNats,
  "cluster: a file between clients of two nodes is relayed, and goes on when the node that relays dies",
  async () => {
    await using lab = await NetworkLab.open();
    const [one = ""] = await lab.addHome(1, "symmetric");
    const [two = ""] = await lab.addHome(2, "symmetric");
    const place = lab.at(lab.server);
    const { host, launcher } = place;
    await using postgres = await PostgresServer.start();
    await using nats = await NatsServer.start({ launcher });
    const database = await postgres.createDatabase();
    const start = (node: string) => {
      const cluster = ["--cluster", "--node", node, "--database", database];
      const args = [...cluster, "--nats", nats.url, "--advertise", host];
      return TestServer.start({ accounts: jediAccounts, ...place, args });
    };
    await using core = await start("core");
    await core.served();
    await using first = await start("first");
    await using second = await start("second");
    for (const node of [first, second]) await node.served();

    const others = `${host}:${first.port},${host}:${second.port}`;
    const args = ["--hosts", others];
    await using yoda = await logIn(first, "yoda", { ...lab.at(one), args });
    await using luke = await logIn(second, "luke", { ...lab.at(two), args });
    const path = join(yoda.folder, "film.mp4");
    await writeRandomFile(path, 3_000_000, 5);
    const sent = await yoda.succeed(`/p2pvideo luke "${path}"`);
    const got = await luke.event("transfer", { state: "verified" });
    assertEquals([sent.via, got.via], ["relay", "relay"]);
    assertMatch(String(sent.why), /none of .* answered; a router between/);
    assertEquals(await digestOf(String(got.path)), await digestOf(path));

    // Its sender's node dies in the middle.
    const long = join(yoda.folder, "long.mp4");
    await writeRandomFile(long, 8_000_000, 6);
    await yoda.succeed("/limit 2M");
    const from = luke.process.out.length;
    await yoda.send(`/p2pvideo luke "${long}"`);
    await luke.event("path", { via: "relay" }, { from });
    await luke.event("progress", {}, { from });
    await first.stop("SIGKILL");
    const whole = await luke.event(
      "transfer",
      { state: "verified" },
      { from, timeoutMs: 60_000 },
    );
    assertEquals(whole.via, "relay");
    assertEquals(await digestOf(String(whole.path)), await digestOf(long));
  },
);

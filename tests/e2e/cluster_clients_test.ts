/** Several nodes that share their clients over NATS. */
import { assert, assertEquals } from "@std/assert";
import { join } from "@std/path";
import { accountLine } from "../support/account_line.ts";
import { ProtocolClient, RequestRefused } from "../support/protocol_client.ts";
import { userCommand } from "../support/user_command.ts";
import { NatsServer, noNats } from "../support/nats_server.ts";
import { noPostgres, PostgresServer } from "../support/postgres_server.ts";
import { testUnless } from "../support/test_unless.ts";
import { TestClient } from "../support/test_client.ts";
import { digestOf, writeRandomFile } from "../support/random_file.ts";
import { lastCore, TestServer } from "../support/test_server.ts";
import { waitUntil } from "../support/wait_until.ts";

const accounts = accountLine("yoda", "green") + accountLine("luke", "blue");

testUnless(
  noPostgres ?? noNats,
  "cluster with NATS: clients of different nodes talk, and keep their connections whatever becomes of the core",
  async () => {
    await using postgres = await PostgresServer.start();
    await using nats = await NatsServer.start();
    const database = await postgres.createDatabase();
    const start = (node: string) =>
      TestServer.start({
        accounts,
        args: [
          ...["--cluster", "--node", node, "--database", database],
          ...["--nats", nats.url, "--block-duration", "600"],
          ...["--advertise", "127.0.0.1"],
        ],
      });
    await using first = await start("first");
    await using second = await start("second");
    await using third = await start("third");
    const nodes = [first, second, third];
    let core = await waitUntil("a core", () => coreOf(nodes));
    for (const node of nodes) await node.served();

    const [one, other] = nodes.filter((node) => node !== core);
    assert(one !== undefined && other !== undefined);
    await using yoda = await TestClient.login(one, "yoda", "green");
    await using luke = await TestClient.login(other, "luke", "blue");
    const sent: string[] = [];
    const say = async () => {
      const text = `text ${sent.length}`;
      sent.push(text);
      await yoda.succeed(`/msgto luke ${text}`);
    };
    const goesOn = async (): Promise<number> => {
      const from = performance.now();
      await say();
      const tookMs = performance.now() - from;
      for (let count = 0; count < 10; count++) await say();
      await luke.event("message", { text: sent.at(-1) });
      return tookMs;
    };
    await goesOn();

    // What goes straight from client to client finds its way.
    const sendFile = async (name: string) => {
      const path = join(yoda.folder, name);
      await writeRandomFile(path, 300_000, 5);
      const { via } = await yoda.succeed(`/send luke ${path}`);
      const got = await luke.event("transfer", { state: "verified", name });
      assertEquals([via, got.via], ["local", "local"]);
      assertEquals(await digestOf(String(got.path)), await digestOf(path));
    };
    await sendFile("one.bin");
    await yoda.succeed("/startprivate luke");
    await yoda.succeed("/private luke between us");
    await luke.event("private-message", { from: "yoda", text: "between us" });

    // Accounts are changed from anywhere, and all nodes know.
    const user = async (args: string[], password?: string) => {
      const place = ["--cluster", "--database", database];
      const all = [...args, ...place];
      const { code, text } = await userCommand(yoda, all, password);
      assertEquals(code, 0, text);
      return text.trim();
    };
    const tryLogin = async (node: TestServer, name: string, word: string) => {
      const credentials = { user: name, password: word };
      try {
        return await ProtocolClient.login(node.port, credentials);
      } catch (error) {
        if (error instanceof RequestRefused) return error.code;
        throw error;
      }
    };
    assertEquals(
      await user(["add", "leia"], "organa leia"),
      'account "leia" added',
    );
    const leia = await tryLogin(other, "leia", "organa leia");
    assert(leia instanceof ProtocolClient);
    await user(["passwd", "leia"], "another one");
    for (const node of [one, other, core]) {
      // Three failures are three, wherever each happened.
      const isLast = node === core;
      assertEquals(
        await tryLogin(node, "leia", "organa leia"),
        isLast ? "login_failed_blocked" : "login_failed",
      );
    }

    // It is killed.
    await core.stop("SIGKILL");
    let tookMs = await goesOn();
    assert(tookMs < 40_000, `${tookMs} ms`);
    assertEquals(await tryLogin(one, "leia", "another one"), "account_blocked");
    await user(["unlock", "leia"]);
    const again = await tryLogin(one, "leia", "another one");
    assert(again instanceof ProtocolClient);
    await user(["remove", "leia"]);
    await again.closed;
    assertEquals(await tryLogin(one, "leia", "another one"), "login_failed");
    for (const client of [leia, again]) client[Symbol.dispose]();
    await yoda.succeed("/private luke without that core");
    await luke.event("private-message", { text: "without that core" });
    await sendFile("two.bin");
    await core.startAgain();
    await core.served();

    // It is ended in order: neither of its clients is with it.
    core = await waitUntil("a core", () => coreOf(nodes));
    if (core !== one && core !== other) {
      await core.stop();
      tookMs = await goesOn();
      assert(tookMs < 40_000, `${tookMs} ms`);
      await core.startAgain();
    }

    // NATS dies, in the middle of what is said.
    const saying = say();
    await nats.restart();
    await saying;
    await goesOn();

    const got = luke.events().filter(({ event }) => event === "message")
      .map(({ text }) => text);
    assertEquals(got, sent);
    for (const client of [yoda, luke]) {
      const events = client.events().map(({ event }) => event);
      assertEquals(
        events.filter((each) => each === "disconnected" || each === "welcome"),
        ["welcome"],
      );
    }

    // The node of a client is gone: it was told of the others.
    await one.stop("SIGKILL");
    await say();
    await luke.event("message", { text: sent.at(-1) });
    await yoda.event("welcome", { resumed: true });
  },
);

/** The node that was the last to become the core. */
function coreOf(nodes: readonly TestServer[]): TestServer | undefined {
  const alive = nodes.filter(({ process }) => process.ended === undefined);
  const last = lastCore(alive);
  return last.coreTerm > 0 ? last : undefined;
}

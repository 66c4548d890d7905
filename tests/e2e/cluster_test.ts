/** Several nodes with one database, of which one serves. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { withDeadline } from "../../lib/system/clock.io.ts";
import { testCertificate } from "../support/test_certificate.ts";
import { accountLine } from "../support/account_line.ts";
import { noPostgres, PostgresServer } from "../support/postgres_server.ts";
import { testUnless } from "../support/test_unless.ts";
import { narrowServerCommand } from "../support/programs.ts";
import { ProtocolClient } from "../support/protocol_client.ts";
import { runProgram } from "../support/run_program.ts";
import { TestClient } from "../support/test_client.ts";
import { TestServer } from "../support/test_server.ts";
import { withTempFolder } from "../support/temp_folder.ts";
import { patience, waitUntil } from "../support/wait_until.ts";

const accounts = accountLine("yoda", "green") + accountLine("luke", "blue");

testUnless(
  noPostgres,
  "cluster: whatever becomes of the core, another node goes on, and every message is there once",
  async () => {
    await using postgres = await PostgresServer.start();
    const database = await postgres.createDatabase();
    // Their clocks are two hours apart: what is over, the database's says.
    const start = (node: string, clockMs: number) =>
      TestServer.start({
        ...{ accounts, clockMs },
        args: [
          ...["--cluster", "--node", node, "--database", database],
          ...["--metrics-port", "0"],
        ],
      });
    await using first = await start("first", -hourMs);
    await using second = await start("second", hourMs);
    const nodes = [first, second];

    /** The node that says of itself that it is the core. */
    const coreNow = async () => {
      const health = await Promise.all(nodes.map(healthOf));
      const at = health.indexOf("ok");
      return at < 0 ? undefined : nodes[at];
    };
    let core = await waitUntil("a core", coreNow);
    const other = () => core === first ? second : first;
    await waitUntil(
      "the other stands by",
      async () =>
        /^standby: node "(first|second)" is the core, term 1$/.test(
          await healthOf(other()),
        ),
    );
    const status = await statusOf(database);
    assertStringIncludes(status, "is the core, term 1");
    assertStringIncludes(status, "standby");

    const hosts = nodes.map(({ port }) => `127.0.0.1:${port}`).join();
    await using luke = await TestClient.login(core, "luke", "blue", {
      args: ["--hosts", hosts],
    });
    let yoda: ProtocolClient | undefined;
    const confirmed: string[] = [];
    /** Says something until that is confirmed, wherever somebody serves. */
    const say = async () => {
      const text = `text ${confirmed.length}`;
      const request = { to: ["luke"], text, mid: `m${confirmed.length}` };
      const deadline = performance.now() + patience;
      for (;;) {
        try {
          yoda ??= await login(nodes, "yoda", "green");
          await withDeadline(yoda.request("message", request), 500);
          confirmed.push(text);
          return;
        } catch (cause) {
          yoda?.[Symbol.dispose]();
          yoda = undefined;
          if (performance.now() < deadline) continue;
          throw new Error(`"${text}" was not confirmed`, { cause });
        }
      }
    };
    const sayMany = async () => {
      for (let count = 0; count < 20; count++) await say();
    };
    const answers: Promise<unknown>[] = [];
    /** The client says something at the worst moment, and is answered once. */
    const answer = () => {
      answers.push(luke.succeed(`/msgto yoda answer ${answers.length}`));
    };
    const goesOn = async (from: number): Promise<number> => {
      answer();
      await say();
      const tookMs = performance.now() - from;
      core = await waitUntil("another core", coreNow);
      await sayMany();
      return tookMs;
    };
    await sayMany();

    // It is killed.
    let before = core;
    let at = performance.now();
    await core.stop("SIGKILL");
    let tookMs = await goesOn(at);
    assert(core !== before && tookMs < 40_000, `${tookMs} ms`);
    await before.startAgain();

    // It is ended in order.
    before = core;
    at = performance.now();
    await core.stop();
    tookMs = await goesOn(at);
    assert(core !== before && tookMs < 40_000, `${tookMs} ms`);
    await before.startAgain();

    // It stands still in the middle of a commit, which is done without it: what
    // was stored but not confirmed is sent again, and there once.
    before = core;
    await Promise.all(answers);
    const [row] = await postgres.rows(
      "parley1",
      "SELECT last_message FROM core",
    );
    const letGo = await postgres.holdMessage(
      "parley1",
      Number(row?.last_message) + 1,
    );
    const saying = say();
    await waitUntil("a commit", () => postgres.isWaiting("parley1"));
    before.process.signal("SIGSTOP");
    at = performance.now();
    letGo();
    await saying;
    tookMs = await goesOn(at);
    assert(core !== before && tookMs < 40_000, `${tookMs} ms`);
    before.process.signal("SIGCONT");
    await before.process.waitFor(
      "it notices",
      (line) => line.includes("is no longer the core"),
    );
    await sayMany();
    await waitUntil(
      "it stands by",
      async () => (await healthOf(before)).startsWith("standby: node"),
    );

    // Its connections end, then the database dies.
    await postgres.endConnections("parley1");
    await sayMany();
    await postgres.kill();
    await postgres.run();
    await goesOn(performance.now());

    const logged = async (node: TestServer) =>
      (await node.data("messagelog.txt")).trimEnd().split("\n").map((line) => [
        parseInt(line),
        line.split("; ").at(-1),
      ]);
    for (let round = 0; round < 2; round++) {
      // A client goes to the node that serves by itself, and shows all once.
      await luke.event("message", { text: confirmed.at(-1) });
      const got = luke.events().filter(({ event }) => event === "message");
      assertEquals(got.map(({ text }) => text), confirmed);
      // A node that takes over completes its logs from the database.
      const isWhole = async () =>
        (await logged(core)).length >= confirmed.length + answers.length;
      await waitUntil("the log", isWhole);
      await Promise.all(answers);
      const lines = await logged(core);
      assertEquals(
        lines.map(([number]) => number),
        lines.map((_, at) => at + 1),
      );
      const texts = lines.map(([, text]) => String(text));
      assertEquals(texts.filter((text) => text.startsWith("text")), confirmed);
      assertEquals(
        texts.filter((text) => text.startsWith("answer")).sort(),
        answers.map((_, at) => `answer ${at}`),
      );
      if (round > 0) break;
      const uptime = await uptimeOf(other());
      await core.stop();
      core = other();
      await waitUntil("it serves", async () => await healthOf(core) === "ok");
      assert(await uptimeOf(core) >= uptime, "it counts from its start");
      await sayMany();
    }
    yoda?.[Symbol.dispose]();
  },
);

testUnless(
  noPostgres,
  "cluster: a node with another certificate is refused, and status says when no node serves",
  async () => {
    await using postgres = await PostgresServer.start();
    const database = await postgres.createDatabase();
    assertStringIncludes(await statusOf(database), "no cluster has used");
    const args = ["--cluster", "--database", database];
    await using node = await TestServer.start({ accounts, args, plain: false });
    await node.process.waitFor("it serves", (line) => line.includes("term 1"));
    await withTempFolder(async (folder) => {
      await Deno.writeTextFile(`${folder}/credentials.txt`, accounts);
      assertStringIncludes(
        await said([...args, "--port", "0"], folder),
        "give all nodes the same files",
      );
      // It shows another one: whoever has that is let in from then on.
      const { cert, key } = await testCertificate();
      const files = [
        ...["--tls-cert", `${folder}/cert.pem`],
        ...["--tls-key", `${folder}/key.pem`],
      ];
      for (const [name, text] of [["cert", cert], ["key", key]]) {
        await Deno.writeTextFile(`${folder}/${name}.pem`, `${text}`);
        await Deno.writeTextFile(
          node.path("data", `tls-${name}.pem`),
          `${text}`,
        );
      }
      node.process.signal("SIGHUP");
      const told = await node.process.waitFor(
        "it reads the certificate anew",
        (line) => line.includes("its key is another one"),
      );
      const fingerprint = told.match(/SHA256:[^,]+/)?.[0];
      await waitUntil("that is known", async () => {
        const [row] = await postgres.rows("parley1", "SELECT key FROM nodes");
        return row?.key === fingerprint;
      });
      await using second = await TestServer.start({
        ...{ accounts, plain: false },
        args: [...args, ...files, "--node", "second"],
      });
      // Also while one stands by.
      const third = await testCertificate();
      await Deno.writeTextFile(`${folder}/cert.pem`, third.cert);
      await Deno.writeTextFile(`${folder}/key.pem`, third.key);
      second.process.signal("SIGHUP");
      await waitUntil("that is known, too", async () => {
        const rows = await postgres.rows(
          "parley1",
          "SELECT DISTINCT key FROM nodes WHERE key <> ''",
        );
        return rows.length === 2;
      });
    });
    await node.stop();
    assertStringIncludes(await statusOf(database), "no node is the core");
  },
);

function healthOf(node: TestServer): Promise<string> {
  return watched(node, "/healthz");
}

function uptimeOf(node: TestServer): Promise<number> {
  return waitUntil("how long it runs", async () => {
    const text = await watched(node, "/metrics");
    return Number(/^parley_uptime_seconds (\S+)$/m.exec(text)?.[1]);
  });
}

/** What a node says to those who watch over it; nothing when it cannot. */
async function watched(node: TestServer, path: string): Promise<string> {
  const line = node.process.out.findLast((line) => line.includes("/metrics"));
  const url = line?.match(/http:\S+/)?.[0].replace("/metrics", path);
  if (url === undefined || node.process.ended !== undefined) return "";
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(500) });
    return (await response.text()).trim();
  } catch {
    return "";
  }
}

function statusOf(database: string): Promise<string> {
  return said(["status", "--database", database]);
}

/** What the server says that is started so, until it ends. */
async function said(args: string[], cwd?: string): Promise<string> {
  const { out, err } = await runProgram(
    [...narrowServerCommand, ...args],
    cwd === undefined ? {} : { cwd },
  );
  return [...out, ...err].join("\n");
}

/** Logs in where somebody answers. */
async function login(
  nodes: readonly TestServer[],
  user: string,
  password: string,
): Promise<ProtocolClient> {
  for (const { port } of nodes) {
    const client = ProtocolClient.login(port, { user, password });
    try {
      return await withDeadline(
        client,
        1_000,
        (late) => late[Symbol.dispose](),
      );
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
  throw new Error("Nobody answers");
}

const hourMs = 3_600_000;

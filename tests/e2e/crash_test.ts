import { assert, assertEquals, assertMatch } from "@std/assert";
import { nodeCount } from "../support/node_companions.ts";
import { TestServer } from "../support/test_server.ts";
import { ProtocolClient } from "../support/protocol_client.ts";
import { accountLine } from "../support/account_line.ts";
import { waitUntil } from "../support/wait_until.ts";

const accounts = accountLine("yoda", "green") + accountLine("luke", "blue");

Deno.test("server: kill -9 in the middle of 1,000 messages loses none that was confirmed", async () => {
  await using server = await TestServer.start({ accounts });
  using yoda = await ProtocolClient.login(server.port, {
    user: "yoda",
    password: "green",
  });
  using luke = await ProtocolClient.login(server.port, {
    user: "luke",
    password: "blue",
  });
  await yoda.request("group-create", { group: "jedi", users: ["luke"] });
  await luke.request("group-join", { group: "jedi" });

  const confirmed: string[] = [];
  const sending: Promise<void>[] = [];
  for (let number = 0; number < 1000; number++) {
    const text = `text ${number}`;
    const mid = `m${number}`;
    const request = number % 2 === 0
      ? yoda.request("message", { to: ["luke"], text, mid })
      : yoda.request("group-message", { group: "jedi", text, mid });
    sending.push(request.then(
      () => void confirmed.push(text),
      () => {},
    ));
    if (number % 200 === 199) await Promise.all(sending.slice(0, number - 150));
    if (confirmed.length >= 450) break;
  }
  await server.stop("SIGKILL");
  await Promise.all(sending);
  assert(confirmed.length >= 400, `only ${confirmed.length} were confirmed`);

  await server.restart("SIGKILL");
  // A core of several nodes completes its logs while it serves already.
  const { direct, group } = await waitUntil("the logs", async () => {
    const direct = await server.data("messagelog.txt");
    const group = await server.data("jedi_messagelog.txt");
    const isWhole = nodeCount === 1 ||
      confirmed.every((text) => `${direct}${group}`.includes(`; ${text}\n`));
    return isWhole ? { direct, group } : undefined;
  });
  const lines = [...direct.split("\n"), ...group.split("\n")];
  for (const line of lines.filter((line) => line !== "")) {
    assertMatch(
      line,
      /^\d+; \d\d \w{3} \d{4} [\d:]{8}; yoda;( luke;)? text \d+$/,
    );
  }
  const logged = new Set(lines.map((line) => line.split("; ").at(-1)));
  for (const text of confirmed) assert(logged.has(text), `${text} in the logs`);
  assert(direct.endsWith("\n") && group.endsWith("\n"));
  for (const log of [direct, group]) {
    const numbers = log.trimEnd().split("\n").map((line) => parseInt(line));
    assertEquals(numbers, numbers.map((_, at) => at + 1));
  }

  await server.stop();
  const rows = await server.rows("SELECT text FROM messages");
  const stored = new Set(rows.map((row) => row.text));
  for (const text of confirmed) assert(stored.has(text), `${text} is stored`);
  if (nodeCount > 1) return;
  assertEquals((await server.rows("PRAGMA integrity_check")).length, 1);
});

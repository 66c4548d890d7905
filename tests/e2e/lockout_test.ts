import { assert, assertEquals, assertMatch } from "@std/assert";
import { TestServer } from "../support/test_server.ts";
import { ProtocolClient, RequestRefused } from "../support/protocol_client.ts";
import { notAlone } from "../support/node_companions.ts";
import { testUnless } from "../support/test_unless.ts";
import { accountLine } from "../support/account_line.ts";
import { waitUntil } from "../support/wait_until.ts";

const accounts = accountLine("yoda", "green") + accountLine("luke", "blue");

/** The error code of one login try on a connection of its own. */
async function tryLogin(
  server: TestServer,
  user: string,
  password: string,
  address?: string,
): Promise<string> {
  using client = await ProtocolClient.connect(server.port, address);
  await client.hello();
  try {
    await client.authenticate(user, password);
    return "ok";
  } catch (error) {
    assert(error instanceof RequestRefused, String(error));
    return `${error.code}: ${error.message}`;
  }
}

function address(index: number): string {
  return `127.0.0.${2 + index}`;
}

const failed = (left: number) =>
  "login_failed: Invalid username or password. Please try again " +
  `(${left} ${left === 1 ? "attempt" : "attempts"} left)`;
const nowBlocked = (seconds: number) =>
  "login_failed_blocked: Invalid username or password. Your account has been " +
  `blocked. Please try again later (in ${seconds} s)`;
const blocked =
  /^account_blocked: Your account is blocked due to multiple login failures. Please try again later \(in \d+ s\)$/;

Deno.test("server: an account is locked by name, whatever the connection or address", async () => {
  await using server = await TestServer.start({
    accounts,
    // Longer than the next logins take where many use the machine.
    args: ["--block-duration", "6"],
  });
  assertEquals(await tryLogin(server, "yoda", "wrong"), failed(2));
  const again = await tryLogin(server, "yoda", "wrong", "127.0.0.2");
  assertEquals(again, failed(1));
  const beforeLock = performance.now();
  const last = await tryLogin(server, "yoda", "bad", "127.0.0.3");
  assertEquals(last, nowBlocked(6));
  const lockedAt = performance.now();
  // Right or wrong, from anywhere: the same answer.
  assertMatch(await tryLogin(server, "yoda", "green"), blocked);
  assertMatch(await tryLogin(server, "yoda", "bad", "127.0.0.2"), blocked);
  // Others are not concerned.
  assertEquals(await tryLogin(server, "luke", "blue"), "ok");
  // Then the count starts afresh.
  let answer = "account_blocked";
  while (
    answer.startsWith("account_blocked") &&
    performance.now() - lockedAt < 30_000
  ) {
    await new Promise((resolve) => setTimeout(resolve, 100));
    answer = await tryLogin(server, "yoda", "wrong");
  }
  // The server locked it at some time in between.
  assert(performance.now() - beforeLock >= 5900, "blocked for six seconds");
  assertEquals(answer, failed(2));
  assertEquals(await tryLogin(server, "yoda", "wrong"), failed(1));
  assertEquals(await tryLogin(server, "yoda", "green"), "ok");
});

Deno.test("server: a success resets the count of failures", async () => {
  await using server = await TestServer.start({ accounts, args: ["0", "2"] });
  assertEquals(await tryLogin(server, "luke", "x"), failed(1));
  assertEquals(await tryLogin(server, "luke", "blue"), "ok");
  assertEquals(await tryLogin(server, "luke", "x"), failed(1));
  assertEquals(await tryLogin(server, "luke", "blue"), "ok");
});

Deno.test("server: an unknown name is treated like a known one", async () => {
  await using server = await TestServer.start({ accounts });
  assertEquals(await tryLogin(server, "vader", "x"), failed(2));
  assertEquals(await tryLogin(server, "vader", "x"), failed(1));
  assertEquals(await tryLogin(server, "vader", "x"), nowBlocked(10));
  assertMatch(await tryLogin(server, "vader", "x"), blocked);
});

Deno.test("server: a plain line logs in, with every space of the password", async () => {
  const password = "plain password with spaces";
  await using server = await TestServer.start({
    accounts: `${accounts}leia ${password}\n`,
  });
  // Computing the keys, here and there, may take longer than a login has.
  await waitUntil(
    "both sides to have the keys",
    () => tryLogin(server, "leia", password).then((it) => it === "ok", () => 0),
  );
  assertEquals(await tryLogin(server, "leia", "plain password"), failed(2));
  assertEquals(await tryLogin(server, "leia", password), "ok");
});

Deno.test("server: of 100 parallel logins to one account exactly one wins", async () => {
  await using server = await TestServer.start({ accounts });
  const clients = await Promise.all(
    // One address may have 16 connections that have not logged in.
    Array.from(
      { length: 100 },
      (_, index) => ProtocolClient.connect(server.port, address(index % 10)),
    ),
  );
  try {
    const outcomes = await Promise.all(clients.map(async (client) => {
      await client.hello();
      try {
        await client.authenticate("luke", "blue");
        return "ok";
      } catch (error) {
        assert(error instanceof RequestRefused, String(error));
        return `${error.code}: ${error.message}`;
      }
    }));
    const refused = "already_online: This account is already logged in";
    assertEquals(outcomes.filter((outcome) => outcome === "ok").length, 1);
    assertEquals(outcomes.filter((outcome) => outcome === refused).length, 99);
  } finally {
    for (const client of clients) client[Symbol.dispose]();
  }
});

testUnless(
  notAlone,
  "server: an edited credentials file counts without a restart",
  async () => {
    await using server = await TestServer.start({ accounts });
    const file = server.path("credentials.txt");
    await Deno.writeTextFile(file, accounts + accountLine("rey", "white"));
    const noticed = await server.process.waitFor(
      "the edit to be noticed",
      (line) => line.includes("credentials.txt") && line.includes("3 accounts"),
    );
    assert(noticed !== "");
    assertEquals(await tryLogin(server, "rey", "white"), "ok");
  },
);

Deno.test("server: locks and counted failures go on after a restart, also after kill -9", async () => {
  await using server = await TestServer.start({
    accounts,
    args: ["--attempts", "2", "--block-duration", "600"],
  });
  assertEquals(await tryLogin(server, "yoda", "wrong"), failed(1));
  assertEquals(await tryLogin(server, "vader", "wrong"), failed(1));
  await server.restart("SIGKILL");
  assertEquals(await tryLogin(server, "yoda", "wrong"), nowBlocked(600));
  assertEquals(await tryLogin(server, "vader", "wrong"), nowBlocked(600));
  await server.restart("SIGKILL");
  assertMatch(await tryLogin(server, "yoda", "green"), blocked);
  await server.restart("SIGTERM");
  assertMatch(await tryLogin(server, "yoda", "green"), blocked);
  assertMatch(await tryLogin(server, "vader", "green"), blocked);
  assertEquals(await tryLogin(server, "luke", "blue"), "ok");
});

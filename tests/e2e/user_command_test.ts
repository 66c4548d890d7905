import {
  assert,
  assertEquals,
  assertMatch,
  assertStringIncludes,
} from "@std/assert";
import { accountLine } from "../support/account_line.ts";
import { notAlone } from "../support/node_companions.ts";
import {
  ConnectionEnded,
  ProtocolClient,
  RequestRefused,
} from "../support/protocol_client.ts";
import { TestServer } from "../support/test_server.ts";
import { userCommand } from "../support/user_command.ts";

const accounts = "# people\n" + accountLine("yoda", "green") +
  "luke plain password\n";

Deno.test("server user: a running server takes up every change", async () => {
  await using server = await TestServer.start({
    accounts,
    // A try before the server knows would lock the name.
    args: ["--attempts", "1", "--block-duration", "600"],
  });
  assertEquals(await user(server, ["add", "leia"], "organa leia"), [
    0,
    'account "leia" added',
  ]);
  assertEquals(await tryLogin(server, "leia", "organa leia"), "ok");
  assertEquals(await user(server, ["passwd", "yoda"], "greener yet"), [
    0,
    'password of "yoda" changed',
  ]);
  assertEquals(await tryLogin(server, "yoda", "greener yet"), "ok");
  assertEquals(await user(server, ["hash"]), [0, "1 plain password hashed"]);
  const text = await server.accounts();
  assertMatch(text, /^(# people\n)?yoda SCRAM-SHA-256\$600000:/);
  assert(!text.includes("plain password"));
  assertEquals(await tryLogin(server, "luke", "plain password"), "ok");
  assertEquals(await user(server, ["remove", "luke"]), [
    0,
    'account "luke" removed; who gets the name next is another person',
  ]);
  const refused = await tryLogin(server, "luke", "plain password");
  assertEquals(refused, "login_failed_blocked");
});

Deno.test("server user unlock: ends a lock at a running server", async () => {
  await using server = await TestServer.start({
    accounts,
    args: ["--attempts", "1", "--block-duration", "3600"],
  });
  assertEquals(await tryLogin(server, "yoda", "x"), "login_failed_blocked");
  assertEquals(await tryLogin(server, "yoda", "green"), "account_blocked");
  const [code, text] = await user(server, ["unlock", "yoda"]);
  assertEquals(code, 0, text);
  assertEquals(await tryLogin(server, "yoda", "green"), "ok");
});

Deno.test("server user: says what it cannot do, in one line", async () => {
  await using server = await TestServer.start({ accounts });
  const cases: [string[], number, string][] = [
    [["remove", "han"], 1, 'there is no account "han"'],
    [["add", "yoda"], 1, 'account "yoda" exists already'],
    [["add", "han"], 1, "no password"],
    [["add", "h n"], 2, 'invalid NAME "h n"'],
  ];
  if (notAlone === undefined) {
    const args = ["list", "--credentials", "missing.txt"];
    cases.push([args, 1, "it does not exist"]);
  }
  for (const [args, expected, part] of cases) {
    const [code, text] = await user(server, args);
    assertEquals(code, expected, text);
    assertStringIncludes(text, part);
    assert(!text.includes("\n"), text);
  }
});

/** Runs `parley-server user …` in the server's folder: exit code and what it said. */
async function user(
  server: TestServer,
  args: readonly string[],
  password = "",
): Promise<[number, string]> {
  const { code, text } = await userCommand(server, args, password);
  return [code, text.trim()];
}

async function tryLogin(
  server: TestServer,
  name: string,
  password: string,
): Promise<string> {
  using client = await ProtocolClient.connect(server.port);
  await client.hello();
  try {
    await client.authenticate(name, password);
    return "ok";
  } catch (error) {
    if (error instanceof RequestRefused) return error.code;
    // The account went while the login was being stored: a bye, no reply.
    assert(error instanceof ConnectionEnded, String(error));
    return "ended";
  }
}

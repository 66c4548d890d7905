import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { accountLine } from "../support/account_line.ts";
import { serverCommand } from "../support/programs.ts";
import { ProtocolClient, RequestRefused } from "../support/protocol_client.ts";
import { TestServer } from "../support/test_server.ts";
import { waitUntil } from "../support/wait_until.ts";

const accounts = "# people\n" + accountLine("yoda", "green") +
  "luke plain password\n";

Deno.test("server user: a running server takes up every change", async () => {
  await using server = await TestServer.start({
    accounts,
    // Tries that come before the change lock the name, but not for long.
    args: ["--attempts", "5", "--block-duration", "1"],
  });
  assertEquals(await user(server, ["add", "leia"], "organa"), [
    0,
    'account "leia" added',
  ]);
  await becomes(server, "leia", "organa", "ok");
  assertEquals(await user(server, ["passwd", "yoda"], "greener"), [
    0,
    'password of "yoda" changed',
  ]);
  await becomes(server, "yoda", "greener", "ok");
  assertEquals(await tryLogin(server, "yoda", "green"), "login_failed");
  assertEquals(await user(server, ["hash"]), [0, "1 plain password hashed"]);
  const text = await Deno.readTextFile(server.path("credentials.txt"));
  assert(text.startsWith("# people\nyoda SCRAM-SHA-256$600000:"));
  assert(!text.includes("plain password"));
  // A login that is under way while the accounts are read anew fails.
  await becomes(server, "luke", "plain password", "ok");
  assertEquals(await user(server, ["remove", "luke"]), [
    0,
    'account "luke" removed',
  ]);
  await becomes(server, "luke", "plain password", "login_failed");
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
  await becomes(server, "yoda", "green", "ok");
});

Deno.test("server user: says what it cannot do, in one line", async () => {
  await using server = await TestServer.start({ accounts });
  for (
    const [args, expected, part] of [
      [["remove", "han"], 1, 'there is no account "han"'],
      [["add", "yoda"], 1, 'account "yoda" exists already'],
      [["add", "han"], 1, "no password"],
      [["add", "h n"], 2, 'invalid NAME "h n"'],
      [["list", "--credentials", "missing.txt"], 1, "it does not exist"],
    ] as const
  ) {
    const [code, text] = await user(server, args);
    assertEquals(code, expected, text);
    assertStringIncludes(text, part);
    assert(!text.includes("\n"), text);
  }
});

/** Runs `server user …` in the server's folder: exit code and what it said. */
async function user(
  server: TestServer,
  args: readonly string[],
  password?: string,
): Promise<[number, string]> {
  const [program = "", ...first] = serverCommand;
  const { code, stdout, stderr } = await new Deno.Command(program, {
    args: [...first, "user", ...args],
    cwd: server.folder,
    stdin: "null",
    env: password === undefined ? {} : { PARLEY_PASSWORD: password },
  }).output();
  const decoder = new TextDecoder();
  return [code, (decoder.decode(stdout) + decoder.decode(stderr)).trim()];
}

/** Waits until a login is answered with `code`, or succeeds (`ok`). */
async function becomes(
  server: TestServer,
  name: string,
  password: string,
  code: string,
): Promise<void> {
  await waitUntil(
    `${name}: ${code}`,
    async () => await tryLogin(server, name, password) === code,
  );
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
    assert(String(error).includes("connection ended"), String(error));
    return "ended";
  }
}

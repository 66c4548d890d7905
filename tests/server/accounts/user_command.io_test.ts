import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import { DatabaseSync } from "node:sqlite";
import { deriveKey } from "../../../lib/security/derive_key.io.ts";
import { SqliteStore } from "../../../lib/server/store/sqlite_store.io.ts";
import { runUserCommand } from "../../../lib/server/accounts/user_command.io.ts";
import { equalBytes, serverKeysOf } from "../../../lib/security/scram.ts";
import { CredentialsFile } from "../../../lib/server/accounts/credentials_file.ts";
import { FakeConsole } from "../../support/fake_console.ts";
import { storedUser } from "../../support/stored_user.ts";
import { withTempFolder } from "../../support/temp_folder.ts";

test("runUserCommand() adds an account asked for on a terminal", async (path) => {
  const console = new FakeConsole({ answers: ["12345678", "12345678"] });
  assertEquals(await run(path, console, "add", "leia"), 0);
  assertEquals(console.printed, ['account "leia" added']);
  assertEquals(console.questions.length, 2);
  const text = await Deno.readTextFile(path);
  assert(text.startsWith("# people\nyoda one\n\nleia SCRAM-SHA-256$600000:"));
  assert(await hasPassword(path, "leia", "12345678"));
  assert(!await hasPassword(path, "leia", "123456789"));
});

test("runUserCommand() makes the file for the first account, and says where", async (path) => {
  await Deno.remove(path);
  const console = new FakeConsole({ input: ["12345678"] });
  assertEquals(await run(path, console, "add", "leia"), 0);
  assertEquals(console.printed, [
    `account "leia" added to the new file "${path}"; ` +
    "a server that runs in another folder does not read it",
  ]);
  assert(await hasPassword(path, "leia", "12345678"));
  if (Deno.build.os !== "windows") {
    assertEquals(((await Deno.stat(path)).mode ?? 0) & 0o777, 0o600);
  }
});

test("runUserCommand() takes the password where nobody can be asked", async (path) => {
  const file = `${path}.password`;
  await Deno.writeTextFile(file, "of a file\r\nsecond line\n");
  const env = { PARLEY_PASSWORD: "of environment" };
  const input = ["of input"];
  const args = ["passwd", "yoda"];
  assertEquals(await run(path, new FakeConsole({ input }), ...args), 0);
  assert(await hasPassword(path, "yoda", "of input"));
  assertEquals(await run(path, new FakeConsole({ env, input }), ...args), 0);
  assert(await hasPassword(path, "yoda", "of environment"));
  // On a terminal, too, the variable wins over a question.
  const terminal = new FakeConsole({ env, answers: ["not asked for"] });
  assertEquals(await run(path, terminal, ...args), 0);
  assert(await hasPassword(path, "yoda", "of environment"));
  assertEquals(terminal.questions, []);
  // A slip is told, and asked for again.
  const asked = answering("short", "asked for", "ask for", ...two("asked for"));
  assertEquals(await run(path, asked, ...args), 0);
  assert(await hasPassword(path, "yoda", "asked for"));
  assertEquals(asked.complaints, [
    "The new password is too short: at least 8 characters; please try again",
    "the two passwords differ; please try again",
  ]);
  assertStringIncludes(asked.questions[0] ?? "", "at least 8 characters");
  const console = new FakeConsole({ env, input });
  assertEquals(await run(path, console, ...args, "--password-file", file), 0);
  assert(await hasPassword(path, "yoda", "of a file"));
  assertEquals(console.printed, ['password of "yoda" changed']);
});

test("runUserCommand() changes nothing when it cannot", async (path) => {
  const before = await Deno.readTextFile(path);
  const cases: [FakeConsole, string[], string][] = [
    [answering(undefined), ["add", "leia"], "cancelled"],
    [answering("12345678", undefined), ["add", "leia"], "cancelled"],
    [new FakeConsole(), ["add", "leia"], "no password: give it in"],
    [new FakeConsole({ input: [" "] }), ["add", "leia"], "is too short"],
    [
      new FakeConsole({ env: { PARLEY_PASSWORD: "luke1" } }),
      ["add", "leia"],
      "at least 8 characters (it is that of PARLEY_PASSWORD)",
    ],
    [
      answering(...two("12345678")),
      ["add", "yoda"],
      'account "yoda" exists already',
    ],
    [answering(...two("12345678")), ["passwd", "leia"], 'no account "leia"'],
    [new FakeConsole(), ["remove", "leia"], 'no account "leia"'],
    [
      new FakeConsole(),
      ["add", "leia", "--password-file", `${path}.missing`],
      "it does not exist",
    ],
  ];
  for (const [console, args, message] of cases) {
    assertEquals(await run(path, console, ...args), 1, message);
    assertStringIncludes(console.complaints.join("\n"), message);
    assertEquals(console.complaints.length, 1);
    assertEquals(console.printed, []);
  }
  // Three times is enough.
  const wrong = answering("a", "12345678", "b", "c");
  assertEquals(await run(path, wrong, "add", "leia"), 1);
  assertEquals([wrong.complaints.length, wrong.questions.length], [3, 4]);
  assertEquals(await Deno.readTextFile(path), before);
});

test("runUserCommand() answers wrong usage with 2", async (path) => {
  const console = new FakeConsole();
  assertEquals(await run(path, console, "ad", "leia"), 2);
  assertEquals(await run(path, console, "add", "leia", "secret"), 2);
  assertEquals(console.complaints.length, 2);
  assertEquals(await run(path, console, "--help"), 0);
  assertStringIncludes(console.printed.join("\n"), "user unlock NAME");
});

test("runUserCommand() lists, hashes and removes", async (path) => {
  await Deno.writeTextFile(path, "# people\nyoda one\nbad\nluke two # x\n");
  const console = new FakeConsole();
  assertEquals(await run(path, console, "list"), 0);
  assertEquals(console.printed.splice(0), [
    "yoda  plain password",
    "luke  plain password",
  ]);
  assertStringIncludes(console.complaints.join("\n"), "line 3: ");
  assertEquals(await run(path, console, "hash"), 0);
  assertEquals(console.printed.splice(0), ["2 plain passwords hashed"]);
  assert(await hasPassword(path, "yoda", "one"));
  assert(await hasPassword(path, "luke", "two # x"));
  assertEquals(await run(path, console, "hash"), 0);
  assertEquals(console.printed.splice(0), ["no plain password left to hash"]);
  if (Deno.build.os !== "windows") {
    await Deno.chmod(path, 0o644);
    assertEquals(await run(path, console, "hash"), 0);
    assertEquals(
      console.complaints.at(-1),
      `"${path}" was open to everybody on this machine; its mode is 0600 now`,
    );
    assertEquals(((await Deno.stat(path)).mode ?? 0) & 0o777, 0o600);
    console.printed.length = 0;
  }
  const text = await Deno.readTextFile(path);
  assert(/^# people\nyoda SCRAM[^\n]+\nbad\nluke SCRAM[^\n]+\n$/.test(text));
  assertEquals(await run(path, console, "remove", "yoda"), 0);
  const left = await Deno.readTextFile(path);
  assert(/^# people\nbad\nluke SCRAM[^\n]+\n$/.test(left));
});

test("runUserCommand() reports a file it cannot read", async (path) => {
  await Deno.writeFile(path, new Uint8Array([0x61, 0x20, 0xff, 0x0a]));
  const console = new FakeConsole({ input: ["12345678"] });
  assertEquals(await run(path, console, "add", "leia"), 1);
  assertStringIncludes(console.complaints[0] ?? "", "it is not UTF-8");
  await Deno.remove(path);
  assertEquals(await run(path, console, "list"), 1);
  assertStringIncludes(console.complaints[1] ?? "", "it does not exist");
});

test("runUserCommand() leaves word to unlock an account", async (path) => {
  const console = new FakeConsole();
  const dataDir = `${path}.data`;
  const unlock = () =>
    run(path, console, "unlock", "yoda", "--data-dir", dataDir);
  assertEquals(await unlock(), 1);
  assertStringIncludes(console.complaints[0] ?? "", "another --data-dir");
  await Deno.mkdir(dataDir);
  const older = new DatabaseSync(join(dataDir, "parley.db"));
  assertEquals(await unlock(), 1);
  assertStringIncludes(console.complaints[1] ?? "", "start the server once");
  older.close();
  const store = new SqliteStore(join(dataDir, "parley.db"));
  assertEquals(await unlock(), 0);
  assertStringIncludes(console.printed[0] ?? "", "when the server starts");
  const requests = (await store.requests()).map((each) => ({ ...each }));
  assertEquals(requests, [{ number: 1, what: "unlock", subject: "yoda" }]);
  await store.close();
});

test("runUserCommand() ends a person, or keeps one, as it is told to", async (path) => {
  const dataDir = `${path}.data`;
  await Deno.mkdir(dataDir);
  const store = new SqliteStore(join(dataDir, "parley.db"));
  const yoda = storedUser(1, "yoda");
  await store.commit([{ write: "user", user: yoda }]);
  const said = async (...args: string[]) => {
    const console = new FakeConsole({ env: { PARLEY_PASSWORD: "12345678" } });
    await run(path, console, ...args, "--data-dir", dataDir);
    return console.printed[0] ?? console.complaints[0] ?? "";
  };
  assertEquals(
    await said("remove", "yoda", "--keep"),
    'account "yoda" removed; its messages, groups and profile are kept: "user add yoda --restore" ' +
      "gives it back",
  );
  assertEquals(await store.requests(), []);
  assertStringIncludes(await said("add", "yoda"), 'an earlier "yoda" are kept');
  assertEquals(
    await said("add", "yoda", "--restore"),
    'account "yoda" added with what was kept',
  );
  assertEquals(
    await said("remove", "yoda"),
    'account "yoda" removed; who gets the name next is another person',
  );
  const [request] = await store.requests();
  assertEquals([request?.what, request?.subject], ["remove", yoda.account]);
  // Whoever is to be removed is known no more.
  assertStringIncludes(
    await said("add", "yoda", "--restore"),
    'nothing is kept of an earlier "yoda"',
  );
  assertEquals(await said("add", "yoda"), 'account "yoda" added');
  await store.close();
});

test("runUserCommand() removes what is kept of somebody without an account", async (path) => {
  const dataDir = `${path}.data`;
  await Deno.mkdir(dataDir);
  const store = new SqliteStore(join(dataDir, "parley.db"));
  await store.commit([{ write: "user", user: storedUser(1, "leia") }]);
  const console = new FakeConsole();
  const before = await Deno.readTextFile(path);
  const remove = (name: string) =>
    run(path, console, "remove", name, "--data-dir", dataDir);
  assertEquals(await remove("leia"), 0);
  assertStringIncludes(console.printed[0] ?? "", 'kept of "leia" is removed');
  assertEquals((await store.requests()).length, 1);
  assertEquals(await remove("leia"), 1);
  assertEquals(await Deno.readTextFile(path), before);
  await store.close();
});

test("runUserCommand() takes no name that differs in capital letters only", async (path) => {
  const console = answering("12345678", "12345678");
  assertEquals(await run(path, console, "add", "Yoda"), 1);
  assertStringIncludes(console.complaints[0] ?? "", 'account "yoda" exists');
  // Whose account it is, it knows in any case, also of somebody without one.
  assertEquals(await run(path, console, "passwd", "YODA"), 0);
  assertEquals(console.printed, ['password of "yoda" changed']);
  const dataDir = `${path}.data`;
  await Deno.mkdir(dataDir);
  const store = new SqliteStore(join(dataDir, "parley.db"));
  await store.commit([{ write: "user", user: storedUser(1, "leia") }]);
  await store.close();
  const more = answering("12345678", "12345678");
  const add = ["add", "Leia", "--data-dir", dataDir];
  assertEquals(await run(path, more, ...add), 1);
  assertStringIncludes(more.complaints[0] ?? "", 'an earlier "Leia" are kept');
  assertEquals(await run(path, more, ...add, "--restore"), 0);
});

function test(name: string, use: (path: string) => Promise<void>): void {
  Deno.test(name, () =>
    withTempFolder(async (folder) => {
      const path = join(folder, "credentials.txt");
      await Deno.writeTextFile(path, "# people\nyoda one\n\n");
      await use(path);
    }));
}

function run(path: string, console: FakeConsole, ...args: string[]) {
  return runUserCommand([...args, "--credentials", path], console);
}

function two(password: string): [string, string] {
  return [password, password];
}

function answering(...answers: (string | undefined)[]): FakeConsole {
  return new FakeConsole({ answers });
}

async function hasPassword(
  path: string,
  name: string,
  password: string,
): Promise<boolean> {
  const file = new CredentialsFile(await Deno.readTextFile(path));
  const credential = file.accounts.get(name);
  assert(credential?.kind === "verifier");
  const { verifier } = credential;
  const { storedKey, serverKey } = serverKeysOf(
    await deriveKey(password, verifier),
  );
  return equalBytes(storedKey, verifier.storedKey) &&
    equalBytes(serverKey, verifier.serverKey);
}

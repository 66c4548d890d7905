import { assert, assertEquals, assertThrows } from "@std/assert";
import { CredentialsFile } from "../../../lib/server/accounts/credentials_file.ts";
import {
  checkUserAction,
  hashPasswords,
  listUsers,
  parseUserCommand,
  plainPasswords,
  removeUser,
  setPassword,
  UserCommandError,
} from "../../../lib/server/accounts/user_command.ts";
import {
  formatVerifier,
  makeVerifier,
} from "../../../lib/security/verifier.ts";

const verifier = makeVerifier(new Uint8Array(32).fill(1), {
  salt: new Uint8Array(16).fill(2),
  iterations: 600_000,
});
const hashed = formatVerifier(verifier);
const file = new CredentialsFile(`# people\nyoda one\nluke ${hashed}\n`);

Deno.test("parseUserCommand() reads every command", () => {
  for (const name of ["add", "passwd", "remove", "unlock"] as const) {
    const request = parseUserCommand([name, "yoda"]);
    assert(request.kind === "run");
    assertEquals(request.options, {
      action: { do: name, name: "yoda" },
      credentials: "credentials.txt",
      dataDir: "data",
    });
  }
  for (const name of ["list", "hash"] as const) {
    const request = parseUserCommand([name, "--credentials", "c"]);
    assert(request.kind === "run");
    assertEquals(request.options.action, { do: name });
    assertEquals(request.options.credentials, "c");
  }
  const request = parseUserCommand(
    ["--data-dir=d", "add", "--password-file", "p", "yoda"],
  );
  assert(request.kind === "run");
  assertEquals(request.options.dataDir, "d");
  assertEquals(request.options.passwordFile, "p");
  assertEquals(parseUserCommand(["--help"]).kind, "help");
});

Deno.test("parseUserCommand() says what is wrong", () => {
  const commands = "add, passwd, remove, list, unlock, hash, import or export";
  const cases: [string[], string][] = [
    [[], `user needs a command: ${commands}`],
    [["delete"], `unknown user command "delete": must be ${commands}`],
    [["lst"], 'unknown user command "lst": did you mean list?'],
    [["add"], "user add needs a name: user add NAME"],
    [["import"], "user import needs a file: user import FILE"],
    [
      ["export"],
      "user export is for the accounts of a cluster: add --cluster and --database",
    ],
    [["list", "--cluster"], "--cluster needs --database"],
    [
      ["add", "a b"],
      'invalid NAME "a b": must be 1 to 32 of A-Z a-z 0-9 . _ -',
    ],
    [["list", "x"], 'unexpected argument "x": list has none'],
    [
      ["add", "yoda", "secret"],
      'unexpected argument "secret": the arguments are COMMAND NAME',
    ],
    [
      ["list", "--credentials="],
      'invalid --credentials "": must be the path of a file',
    ],
  ];
  for (const [args, message] of cases) {
    assertEquals(parseUserCommand(args), { kind: "error", message });
  }
});

Deno.test("checkUserAction() refuses what cannot be done", () => {
  checkUserAction(file, { do: "list" });
  checkUserAction(file, { do: "add", name: "leia" });
  checkUserAction(file, { do: "unlock", name: "yoda" });
  const add = () => checkUserAction(file, { do: "add", name: "yoda" });
  assertThrows(add, UserCommandError, 'account "yoda" exists already');
  for (const what of ["passwd", "remove", "unlock"] as const) {
    const check = () => checkUserAction(file, { do: what, name: "Yoda" });
    assertThrows(check, UserCommandError, 'there is no account "Yoda"');
  }
});

Deno.test("setPassword() adds an account or changes its line", () => {
  const added = setPassword(file, { do: "add", name: "leia" }, verifier);
  assertEquals(added.file.text, `${file.text}leia ${hashed}\n`);
  assertEquals(added.done, 'account "leia" added');
  const changed = setPassword(file, { do: "passwd", name: "yoda" }, verifier);
  assertEquals(
    changed.file.text,
    `# people\nyoda ${hashed}\nluke ${hashed}\n`,
  );
  assertThrows(
    () => setPassword(file, { do: "passwd", name: "leia" }, verifier),
    UserCommandError,
  );
});

Deno.test("removeUser() takes the account's line away", () => {
  assertEquals(
    removeUser(file, { do: "remove", name: "yoda" }).file.text,
    `# people\nluke ${hashed}\n`,
  );
  const leia = { do: "remove", name: "leia" } as const;
  assertThrows(() => removeUser(file, leia), UserCommandError);
  // What is kept of somebody without an account can be removed.
  assertEquals(removeUser(file, leia, true).file.text, file.text);
  const keep = () => removeUser(file, { ...leia, keep: true }, true);
  assertThrows(keep, UserCommandError);
});

Deno.test("hashPasswords() leaves edited and hashed lines alone", () => {
  assertEquals([...plainPasswords(file.accounts)], [["yoda", "one"]]);
  const hash = (password: string) =>
    hashPasswords(file, new Map([["yoda", { password, verifier }]]));
  assertEquals(
    hash("one").file.text,
    `# people\nyoda ${hashed}\nluke ${hashed}\n`,
  );
  assertEquals(hash("one").done, "1 plain password hashed");
  assertEquals(hash("older").file.text, file.text);
  assertEquals(hash("older").done, "no plain password left to hash");
});

Deno.test("listUsers() shows how each password is kept, and none of them", () => {
  assertEquals(listUsers(file), ["yoda  plain password", "luke  hashed"]);
  assertEquals(listUsers(new CredentialsFile("")), []);
});

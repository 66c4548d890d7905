import { assert, assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import {
  CredentialsFile,
  passwordProblem,
} from "../../../lib/server/accounts/credentials_file.ts";
import {
  formatVerifier,
  makeVerifier,
  parseVerifier,
} from "../../../lib/security/verifier.ts";

const verifier = makeVerifier(new Uint8Array(32).fill(1), {
  salt: new Uint8Array(16).fill(2),
  iterations: 600_000,
});
const hashed = formatVerifier(verifier);

Deno.test("CredentialsFile: a blank at either end of a password is a part of it, and a doubt", () => {
  const file = new CredentialsFile("yoda one two\nluke three \nleia  four\r\n");
  const { accounts, doubts, problems } = file;
  assertEquals(accounts.get("luke"), { kind: "password", password: "three " });
  assertEquals(problems, []);
  assertEquals(doubts.map(({ line }) => line), [2, 3]);
  assertEquals(
    doubts[0]?.message,
    'line 2: the password of account "luke" begins or ends with a blank, ' +
      "which is taken as a part of it",
  );
});

Deno.test("CredentialsFile reads passwords, verifiers, comments and blank lines", () => {
  const file = new CredentialsFile(
    `# people\n\nyoda a b  c \nluke ${hashed}\n  \nLuke  two\n#luke x`,
  );
  assertEquals([...file.accounts], [
    ["yoda", { kind: "password", password: "a b  c " }],
    ["luke", { kind: "verifier", verifier: parseVerifier(hashed) }],
    ["Luke", { kind: "password", password: " two" }],
  ]);
  assertEquals(file.problems, []);
});

Deno.test("CredentialsFile reports lines it skips with their numbers", () => {
  const file = new CredentialsFile([
    "yoda one",
    "luke",
    "leia ",
    "han solo",
    "yoda two",
    " lead ing",
    "b@d secret",
    `${"x".repeat(33)} secret`,
    "tab\tsecret",
    "bad SCRAM-SHA-256$oops",
    "bell a\u0007b",
    `long ${"x".repeat(1025)}`,
    ".. dots",
  ].join("\n"));
  assertEquals([...file.accounts.keys()], ["yoda", "han"]);
  assertEquals(
    file.accounts.get("yoda"),
    { kind: "password", password: "one" },
  );
  assertEquals(
    file.problems.map((problem) => problem.line),
    [2, 3, 5, 6, 7, 8, 9, 10, 11, 12, 13],
  );
  for (const { line, message } of file.problems) {
    assert(message.startsWith(`line ${line}: `), message);
    assert(!/two|secret|oops/.test(message), message);
  }
  assert(file.problems[2]?.message.includes('account "yoda" is on line 1'));
});

Deno.test("CredentialsFile tolerates CRLF and a byte order mark", () => {
  const file = new CredentialsFile("\ufeffyoda one\r\n\r\nluke two\r\n");
  assertEquals([...file.accounts.keys()], ["yoda", "luke"]);
  assertEquals(file.accounts.get("luke"), {
    kind: "password",
    password: "two",
  });
  const edited = file.setVerifiers(new Map([["yoda", verifier]]));
  assertEquals(edited.text, `\ufeffyoda ${hashed}\r\n\r\nluke two\r\n`);
  assertEquals(
    file.add("leia", verifier).text,
    `\ufeffyoda one\r\n\r\nluke two\r\nleia ${hashed}\r\n`,
  );
  assertEquals(file.remove("yoda").text, "\ufeff\r\nluke two\r\n");
});

Deno.test("CredentialsFile edits one line and keeps the rest", () => {
  const text = "# one\nyoda a\n\nb@d line\n# two\nluke b";
  const file = new CredentialsFile(text);
  assertEquals(
    file.setVerifiers(new Map([["luke", verifier], ["yoda", verifier]])).text,
    `# one\nyoda ${hashed}\n\nb@d line\n# two\nluke ${hashed}`,
  );
  assertEquals(file.remove("yoda").text, "# one\n\nb@d line\n# two\nluke b");
  assertEquals(
    file.rename("yoda", "master").text,
    "# one\nmaster a\n\nb@d line\n# two\nluke b",
  );
  const added = file.add("leia", verifier);
  assertEquals(added.text, `${text}\nleia ${hashed}\n`);
  assertEquals([...added.accounts.keys()], ["yoda", "luke", "leia"]);
  assertEquals(
    new CredentialsFile("").add("a", verifier).text,
    `a ${hashed}\n`,
  );
  assertEquals(file.text, text);
});

Deno.test("CredentialsFile refuses edits that make no sense", () => {
  const file = new CredentialsFile("yoda a\nluke b\n");
  assertThrows(() => file.add("yoda", verifier), RangeError);
  assertThrows(() => file.add("b@d", verifier), RangeError);
  assertThrows(() => file.remove("leia"), RangeError);
  assertThrows(() => file.rename("leia", "x"), RangeError);
  assertThrows(() => file.rename("yoda", "luke"), RangeError);
  assertThrows(() => file.rename("yoda", "a b"), RangeError);
  assertThrows(
    () => file.setVerifiers(new Map([["leia", verifier]])),
    RangeError,
  );
});

Deno.test("CredentialsFile takes any text and gives it back", () => {
  const piece = fc.constantFrom("\n", "\r", " ", "#", "yoda", "luke", "\ufeff");
  const text = fc.array(fc.oneof(piece, fc.string({ maxLength: 3 })))
    .map((pieces) => pieces.join(""));
  fc.assert(fc.property(text, (text) => {
    const file = new CredentialsFile(text);
    assertEquals(file.text, text);
    for (const name of file.accounts.keys()) {
      const rest = [...file.accounts.keys()].filter((other) => other !== name);
      const after = [...file.remove(name).accounts.keys()];
      // A line that was a duplicate of the removed one may now count.
      assert(rest.every((other) => after.includes(other)));
    }
  }));
});

Deno.test("passwordProblem() names what is wrong with a password", () => {
  assertEquals(passwordProblem("x"), undefined);
  assertEquals(passwordProblem("with space "), undefined);
  for (const bad of ["", "  ", "\u00ad", "a\nb", "x".repeat(1025), hashed]) {
    assert(passwordProblem(bad) !== undefined, bad);
  }
});

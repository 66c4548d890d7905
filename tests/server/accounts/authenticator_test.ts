import { assert, assertEquals, assertNotEquals } from "@std/assert";
import { createHash } from "node:crypto";
import type { ErrorCode } from "../../../lib/wire/errors.ts";
import { ScramClient } from "../../../lib/security/scram_client.ts";
import type {
  Accounts,
  Credential,
} from "../../../lib/server/accounts/credentials_file.ts";
import {
  Authenticator,
  type AuthenticatorOptions,
  type LoginResult,
} from "../../../lib/server/accounts/authenticator.ts";
import { makeVerifier } from "../../../lib/security/verifier.ts";
import { SeededRandom } from "../../support/seeded_random.ts";

const local = { ip: "127.0.0.1", port: 1, local: true };
const far = { ip: "192.0.2.1", port: 1, local: false };

Deno.test("Authenticator lets in with the right password of either kind", () => {
  const { authenticator } = setUp(accounts({ ann: "pw", bob: hashed("pw2") }));
  assertEquals(codeOf(login(authenticator, "ann", "pw")), "ok");
  assertEquals(codeOf(login(authenticator, "bob", "pw2")), "ok");
  for (const name of ["ann", "bob", "Ann", "nobody", "constructor"]) {
    assertEquals(codeOf(login(authenticator, name, "no")), "login_failed");
  }
});

Deno.test("Authenticator locks a name over all its connections", () => {
  const { authenticator } = setUp(accounts({ ann: "pw" }));
  for (const name of ["ann", "nobody"]) {
    assertEquals(codeOf(login(authenticator, name, "no")), "login_failed");
    assertEquals(codeOf(login(authenticator, name, "no")), "login_failed");
    const third = login(authenticator, name, "no");
    assertEquals(codeOf(third), "login_failed_blocked");
    assert("fatal" in third && third.fatal);
    for (const password of ["pw", "no"]) {
      const blocked = login(authenticator, name, password, { now: 9_999 });
      assertEquals(codeOf(blocked), "account_blocked");
    }
    assert(authenticator.isBlocked(name, at(9_999)));
    assert(!authenticator.isBlocked(name, at(10_000)));
    // Counted afresh.
    const again = login(authenticator, name, "no", { now: 10_000 });
    assertEquals(codeOf(again), "login_failed");
  }
  assertEquals(
    codeOf(login(authenticator, "ann", "pw", { now: 10_000 })),
    "ok",
  );
});

Deno.test("Authenticator takes a name in any case: no spelling dodges the lock or tells an account", () => {
  const { authenticator } = setUp(accounts({ Ann: "pw" }));
  for (const [name, other] of [["aNN", "Ann"], ["Nobody", "nobody"]]) {
    assert(name !== undefined && other !== undefined);
    assertEquals(
      begin(authenticator, name, "no").parameters,
      begin(authenticator, other, "no").parameters,
    );
    const tries = [name, other, name.toUpperCase()].map((each) =>
      codeOf(login(authenticator, each, "no"))
    );
    assertEquals(tries, [
      "login_failed",
      "login_failed",
      "login_failed_blocked",
    ]);
    const blocked = [name, other].map((each) =>
      codeOf(login(authenticator, each, "pw"))
    );
    assertEquals(blocked, ["account_blocked", "account_blocked"]);
  }
  assertEquals(authenticator.takeFailures(), ["Ann", "nobody"]);
  assert(authenticator.unlock("ANN"));
  const { exchange, clientFinal } = begin(authenticator, "aNN", "pw");
  const inside = authenticator.finish(exchange, clientFinal, far, at(0));
  assertEquals("user" in inside && inside.user, "Ann");
});

Deno.test("Authenticator: of two accounts alike exactly the one that is spelled so is meant", () => {
  const { authenticator } = setUp(accounts({ ann: "pw", Ann: "wp" }));
  assertEquals(codeOf(login(authenticator, "ann", "pw")), "ok");
  assertEquals(codeOf(login(authenticator, "Ann", "wp")), "ok");
  for (const password of ["pw", "wp"]) {
    const neither = login(authenticator, "ANN", password);
    assertEquals(codeOf(neither), "login_failed");
  }
  // Who has one of them cannot clear what was counted for the other.
  login(authenticator, "Ann", "no");
  login(authenticator, "ann", "pw");
  login(authenticator, "Ann", "no");
  const third = login(authenticator, "Ann", "no");
  assertEquals(codeOf(third), "login_failed_blocked");
});

Deno.test("Authenticator forgets failures after a success or an unlock", () => {
  const { authenticator } = setUp(accounts({ ann: "pw" }));
  for (let i = 0; i < 4; i++) {
    assertEquals(codeOf(login(authenticator, "ann", "no")), "login_failed");
    assertEquals(codeOf(login(authenticator, "ann", "no")), "login_failed");
    assertEquals(codeOf(login(authenticator, "ann", "pw")), "ok");
  }
  for (let i = 0; i < 3; i++) login(authenticator, "ann", "no");
  assertEquals(authenticator.unlock("ann"), true);
  assertEquals(authenticator.unlock("ann"), false);
  assertEquals(codeOf(login(authenticator, "ann", "pw")), "ok");
});

Deno.test("Authenticator.handleFailure() counts like a failed login", () => {
  const { authenticator } = setUp(accounts({ ann: "pw" }));
  login(authenticator, "ann", "no");
  assertEquals(
    codeOf(authenticator.handleFailure("ann", at(0))),
    "login_failed",
  );
  assertEquals(
    codeOf(authenticator.handleFailure("ann", at(0))),
    "login_failed_blocked",
  );
  assertEquals(codeOf(login(authenticator, "ann", "pw")), "account_blocked");
});

Deno.test("Authenticator does not check guesses that began before the lock", () => {
  const { authenticator } = setUp(accounts({ ann: "pw" }));
  const guesses = ["a", "b", "c", "d", "pw"].map((password) =>
    begin(authenticator, "ann", password)
  );
  const results = guesses.map(({ exchange, clientFinal }) =>
    codeOf(authenticator.finish(exchange, clientFinal, local, at(0)))
  );
  assertEquals(results, [
    "login_failed",
    "login_failed",
    "login_failed_blocked",
    "account_blocked",
    "account_blocked",
  ]);
});

Deno.test("Authenticator gives unknown names stable parameters that look real", () => {
  const file = accounts({ ann: hashed("a"), bob: hashed("b"), eve: "c" });
  const { authenticator } = setUp(file);
  const of = (name: string) => begin(authenticator, name, "x").parameters;
  assertEquals(of("nobody"), of("nobody"));
  assertEquals(of("nobody").iterations, 4096); // most of the file
  assertEquals(of("nobody").salt.length, of("ann").salt.length);
  assertNotEquals(of("nobody").salt, of("nobodi").salt);
  // The same after a restart.
  const restarted = setUp(file).authenticator;
  assertEquals(begin(restarted, "nobody", "x").parameters, of("nobody"));
  assertEquals(begin(restarted, "eve", "x").parameters, of("eve"));
  const other = setUp(file, { secret: new Uint8Array(32).fill(9) });
  assertNotEquals(
    begin(other.authenticator, "nobody", "x").parameters,
    of("nobody"),
  );
});

Deno.test("Authenticator refuses malformed messages without counting them", () => {
  const { authenticator } = setUp(accounts({ ann: "pw" }));
  for (let i = 0; i < 5; i++) {
    const begun = authenticator.begin("n,,n=ann,r=", at(0));
    assert("error" in begun && begun.error.code === "bad_request");
    const { exchange } = begin(authenticator, "ann", "pw");
    const result = authenticator.finish(exchange, "garbage", local, at(0));
    assertEquals(codeOf(result), "bad_request");
  }
  assertEquals(codeOf(login(authenticator, "ann", "pw")), "ok");
});

Deno.test("Authenticator.finish() answers an exchange once", () => {
  const { authenticator } = setUp(accounts({ ann: "pw" }));
  for (const [password, code] of [["pw", "ok"], ["no", "login_failed"]]) {
    const { exchange, clientFinal } = begin(
      authenticator,
      "ann",
      password ?? "",
    );
    const finish = () =>
      codeOf(authenticator.finish(exchange, clientFinal, local, at(0)));
    assertEquals(finish(), code);
    assertEquals(finish(), "bad_request");
  }
});

Deno.test("Authenticator keeps demo accounts to this machine", () => {
  const file = accounts({
    yoda: "sage#bearwithme!",
    obiwan: hashed("sw0rd=light"),
    luke: "my own",
    leia: hashed("my own"),
  });
  const { authenticator } = setUp(file);
  const from = (remote: typeof local) => (name: string, password: string) =>
    codeOf(login(authenticator, name, password, { remote }));
  assertEquals(from(local)("yoda", "sage#bearwithme!"), "ok");
  assertEquals(from(far)("yoda", "sage#bearwithme!"), "demo_local_only");
  assertEquals(from(far)("yoda", "no"), "login_failed");
  // Hashing the password does not make it a secret.
  assertEquals(from(local)("obiwan", "sw0rd=light"), "ok");
  assertEquals(from(far)("obiwan", "sw0rd=light"), "demo_local_only");
  assertEquals(from(far)("luke", "my own"), "ok");
  assertEquals(from(far)("leia", "my own"), "ok");
  const open = setUp(file, { allowDemo: true }).authenticator;
  const result = login(open, "yoda", "sage#bearwithme!", { remote: far });
  assertEquals(codeOf(result), "ok");
});

Deno.test("Authenticator makes every name wait while keys are derived", () => {
  const file = accounts({ ann: "pw", bob: hashed("pw2"), eve: "e", kim: "k" });
  const authenticator = make({});
  authenticator.handleAccounts(file);
  const first = authenticator.pollDerivation();
  assertEquals(first?.name, "ann");
  assertEquals(authenticator.pollDerivation(), undefined); // one at a time
  const names = ["bob", "nobody", "ann", "kim"];
  const passwords = ["pw2", "x", "pw", "k"];
  const begun = names.map((name, index) =>
    begin(authenticator, name, passwords[index] ?? "")
  );
  const finish = (index: number) => {
    const login = begun[index];
    assert(login !== undefined);
    return codeOf(
      authenticator.finish(login.exchange, login.clientFinal, local, at(0)),
    );
  };
  assertEquals(names.map((_, index) => finish(index)), [
    "pending",
    "pending",
    "pending",
    "pending",
  ]);
  authenticator.handleDerived("ann", derive("pw", first?.salt));
  // ann's keys are there, but she waits as long as everybody else.
  assertEquals(finish(2), "pending");
  const answers: string[] = [];
  for (let i = 0; i < 20; i++) {
    const job = authenticator.pollDerivation();
    if (job === undefined) break;
    assertEquals(job.salt.length, 16);
    authenticator.handleDerived(job.name, derive(job.password, job.salt));
    const index = names.indexOf(job.name);
    if (index >= 0) answers.push(`${job.name} ${finish(index)}`);
  }
  assertEquals(answers, [
    "bob ok",
    "nobody login_failed",
    "ann ok",
    "kim ok",
  ]);
  // Nothing is left to derive: nobody waits.
  const unknown = begin(authenticator, "nobody2", "x");
  assertEquals(
    codeOf(
      authenticator.finish(unknown.exchange, unknown.clientFinal, local, at(0)),
    ),
    "login_failed",
  );
});

Deno.test("Authenticator uses no key of a password that was edited meanwhile", () => {
  const authenticator = make({});
  authenticator.handleAccounts(accounts({ ann: "old" }));
  const { exchange, clientFinal } = begin(authenticator, "ann", "new");
  const finish = () =>
    codeOf(authenticator.finish(exchange, clientFinal, local, at(0)));
  assertEquals(finish(), "pending");
  const job = authenticator.pollDerivation();
  authenticator.handleAccounts(accounts({ ann: "new" }));
  authenticator.handleDerived("ann", derive("old", job?.salt));
  assertEquals(finish(), "pending");
  const next = authenticator.pollDerivation();
  assertEquals(next?.password, "new");
  authenticator.handleDerived("ann", derive("new", next?.salt));
  assertEquals(finish(), "ok");
});

Deno.test("Authenticator bounds the logins that wait", () => {
  const authenticator = make({});
  authenticator.handleAccounts(accounts({ ann: "pw" }));
  authenticator.pollDerivation();
  const codes = new Map<string, number>();
  for (let i = 0; i < 300; i++) {
    const { exchange, clientFinal } = begin(authenticator, `n${i}`, "x");
    const result = authenticator.finish(exchange, clientFinal, local, at(0));
    const code = codeOf(result);
    codes.set(code, (codes.get(code) ?? 0) + 1);
  }
  assertEquals([...codes], [["pending", 256], ["login_timeout", 44]]);
});

Deno.test("Authenticator.handleAccounts() tells who is gone and who changed", () => {
  const { authenticator } = setUp(
    accounts({ ann: "pw", bob: hashed("b"), eve: "e" }),
  );
  const before = authenticator.credential("ann");
  const bob = authenticator.credential("bob");
  const result = authenticator.handleAccounts(
    accounts({ ann: "pw2", bob: hashed("b"), kim: "k" }),
  );
  assertEquals(result, { removed: ["eve"], changed: ["ann"] });
  assertEquals([...authenticator.names()], ["ann", "bob", "kim"]);
  assertEquals(authenticator.has("eve"), false);
  assertEquals(authenticator.credential("eve"), undefined);
  assertNotEquals(authenticator.credential("ann"), before);
  assertEquals(authenticator.credential("bob"), bob);
  assert(!authenticator.credential("ann")?.includes("pw2"));
  drain(authenticator);
  assertEquals(codeOf(login(authenticator, "ann", "pw2")), "ok");
  assertEquals(codeOf(login(authenticator, "ann", "pw")), "login_failed");
  assertEquals(codeOf(login(authenticator, "eve", "e")), "login_failed");
});

Deno.test("Authenticator.credential() stays the same over a restart", () => {
  const file = accounts({ ann: "pw" });
  assertEquals(
    setUp(file).authenticator.credential("ann"),
    setUp(file).authenticator.credential("ann"),
  );
});

// The machines do not care how a password is salted, so the tests need not
// spend the time of PBKDF2.
function derive(password: string, salt: Uint8Array = new Uint8Array()) {
  return new Uint8Array(
    createHash("sha256").update(salt).update(password).digest(),
  );
}

function make(options: Partial<AuthenticatorOptions>): Authenticator {
  return new Authenticator({
    attempts: 3,
    blockMs: 10_000,
    allowDemo: false,
    secret: new Uint8Array(32).fill(1),
    ...options,
  }, new SeededRandom(1));
}

/** An authenticator with everything derived. */
function setUp(file: Accounts, options: Partial<AuthenticatorOptions> = {}) {
  const authenticator = make(options);
  authenticator.handleAccounts(file);
  drain(authenticator);
  return { authenticator };
}

function drain(authenticator: Authenticator): void {
  for (let i = 0; i < 100; i++) {
    const job = authenticator.pollDerivation();
    if (job === undefined) return;
    authenticator.handleDerived(job.name, derive(job.password, job.salt));
  }
  throw new Error("derivations do not end");
}

let nonces = 0;

/** A login as far as the client's second message. */
function begin(
  authenticator: Authenticator,
  user: string,
  password: string,
  now = 0,
) {
  const client = new ScramClient({
    user,
    nonce: `client-nonce-${++nonces}-xx`,
  });
  const begun = authenticator.begin(client.clientFirst(), at(now));
  if ("error" in begun) throw new Error(begun.error.code);
  const parameters = client.handleServerFirst(begun.serverFirst);
  const clientFinal = client.clientFinal(derive(password, parameters.salt));
  return { client, exchange: begun.exchange, parameters, clientFinal };
}

function login(
  authenticator: Authenticator,
  user: string,
  password: string,
  { now = 0, remote = local } = {},
): LoginResult {
  if (authenticator.isBlocked(user, at(now))) {
    const client = new ScramClient({ user, nonce: "client-nonce-blocked" });
    const begun = authenticator.begin(client.clientFirst(), at(now));
    assert("error" in begun);
    return { error: begun.error, fatal: false };
  }
  const begun = begin(authenticator, user, password, now);
  const { exchange, clientFinal, client } = begun;
  const result = authenticator.finish(exchange, clientFinal, remote, at(now));
  if ("serverFinal" in result) {
    assertEquals(result.user, user);
    client.handleServerFinal(result.serverFinal);
  }
  return result;
}

function codeOf(result: LoginResult): ErrorCode | "ok" | "pending" {
  if ("error" in result) return result.error.code;
  return "pending" in result ? "pending" : "ok";
}

function at(mono: number) {
  return { mono, wall: 0 };
}

/** Accounts from plain passwords and credentials. */
function accounts(entries: Record<string, string | Credential>): Accounts {
  return new Map(
    Object.entries(entries).map(([name, value]) => [
      name,
      typeof value === "string"
        ? { kind: "password", password: value } as const
        : value,
    ]),
  );
}

function hashed(password: string): Credential {
  const salt = new Uint8Array(16).fill(password.length);
  const parameters = { salt, iterations: 4096 };
  return {
    kind: "verifier",
    verifier: makeVerifier(derive(password, salt), parameters),
  };
}

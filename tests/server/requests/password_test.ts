import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { CoreHarness } from "../../support/core_harness.ts";
import { passwordOf } from "../../support/core_accounts.ts";

const fresh = "another password";

Deno.test("password-change: the new password is good, the old one is not, the session goes on with a new token", () => {
  const harness = new CoreHarness();
  const yoda = harness.login("yoda");
  const old = yoda.token;
  const id = yoda.sendPassword("yoda", passwordOf("yoda"), fresh);
  const reply = yoda.replyTo(id);
  assert(reply !== undefined && "ok" in reply, JSON.stringify(reply));
  const { token } = reply.ok as { token: string };
  assertEquals([...harness.accounts.keys()][0], "yoda");
  yoda.ask("who", {});
  yoda.disconnect();
  const stranger = harness.connect();
  stranger.hello();
  assert(
    stranger.refused("resume", { token: old, udpPort: 0 })
      .startsWith("token_invalid"),
  );
  const back = harness.connect();
  back.resume(token);
  back.ask("logout", {});
  const wrong = harness.connect();
  const failed = wrong.replyTo(wrong.sendLogin("yoda"));
  assert(failed !== undefined && "code" in failed);
  const right = wrong.replyTo(wrong.sendLogin("yoda", fresh));
  assert(right !== undefined && "ok" in right);
  // The new token and password are good after a crash too.
  const after = harness.restarted().connect();
  const again = after.replyTo(after.sendLogin("yoda", fresh));
  assert(again !== undefined && "ok" in again);
});

Deno.test("another password by the server's owner logs that user out everywhere, and nobody else", () => {
  const harness = new CoreHarness();
  const laptop = harness.loginFrom("yoda", "laptop");
  const desk = harness.loginFrom("yoda", "desk");
  const luke = harness.login("luke");
  for (const subject of ["yoda", "nobody", "leia"]) {
    const request = { number: 1, what: "password", subject } as const;
    harness.core.handleRequests([request], harness.now);
    assertEquals(
      laptop.bye,
      subject === "yoda" ? undefined : "logged_out_elsewhere",
    );
    harness.core.handleRequestsDone([request], harness.now);
    harness.drive();
  }
  for (const yoda of [laptop, desk]) {
    assertEquals(yoda.bye, "logged_out_elsewhere");
    assert(yoda.closed);
    const late = harness.connect();
    late.hello();
    const refusal = late.refused("resume", { token: yoda.token, udpPort: 0 });
    assert(refusal.startsWith("token_invalid"), refusal);
  }
  assert(!luke.closed);
  luke.ask("who", {});
});

Deno.test("password-change: a wrong old password counts as a failed login; the one that locks ends the session", () => {
  const harness = new CoreHarness();
  const yoda = harness.login("yoda");
  const outside = harness.connect();
  outside.sendLogin("yoda", "wrong");
  const first = yoda.replyTo(yoda.sendPassword("yoda", "wrong", fresh));
  assertEquals(first, {
    code: "wrong_password",
    message: "The old password is wrong",
  });
  const second = yoda.replyTo(yoda.sendPassword("yoda", "wrong", fresh));
  assert(second !== undefined && "code" in second);
  assertEquals(second.code, "wrong_password");
  assertEquals(yoda.bye, "login_failed_blocked");
  assert(yoda.closed);
  const late = harness.connect();
  late.hello();
  assert(
    late.refused("resume", { token: yoda.token, udpPort: 0 })
      .startsWith("token_invalid"),
  );
  harness.advance(10_000);
  harness.login("yoda");
});

Deno.test("password-change: a locked account cannot change it, a right one resets the count", () => {
  const harness = new CoreHarness();
  const yoda = harness.login("yoda");
  for (let count = 0; count < 2; count++) {
    harness.connect().sendLogin("yoda", "wrong");
  }
  yoda.sendPassword("yoda", passwordOf("yoda"), fresh);
  for (let count = 0; count < 3; count++) {
    harness.connect().sendLogin("yoda", "wrong");
  }
  assert(
    yoda.refused("password-start", {
      scram: "n,,n=yoda,r=0123456789012345678",
    }).startsWith("account_blocked"),
  );
  yoda.ask("who", {});
});

Deno.test("password-change refuses steps out of order, other people's names and weak verifiers", () => {
  const harness = new CoreHarness();
  const yoda = harness.login("yoda");
  const verifier = "SCRAM-SHA-256$600000:x";
  const first = "password-change follows a reply to password-prove";
  assertStringIncludes(yoda.refused("password-change", { verifier }), first);
  assertStringIncludes(
    yoda.refused("password-prove", { scram: "c=biws,r=x,p=x" }),
    "password-prove follows a reply to password-start",
  );
  const nonce = "r=0123456789012345678";
  assertStringIncludes(
    yoda.refused("password-start", { scram: `n,,n=luke,${nonce}` }),
    "Only your own password",
  );
  yoda.ask("password-start", { scram: `n,,n=yoda,${nonce}` });
  assertStringIncludes(yoda.refused("password-change", { verifier }), first);
  const proof = yoda.replyTo(yoda.sendOldPassword("yoda", passwordOf("yoda")));
  assert(proof !== undefined && "ok" in proof);
  const key = "A".repeat(43) + "=";
  const salt = "A".repeat(22) + "==";
  for (
    const weak of [
      verifier,
      `SCRAM-SHA-256$4096:${salt}$${key}:${key}`,
      `SCRAM-SHA-256$600000:${"A".repeat(11)}=$${key}:${key}`,
      "hunter2",
    ]
  ) {
    assertStringIncludes(
      yoda.refused("password-change", { verifier: weak }),
      '"verifier" must be',
    );
  }
  // A new start drops the proof of before.
  yoda.ask("password-start", { scram: `n,,n=yoda,${nonce}` });
  assertStringIncludes(yoda.refused("password-change", { verifier }), first);
});

Deno.test("password-change: nothing is changed when the file cannot be written", () => {
  const harness = new CoreHarness();
  const yoda = harness.login("yoda");
  harness.edits = "failing";
  const id = yoda.sendPassword("yoda", passwordOf("yoda"), fresh);
  const reply = yoda.replyTo(id);
  assert(reply !== undefined && "code" in reply);
  assertEquals(reply.code, "credentials_failed");
  yoda.disconnect();
  harness.connect().resume(yoda.token);
});

Deno.test("password-change: a client that is gone before the file is written leaves nothing behind", () => {
  const harness = new CoreHarness();
  const yoda = harness.login("yoda");
  harness.edits = "held";
  yoda.sendPassword("yoda", passwordOf("yoda"), fresh);
  yoda.disconnect();
  harness.rewrite();
  const back = harness.connect();
  const reply = back.replyTo(back.sendLogin("yoda", fresh));
  assert(reply !== undefined && "ok" in reply);
});

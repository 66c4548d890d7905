import { assert, assertEquals } from "@std/assert";
import { createHash, pbkdf2Sync } from "node:crypto";
import type { SecureChannel } from "../../../lib/client/session/login.ts";
import { ScramServer } from "../../../lib/security/scram_server.ts";
import { serverKeysOf } from "../../../lib/security/scram.ts";
import { openedSession } from "../logged_in.ts";
import { SessionHarness } from "../session_harness.ts";

Deno.test("Login ties a login on TLS to the certificate, and any other to none", () => {
  for (const channel of [undefined, known, met]) {
    const harness = started(channel);
    logIn(harness, channel);
    assertEquals(harness.count("welcome"), 1);
  }
});

Deno.test("Login sends a session's token to a server it knows only", () => {
  for (const channel of [undefined, known, met]) {
    const harness = started(known);
    logIn(harness, known);
    harness.lose();
    harness.toTimeout();
    harness.connect(channel);
    const isMet = channel === met;
    const [request] = harness.sent;
    assertEquals(request?.do, isMet ? "login" : "resume");
    assert(!isMet || !JSON.stringify(harness.sent).includes("token-1"));
  }
});

Deno.test("ClientSession: a server that is not to be talked to ends it, however far it was", () => {
  const end = (harness: SessionHarness) => {
    harness.session.handleDisconnected("changed", harness.now, "final");
    harness.drain();
    assertEquals(harness.lastEffect("end").reason, "untrusted");
    const { code, message, retrying } = harness.events.findLast((each) =>
      each.event === "disconnected"
    ) as { code: string; message: string; retrying: boolean };
    assertEquals([code, message, retrying], [
      "untrusted_server",
      "changed",
      false,
    ]);
    assertEquals(harness.session.pollTimeout(), undefined);
  };
  const connecting = new SessionHarness();
  connecting.session.start(connecting.now);
  end(connecting);
  const lost = started(known);
  logIn(lost, known);
  lost.lose();
  lost.toTimeout();
  end(lost);
  // The user was being asked for the password as the connection went.
  const asked = new SessionHarness();
  asked.session.start(asked.now);
  asked.connect(known);
  asked.lose();
  asked.credentials();
  end(asked);
});

Deno.test("ClientSession: what may pass is told once, and ends no session that was open", () => {
  const fail = (harness: SessionHarness, message: string) => {
    harness.session.handleDisconnected(message, harness.now, "passing");
    harness.drain();
  };
  const told = (harness: SessionHarness) =>
    harness.events.flatMap((each) =>
      each.event === "disconnected"
        ? [[each.code, each.message, each.retrying]]
        : []
    );
  const lost = started(known);
  logIn(lost, known);
  for (const time of ["first", "second"]) {
    lost.events.length = 0;
    lost.lose();
    for (let i = 0; i < 3; i++) {
      assert(lost.toTimeout() <= 15_000);
      fail(lost, `expired, the ${time} time`);
    }
    assertEquals(told(lost), [
      ["connection_lost", "gone", true],
      ["untrusted_server", `expired, the ${time} time`, true],
    ]);
    lost.toTimeout();
    lost.connect(known);
    lost.answer("resume", openedSession("t2"));
    assertEquals(lost.count("welcome"), 1);
  }
  // Nobody waits for a server that was never there.
  const connecting = new SessionHarness();
  connecting.session.start(connecting.now);
  fail(connecting, "expired");
  assertEquals(told(connecting), [["untrusted_server", "expired", false]]);
  assertEquals(connecting.lastEffect("end").reason, "untrusted");
});

function started(channel: SecureChannel | undefined): SessionHarness {
  const harness = new SessionHarness();
  harness.session.start(harness.now);
  harness.connect(channel);
  harness.credentials();
  return harness;
}

/** Plays a server whose certificate is the one in `channel`. */
function logIn(
  harness: SessionHarness,
  channel: SecureChannel | undefined,
): void {
  const { binding } = channel ?? {};
  const login = harness.take("login");
  const server = new ScramServer(String(login.scram), {
    nonce: "serverserverserver",
    ...binding && { binding },
  });
  const parameters = { salt: new Uint8Array(16), iterations: 4096 };
  const scram = server.serverFirst(parameters);
  harness.server({ re: login.id, ok: { scram } });
  const salted = pbkdf2Sync("pw", parameters.salt, 4096, 32, "sha256");
  harness.session.handleDerived(new Uint8Array(salted), harness.now);
  harness.drain();
  const proof = harness.take("proof");
  server.handleClientFinal(String(proof.scram));
  const final = server.verify(serverKeysOf(new Uint8Array(salted)));
  const session = { user: "yoda", waiting: 0, ip: "::1", token: "token-1" };
  harness.server({ re: proof.id, ok: { scram: final, ...session } });
}

const data = new Uint8Array(createHash("sha256").update("cert").digest());
const binding = { type: "tls-server-end-point", data } as const;
const known: SecureChannel = { binding, isFirstContact: false };
const met: SecureChannel = { binding, isFirstContact: true };

/** A client's session up to its login, against a server written from the RFC. */
import { assertEquals } from "@std/assert";
import { createHash, createHmac, pbkdf2Sync } from "node:crypto";
import { SessionHarness } from "./session_harness.ts";

/** A session of yoda that is open. */
export function loggedIn(
  accept: "always" | "ask" | "never" = "always",
): SessionHarness {
  const harness = new SessionHarness(accept);
  logIn(harness);
  return harness;
}

/** From the connection to the open session. */
export function logIn(harness: SessionHarness): void {
  harness.session.start(harness.now);
  harness.connect();
  harness.credentials();
  scramServer(harness);
  assertEquals(harness.count("welcome"), 1);
}

/** The server's side of SCRAM, written from the RFC. */
export function scramServer(
  harness: SessionHarness,
  token = "t1",
  more: object = {},
): void {
  const login = harness.take("login");
  const bare = String(login.scram).slice(3);
  const nonce = bare.split("r=")[1] + "serverserverserver";
  const first = `r=${nonce},s=${saltText},i=4096`;
  harness.server({ re: login.id, ok: { scram: first } });
  if (!harness.sent.some((each) => each.do === "proof")) {
    const derive = harness.lastEffect("derive");
    const key = pbkdf2Sync(
      derive.password,
      derive.salt,
      derive.iterations,
      32,
      "sha256",
    );
    harness.session.handleDerived(key, harness.now);
    harness.drain();
  }
  const proof = harness.take("proof");
  const final = String(proof.scram);
  const message = `${bare},${first},${final.slice(0, final.indexOf(",p="))}`;
  const salted = pbkdf2Sync("pw", salt, 4096, 32, "sha256");
  const hmac = (key: Uint8Array, data: string) =>
    createHmac("sha256", key).update(data).digest();
  const stored = createHash("sha256").update(hmac(salted, "Client Key"))
    .digest();
  const signature = hmac(stored, message);
  const sent = Uint8Array.from(
    atob(final.split(",p=")[1] ?? ""),
    (c) => c.charCodeAt(0),
  );
  const clientKey = hmac(salted, "Client Key");
  if (!sent.every((byte, i) => (byte ^ (signature[i] ?? 0)) === clientKey[i])) {
    return harness.server({
      re: proof.id,
      error: { code: "login_failed", message: "no" },
    });
  }
  const v = hmac(hmac(salted, "Server Key"), message).toString("base64");
  harness.server({
    re: proof.id,
    ok: { scram: `v=${v}`, ...openedSession(token), ...more },
  });
}

/** What the server says of a session that it opened. */
export function openedSession(token: string) {
  return { user: "yoda", token, waiting: 0, ip: "127.0.0.1", account };
}

const account = "0123456789abcdef";
const salt = new Uint8Array(16).fill(7);
const saltText = "BwcHBwcHBwcHBwcHBwcHBw==";

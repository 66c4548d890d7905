import { assert, assertEquals } from "@std/assert";
import { pbkdf2Sync } from "node:crypto";
import type { ClientEffect } from "../../../lib/client/events/client_effect.ts";
import type { CommandOutcome } from "../../../lib/client/events/client_event.ts";
import { PasswordChange } from "../../../lib/client/session/password_change.ts";
import type { RequestName } from "../../../lib/wire/request.ts";
import { ScramServer } from "../../../lib/security/scram_server.ts";
import {
  formatVerifier,
  makeVerifier,
  parseVerifier,
} from "../../../lib/security/verifier.ts";
import { SeededRandom } from "../../support/seeded_random.ts";
import type { OnReply } from "../../../lib/wire/server_frame.ts";
import type { NewPassword } from "../../../lib/cli/new_password.ts";

const old = "the old password";
const fresh = "the new password";
const salt = new Uint8Array(16).fill(3);

/** A change of password against a server of a few lines. */
class Scene {
  readonly effects: ClientEffect[] = [];
  readonly outcomes: CommandOutcome[] = [];
  readonly sent: [name: string, fields: Record<string, string>][] = [];
  changed: string[] | undefined;
  #answer: OnReply<RequestName> | undefined;
  readonly change = new PasswordChange({
    random: new SeededRandom(5),
    user: () => "yoda",
    binding: () => undefined,
    effect: (effect) => this.effects.push(effect),
    settle: (_n, outcome) => this.outcomes.push(outcome),
    changed: (...what) => this.changed = what,
    request: (name, fields, onReply) => {
      this.sent.push([name, fields as Record<string, string>]);
      this.#answer = onReply as unknown as OnReply<RequestName>;
    },
  });

  /** The user asks for a change and gives the old password. */
  begin(given = old): void {
    this.change.start(1);
    assertEquals(this.effects.shift(), { effect: "ask-new-password", n: 1 });
    this.change.handleOld(given);
  }

  /** As far as the new password is asked for; the server's side of SCRAM. */
  prove(): ScramServer {
    this.begin();
    const scram = server(this);
    this.derive();
    const [name, { scram: final = "" } = {}] = this.sent.at(-1) ?? [];
    assertEquals(name, "password-prove");
    scram.handleClientFinal(final);
    const key = pbkdf2Sync(old, salt, 4096, 32, "sha256");
    const known = makeVerifier(new Uint8Array(key), { salt, iterations: 4096 });
    const serverFinal = scram.verify(known);
    assert(serverFinal !== undefined);
    this.reply({ scram: serverFinal });
    assertEquals(this.effects.shift(), {
      effect: "old-password-told",
      isRight: true,
    });
    return scram;
  }

  reply(ok: object): void {
    this.#answer?.({ ok } as never);
  }

  refuse(code: string): void {
    this.#answer?.({ code, message: code });
  }

  /** Derives what was asked for. */
  derive(): void {
    for (const effect of this.effects.splice(0)) {
      assert(effect.effect === "derive");
      const { password, salt, iterations, purpose } = effect;
      const key = pbkdf2Sync(password, salt, iterations, 32, "sha256");
      this.change.handleDerived(new Uint8Array(key), purpose);
    }
  }

  get failure(): string {
    const outcome = this.outcomes.at(-1);
    assert(outcome !== undefined && !outcome.ok);
    return outcome.code;
  }
}

function server(scene: Scene, iterations = 4096) {
  const [, { scram = "" } = {}] = scene.sent.at(-1) ?? [];
  const server = new ScramServer(scram, { nonce: "0123456789012345678" });
  scene.reply({ scram: server.serverFirst({ salt, iterations }) });
  return server;
}

Deno.test("PasswordChange proves the old password, then sends the verifier of the new one, never a password", () => {
  const scene = new Scene();
  scene.prove();
  assertEquals(scene.outcomes, []);
  scene.change.handleAnswer({ old, password: fresh, again: fresh });
  scene.derive();
  const [name, { verifier = "" } = {}] = scene.sent.at(-1) ?? [];
  assertEquals(name, "password-change");
  const sent = parseVerifier(verifier);
  assertEquals([sent?.iterations, sent?.salt.length], [600_000, 16]);
  const again = pbkdf2Sync(fresh, sent?.salt ?? salt, 600_000, 32, "sha256");
  assertEquals(
    verifier,
    sent && formatVerifier(makeVerifier(new Uint8Array(again), sent)),
  );
  assert(scene.change.isUnderWay);
  scene.reply({ token: "t2" });
  assertEquals(scene.changed, [fresh, "t2"]);
  assertEquals(scene.outcomes, [
    { command: "changepassword", ok: true, answer: {} },
  ]);
  assert(!scene.change.isUnderWay);
  assert(!JSON.stringify(scene.sent).includes('password"'));
  assert(!JSON.stringify(scene.sent).includes(fresh));
});

Deno.test("PasswordChange refuses by itself what cannot be", () => {
  const long = "x".repeat(1025);
  const cases: [NewPassword | undefined, string][] = [
    [undefined, "not_changed"],
    [{ old, password: fresh, again: "else" }, "passwords_differ"],
    [{ old, password: old, again: old }, "same_password"],
    [{ old, password: "1234567", again: "1234567" }, "password_too_short"],
    [{ old, password: "1      7", again: "1      7" }, ""],
    [
      { old, password: "\u200b1234567", again: "\u200b1234567" },
      "password_too_short",
    ],
    [{ old, password: long, again: long }, "bad_password"],
    [
      { old, password: "a\u001bbcdefgh", again: "a\u001bbcdefgh" },
      "bad_password",
    ],
  ];
  for (const [answer, code] of cases) {
    const scene = new Scene();
    scene.prove();
    const { length } = scene.sent;
    scene.change.handleAnswer(answer);
    if (code === "") assertEquals(scene.effects[0]?.effect, "derive");
    else {
      assertEquals(scene.failure, code);
      assertEquals(scene.effects, []);
    }
    assertEquals(scene.sent.length, length);
  }
});

Deno.test("PasswordChange tells a wrong old password before it asks for the new one", () => {
  const scene = new Scene();
  scene.begin("another");
  server(scene);
  scene.derive();
  scene.refuse("wrong_password");
  assertEquals(scene.effects.splice(0), [
    { effect: "old-password-told", isRight: false },
  ]);
  assertEquals(scene.failure, "wrong_password");
  assert(!scene.change.isUnderWay);
});

Deno.test("PasswordChange does one change at a time and can begin again after a refusal", () => {
  const scene = new Scene();
  scene.begin();
  scene.change.start(2);
  assertEquals(scene.failure, "busy");
  scene.refuse("account_blocked");
  assertEquals(scene.failure, "account_blocked");
  scene.effects.length = 0;
  scene.prove();
  scene.change.handleAnswer({ old, password: fresh, again: fresh });
  scene.derive();
  scene.refuse("credentials_failed");
  assertEquals(scene.failure, "credentials_failed");
  assertEquals(scene.changed, undefined);
  // The interface was left before the old password was given.
  scene.change.start(3);
  scene.change.handleAnswer(undefined);
  assertEquals(scene.failure, "not_changed");
});

Deno.test("PasswordChange breaks off with a server that does not play by the rules", () => {
  const scene = new Scene();
  scene.begin();
  scene.reply({ scram: "r=x,s=y,i=1" });
  assertEquals(scene.failure, "scram_failed");
  scene.effects.length = 0;
  scene.begin();
  server(scene);
  scene.derive();
  scene.reply({ scram: `v=${btoa("x".repeat(32))}` });
  assertEquals(scene.failure, "scram_failed");
  assertEquals(scene.changed, undefined);
});

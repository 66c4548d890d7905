/**
 * `/changepassword`: asks for the old password and proves it by SCRAM over the
 * open session; then asks for the new one and sends its verifier, made here.
 * Neither password leaves this machine.
 */
import { encodeBase64 } from "@std/encoding/base64";
import {
  formatVerifier,
  makeVerifier,
  newIterations,
  newPasswordProblem,
  newSaltBytes,
} from "../../security/verifier.ts";
import type { Random } from "../../base/ports.ts";
import type { RequestFields, RequestName } from "../../wire/request.ts";
import {
  type ChannelBinding,
  normalizePassword,
  type SaltParameters,
  ScramError,
} from "../../security/scram.ts";
import { ScramClient } from "../../security/scram_client.ts";
import type { OnReply, ReplyFields } from "../../wire/server_frame.ts";
import type { ClientEffect, DerivePurpose } from "../events/client_effect.ts";
import type { CommandOutcome } from "../events/client_event.ts";
import type { NewPassword } from "../../cli/new_password.ts";

/** What a change of password needs from its session. */
export interface PasswordHost {
  readonly random: Random;
  /** The user's name. */
  user(): string;
  /** What SCRAM on this connection must be tied to; `undefined` without TLS. */
  binding(): ChannelBinding | undefined;
  request<N extends RequestName>(
    name: N,
    fields: RequestFields<N>,
    onReply: OnReply<N>,
  ): void;
  effect(effect: ClientEffect): void;
  settle(n: number, outcome: CommandOutcome): void;
  /** The account has this password now, the session this token. */
  changed(password: string, token: string): void;
}

/** The change of password under way, if any. */
export class PasswordChange {
  readonly #host: PasswordHost;
  #change: Change | undefined;

  constructor(host: PasswordHost) {
    this.#host = host;
  }

  /** True from the question to the outcome. */
  get isUnderWay(): boolean {
    return this.#change !== undefined;
  }

  /** Command number `n` begins. */
  start(n: number): void {
    if (this.#change !== undefined) {
      return this.#fail(n, "busy", "The password is being changed already");
    }
    this.#change = { n };
    this.#host.effect({ effect: "ask-new-password", n });
  }

  /** The user gave the old password: effect `old-password-told` follows. */
  handleOld(old: string): void {
    const change = this.#change;
    if (change === undefined || change.old !== undefined) return;
    change.old = old;
    this.#guard(() => {
      const { random } = this.#host;
      const nonce = encodeBase64(random.bytes(nonceBytes));
      const binding = this.#host.binding();
      const scram = change.scram = new ScramClient({
        user: this.#host.user(),
        nonce,
        ...binding && { binding },
      });
      this.#ask(
        change,
        "password-start",
        { scram: scram.clientFirst() },
        (ok) =>
          this.#derive(
            "old-password",
            old,
            scram.handleServerFirst(ok.scram),
          ),
      );
    });
  }

  /** The user answered; `undefined`: did not. */
  handleAnswer(answer: NewPassword | undefined): void {
    const change = this.#change;
    if (change === undefined) return;
    const problem = problemOf(answer);
    if (answer === undefined || problem !== undefined) {
      return this.#end(problem ?? notChanged);
    }
    const salt = this.#host.random.bytes(newSaltBytes);
    change.password = answer.password;
    change.parameters = { salt, iterations: newIterations };
    this.#derive("new-password", answer.password, change.parameters);
  }

  /** A key asked for with effect `derive`. */
  handleDerived(key: Uint8Array, purpose: DerivePurpose): void {
    const change = this.#change;
    if (change === undefined) return;
    this.#guard(() => {
      if (purpose === "old-password") this.#prove(change, key);
      else this.#send(change, key);
    });
  }

  #derive(
    purpose: DerivePurpose,
    password: string,
    parameters: SaltParameters,
  ): void {
    this.#host.effect({ effect: "derive", purpose, password, ...parameters });
  }

  #prove(change: Change, key: Uint8Array): void {
    const { scram } = change;
    if (scram === undefined) return;
    const fields = { scram: scram.clientFinal(key) };
    this.#ask(change, "password-prove", fields, (ok) => {
      scram.handleServerFinal(ok.scram);
      change.isProved = true;
      this.#host.effect({ effect: "old-password-told", isRight: true });
    });
  }

  #send(change: Change, key: Uint8Array): void {
    const { parameters, password = "" } = change;
    if (parameters === undefined) return;
    const verifier = formatVerifier(makeVerifier(key, parameters));
    this.#ask(change, "password-change", { verifier }, ({ token }) => {
      this.#host.changed(password, token);
      this.#change = undefined;
      const done = { command: "changepassword", ok: true, answer: {} } as const;
      this.#host.settle(change.n, done);
    });
  }

  /** Asks the server; whatever it refuses ends the change. */
  #ask<N extends PasswordRequest>(
    change: Change,
    name: N,
    fields: RequestFields<N>,
    done: (ok: ReplyFields<N>) => void,
  ): void {
    this.#host.request(name, fields, (reply) => {
      if (this.#change !== change) return;
      this.#guard(() => {
        if (reply.code !== undefined) this.#end(reply);
        else done(reply.ok as ReplyFields<N>);
      });
    });
  }

  /** The server's side of SCRAM may be anything. */
  #guard(step: () => void): void {
    try {
      step();
    } catch (error) {
      if (!(error instanceof ScramError)) throw error;
      const message = `The change was broken off: ${error.message}`;
      this.#end({ code: "scram_failed", message });
    }
  }

  #end({ code, message }: Problem): void {
    const change = this.#change;
    this.#change = undefined;
    if (change === undefined) return;
    if (change.old !== undefined && !change.isProved) {
      this.#host.effect({ effect: "old-password-told", isRight: false });
    }
    this.#fail(change.n, code, message);
  }

  #fail(n: number, code: string, message: string): void {
    const command = "changepassword";
    this.#host.settle(n, { command, ok: false, code, message });
  }
}

interface Change {
  readonly n: number;
  old?: string;
  scram?: ScramClient;
  /** The server has found the old password right. */
  isProved?: boolean;
  /** The new one, and how its key is derived. */
  password?: string;
  parameters?: SaltParameters;
}

type PasswordRequest = "password-start" | "password-prove" | "password-change";

interface Problem {
  readonly code: string;
  readonly message: string;
}

/** What can be told without asking the server. */
function problemOf(answer: NewPassword | undefined): Problem | undefined {
  if (answer === undefined) return notChanged;
  const { old, password, again } = answer;
  if (normalizePassword(password) !== normalizePassword(again)) {
    return {
      code: "passwords_differ",
      message: "The two new passwords differ; nothing was changed",
    };
  }
  if (normalizePassword(password) === normalizePassword(old)) {
    return {
      code: "same_password",
      message: "The new password is the old one; nothing was changed",
    };
  }
  return newPasswordProblem(password);
}

const notChanged: Problem = {
  code: "not_changed",
  message: "No new password was given; nothing was changed",
};
const nonceBytes = 18;

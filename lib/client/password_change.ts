/**
 * `/changepassword`: asks for the passwords, proves the old one by SCRAM over
 * the open session and sends the verifier of the new one, made here. Neither
 * password leaves this machine.
 */
import { encodeBase64 } from "@std/encoding/base64";
import { newPasswordProblem } from "../protocol/new_password_problem.ts";
import type { Random } from "../protocol/random.ts";
import type { RequestFields, RequestName } from "../protocol/request.ts";
import {
  type ChannelBinding,
  normalizePassword,
  type SaltParameters,
  ScramError,
} from "../protocol/scram.ts";
import { ScramClient } from "../protocol/scram_client.ts";
import type { ReplyFields } from "../protocol/server_frame.ts";
import {
  formatVerifier,
  makeVerifier,
  newIterations,
  newSaltBytes,
} from "../protocol/verifier.ts";
import type { ClientEffect, DerivePurpose } from "./client_effect.ts";
import type { CommandOutcome } from "./client_event.ts";
import type { OnReply, Reply } from "./request_queue.ts";

/** What the user typed. */
export interface NewPassword {
  readonly old: string;
  readonly password: string;
  /** The new one once more, against slips of the finger. */
  readonly again: string;
}

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
      return this.#fail(n, "busy", "the password is just being changed");
    }
    this.#change = { n };
    this.#host.effect({ effect: "ask-new-password" });
  }

  /** The user answered; `undefined`: did not. */
  handleAnswer(answer: NewPassword | undefined): void {
    const change = this.#change;
    if (change === undefined) return;
    const problem = problemOf(answer);
    if (answer === undefined || problem !== undefined) {
      return this.#end(problem ?? cancelled);
    }
    this.#guard(() => {
      const { random } = this.#host;
      const nonce = encodeBase64(random.bytes(nonceBytes));
      const binding = this.#host.binding();
      change.answer = answer;
      change.scram = new ScramClient({
        user: this.#host.user(),
        nonce,
        ...binding && { binding },
      });
      const fields = { scram: change.scram.clientFirst() };
      this.#host.request("password-start", fields, (reply) => {
        if (this.#change === change) {
          this.#guard(() => this.#challenged(change, reply));
        }
      });
    });
  }

  /** A key asked for with effect `derive`. */
  handleDerived(key: Uint8Array, purpose: DerivePurpose): void {
    const change = this.#change;
    if (change === undefined) return;
    if (purpose === "old-password") change.oldKey = key;
    else change.newKey = key;
    this.#guard(() => this.#prove(change));
  }

  #challenged(change: Change, reply: Reply<"password-start">): void {
    const { scram, answer } = change;
    if (reply.ok === undefined) return this.#end(reply);
    if (scram === undefined || answer === undefined) return;
    const oldParameters = scram.handleServerFirst(reply.ok.scram);
    const salt = this.#host.random.bytes(newSaltBytes);
    change.parameters = { salt, iterations: newIterations };
    this.#derive("old-password", answer.old, oldParameters);
    this.#derive("new-password", answer.password, change.parameters);
  }

  #derive(
    purpose: DerivePurpose,
    password: string,
    parameters: SaltParameters,
  ): void {
    this.#host.effect({ effect: "derive", purpose, password, ...parameters });
  }

  /** Sends proof and verifier once both keys are there. */
  #prove(change: Change): void {
    const { scram, oldKey, newKey, parameters } = change;
    if (
      scram === undefined || oldKey === undefined || newKey === undefined ||
      parameters === undefined
    ) return;
    const verifier = formatVerifier(makeVerifier(newKey, parameters));
    const fields = { scram: scram.clientFinal(oldKey), verifier };
    this.#host.request("password-change", fields, (reply) => {
      if (this.#change === change) {
        this.#guard(() => this.#changed(change, scram, reply));
      }
    });
  }

  #changed(
    change: Change,
    scram: ScramClient,
    reply: Reply<"password-change">,
  ): void {
    if (reply.ok === undefined) return this.#end(reply);
    const { scram: final, token }: ReplyFields<"password-change"> = reply.ok;
    scram.handleServerFinal(final);
    this.#host.changed(change.answer?.password ?? "", token);
    this.#change = undefined;
    const done = { command: "changepassword", ok: true, answer: {} } as const;
    this.#host.settle(change.n, done);
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
    if (change !== undefined) this.#fail(change.n, code, message);
  }

  #fail(n: number, code: string, message: string): void {
    const command = "changepassword";
    this.#host.settle(n, { command, ok: false, code, message });
  }
}

interface Change {
  readonly n: number;
  answer?: NewPassword;
  scram?: ScramClient;
  /** Of the new password. */
  parameters?: SaltParameters;
  oldKey?: Uint8Array;
  newKey?: Uint8Array;
}

interface Problem {
  readonly code: string;
  readonly message: string;
}

/** What can be told without asking the server. */
function problemOf(answer: NewPassword | undefined): Problem | undefined {
  if (answer === undefined) return cancelled;
  const { old, password, again } = answer;
  if (normalizePassword(password) !== normalizePassword(again)) {
    return {
      code: "passwords_differ",
      message: "the two new passwords differ; nothing was changed",
    };
  }
  if (normalizePassword(password) === normalizePassword(old)) {
    return {
      code: "same_password",
      message: "the new password is the old one; nothing was changed",
    };
  }
  return newPasswordProblem(password);
}

const cancelled: Problem = {
  code: "cancelled",
  message: "cancelled; nothing was changed",
};
const nonceBytes = 18;

/**
 * Hands commands to their descriptors with what they need of the session; each
 * is settled exactly once with its outcome.
 */
import { encodeBase64Url } from "@std/encoding/base64url";
import type { ChatTarget, CommandHost } from "../commands/command.ts";
import { help } from "../commands/help.ts";
import { type Command, commandRow } from "../commands/table.ts";
import type { ClientEffect } from "../events/client_effect.ts";
import type { ClientEvent, CommandOutcome } from "../events/client_event.ts";
import type { PeerIdentities } from "../trust/peer_identities.ts";
import { verify } from "./verify.ts";

/** What the runner needs from the session it belongs to. */
export interface CommandRunnerHost
  extends
    Omit<CommandHost, "messageId" | "verify" | "past" | "limit" | "help"> {
  readonly identities: PeerIdentities;
  effect(effect: ClientEffect): void;
  /** Tells what became of command number `n`. */
  settle(n: number, outcome: CommandOutcome): void;
}

/** Runs the commands of one session. */
export class CommandRunner {
  readonly #settle: CommandRunnerHost["settle"];
  readonly #host: CommandHost;

  /** @param limit Bytes a second that are sent at most; 0 for no limit. */
  constructor(host: CommandRunnerHost, limit: number) {
    this.#settle = host.settle;
    // Makes message ids of this run differ from those of every other run.
    const run = encodeBase64Url(host.random.bytes(9));
    let nextMessage = 1;
    this.#host = {
      ...host,
      messageId: () => `${run}-${nextMessage++}`,
      verify: (given, settle) => verify(given, host, settle),
      past: { rest: undefined },
      limit: (rate = limit) => {
        limit = rate;
        host.effect({ effect: "limit", rate });
        return rate;
      },
      help,
    };
  }

  /** Starts command number `n`. */
  run({ command, ...given }: Command, n: number): void {
    commandRow(command).run(given, this.#host, (result) => {
      const { ok: answer, ...refused } = result;
      const refusal = refused.code === "unknown_request"
        ? { ...refused, message: `This server is too old for /${command}` }
        : refused;
      const outcome = answer === undefined
        ? { command, ok: false, ...refusal }
        : { command, ok: true, answer };
      this.#settle(n, outcome as CommandOutcome);
    }, n);
  }
}

/** The chat that lines without a slash go to; tells the user when it changes. */
export class Chat {
  readonly #emit: (event: ClientEvent) => void;
  #target: ChatTarget | undefined;

  constructor(emit: (event: ClientEvent) => void) {
    this.#emit = emit;
  }

  /** Where lines go; `undefined` when nowhere. */
  get target(): ChatTarget | undefined {
    return this.#target;
  }

  /** Lines go there from now on, or nowhere. */
  set(target: ChatTarget | undefined): void {
    this.#target = target;
    this.#emit({ event: "chat", ...(target ?? { kind: "none" }) });
  }

  /** Somebody has another name: lines go on to the same person. */
  handleRenamed(from: string, to: string): void {
    const target = this.#target;
    if (target?.kind !== "group" && target?.name === from) {
      this.set({ ...target, name: to });
    }
  }

  /** The user is in this group no more. */
  handleGroupGone(name: string): void {
    const target = this.#target;
    if (target?.kind === "group" && target.name === name) this.set(undefined);
  }
}

/**
 * The private sessions that have not ended, by id, by user and under the
 * numbers that users type. Every change that a user should see goes through
 * here, and a command that waits for a session is settled here.
 */
import type {
  PrivateSessionInfo,
  PrivateSessionState,
} from "./client_event.ts";
import type { OfferNumbers } from "./offer_numbers.ts";
import {
  isWaiting,
  type PrivateSessionEntry,
  privateSessionInfo,
  type WaitingCommand,
} from "./private_session_entry.ts";
import type { TrustedOffer } from "./signed_offers.ts";
import type { TransferTableHost } from "./transfer_table.ts";

/** What is told about an end, where there is something to tell. */
export interface PrivateSessionEnd {
  /** For the command that waits for it; the state by default. */
  readonly code?: string;
  /** Texts of this side whose arrival was not confirmed. */
  readonly unconfirmed?: number;
  /** True when this user wanted it so. */
  readonly isOwn?: boolean;
}

/** Private sessions by id, user and number. */
export class PrivateSessionTable {
  readonly #host: TransferTableHost;
  readonly #numbers: OfferNumbers;
  readonly #byId = new Map<string, PrivateSessionEntry>();

  constructor(host: TransferTableHost, numbers: OfferNumbers) {
    this.#host = host;
    this.#numbers = numbers;
  }

  get size(): number {
    return this.#byId.size;
  }

  find(id: string): PrivateSessionEntry | undefined {
    return this.#byId.get(id);
  }

  /** A copy, so that sessions can end while it is walked. */
  all(): PrivateSessionEntry[] {
    return [...this.#byId.values()];
  }

  /** The sessions that have not ended, oldest first. */
  list(): PrivateSessionInfo[] {
    return this.all().map(privateSessionInfo);
  }

  /** Those that are open, or wait for others and not for this user. */
  underWay(): PrivateSessionInfo[] {
    return this.all().filter((session) => !isWaiting(session))
      .map(privateSessionInfo);
  }

  /** The session with `user`. */
  with(user: string): PrivateSessionEntry | undefined {
    return this.all().find((session) => session.user === user);
  }

  /** The same; settles command `n` when there is none. */
  known(
    command: string,
    user: string,
    n: number,
  ): PrivateSessionEntry | undefined {
    const session = this.with(user);
    if (session !== undefined) return session;
    const message =
      `There is no private session with ${user}; /startprivate ${user} asks for one`;
    const code = "no_session";
    this.#host.settle(n, { command, ok: false, code, message });
    return undefined;
  }

  /** The session of this number. */
  numbered(number: number): PrivateSessionEntry | undefined {
    return this.all().find((session) => session.number === number);
  }

  /** A new session, with the next number unless it takes over another's. */
  add(
    fields: Pick<PrivateSessionEntry, "id" | "direction" | "user"> & {
      number?: number;
      offered?: TrustedOffer;
      command?: WaitingCommand;
    },
  ): PrivateSessionEntry {
    const session: PrivateSessionEntry = {
      number: fields.number ?? this.#numbers.take(),
      state: "preparing",
      offered: undefined,
      own: undefined,
      terms: undefined,
      answering: false,
      crossed: undefined,
      command: undefined,
      settleAt: undefined,
      ...fields,
    };
    this.#byId.set(session.id, session);
    return session;
  }

  /** Somebody has another name: a session goes on with the same person. */
  handleRenamed(from: string, to: string): void {
    const session = this.with(from);
    if (session !== undefined) session.user = to;
  }

  /** The offer with this id, which crossed another, is gone. */
  forgetCrossed(id: string): void {
    for (const session of this.#byId.values()) {
      if (session.crossed?.offer === id) session.crossed = undefined;
    }
  }

  /** Forgets a session without a word. */
  remove(session: PrivateSessionEntry): void {
    this.#byId.delete(session.id);
  }

  /** The session goes on to another state, which the user is told. */
  move(session: PrivateSessionEntry, state: PrivateSessionState): void {
    session.state = state;
    this.#host.emit({ event: "session", info: privateSessionInfo(session) });
  }

  /** The session is open: tells the user, settles its command. */
  open(session: PrivateSessionEntry): void {
    this.move(session, "open");
    const { command } = session;
    session.command = undefined;
    if (command?.name === "accept") {
      const answer = { transfer: session.number };
      this.#host.settle(command.n, { command: "accept", ok: true, answer });
    } else if (command !== undefined) {
      const answer = privateSessionInfo(session);
      const outcome = { command: "startprivate", ok: true, answer } as const;
      this.#host.settle(command.n, outcome);
    }
  }

  /** The session is over: forgets it, tells the user, settles its command. */
  end(
    session: PrivateSessionEntry,
    state: PrivateSessionState,
    message?: string,
    { code = state, unconfirmed = 0, isOwn = false }: PrivateSessionEnd = {},
  ): void {
    const announced = session.state !== "preparing";
    session.state = state;
    this.remove(session);
    if (announced) {
      this.#host.emit({
        event: "session",
        info: privateSessionInfo(session),
        ...(message === undefined ? {} : { message }),
        ...(unconfirmed === 0 ? {} : { unconfirmed }),
        ...(isOwn ? { own: true as const } : {}),
      });
    }
    const { command } = session;
    if (command === undefined) return;
    this.#host.settle(command.n, {
      command: command.name,
      ok: false,
      code,
      message: message ?? state,
      announced,
    });
  }
}

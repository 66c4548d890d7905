/**
 * The offers and transfers that have not ended, under the numbers that users
 * type. Every change that a user should see goes through here, and a command
 * that waits for a transfer is settled here when it ends.
 */
import type {
  ClientEvent,
  CommandOutcome,
  PrivateSessionInfo,
  PrivateSessionState,
  TransferInfo,
  TransferState,
  TransferSummary,
} from "../events/client_event.ts";
import type { OfferTerms, TrustedOffer } from "../trust/signed_offers.ts";
import type {
  OfferedFile,
  TransferLink,
  TransferPeer,
} from "../events/transfer_port.ts";
import { transferLimits } from "../../engine/packets/limits.ts";
import type { WireAddress } from "../../wire/request.ts";

/** What is told about an end, where there is something to tell. */
export interface TransferEnd {
  /** Of a file that arrived. */
  readonly summary?: TransferSummary | undefined;
  /** For the command that waits for it; the state by default. */
  readonly code?: string | undefined;
  /** True when this user wanted it so. */
  readonly isOwn?: boolean;
  /** True when the receiver keeps what arrived. */
  readonly isKept?: boolean;
}

/** What the table tells. */
export interface TransferTableHost {
  emit(event: ClientEvent): void;
  /** Tells what became of command number `n`. */
  settle(n: number, outcome: CommandOutcome): void;
}

/** Transfers by id and by number. */
export class TransferTable {
  readonly #host: TransferTableHost;
  readonly #byId = new Map<string, Transfer>();
  readonly #numbers: OfferNumbers;

  constructor(host: TransferTableHost, numbers: OfferNumbers) {
    this.#host = host;
    this.#numbers = numbers;
  }

  get size(): number {
    return this.#byId.size;
  }

  has(id: string): boolean {
    return this.#byId.has(id);
  }

  find(id: string): Transfer | undefined {
    return this.#byId.get(id);
  }

  /** A copy, so that transfers can end while it is walked. */
  all(): Transfer[] {
    return [...this.#byId.values()];
  }

  /** The transfers that have not ended, oldest first. */
  list(): TransferInfo[] {
    return [...this.#byId.values()].map(transferInfo);
  }

  /** Those that will end without this user doing anything. */
  underWay(): TransferInfo[] {
    return this.all().filter(({ direction, state, answering }) =>
      direction === "outgoing" || state !== "offered" || answering
    ).map(transferInfo);
  }

  /** Transfers whose other side's word is to be taken for the end. */
  settling(now: number): Transfer[] {
    return this.all().filter(({ settleAt = Infinity }) => settleAt <= now);
  }

  /** When the next one is, monotonic ms. */
  get nextSettling(): number | undefined {
    const times = this.all().map(({ settleAt }) => settleAt)
      .filter((at) => at !== undefined);
    return times.length === 0 ? undefined : Math.min(...times);
  }

  /** A new transfer with the next number. */
  add(
    fields: Pick<Transfer, "id" | "direction" | "user" | "file"> & {
      command?: number;
      group?: string | undefined;
      report?: (outcome: CommandOutcome) => void;
      peer?: TransferPeer;
      terms?: OfferTerms;
    },
  ): Transfer {
    const transfer: Transfer = {
      number: this.#numbers.take(),
      state: "preparing",
      bytes: 0,
      rate: 0,
      startedAt: 0,
      command: undefined,
      report: undefined,
      terms: undefined,
      offer: undefined,
      ownName: undefined,
      group: undefined,
      relayAgainAt: undefined,
      peer: undefined,
      link: undefined,
      isPaused: false,
      answering: false,
      settleAt: undefined,
      givenUp: undefined,
      ...fields,
    };
    this.#byId.set(transfer.id, transfer);
    return transfer;
  }

  /** The transfer is over: forgets it, tells the user, settles its command. */
  end(
    transfer: Transfer,
    state: TransferState,
    message?: string,
    { summary, code = state, isOwn = false }: TransferEnd = {},
  ): void {
    const announced = transfer.state !== "preparing";
    const isKept = summary === undefined && isPartKept(transfer, code);
    transfer.state = state;
    this.#byId.delete(transfer.id);
    if (announced) this.show(transfer, message, { summary, isOwn, isKept });
    const { command, direction, report } = transfer;
    const isOutgoing = direction === "outgoing";
    const outcome: CommandOutcome = isOutgoing && summary !== undefined
      ? {
        command: "p2pvideo",
        ok: true,
        answer: { ...transferInfo(transfer), ...summary },
      }
      : {
        command: isOutgoing ? "p2pvideo" : "accept",
        ok: false,
        code,
        message: message ?? state,
        announced,
      };
    if (command !== undefined) this.#host.settle(command, outcome);
    report?.(outcome);
  }

  /** Tells the user where the transfer stands now. */
  show(
    transfer: Transfer,
    message?: string,
    { summary, isOwn = false, isKept = false }: TransferEnd = {},
  ): void {
    this.#host.emit({
      event: "transfer",
      info: transferInfo(transfer),
      ...(message === undefined ? {} : { message }),
      ...(summary === undefined ? {} : { summary }),
      ...(isOwn ? { own: true as const } : {}),
      ...(isKept ? { resumable: true as const } : {}),
    });
  }

  /** The transfer of this number; settles command `n` when there is none. */
  numbered(
    command: string,
    number: number,
    n: number,
  ): Transfer | undefined {
    for (const transfer of this.#byId.values()) {
      if (transfer.number === number) return transfer;
    }
    const message = `there is no transfer ${number}; /transfers lists them`;
    const code = "unknown_transfer";
    this.#host.settle(n, { command, ok: false, code, message });
    return undefined;
  }

  /** The numbered transfer, if it is an offer that waits for this user. */
  waiting(command: string, number: number, n: number): Transfer | undefined {
    const transfer = this.numbered(command, number, n);
    if (transfer === undefined) return undefined;
    const { direction, state, answering } = transfer;
    if (direction === "incoming" && state === "offered" && !answering) {
      return transfer;
    }
    const message = `transfer ${number} does not wait for your answer`;
    this.#host.settle(n, { command, ok: false, code: "not_waiting", message });
    return undefined;
  }
}

// The private sessions that have not ended, by id, by user and under the
// numbers that users type. Every change that a user should see goes through
// here, and a command that waits for a session is settled here.

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

/** The N of `/accept N`: counts the offers of a run, of all kinds, from 1. */
export class OfferNumbers {
  #next = 1;

  /** A number that nothing has. */
  take(): number {
    return this.#next++;
  }
}

/** One offer of a file, made or received, from its first to its last moment. */
export interface Transfer {
  readonly number: number;
  /** The offer's 64-bit id, 16 hexadecimal digits. */
  readonly id: string;
  readonly direction: "incoming" | "outgoing";
  readonly user: string;
  /** The group it is for, if any. */
  readonly group: string | undefined;
  file: OfferedFile;
  /** What the file is called here, where it is offered under another name. */
  ownName: string | undefined;
  state: TransferState;
  bytes: number;
  rate: number;
  /** When it began to run, monotonic ms. */
  startedAt: number;
  /** Gets its end instead of a command. */
  readonly report: ((outcome: CommandOutcome) => void) | undefined;
  /** Number of the command that waits for its end. */
  command: number | undefined;
  /** What both sides sign, once it is known. */
  terms: OfferTerms | undefined;
  /** What an outgoing offer says, once the file is open; to offer it again. */
  offer: TransferPeer | undefined;
  /** Where an incoming one comes from. */
  peer: TransferPeer | undefined;
  /**
   * When the quota of the relay begins anew of which the server said that it is
   * used up, ms since 1970 UTC.
   */
  relayAgainAt: number | undefined;
  /** The receiver waits for room on its disk. */
  isPaused: boolean;
  /** How the other side is reached, once it is. */
  link: TransferLink | undefined;
  /** True once this side accepted and the answer is under way. */
  answering: boolean;
  /** When the other side's word is taken for the end, monotonic ms. */
  settleAt: number | undefined;
  /** Why the other side ended it, where this side may learn more of that. */
  givenUp: "unreachable" | "quota" | undefined;
}

/** What the user sees of a transfer. */
export function transferInfo(transfer: Transfer): TransferInfo {
  const { number, direction, user, group, file, state } = transfer;
  const { bytes, rate, link, isPaused } = transfer;
  const { name, size } = file;
  const kind = "file";
  return {
    transfer: number,
    direction,
    kind,
    user,
    ...(group === undefined ? {} : { group }),
    name,
    size,
    state,
    bytes,
    rate,
    paused: isPaused,
    ...(link === undefined ? {} : linkInfo(link)),
  };
}

function linkInfo(link: TransferLink) {
  const { via, address, rtt, loss, why, silence } = link;
  const ip = address?.ip ?? "";
  const place = address === undefined ? {} : {
    address: `${ip.includes(":") ? `[${ip}]` : ip}:${address.port}`,
  };
  return {
    via,
    ...place,
    rtt,
    ...(loss === undefined ? {} : { loss }),
    ...(why === undefined ? {} : { why }),
    ...(silence === undefined ? {} : { silence }),
  };
}

/** True when the receiver keeps whole blocks of what ends with this code. */
function isPartKept({ state, bytes }: Transfer, code: string): boolean {
  return state === "running" && bytes >= transferLimits.blockBytes &&
    !startingAnew.includes(code);
}

/**
 * Ends after which the file is another one or nothing is left of it, and that
 * of a relay, whose own words say when to go on.
 */
const startingAnew: readonly string[] = ["changed", "removed", "quota"];

/** Bytes a second over the whole of a transfer. */
export function averageRate(bytes: number, ms: number): number {
  return ms > 0 ? bytes * 1000 / ms : 0;
}

/** The other side may be at these addresses, too. */
export function addAddresses(
  transfer: Transfer,
  addresses: readonly WireAddress[],
): void {
  const { peer } = transfer;
  if (peer === undefined) return;
  const all = [...addresses, ...peer.addresses].slice(0, mostAddresses);
  transfer.peer = { ...peer, addresses: all };
}

const mostAddresses = 64;

/** One private session, from its offer to its end. */
export interface PrivateSessionEntry {
  readonly number: number;
  /** The offer's 64-bit id, 16 hexadecimal digits. */
  readonly id: string;
  readonly direction: "incoming" | "outgoing";
  /** The other side. */
  user: string;
  state: PrivateSessionState;
  /** What the other side's offer says; of incoming ones only. */
  readonly offered: TrustedOffer | undefined;
  /** What this side's offer was signed for, once it was. */
  terms: OfferTerms | undefined;
  /** This side's key and addresses, once they are there. */
  own: PrivateSessionKey | undefined;
  /** True once this side accepted. */
  answering: boolean;
  /** The other side's offer, made at the same time as this side's. */
  crossed: TrustedOffer | undefined;
  /** The command that waits until it is open. */
  command: WaitingCommand | undefined;
  /** When the word that came through the server is enough, monotonic ms. */
  settleAt: number | undefined;
}

/** What an offer or answer says of this side. */
export interface PrivateSessionKey {
  readonly key: string;
  readonly addresses: readonly WireAddress[];
}

/** A command without an outcome. */
export interface WaitingCommand {
  readonly name: "startprivate" | "accept";
  readonly n: number;
}

/** What the user sees of a private session. */
export function privateSessionInfo(
  entry: PrivateSessionEntry,
): PrivateSessionInfo {
  const { number, direction, user, state } = entry;
  return { session: number, direction, kind: "session", user, state };
}

/** True for an offer that this user has not answered. */
export function isWaiting(session: PrivateSessionEntry): boolean {
  const { direction, state, answering } = session;
  return direction === "incoming" && state === "offered" && !answering;
}

/** True for this user's offer that has no answer yet. */
export function isUnanswered(
  { direction, state }: PrivateSessionEntry,
): boolean {
  return direction === "outgoing" &&
    (state === "preparing" || state === "offered");
}

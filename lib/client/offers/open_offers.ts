/**
 * The offers that have not ended, of files and of private sessions, under the
 * numbers that users type. Every change that a user should see goes through
 * here, and a command that waits for an offer is settled here when it ends.
 */
import type { ClientEvent, CommandOutcome } from "../events/client_event.ts";
import type {
  PrivateSessionInfo,
  PrivateSessionState,
  TransferSummary,
} from "../commands/transfer_info.ts";
import type { OfferTerms, TrustedOffer } from "../trust/signed_offers.ts";
import type { PeerHost } from "./peer_host.ts";
import type { TransferPeer } from "../events/transfer_port.ts";
import { userKey } from "../../wire/names.ts";
import { sentOutcome } from "./sent_outcome.ts";
import { isPartKept, type Transfer, transferInfo } from "./transfer.ts";

/** What every offer has. */
export interface OpenOfferFields<State> {
  readonly number: number;
  /** 64 bits, 16 hexadecimal digits. */
  readonly id: string;
  readonly direction: "incoming" | "outgoing";
  /** The other side. */
  user: string;
  /** Which of its devices, where it is one in particular. */
  device: string | undefined;
  state: State;
  /** The command that waits for its end, or until it is agreed on. */
  command: WaitingCommand | undefined;
  /** What both sides sign, once it is known. */
  terms: OfferTerms | undefined;
  /** What an outgoing offer says of this side, once it is prepared. */
  own: TransferPeer | undefined;
  /** What an incoming one says of the other side. */
  peer: TransferPeer | undefined;
  /** True once this side accepted. */
  answering: boolean;
  /** When the other side's word is taken for the end, monotonic ms. */
  settleAt: number | undefined;
}

/** One private session, from its offer to its end. */
export interface PrivateSessionEntry
  extends OpenOfferFields<PrivateSessionState> {
  readonly kind: "session";
  /** The other side's offer, made at the same time as this side's. */
  crossed: TrustedOffer | undefined;
}

/** An offer of either kind. */
export type OpenOffer = Transfer | PrivateSessionEntry;

/** What is told of one. */
export type OfferNews = Extract<ClientEvent, { event: "transfer" | "session" }>;

/** A command without an outcome. */
export interface WaitingCommand {
  readonly name: "p2pvideo" | "startprivate" | "accept" | "receive";
  readonly n: number;
}

/** What is told about an end, where there is something to tell. */
export interface OfferEnd {
  /** For the command that waits for it; the state by default. */
  readonly code?: string | undefined;
  /** True when this user wanted it so. */
  readonly isOwn?: boolean;
  /** Of a file that arrived. */
  readonly summary?: TransferSummary | undefined;
  /** True when the receiver of a file keeps what arrived. */
  readonly isKept?: boolean;
  /** Texts of this side whose arrival was not confirmed. */
  readonly unconfirmed?: number;
}

/** Fields of a new offer; it gets the next number unless one is given. */
type NewOffer<O extends OpenOffer, Needed extends keyof O> =
  & Pick<O, "id" | "direction" | "user" | Needed>
  & Partial<O>;

/** Offers by id, by number and, of sessions, by user. */
export class OpenOffers {
  readonly #host: PeerHost;
  readonly #byId = new Map<string, OpenOffer>();
  /** Of offers by number, those that ended lately too. */
  readonly #ids = new Map<number, string>();
  /** How those ended that did lately, by number. */
  readonly #ends = new Map<number, OfferNews>();
  #nextNumber = 1;
  /** Numbers of offers that ended before anybody heard of them. */
  readonly #unusedNumbers = new Set<number>();

  constructor(host: PeerHost) {
    this.#host = host;
  }

  find(id: string): OpenOffer | undefined {
    return this.#byId.get(id);
  }

  /** True for an offer that has not ended. */
  has(offer: OpenOffer): boolean {
    return this.#byId.get(offer.id) === offer;
  }

  /** The transfer with this id. */
  transfer(id: string): Transfer | undefined {
    const offer = this.#byId.get(id);
    return offer?.kind === "file" ? offer : undefined;
  }

  /** The private session with this id. */
  session(id: string): PrivateSessionEntry | undefined {
    const offer = this.#byId.get(id);
    return offer?.kind === "session" ? offer : undefined;
  }

  /** A copy, oldest first, so that offers can end while it is walked. */
  all(): OpenOffer[] {
    return [...this.#byId.values()];
  }

  transfers(): Transfer[] {
    return this.all().filter((offer) => offer.kind === "file");
  }

  sessions(): PrivateSessionEntry[] {
    return this.all().filter((offer) => offer.kind === "session");
  }

  /** The private session with `user`, as the server spells the name. */
  sessionWith(user: string): PrivateSessionEntry | undefined {
    const sessions = this.sessions();
    const isTyped = ({ user: typed, direction, terms }: PrivateSessionEntry) =>
      direction === "outgoing" && terms === undefined &&
      userKey(typed) === userKey(user);
    return sessions.find((session) => session.user === user) ??
      sessions.find(isTyped);
  }

  /** The private session with who is meant by a name as it was typed. */
  sessionWithTyped(user: string): PrivateSessionEntry | undefined {
    const key = userKey(user);
    return this.sessionWith(user) ??
      this.sessions().find((session) => userKey(session.user) === key);
  }

  /** The id of the offer that has a number, or had it lately. */
  idOf(number: number): string | undefined {
    return this.#ids.get(number);
  }

  /** How the offer ended that had a number lately; `undefined` for none. */
  endOf(number: number): OfferNews | undefined {
    return this.#ends.get(number);
  }

  numbered(number: number): OpenOffer | undefined {
    return this.all().find((offer) => offer.number === number);
  }

  /** When the first word of another side is to be taken, monotonic ms. */
  get nextSettling(): number {
    return Math.min(
      ...this.all().map(({ settleAt = Infinity }) => settleAt),
    );
  }

  addTransfer(fields: NewOffer<Transfer, "file">): Transfer {
    return this.#add<Transfer>({
      ...blank,
      kind: "file",
      state: "preparing",
      number: fields.number ?? this.takeNumber(),
      bytes: 0,
      rate: 0,
      filesDone: 0,
      current: undefined,
      startedAt: 0,
      report: undefined,
      kept: undefined,
      ownName: undefined,
      remark: undefined,
      unreadable: undefined,
      group: undefined,
      relayAgainAt: undefined,
      link: undefined,
      isPaused: false,
      pausedBy: [],
      onHold: [],
      givenUp: undefined,
      list: "none",
      only: [],
      leftOut: 0,
      into: undefined,
      onList: [],
      ...fields,
    });
  }

  addSession(fields: NewOffer<PrivateSessionEntry, never>) {
    return this.#add<PrivateSessionEntry>({
      ...blank,
      kind: "session",
      state: "preparing",
      number: fields.number ?? this.takeNumber(),
      crossed: undefined,
      ...fields,
    });
  }

  /** Forgets an offer without a word. */
  remove({ id }: OpenOffer): void {
    this.#byId.delete(id);
  }

  /** The session goes on to another state, which the user is told. */
  move(session: PrivateSessionEntry, state: PrivateSessionState): void {
    session.state = state;
    this.show(session);
  }

  /** What the command wanted that waits for it has come about. */
  succeed(offer: OpenOffer): void {
    const { command, number } = offer;
    // It waits until all has come.
    if (command?.name === "receive") return;
    offer.command = undefined;
    if (command?.name === "accept") {
      const answer = { transfer: number };
      this.#host.settle(command.n, { command: "accept", ok: true, answer });
    } else if (command !== undefined && offer.kind === "session") {
      const answer = privateSessionInfo(offer);
      const outcome = { command: "startprivate", ok: true, answer } as const;
      this.#host.settle(command.n, outcome);
    }
  }

  /** It is over: forgets it, tells the user, settles its command. */
  end<O extends OpenOffer>(
    offer: O,
    state: O["state"],
    message?: string,
    { code = state, ...end }: OfferEnd = {},
  ): void {
    const announced = offer.state !== "preparing";
    const isKept = offer.kind === "file" && end.summary === undefined &&
      isPartKept(offer, code);
    offer.state = state;
    this.remove(offer);
    // However it ends, nobody needs its list any more.
    if (offer.kind === "file" && offer.list !== "none") {
      this.#host.effect({ effect: "cancel-transfer", id: offer.id });
    }
    const kept = offer.kind === "file" ? offer.kept : undefined;
    const goesOn = end.summary === undefined && kept?.goesOn(code) === true;
    if (announced && !goesOn) {
      const news = newsOf(offer, message, { ...end, isKept });
      this.#host.emit(news);
      this.#ends.set(offer.number, news);
      const [oldest] = this.#ends.keys();
      if (this.#ends.size > mostEnds) this.#ends.delete(oldest!);
    }
    if (!announced && kept?.number === undefined) {
      this.giveBackNumber(offer.number);
    }
    const { command } = offer;
    const { summary } = end;
    const name = command?.name ?? "p2pvideo";
    const waitsForEnd = name === "p2pvideo" || name === "receive";
    const outcome: CommandOutcome = offer.kind === "file" && waitsForEnd &&
        summary !== undefined
      ? {
        command: name,
        ok: true,
        answer: { ...transferInfo(offer), ...summary },
      }
      : {
        command: name,
        ok: false,
        code,
        message: message ?? state,
        announced,
      };
    if (command !== undefined) {
      this.#host.settle(
        command.n,
        outcome.ok && outcome.command === "p2pvideo" &&
          outcome.answer.ms !== undefined
          ? sentOutcome(outcome.answer)
          : outcome,
      );
    }
    if (offer.kind !== "file") return;
    const refusal = { code, message: message ?? state };
    for (const { name, n } of offer.onHold.splice(0)) {
      this.#host.settle(n, { command: name, ok: false, ...refusal });
    }
    for (const { go } of offer.onList.splice(0)) go(refusal);
    offer.report?.(outcome, offer.file);
  }

  /** Tells the user where it stands now. */
  show(offer: OpenOffer, message?: string): void {
    this.#host.emit(newsOf(offer, message));
  }

  #add<O extends OpenOffer>(offer: O): O {
    this.#byId.set(offer.id, offer);
    this.#ids.set(offer.number, offer.id);
    for (const [number, id] of this.#ids) {
      if (this.#ids.size <= mostIds) break;
      if (!this.#byId.has(id)) this.#ids.delete(number);
    }
    return offer;
  }

  /** The N of `/accept N`: counts the offers of a run from 1. */
  takeNumber(): number {
    return this.#nextNumber++;
  }

  /** Nobody heard of what has this number. */
  giveBackNumber(number: number): void {
    const unused = this.#unusedNumbers.add(number);
    while (unused.delete(this.#nextNumber - 1)) this.#nextNumber--;
  }
}

function newsOf(
  offer: OpenOffer,
  message: string | undefined,
  { isOwn = false, summary, isKept = false, unconfirmed = 0 }: OfferEnd = {},
): OfferNews {
  const told = {
    ...(message === undefined ? {} : { message }),
    ...(isOwn ? { own: true as const } : {}),
  };
  if (offer.kind === "session") {
    const info = privateSessionInfo(offer);
    const lost = unconfirmed === 0 ? {} : { unconfirmed };
    return { event: "session", info, ...told, ...lost };
  }
  return {
    event: "transfer",
    info: transferInfo(offer),
    ...told,
    ...(summary === undefined ? {} : { summary }),
    ...(isKept ? { resumable: true as const } : {}),
  };
}

/** What the user sees of a private session. */
export function privateSessionInfo(
  { number, direction, user, device, state, answering }: PrivateSessionEntry,
): PrivateSessionInfo {
  const kind = "session";
  const which = device === undefined ? {} : { device };
  const isAccepted = answering && state === "offered";
  const how = isAccepted ? { accepted: true as const } : {};
  return { session: number, direction, kind, user, ...which, state, ...how };
}

/** True for an offer that this user has not answered. */
export function isWaiting({ direction, state, answering }: OpenOffer): boolean {
  return direction === "incoming" && state === "offered" && !answering;
}

/** True for this user's offer that has no answer yet. */
export function isUnanswered({ direction, state }: OpenOffer): boolean {
  return direction === "outgoing" &&
    (state === "preparing" || state === "offered");
}

/** Of an offer of which only its id and the like are known. */
const blank = {
  device: undefined,
  command: undefined,
  terms: undefined,
  own: undefined,
  peer: undefined,
  answering: false,
  settleAt: undefined,
};
/** Numbers whose offers are known, besides those that have not ended. */
const mostIds = 500;
/** So many that ended are known by how they did. */
const mostEnds = 100;

/**
 * Everything this client does with other clients: files, private sessions and
 * calls, which share the server's offers and the numbers that users type.
 */
import type { Instant } from "../../base/ports.ts";
import type { EndReason } from "../../wire/end_reason.ts";
import { userKey } from "../../wire/names.ts";
import { plainPalette } from "../../cli/palette.ts";
import type { EventFields } from "../../wire/server_frame.ts";
import type { CommandAnswers } from "../events/client_event.ts";
import type { CallHost } from "../calls/call_host.ts";
import { Calls } from "../calls/calls.ts";
import type { CallEvent } from "../events/call_port.ts";
import { endText } from "../offers/end_text.ts";
import { trustedOffer } from "../offers/offer_end.ts";
import {
  isUnanswered,
  isWaiting,
  type OfferEnd,
  type OfferNews,
  type OpenOffer,
  OpenOffers,
  privateSessionInfo,
} from "../offers/open_offers.ts";
import { type Keeping, Later } from "../offers/later.ts";
import { OfferRequests } from "../offers/offer_requests.ts";
import type { AcceptRule, PeerHost } from "../offers/peer_host.ts";
import { PrivateSessions } from "../offers/private_sessions.ts";
import { RepeatedOffers } from "../offers/repeated_offers.ts";
import type { SessionEvent } from "../events/session_port.ts";
import { type AwaitedOffer, AwaitedOffers } from "../offers/awaited_offers.ts";
import { type Transfer, transferInfo } from "../offers/transfer.ts";
import { renderSession, renderTransfer } from "../text/offers.ts";
import type { TransferEvent } from "../events/transfer_port.ts";
import { Transfers } from "../offers/transfers.ts";
import type { TrustedOffer } from "../trust/signed_offers.ts";

/** What the services that talk to other clients tell. */
export type PeerEvent = TransferEvent | SessionEvent | CallEvent;

/** What offers need of the session; what calls do besides the numbers. */
export type OffersHost =
  & PeerHost
  & Omit<CallHost, "takeNumber" | "giveBackNumber">;

/** Transfers, private sessions and calls. */
export class Offers {
  readonly transfers: Transfers;
  readonly sessions: PrivateSessions;
  readonly calls: Calls;
  /** What is kept until its receivers are back. */
  readonly later: Later;
  readonly #host: PeerHost;
  readonly #accept: AcceptRule;
  /** Why nothing can be received into `-`. */
  readonly #outputFault: string | undefined;
  readonly #awaited: AwaitedOffers;
  readonly #open: OpenOffers;
  readonly #requests: OfferRequests;
  readonly #repeated: RepeatedOffers;
  readonly #activity = new ActivityReport();
  readonly #now: () => Instant;
  #isConnected = false;

  /** @param outputFault Why nothing can be received into `-`, if so. */
  constructor(
    host: OffersHost,
    accept: AcceptRule,
    keeping: Keeping,
    outputFault?: string,
  ) {
    const open = this.#open = new OpenOffers(host);
    const requests = this.#requests = new OfferRequests(host, open);
    this.#host = host;
    this.#accept = accept;
    this.#outputFault = outputFault;
    this.#now = keeping.now;
    this.#awaited = new AwaitedOffers(host, open);
    this.transfers = new Transfers(host, open, requests);
    const sessions = new PrivateSessions(host, open, requests);
    this.sessions = sessions;
    this.#repeated = new RepeatedOffers(open, requests, sessions, keeping.now);
    this.calls = new Calls({
      ...host,
      takeNumber: () => open.takeNumber(),
      giveBackNumber: (number) => open.giveBackNumber(number),
    });
    this.later = new Later(host, open, this.transfers, keeping);
  }

  /** What has not ended. */
  get open(): OpenOffers {
    return this.#open;
  }

  /** What has not ended, oldest first. */
  list(): CommandAnswers["transfers"] {
    const { transfers, sessions } = listed(this.#open.all());
    const all = [...transfers, ...this.later.list()];
    all.sort((one, other) => one.transfer - other.transfer);
    const calls = this.calls.list();
    return { transfers: all, sessions, ...calls.length > 0 && { calls } };
  }

  /** The same without the offers of others that this user has not answered. */
  underWay(): CommandAnswers["transfers"] {
    const { taken } = this.calls;
    return {
      ...listed(this.#open.all().filter((offer) => !isWaiting(offer))),
      ...taken !== undefined && { calls: [taken] },
    };
  }

  /**
   * Accepts offer `number`; command number `n` is settled when the server knows
   * that, of a session when it is open.
   *
   * @param only Patterns of what is wanted of several files; all for none.
   * @param into Folder that they go to; the one for all downloads by default.
   */
  accept(
    number: number,
    n: number,
    only: readonly string[] = [],
    into?: string,
  ): void {
    const offer = this.#waiting("accept", number, n);
    if (offer === undefined) return;
    if (into !== undefined && offer.kind === "session") {
      const message = `Offer ${number} is a private session, not a file`;
      const outcome = { command: "accept", ok: false } as const;
      return this.#host.settle(n, { ...outcome, code: "no_file", message });
    }
    if (only.length > 0 && !isTree(offer)) {
      const message = `Offer ${number} is of one file, or none`;
      const outcome = { command: "accept", ok: false } as const;
      return this.#host.settle(n, { ...outcome, code: "one_file", message });
    }
    offer.command = { name: "accept", n };
    if (offer.kind === "file") {
      offer.only = only;
      offer.into = into;
    }
    this.#prepareAnswer(offer);
  }

  /**
   * Takes what `user` offers next, or has offered; command number `n` is settled
   * when all of it came.
   *
   * @param into Folder that it goes to, `-` for standard output.
   */
  receive(user: string, into: string | undefined, n: number): void {
    if (into === "-" && this.#outputFault !== undefined) {
      return this.#refuseToReceive(n, this.#outputFault);
    }
    const awaited = { user, into, n };
    const offer = this.#awaited.add(awaited);
    if (offer !== undefined) this.#receive(offer, awaited);
  }

  /** Shows what is in offer `number`, or was when it ended. */
  show(number: number, n: number): void {
    const isOpen = this.#open.numbered(number) !== undefined;
    if (!isOpen && this.transfers.lists.showEnded(number, n)) return;
    const offer = this.#numbered("offer", number, n);
    if (offer === undefined) return;
    if (offer.kind === "file" && isTree(offer)) {
      return this.transfers.lists.show(offer, n);
    }
    const message = offer.kind === "file"
      ? `Offer ${number} is of one file, "${offer.file.name}"`
      : `Offer ${number} is of a private session`;
    const outcome = { command: "offer", ok: false, code: "one_file" } as const;
    this.#host.settle(n, { ...outcome, message });
  }

  /** Refuses offer `number`. */
  reject(number: number, n: number): void {
    const command = "reject";
    const offer = this.#waiting(command, number, n);
    if (offer === undefined) return;
    this.#reject(offer);
    const answer = { transfer: number };
    this.#host.settle(n, { command, ok: true, answer });
  }

  /** Stops the transfer or ends the private session `number`, in any state. */
  cancel(number: number, n: number): void {
    const command = "cancel";
    const answer = { transfer: number };
    if (this.later.cancel(number)) {
      return this.#host.settle(n, { command, ok: true, answer });
    }
    const offer = this.#numbered(command, number, n);
    if (offer === undefined) return;
    if (offer.kind === "file") this.transfers.stop(offer);
    else this.sessions.end(offer);
    this.#host.settle(n, { command, ok: true, answer });
  }

  /** Has transfer `number` wait, or no longer. */
  hold(number: number, name: "pause" | "resume", n: number): void {
    const offer = this.#numbered(name, number, n);
    if (offer === undefined) return;
    if (offer.kind === "file") return this.transfers.hold(offer, name, n);
    const message = `${number} is a private session, which cannot be paused`;
    const outcome = { command: name, ok: false, code: "not_running" } as const;
    this.#host.settle(n, { ...outcome, message });
  }

  /** Sends a text on the private session with `user`. */
  sendPrivate(user: string, text: string, n: number): void {
    if (this.#open.sessionWithTyped(user)?.state === "open") {
      this.#activity.note();
    }
    this.sessions.send(user, text, n);
  }

  /** With whom the open private session is that a typed name means. */
  openSessionWith(user: string): string | undefined {
    const session = this.#open.sessionWithTyped(user);
    return session?.state === "open" ? session.user : undefined;
  }

  /** True while the next text to `user` would only have to wait a little. */
  isMakingSession(user: string): boolean {
    const session = this.#open.sessionWithTyped(user);
    if (session === undefined || session.state === "open") return false;
    return session.direction === "outgoing" || session.answering;
  }

  /** The session with the server is open, perhaps on one that forgot the offers. */
  handleOpened(): void {
    this.#isConnected = true;
    this.calls.handleOpened();
    this.#repeated.handleOpened();
  }

  /** The server is gone: those who wait for this user's answer were told so. */
  handleDisconnected(): void {
    this.#isConnected = false;
    this.#repeated.handleDisconnected();
    this.later.handleDisconnected();
    this.calls.handleDisconnected();
    for (const offer of this.#open.all()) {
      if (offer.kind === "session") offer.crossed = undefined;
      if (!isWaiting(offer)) continue;
      this.#open.end(offer, "failed", "the connection was lost");
    }
  }

  /** Somebody offers something. */
  handleOffer(event: EventFields<"offer">): void {
    const checked = trustedOffer(this.#host, event);
    if (checked === undefined) return;
    const { offer: id, kind } = checked;
    if (kind === "call") return this.calls.handleOffer(checked);
    if (this.#open.find(id) !== undefined) return;
    if (kind === "session" && !this.sessions.makeRoom(checked)) return;
    const offer = this.#take(checked);
    if (typeof offer === "string") return this.#requests.decline(id, offer);
    const awaited = offer.kind === "file"
      ? this.#awaited.take(offer)
      : undefined;
    // Nobody is asked for an answer that is given already.
    offer.answering = awaited !== undefined || this.#accept === "always";
    if (this.#accept !== "never" || offer.answering) this.#open.show(offer);
    if (offer.kind === "file" && awaited !== undefined) {
      return this.#receive(offer, awaited);
    }
    if (this.#accept === "always") this.#prepareAnswer(offer);
    if (this.#accept === "never") {
      this.#requests.decline(id, "rejected", "automatic");
      const message = "refused by --accept never";
      this.#open.end(offer, "rejected", message, own);
    }
  }

  /** The receiver of an offer asks for the list of it. */
  handleListAsked(event: EventFields<"offer-list">): void {
    const offer = this.#open.find(event.offer);
    const isMine = offer?.kind === "file" && isUnanswered(offer) &&
      offer.user === event.from;
    if (isMine) this.transfers.lists.handleAsked(offer, event);
  }

  /** Somebody answered. */
  handleAnswer(event: EventFields<"answer">, now: Instant): void {
    if (this.calls.handleAnswer(event)) return;
    const offer = this.#open.find(event.offer);
    if (offer === undefined || !isUnanswered(offer)) return;
    if (offer.terms === undefined) return;
    const { accept, key, addresses = [], reason = "failed" } = event;
    const { terms } = offer;
    offer.device = event.device ?? offer.device;
    // Behind a lost connection it may come before the reply to the offer.
    const isEarly = offer.state === "preparing";
    this.#requests.handleOffered(offer);
    if (!accept || key === undefined) {
      // The offer is on its way again, and nobody is to be asked anew.
      if (isEarly) this.#requests.tellEnd(offer, "cancelled");
      this.#requests.drop(offer);
      const code = offer.kind === "file"
        ? codes.find((code) => code === reason)
        : undefined;
      return this.#open.end(offer, "rejected", endText(reason, offer), {
        code,
      });
    }
    const refusal = this.#host.signed.checkAnswer(terms, event);
    if (refusal !== undefined) {
      this.#requests.tellEnd(offer, "failed", "untrusted");
      return this.#requests.giveUp(offer, refusal);
    }
    if (offer.kind === "file") {
      return this.transfers.handleAccepted(offer, event, now);
    }
    this.sessions.connect(offer, "offerer", { key, addresses });
  }

  /**
   * Another device of this user answered what this one was offered, too. Where
   * both said yes, that one was faster.
   */
  handleAnswered(event: EventFields<"answered">): void {
    if (this.calls.handleAnswered(event)) return;
    const { offer: id, device, accept } = event;
    const offer = this.#open.find(id);
    if (offer?.direction !== "incoming") return;
    this.#requests.drop(offer);
    const message = `${accept ? "answered" : "rejected"} on ${device}`;
    this.#open.end(offer, "answered", message, own);
  }

  /** The other side of something can be reached elsewhere, too. */
  handleCandidates(event: EventFields<"candidates">): void {
    if (this.calls.handleCandidates(event)) return;
    this.transfers.handleCandidates(event);
  }

  /** The server relays no more of something. */
  handleRelayEnd(event: EventFields<"relay-end">): void {
    if (this.calls.handleRelayEnd(event)) return;
    this.transfers.handleRelayEnd(event);
  }

  /** Somebody ended something. */
  handleOfferEnd(event: EventFields<"offer-end">, now: Instant): void {
    if (this.calls.handleOfferEnd(event)) return;
    for (const session of this.#open.sessions()) {
      if (session.crossed?.offer === event.offer) session.crossed = undefined;
    }
    this.transfers.lists.handleEnded(event.offer);
    const offer = this.#open.find(event.offer);
    if (offer?.kind === "file") this.transfers.handleEnded(offer, event, now);
    if (offer?.kind === "session") this.sessions.handleEnded(offer, event, now);
  }

  /**
   * This user has blocked these: ends what is offered or runs between them, of
   * which a server that was restarted knows nothing.
   */
  handleBlocked(users: readonly string[]): void {
    const blocked = new Set(users.map(userKey));
    for (const { id: offer, user: from } of this.#withOthers()) {
      if (!blocked.has(userKey(from))) continue;
      const how = { result: "failed", reason: "blocked" } as const;
      this.handleOfferEnd({ offer, from, ...how }, this.#now());
    }
  }

  #withOthers(): { readonly id: string; readonly user: string }[] {
    const legs = this.calls.legs()
      .map(({ id, member: { user } }) => ({ id, user }));
    return [...this.#open.all(), ...legs];
  }

  /** One of the services has something to tell. */
  handlePeerEvent(event: PeerEvent, now: Instant): void {
    if (isTraffic(event)) this.#activity.note();
    if (isCallEvent(event)) return this.calls.handleCallEvent(event);
    const isOther = !isSessionEvent(event) &&
      (this.later.handleTransferEvent(event) ||
        this.#awaited.handleTransferEvent(event));
    if (isOther) return;
    if (isSessionEvent(event)) this.sessions.handleSessionEvent(event, now);
    else this.transfers.handleTransferEvent(event, now);
  }

  /** The time of {@link pollTimeout} has come. */
  handleTimeout(now: Instant): void {
    for (const offer of this.#open.all()) {
      if (offer.settleAt === undefined || offer.settleAt > now.mono) continue;
      if (offer.kind === "file") this.transfers.settle(offer, now);
      else this.sessions.settle(offer);
    }
    this.#repeated.handleTimeout(now);
    this.later.handleTimeout(now);
    this.calls.handleTimeout(now);
    if (this.#isConnected && this.#activity.takeDue(now.mono)) {
      this.#host.send({ do: "ping", active: true });
    }
  }

  /** When {@link handleTimeout} is due, monotonic ms. */
  pollTimeout(): number | undefined {
    const activity = this.#isConnected
      ? this.#activity.pollTimeout()
      : undefined;
    const at = Math.min(
      this.#open.nextSettling,
      this.#repeated.nextAt,
      this.later.pollTimeout(),
      this.calls.pollTimeout(),
      activity ?? Infinity,
    );
    return at === Infinity ? undefined : at;
  }

  /** The program ends. */
  close(): void {
    this.later.close();
    this.#awaited.close();
    this.transfers.close();
    this.sessions.close();
    this.calls.close();
  }

  /** Keeps an offer of somebody else, or says why not. */
  #take(theirs: TrustedOffer): OpenOffer | EndReason {
    const { offer: id, from: user, device, kind, file, group } = theirs;
    const { terms, key, addresses } = theirs;
    const isFile = kind === "file";
    const kept = isFile ? this.#open.transfers() : this.#open.sessions();
    if (kept.length >= mostOffers) return "busy";
    const about = { id, direction: "incoming", user, device, terms } as const;
    const known = {
      ...about,
      peer: { key, addresses },
      state: "offered",
    } as const;
    if (!isFile) return this.#open.addSession(known);
    if (file === undefined) return "failed";
    return this.#open.addTransfer({ ...known, group, file });
  }

  /** Files may be several, of which a pipe could not tell one from another. */
  #receive(offer: Transfer, { into, n }: AwaitedOffer): void {
    if (into === "-" && isTree(offer)) {
      const { name } = offer.file;
      this.#requests.decline(offer.id, "rejected", "automatic");
      const message = `"${name}" is a folder or several files, of which ` +
        "--to - takes none; receive it into a folder, or have an archive sent";
      this.#open.end(offer, "rejected", message, own);
      return this.#refuseToReceive(n, message, true);
    }
    offer.command = { name: "receive", n };
    offer.into = into;
    this.#prepareAnswer(offer);
  }

  #refuseToReceive(n: number, message: string, announced = false): void {
    const outcome = { command: "receive", ok: false, code: "no_file" } as const;
    this.#host.settle(n, { ...outcome, message, announced });
  }

  /** Of several files this side has to know which they are. */
  #prepareAnswer(offer: OpenOffer): void {
    offer.answering = true;
    if (offer.kind === "session" || !isTree(offer)) {
      return this.#requests.prepareAnswer(offer);
    }
    this.transfers.lists.need(offer, (refusal) => {
      if (!this.#open.has(offer)) return;
      if (refusal === undefined) return this.#requests.prepareAnswer(offer);
      this.#requests.takeBackAnswer(offer, refusal);
    });
  }

  #reject(offer: OpenOffer): void {
    this.#requests.decline(offer.id, "rejected");
    this.#open.end(offer, "rejected", undefined, own);
  }

  /** The offer of this number; settles command `n` when there is none. */
  #numbered(
    command: string,
    number: number,
    n: number,
  ): OpenOffer | undefined {
    const offer = this.#open.numbered(number);
    if (offer !== undefined) return offer;
    const end = this.#open.endOf(number);
    const message = end === undefined
      ? `There is no transfer ${number}; /transfers lists them`
      : endedText(number, end);
    const code = "unknown_transfer";
    this.#host.settle(n, { command, ok: false, code, message });
    return undefined;
  }

  /** The same, if it is an offer that waits for this user. */
  #waiting(
    command: "accept" | "reject" | "offer",
    number: number,
    n: number,
  ): OpenOffer | undefined {
    const offer = this.#numbered(command, number, n);
    if (offer === undefined || isWaiting(offer)) return offer;
    const what = offer.kind === "file" ? "Transfer" : "Private session";
    const message = `${what} ${number} does not wait for your answer`;
    this.#host.settle(n, { command, ok: false, code: "not_waiting", message });
    return undefined;
  }
}

/** That an offer is no more, and the words by which its end was told. */
function endedText(number: number, end: OfferNews): string {
  const [told = ""] = end.event === "transfer"
    ? renderTransfer(end, plainPalette)
    : renderSession(end, plainPalette);
  const label = `${number}: `;
  const how = told.startsWith(label) ? told.slice(label.length) : told;
  return `${number} is over: ${how}`;
}

/** True for an offer of folders or several files. */
function isTree(offer: OpenOffer): boolean {
  return offer.kind === "file" && offer.file.tree !== undefined;
}

function listed(offers: readonly OpenOffer[]): CommandAnswers["transfers"] {
  const files = offers.filter((offer) => offer.kind === "file");
  const sessions = offers.filter((offer) => offer.kind === "session");
  return {
    transfers: files.map(transferInfo),
    sessions: sessions.map(privateSessionInfo),
  };
}

function isSessionEvent(event: PeerEvent): event is SessionEvent {
  return event.event.startsWith("session-");
}

function isCallEvent(event: PeerEvent): event is CallEvent {
  return event.event.startsWith("call-");
}

function isTraffic(event: PeerEvent): boolean {
  // Of one that waits the other side is heard all the same.
  return event.event === "progress" || event.event === "session-text" ||
    event.event === "call-link" ||
    event.event === "path" && event.link.silence === undefined;
}

/** How an end by this user's will is told. */
const own: OfferEnd = { isOwn: true };
/** Most offers of each kind that one client keeps, of all users. */
const mostOffers = 256;
/** Reasons of a receiver that programs are told apart from a plain no. */
const codes: readonly EndReason[] = ["space", "storage", "removed", "busy"];

/**
 * Tells when the server must hear that this user is busy with other clients,
 * which it cannot see, so that it does not log out who only looks idle.
 */
export class ActivityReport {
  #isPending = false;
  #reportedAt = -Infinity;

  /** There was traffic with another client. */
  note(): void {
    this.#isPending = true;
  }

  /** True when the server is to be told now, monotonic ms; it then was. */
  takeDue(now: number): boolean {
    const at = this.pollTimeout();
    if (at === undefined || now < at) return false;
    this.#isPending = false;
    this.#reportedAt = now;
    return true;
  }

  /** When {@link takeDue} will be true, monotonic ms. */
  pollTimeout(): number | undefined {
    return this.#isPending ? this.#reportedAt + intervalMs : undefined;
  }
}

/** Shorter than the shortest time-out that makes sense. */
const intervalMs = 1000;

/**
 * The private sessions of this run: asks other clients for them, answers what
 * they ask, and tells the user what becomes of each. The private-session
 * service makes the connections and carries the texts; the server relays the
 * offers. A session that is open does not need the server.
 */
import { encodeHex } from "@std/encoding/hex";
import type { Instant } from "../../base/ports.ts";
import type { EventFields } from "../../wire/server_frame.ts";
import {
  type AcceptRule,
  type PrivateSessionsHost,
  SessionOffers,
} from "./offer_requests.ts";
import { endText } from "./end_text.ts";
import {
  isUnanswered,
  isWaiting,
  type OfferNumbers,
  type PrivateSessionEnd,
  type PrivateSessionEntry,
  PrivateSessionTable,
  type WaitingCommand,
} from "./offer_table.ts";
import type { SessionEvent } from "../events/session_port.ts";
import type { TrustedOffer } from "../trust/signed_offers.ts";
import { limits } from "../../wire/limits.ts";
import { characters, isBlank, isText } from "../../base/text.ts";

/** All private sessions that have not ended; one with each user. */
export class PrivateSessions {
  readonly #host: PrivateSessionsHost;
  readonly #accept: AcceptRule;
  readonly #table: PrivateSessionTable;
  readonly #offers: SessionOffers;

  constructor(
    host: PrivateSessionsHost,
    accept: AcceptRule,
    numbers: OfferNumbers,
  ) {
    this.#host = host;
    this.#accept = accept;
    this.#table = new PrivateSessionTable(host, numbers);
    this.#offers = new SessionOffers(host, this.#table);
  }

  /** The private sessions that have not ended. */
  get table(): PrivateSessionTable {
    return this.#table;
  }

  /** Asks for a session; command number `n` is settled when it is open. */
  start(user: string, n: number): void {
    const name = "startprivate";
    const refuse = (code: string, message: string) =>
      this.#host.settle(n, { command: name, ok: false, code, message });
    if (user === this.#host.self()) {
      const message = "You cannot start a private session with yourself";
      return refuse("is_self", message);
    }
    const existing = this.#table.with(user);
    if (existing === undefined) {
      const id = encodeHex(this.#host.random.bytes(8));
      const command = { name, n } as const;
      this.#table.add({ id, direction: "outgoing", user, command });
      return this.#host.effect({ effect: "prepare-session", id });
    }
    if (isWaiting(existing)) {
      // Both want it: who asks is answered.
      existing.command = { name, n };
      return this.#offers.prepareAnswer(existing);
    }
    if (existing.state === "open") {
      return refuse(
        "session_exists",
        `A private session with ${user} is open already; /private ${user} TEXT sends on it`,
      );
    }
    refuse(
      "session_exists",
      `A private session with ${user} is being set up already; /stopprivate ${user} ends that`,
    );
  }

  /** Sends a text on an open session. */
  send(user: string, text: string, n: number): void {
    const command = "private";
    const refuse = (code: string, message: string) =>
      this.#host.settle(n, { command, ok: false, code, message });
    const session = this.#table.known(command, user, n);
    if (session === undefined) return;
    if (session.state !== "open") {
      return refuse(
        "session_not_open",
        `The private session with ${user} is not open yet; nothing was sent`,
      );
    }
    const fault = privateTextFault(text);
    if (fault !== undefined) return refuse(fault.code, fault.message);
    this.#host.effect({ effect: "send-private-text", id: session.id, text });
    this.#host.settle(n, { command, ok: true, answer: { user } });
  }

  /** Ends a session in any state. */
  stop(user: string, n: number): void {
    const command = "stopprivate";
    const session = this.#table.known(command, user, n);
    if (session === undefined) return;
    this.#stop(session);
    this.#host.settle(n, { command, ok: true, answer: { user } });
  }

  /** This user blocked somebody: what is open between the two ends. */
  handleBlocked(user: string): void {
    const session = this.#table.with(user);
    if (session !== undefined) this.#stop(session);
  }

  /** Accepts an offer; command number `n` is settled when the session is open. */
  accept(number: number, n: number): void {
    const session = this.#waiting("accept", number, n);
    if (session === undefined) return;
    session.command = { name: "accept", n };
    this.#offers.prepareAnswer(session);
  }

  /** Refuses an offer. */
  reject(number: number, n: number): void {
    const command = "reject";
    const session = this.#waiting(command, number, n);
    if (session === undefined) return;
    this.#stop(session);
    const answer = { transfer: number };
    this.#host.settle(n, { command, ok: true, answer });
  }

  /** Ends the session of this number, in any state. */
  cancel(number: number, n: number): void {
    const session = this.#table.numbered(number);
    if (session === undefined) return;
    this.#stop(session);
    const answer = { transfer: number };
    this.#host.settle(n, { command: "cancel", ok: true, answer });
  }

  /** The server is there again, and perhaps forgot the offers. */
  handleOpened(): void {
    for (const session of this.#table.all()) {
      const { direction, state } = session;
      if (direction === "outgoing" && state === "offered") this.#offer(session);
    }
  }

  /** The server is gone: those who wait for this user's answer were told so. */
  handleDisconnected(): void {
    for (const session of this.#table.all()) {
      session.crossed = undefined;
      if (isWaiting(session)) {
        this.#table.end(session, "failed", "the connection was lost");
      }
    }
  }

  /** Somebody asks for a session. */
  handleOffer(event: TrustedOffer): void {
    const { offer: id, from: user } = event;
    if (this.#table.find(id) !== undefined) return;
    const existing = this.#table.with(user);
    if (existing !== undefined && isUnanswered(existing)) {
      return this.#handleCrossing(existing, event);
    }
    // Its side of the old one is gone, or it would not ask.
    if (existing !== undefined) this.#replace(existing);
    if (this.#table.size >= mostSessions) {
      return this.#offers.decline(id, "busy");
    }
    const session = this.#table.add({
      id,
      direction: "incoming",
      user,
      offered: event,
    });
    this.#table.move(session, "offered");
    if (this.#accept === "always") this.#offers.prepareAnswer(session);
    if (this.#accept === "never") {
      this.#offers.decline(id, "rejected");
      this.#table.end(session, "rejected", "refused by --accept never", own);
    }
  }

  /** The other side answered. */
  handleAnswer(event: EventFields<"answer">): void {
    const session = this.#table.find(event.offer);
    if (session?.direction !== "outgoing" || session.state !== "offered") {
      return;
    }
    const { accept, key, addresses = [], from: user } = event;
    const { id, terms } = session;
    if (!accept || key === undefined || terms === undefined) {
      this.#offers.close(session);
      const { reason = "failed" } = event;
      const message = endText(reason, { kind: "session", user });
      return this.#table.end(session, "rejected", message);
    }
    const refusal = this.#host.signed.checkAnswer(terms, event);
    if (refusal !== undefined) {
      const { code, message } = refusal;
      this.#offers.close(session);
      this.#offers.tellEnd(session, "failed", "untrusted");
      return this.#table.end(session, "failed", message, { code });
    }
    this.#host.effect({
      effect: "open-session",
      id,
      role: "offerer",
      peer: { user, key, addresses },
      self: this.#host.self(),
    });
    this.#table.move(session, "connecting");
  }

  /** The other side, or the server in its place, ended it. */
  handleOfferEnd(event: EventFields<"offer-end">, now: Instant): void {
    const { offer, result } = event;
    this.#table.forgetCrossed(offer);
    const session = this.#table.find(offer);
    if (session === undefined) return;
    const { user, state } = session;
    if (result === "closed") {
      // The connection says so at the same time, after the last texts.
      session.settleAt = now.mono + settleMs;
      return;
    }
    // Who is away from the server may well be there for this client.
    if (state === "open") return;
    this.#offers.close(session);
    if (result === "cancelled") {
      return this.#table.end(session, "cancelled", `${user} took it back`);
    }
    const { reason = "failed" } = event;
    const message = endText(reason, { kind: "session", user });
    this.#table.end(session, "failed", message, { code: reason });
  }

  /** The private-session service has something to tell. */
  handleSessionEvent(event: SessionEvent, now: Instant): void {
    const session = this.#table.find(event.id);
    if (session === undefined) return;
    const { number, user, direction } = session;
    switch (event.event) {
      case "session-ready":
        session.own = { key: event.key, addresses: event.addresses };
        if (direction === "outgoing") this.#offer(session);
        else this.#offers.answer(session);
        return;
      case "session-open":
        return this.#table.open(session);
      case "session-text":
        return this.#host.emit({
          event: "private-message",
          session: number,
          at: now.wall,
          from: user,
          text: event.text,
        });
      case "session-text-refused": {
        const { text, message } = event;
        const about = { session: number, user, text, message };
        return this.#host.emit({ event: "private-refused", ...about });
      }
      case "session-closed": {
        const { reason, message, unconfirmed } = event;
        const state = reason === "peer" ? "closed" : "failed";
        this.#offers.tellEnd(session, state, closeReasons[reason]);
        return this.#table.end(session, state, message, { unconfirmed });
      }
      case "session-failed": {
        const { failure, message } = event;
        this.#offers.tellEnd(session, "failed", failure);
        return this.#table.end(session, "failed", message);
      }
    }
  }

  /** Takes the server's word where the connection's last one was lost. */
  handleTimeout(now: Instant): void {
    for (const session of this.#table.all()) {
      const { settleAt } = session;
      if (settleAt === undefined || settleAt > now.mono) continue;
      this.#offers.close(session);
      this.#endedByPeer(session);
    }
  }

  /** The program ends: ends everything and says so to the other sides. */
  close(): void {
    if (this.#table.size === 0) return;
    this.#host.effect({ effect: "close-sessions" });
    for (const session of this.#table.all()) {
      this.#offers.tellLeaving(session);
      const state = session.state === "open" ? "closed" : "cancelled";
      this.#table.end(session, state, "this client ended", own);
    }
  }

  /**
   * Both asked at the same time: the offer with the smaller id stays, so that
   * both sides keep the same one. One that never left needs no such care.
   */
  #handleCrossing(
    mine: PrivateSessionEntry,
    theirs: TrustedOffer,
  ): void {
    if (mine.own !== undefined && mine.id < theirs.offer) {
      mine.crossed = theirs;
      return;
    }
    this.#offers.tellEnd(mine, "cancelled");
    this.#takeInstead(mine, theirs);
  }

  /** The other side's offer takes the place of this side's, for the user too. */
  #takeInstead(
    mine: PrivateSessionEntry,
    theirs: TrustedOffer,
  ): void {
    this.#offers.close(mine);
    const { number, user, state } = mine;
    const command: WaitingCommand | undefined = mine.command;
    this.#table.remove(mine);
    const session = this.#table.add({
      id: theirs.offer,
      direction: "incoming",
      user,
      offered: theirs,
      number,
      ...(command === undefined ? {} : { command }),
    });
    session.state = state === "preparing" ? "preparing" : "offered";
    this.#offers.prepareAnswer(session);
  }

  /** The other side asks anew: what was with it is over. */
  #replace(session: PrivateSessionEntry): void {
    const { user, settleAt } = session;
    this.#offers.close(session);
    if (settleAt !== undefined) return this.#endedByPeer(session);
    this.#offers.tellEnd(session, "failed");
    this.#table.end(session, "failed", `${user} asks for a new one`);
  }

  #endedByPeer(session: PrivateSessionEntry): void {
    const message = `${session.user} ended the private session`;
    this.#table.end(session, "closed", message);
  }

  #stop(session: PrivateSessionEntry): void {
    const { state } = session;
    this.#offers.close(session);
    if (isWaiting(session)) {
      this.#offers.decline(session.id, "rejected");
      return this.#table.end(session, "rejected", undefined, own);
    }
    const end = state === "open" ? "closed" : "cancelled";
    this.#offers.tellEnd(session, end);
    this.#table.end(session, end, "you ended it", own);
  }

  #offer(session: PrivateSessionEntry): void {
    this.#offers.offer(session, (theirs) => {
      // Whoever may not ask was asked.
      this.#takeInstead(session, theirs);
    });
  }

  #waiting(
    command: "accept" | "reject",
    number: number,
    n: number,
  ): PrivateSessionEntry | undefined {
    const session = this.#table.numbered(number);
    if (session !== undefined && isWaiting(session)) return session;
    const message = `private session ${number} does not wait for your answer`;
    this.#host.settle(n, { command, ok: false, code: "not_waiting", message });
    return undefined;
  }
}

/** How an end by this user's will is told. */
const own: PrivateSessionEnd = { isOwn: true };
/** What an end of the connection is called towards the other side. */
const closeReasons = {
  peer: undefined,
  lost: "unreachable",
  failed: "integrity",
} as const;
/** Most private sessions that one client keeps. */
const mostSessions = 256;
const settleMs = 2000;

/** Why a text cannot be sent. */
export interface TextFault {
  /** As the server would refuse it in a message. */
  readonly code: string;
  /** One line for people. */
  readonly message: string;
}

/** What is wrong with the text of a private message, if anything is. */
export function privateTextFault(text: string): TextFault | undefined {
  if (isBlank(text)) {
    return { code: "blank_text", message: "The text is blank" };
  }
  if (characters(text) > limits.textCharacters) {
    const message = `A text has at most ${limits.textCharacters} characters`;
    return { code: "text_too_long", message };
  }
  if (!isText(text)) {
    return { code: "bad_text", message: "The text has control characters" };
  }
  return undefined;
}

/**
 * What is particular to private sessions: asks other clients for them and tells
 * the user what becomes of each. The private-session service makes the
 * connections and carries the texts. A session that is open does not need the
 * server.
 */
import { encodeHex } from "@std/encoding/hex";
import type { Instant } from "../../base/ports.ts";
import type { EventFields } from "../../wire/server_frame.ts";
import type { Peer } from "../commands/peer.ts";
import { endText } from "./end_text.ts";
import {
  isUnanswered,
  isWaiting,
  type OfferEnd,
  type OpenOffers,
  type PrivateSessionEntry,
} from "./open_offers.ts";
import type { OfferRequests } from "./offer_requests.ts";
import type { PeerHost } from "./peer_host.ts";
import type { PrivateRole, SessionEvent } from "../events/session_port.ts";
import type { TransferPeer } from "../events/transfer_port.ts";
import type { PeerRefusal } from "../trust/peer_identities.ts";
import type { TrustedOffer } from "../trust/signed_offers.ts";
import { limits } from "../../wire/limits.ts";
import { characters, isBlank, isText } from "../../base/text.ts";

/** All private sessions that have not ended; one with each user. */
export class PrivateSessions {
  readonly #host: PeerHost;
  readonly #offers: OpenOffers;
  readonly #requests: OfferRequests;

  constructor(host: PeerHost, offers: OpenOffers, requests: OfferRequests) {
    this.#host = host;
    this.#offers = offers;
    this.#requests = requests;
  }

  /** Asks for a session; command number `n` is settled when it is open. */
  start({ user, device }: Peer, n: number): void {
    const name = "startprivate";
    const refuse = (code: string, message: string) =>
      this.#host.settle(n, { command: name, ok: false, code, message });
    const existing = this.#offers.sessionWithTyped(user);
    if (existing === undefined) {
      const id = encodeHex(this.#host.random.bytes(8));
      const command = { name, n } as const;
      const about = { id, direction: "outgoing", user, device } as const;
      this.#offers.addSession({ ...about, command });
      return this.#host.effect({ effect: "prepare-session", id });
    }
    if (isWaiting(existing)) {
      // Both want it: who asks is answered.
      existing.command = { name, n };
      return this.#requests.prepareAnswer(existing);
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
  send(typed: string, text: string, n: number): void {
    const command = "private";
    const refuse = (code: string, message: string) =>
      this.#host.settle(n, { command, ok: false, code, message });
    const session = this.#known(command, typed, n);
    if (session === undefined) return;
    const { user } = session;
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

  /** Ends the session with `user` in any state. */
  stop(typed: string, n: number): void {
    const command = "stopprivate";
    const session = this.#known(command, typed, n);
    if (session === undefined) return;
    const { user } = session;
    this.end(session);
    this.#host.settle(n, { command, ok: true, answer: { user } });
  }

  /** Ends a session in any state. */
  end(session: PrivateSessionEntry): void {
    const { state } = session;
    this.#requests.drop(session);
    const end = state === "open"
      ? "closed"
      : isWaiting(session)
      ? "rejected"
      : "cancelled";
    this.#requests.tellEnd(session, end === "rejected" ? "cancelled" : end);
    const message = end === "rejected" ? undefined : "you ended it";
    this.#offers.end(session, end, message, own);
  }

  /** Somebody has another name: a session goes on with the same person. */
  handleRenamed(from: string, to: string): void {
    const session = this.#offers.sessionWith(from);
    if (session !== undefined) session.user = to;
  }

  /**
   * Somebody asks for a session: makes room for it.
   *
   * @returns False when their offer is taken in the place of this side's, or is
   * to wait for what becomes of that.
   */
  makeRoom(theirs: TrustedOffer): boolean {
    const existing = this.#offers.sessionWith(theirs.from);
    if (existing === undefined) return true;
    if (!isUnanswered(existing)) {
      // Its side of the old one is gone, or it would not ask.
      this.#replace(existing);
      return true;
    }
    // Both asked at the same time: the offer with the smaller id stays, so that
    // both sides keep the same one. One that never left needs no such care.
    if (existing.own !== undefined && existing.id < theirs.offer) {
      existing.crossed = theirs;
    } else {
      this.#requests.tellEnd(existing, "cancelled");
      this.#takeInstead(existing, theirs);
    }
    return false;
  }

  /**
   * Offers a session that is prepared, or offers it again.
   *
   * @param refused Called when it cannot be offered; gives it up by default.
   */
  offer(
    session: PrivateSessionEntry,
    refused = (why: PeerRefusal) => this.#requests.giveUp(session, why),
  ): void {
    this.#requests.offer(session, (why) => {
      const { crossed } = session;
      // Whoever may not ask was asked.
      if (crossed !== undefined) this.#takeInstead(session, crossed);
      else refused(why);
    });
  }

  /** The other side agreed: connects. */
  connect(
    session: PrivateSessionEntry,
    role: PrivateRole,
    { key, addresses }: TransferPeer,
  ): void {
    const { id, user } = session;
    const peer = { user, key, addresses };
    const self = this.#host.self();
    this.#host.effect({ effect: "open-session", id, role, peer, self });
    this.#offers.move(session, "connecting");
  }

  /** The other side, or the server in its place, ended it. */
  handleEnded(
    session: PrivateSessionEntry,
    { result, reason = "failed" }: EventFields<"offer-end">,
    now: Instant,
  ): void {
    if (result === "closed") {
      // The connection says so at the same time, after the last texts.
      session.settleAt = now.mono + settleMs;
      return;
    }
    if (session.state === "open") {
      // Who is away from the server may well be there for this client; whom this
      // user blocked, perhaps from another device, is not to be.
      if (reason === "blocked") this.end(session);
      return;
    }
    this.#requests.drop(session);
    if (result === "cancelled") {
      const { user, direction } = session;
      // Whoever was asked had agreed, or this would be a no.
      const what = direction === "incoming" ? "took it back" : "ended it";
      const message = `${user} ${what}`;
      return this.#offers.end(session, "cancelled", message);
    }
    const message = endText(reason, session);
    this.#offers.end(session, "failed", message, { code: reason });
  }

  /** The private-session service has something to tell. */
  handleSessionEvent(event: SessionEvent, now: Instant): void {
    const session = this.#offers.session(event.id);
    if (session === undefined) return;
    const { number, user, direction, peer } = session;
    switch (event.event) {
      case "session-ready":
        session.own = { key: event.key, addresses: event.addresses };
        if (direction === "outgoing") return this.offer(session);
        this.#requests.answer(session, session.own);
        if (peer !== undefined) this.connect(session, "answerer", peer);
        return;
      case "session-open":
        this.#offers.move(session, "open");
        return this.#offers.succeed(session);
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
        this.#requests.tellEnd(session, state, closeReasons[reason]);
        return this.#offers.end(session, state, message, { unconfirmed });
      }
      case "session-failed": {
        const { failure, message } = event;
        this.#requests.tellEnd(session, "failed", failure);
        return this.#offers.end(session, "failed", message);
      }
    }
  }

  /** Takes the server's word where the connection's last one was lost. */
  settle(session: PrivateSessionEntry): void {
    this.#requests.drop(session);
    this.#endedByPeer(session);
  }

  /** The program ends: ends everything and says so to the other sides. */
  close(): void {
    const sessions = this.#offers.sessions();
    if (sessions.length === 0) return;
    this.#host.effect({ effect: "close-sessions" });
    for (const session of sessions) {
      this.#requests.tellLeaving(session);
      const state = session.state === "open" ? "closed" : "cancelled";
      this.#offers.end(session, state, "this client ended", own);
    }
  }

  /** The other side's offer takes the place of this side's, for the user too. */
  #takeInstead(mine: PrivateSessionEntry, theirs: TrustedOffer): void {
    this.#requests.drop(mine);
    this.#offers.remove(mine);
    const { number, user, command, state } = mine;
    const { offer: id, terms, key, addresses } = theirs;
    const session = this.#offers.addSession({
      id,
      direction: "incoming",
      user,
      number,
      command,
      state: state === "preparing" ? "preparing" : "offered",
      terms,
      peer: { key, addresses },
    });
    this.#requests.prepareAnswer(session);
  }

  /** The other side asks anew: what was with it is over. */
  #replace(session: PrivateSessionEntry): void {
    const { user, settleAt } = session;
    this.#requests.drop(session);
    if (settleAt !== undefined) return this.#endedByPeer(session);
    this.#requests.tellEnd(session, "failed");
    this.#offers.end(session, "failed", `${user} asks for a new one`);
  }

  #endedByPeer(session: PrivateSessionEntry): void {
    const message = `${session.user} ended it`;
    this.#offers.end(session, "closed", message);
  }

  /** The session with `user`; settles command `n` when there is none. */
  #known(
    command: string,
    user: string,
    n: number,
  ): PrivateSessionEntry | undefined {
    const session = this.#offers.sessionWithTyped(user);
    if (session !== undefined) return session;
    const advice = command === "private"
      ? `; /startprivate ${user} asks for one`
      : "";
    const message = `There is no private session with ${user}${advice}`;
    const code = "no_session";
    this.#host.settle(n, { command, ok: false, code, message });
    return undefined;
  }
}

/** How an end by this user's will is told. */
const own: OfferEnd = { isOwn: true };
/** What an end of the connection is called towards the other side. */
const closeReasons = {
  peer: undefined,
  lost: "unreachable",
  failed: "integrity",
} as const;
const settleMs = 2000;

/** Why a text cannot be sent. */
export interface TextFault {
  /** As the server would refuse it in a message. */
  readonly code: string;
  /** One line for people. */
  readonly message: string;
}

/** What is wrong with the text of a private message, if anything is. */
function privateTextFault(text: string): TextFault | undefined {
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

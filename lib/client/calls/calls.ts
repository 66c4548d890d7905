/**
 * The calls of one client: what a user does about them and what the server tells
 * of them. What leads to each member is in the hands of {@link CallLegs}. A call
 * that is under way does not need the server.
 */
import { encodeHex } from "@std/encoding/hex";
import type { Instant } from "../../base/ports.ts";
import type { EventFields } from "../../wire/server_frame.ts";
import { userKey } from "../../wire/names.ts";
import type { CallInfo, CallMedia } from "../commands/call_info.ts";
import type { CallDescription } from "../events/call_description.ts";
import type { BrowserLink, CallEvent } from "../events/call_port.ts";
import type { PeerRefusal } from "../trust/peer_identities.ts";
import type { TrustedOffer } from "../trust/signed_offers.ts";
import { Call, type CallLeg } from "./call.ts";
import { leftText, mostText } from "./call_end_text.ts";
import type { CalledParty, CallHost } from "./call_host.ts";
import { CallLegs } from "./call_legs.ts";
import { CallTalk } from "./call_talk.ts";
import { OpenCalls } from "./open_calls.ts";

/** All calls that have not ended. */
export class Calls {
  readonly #host: CallHost;
  readonly #open: OpenCalls;
  readonly #talk: CallTalk;
  readonly #legs: CallLegs;
  /** There is a window that can take calls. */
  #isReady = false;

  constructor(host: CallHost) {
    this.#host = host;
    this.#open = new OpenCalls(host);
    this.#talk = new CallTalk(host);
    this.#legs = new CallLegs(host, this.#open, this.#talk);
  }

  /** What has not ended, oldest first. */
  list(): CallInfo[] {
    return this.#open.all().map((call) => this.#open.info(call));
  }

  /** What leads to each of those who are in a call, or whom it rings. */
  legs(): CallLeg[] {
    return this.#open.legs();
  }

  /** The call that this client's user takes part in. */
  get taken(): CallInfo | undefined {
    const call = this.#open.taken;
    return call && this.#open.info(call);
  }

  /** A window can take calls from now on, or none can. */
  handleReady(isReady: boolean): void {
    if (isReady === this.#isReady) return;
    this.#isReady = isReady;
    if (this.#legs.isConnected) this.#tellReady();
  }

  /**
   * Calls somebody, or all in a group; `n` is settled when it rings. From within a
   * group's call it asks somebody of the group in, who was away or has left.
   */
  start(to: CalledParty, media: CallMedia, n: number): void {
    const { taken } = this.#open;
    if (taken?.group !== undefined && to.kind === "user") {
      return this.#askIn(taken, to.name, n);
    }
    const refusal = this.#whyNot();
    if (refusal !== undefined) return this.#open.refuse(n, refusal);
    const { kind, name } = to;
    const theirs = kind === "user" ? this.#open.ringingFrom(name) : undefined;
    // Both want it: who calls is answered.
    if (theirs !== undefined) return this.#answer(theirs, media, n);
    if (kind === "user") return this.#begin(to, [name], media, n);
    this.#host.request("group-members", { group: name }, (reply) => {
      if (reply.ok === undefined) return this.#open.refuse(n, reply);
      const self = this.#host.self();
      const others = reply.ok.joined.filter((user) => user !== self);
      const refusal = this.#whyNot() ??
        (others.length === 0 ? nobodyElse : undefined);
      if (refusal !== undefined) return this.#open.refuse(n, refusal);
      this.#begin({ kind, name: reply.ok.group }, others, media, n);
    });
  }

  /** Takes a call that rings, the only one by default. */
  answer(number: number | undefined, media: CallMedia, n: number): void {
    const call = this.#open.meant(
      number,
      n,
      ({ isRinging }) => isRinging,
      "rings",
    );
    if (call === undefined) return;
    const refusal = this.#whyNot();
    if (refusal !== undefined) return this.#open.refuse(n, refusal);
    this.#answer(call, media, n);
  }

  /** Declines, takes back or hangs up; the only call by default. */
  end(number: number | undefined, n: number, isDecline = false): void {
    const may = ({ isRinging }: Call) => isRinging || !isDecline;
    const call = this.#open.meant(
      number,
      n,
      may,
      isDecline ? "rings" : "is there",
    );
    if (call === undefined) return;
    const reason = call.isRinging
      ? "rejected"
      : call.present.length > 0
      ? "closed"
      : "cancelled";
    this.#legs.hangUp(call, reason);
    this.#open.settle(n, call);
  }

  /** The page that took a call is gone. */
  handleTakerGone(number: number): void {
    const call = this.#open.get(number);
    if (call !== undefined) this.#legs.hangUp(call, "window_closed");
  }

  /** The page describes its end of the connection with a member. */
  describe(number: number, user: string, description: CallDescription): void {
    const leg = this.#open.get(number)?.legTo(user);
    if (leg !== undefined) this.#talk.describe(leg, description);
  }

  /** What became of the page's connection with a member. */
  handleConnected(number: number, user: string, link: BrowserLink): void {
    const leg = this.#open.get(number)?.legTo(user);
    if (leg?.state !== "linked") return;
    if (link === "open") this.#legs.handleOpen(leg);
    else this.#legs.lose(leg, link);
  }

  /** The session is open, perhaps on a server that forgot what rings. */
  handleOpened(): void {
    if (this.#isReady) this.#tellReady();
    for (const leg of this.#open.legs()) {
      const isOffered = leg.end === "caller" && leg.state === "asked";
      if (isOffered && leg.own !== undefined) this.#legs.offer(leg);
    }
    this.#legs.handleOpened();
  }

  /** The server is gone: those who wait for this user's answer were told so. */
  handleDisconnected(): void {
    this.#legs.handleDisconnected();
    for (const leg of this.#open.legs()) {
      if (leg.call.isRinging) this.#legs.endLeg(leg, "lost");
    }
  }

  /** Somebody calls. */
  handleOffer(theirs: TrustedOffer): void {
    const { offer: id, from: user, call: about, group } = theirs;
    const { terms, key, addresses } = theirs;
    if (about === undefined || this.#open.leg(id) !== undefined) return;
    const known = { id, terms, peer: { key, addresses } };
    const leg = { ...known, end: "callee", user } as const;
    const call = this.#open.all().find(({ id }) => id === about.id);
    if (about.joins) return this.#legs.handleJoin(call, group, leg);
    // Who was lost begins anew, perhaps with another program.
    const lost = group === undefined ? this.#open.lostWith(user) : undefined;
    if (lost !== undefined) this.#legs.hangUp(lost, "lost");
    const mine = group === undefined ? this.#open.callingOnly(user) : undefined;
    if (mine !== undefined) return this.#legs.cross(mine, leg);
    const isBusy = call !== undefined || this.#open.all().length >= mostCalls ||
      this.#open.all().some(({ present }) => present.length > 0);
    if (isBusy || !this.#isReady) {
      return this.#legs.decline(id, isBusy ? "busy" : "failed");
    }
    const incoming = new Call({
      ...{ number: this.#host.takeNumber(), id: about.id, group },
      ...{ direction: "incoming", media: about.media, from: user },
      at: this.#host.now().wall,
    });
    this.#open.add(incoming);
    incoming.addLeg(leg);
    this.#open.show(incoming);
  }

  /** Somebody answered; false when it was no call. */
  handleAnswer(event: EventFields<"answer">): boolean {
    const leg = this.#open.leg(event.offer);
    if (leg === undefined) return false;
    const { accept, key, addresses = [], reason = "failed" } = event;
    if (leg.end !== "caller" || leg.state !== "asked") return true;
    const { terms, call } = leg;
    if (!accept || key === undefined || terms === undefined) {
      const isGone = reason === "failed" && leg.joins &&
        leg.member.state === "reconnecting";
      if (isGone) this.#legs.endLeg(leg, "closed", leftText(leg.member.user));
      else this.#legs.endLeg(leg, reason);
      return true;
    }
    const refusal = this.#host.signed.checkAnswer(terms, event);
    if (refusal !== undefined) {
      this.#legs.tellEnd(leg, "failed", "untrusted");
      this.#legs.endLeg(leg, refusal.code, refusal.message);
      return true;
    }
    if (call.isFullFor(leg.member.user)) {
      this.#legs.tellEnd(leg, "failed", "busy");
      this.#legs.endLeg(leg, "full");
      return true;
    }
    leg.peer = { key, addresses };
    // Behind a lost connection the answer may come before the reply to the offer.
    this.#legs.handleRung(leg);
    this.#legs.connect(leg);
    if (!call.isFull) return true;
    // Nobody else can come in.
    for (const each of [...call.legs.values()]) {
      if (each.state !== "asked" || each.joins) continue;
      this.#legs.tellEnd(each, "failed", "busy");
      this.#legs.endLeg(each, "full");
    }
    return true;
  }

  /** Another device of this user answered; false when it was no call. */
  handleAnswered(
    { offer, device, accept }: EventFields<"answered">,
  ): boolean {
    const leg = this.#open.leg(offer);
    if (leg === undefined) return false;
    const message = `${accept ? "answered" : "declined"} on ${device}`;
    this.#legs.endLeg(leg, "answered", message, true);
    return true;
  }

  /** The other side, or the server for it, ended it; false when it was no call. */
  handleOfferEnd(event: EventFields<"offer-end">): boolean {
    const { offer, result, reason = "failed" } = event;
    const leg = this.#open.leg(offer);
    if (leg === undefined) {
      return result === "closed" && this.#legs.handleLeft(offer);
    }
    const isSilence = result === "failed" && reason === "user_offline";
    // Who is away from the server may well be there for this client.
    if (isSilence && leg.state === "linked") return true;
    this.#legs.endLeg(leg, result === "failed" ? reason : result);
    return true;
  }

  /** The other side can be reached elsewhere, too; false when it was no call. */
  handleCandidates(
    { offer: id, addresses }: EventFields<"candidates">,
  ): boolean {
    if (this.#open.leg(id) === undefined) return false;
    this.#host.effect({ effect: "add-call-addresses", id, addresses });
    return true;
  }

  /**
   * The server relays no more of what leads to a member; false when it was no
   * call. Who is reached directly needs no relay, and so do all the others.
   */
  handleRelayEnd({ offer, at }: EventFields<"relay-end">): boolean {
    const leg = this.#open.leg(offer);
    if (leg === undefined) return false;
    leg.relayAgainAt = at;
    const isRelayed = leg.state === "linked" &&
      leg.member.link?.via === "relay";
    if (isRelayed) this.#legs.endRelayed(leg, at);
    return true;
  }

  /** Somebody has another name: a call goes on with the same person. */
  handleRenamed(from: string, to: string): void {
    for (const call of this.#open.all()) call.rename(from, to);
  }

  /** The call service has something to tell. */
  handleCallEvent(event: CallEvent): void {
    const leg = this.#open.leg(event.id);
    if (leg === undefined) return;
    const { member } = leg;
    switch (event.event) {
      case "call-prepared":
        leg.own = { key: event.key, addresses: event.addresses };
        return leg.end === "caller"
          ? this.#legs.offer(leg)
          : this.#legs.accept(leg);
      case "call-linked":
        return this.#legs.handleLinked(leg, event.port);
      case "call-said":
        return event.topic === "members"
          ? this.#legs.handleNames(leg, event.text)
          : this.#talk.handleDescription(leg, event.text);
      case "call-link":
        member.link = event.link;
        return this.#talk.tellOf(leg, { tell: "call-stats", ...event.link });
      case "call-lost":
        if (leg.relayAgainAt !== undefined) {
          return this.#legs.endRelayed(leg, leg.relayAgainAt);
        }
        this.#legs.tellEnd(leg, "failed", "unreachable");
        return this.#legs.endLeg(leg, "unreachable", event.message);
      case "call-closed":
        return this.#legs.endLeg(leg, event.isLost ? "lost" : "closed");
    }
  }

  /** The time of {@link pollTimeout} has come. */
  handleTimeout(now: Instant): void {
    this.#legs.handleTimeout(now.mono);
  }

  /** When {@link handleTimeout} is due, monotonic ms; else `Infinity`. */
  pollTimeout(): number {
    return this.#legs.pollTimeout();
  }

  /** The program ends: hangs up. */
  close(): void {
    for (const call of this.#open.all()) {
      this.#legs.hangUp(call, call.isRinging ? "user_offline" : "closed");
    }
  }

  /** Calls these; it rings once one of them does. */
  #begin(
    to: CalledParty,
    users: readonly string[],
    media: CallMedia,
    n: number,
  ): void {
    const call = new Call({
      ...{ number: this.#host.takeNumber(), id: this.#newId(), media },
      ...{ direction: "outgoing", from: this.#host.self() },
      group: to.kind === "group" ? to.name : undefined,
      at: this.#host.now().wall,
    });
    call.waiting = n;
    this.#open.add(call);
    this.#host.effect({ effect: "take-call", call: call.number, n });
    for (const user of users.slice(0, mostRung)) this.#legs.ask(call, user);
  }

  #answer(call: Call, media: CallMedia, n: number): void {
    call.isTaken = true;
    call.waiting = n;
    this.#host.effect({ effect: "take-call", call: call.number, n });
    this.#talk.tellTaken(call, media);
    for (const leg of call.legs.values()) this.#legs.prepare(leg);
  }

  #askIn(call: Call, name: string, n: number): void {
    const isMeant = ({ user }: { user: string }) =>
      userKey(user) === userKey(name);
    const { user } = call.members.find(isMeant) ?? { user: name };
    const problem = call.legTo(user) !== undefined
      ? `${user} is in this call, or is being called`
      : call.isFullFor(user)
      ? `${mostText(call)}, and there are as many`
      : undefined;
    if (problem !== undefined) {
      return this.#open.refuse(n, { code: "busy_here", message: problem });
    }
    this.#legs.askAgain(call, user);
    this.#open.show(call);
    this.#open.settle(n, call);
  }

  #tellReady(): void {
    if (!this.#host.hasCalls()) return;
    this.#host.request("call-ready", { ready: this.#isReady }, () => {});
  }

  /** Why no call can be begun or answered here now. */
  #whyNot(): PeerRefusal | undefined {
    if (!this.#host.hasCalls()) return oldServer;
    if (!this.#isReady) return noWindow;
    const { taken } = this.#open;
    if (taken === undefined) return undefined;
    const message = `You are in call ${taken.number}; /call end ends it`;
    return { code: "busy_here", message };
  }

  #newId(): string {
    return encodeHex(this.#host.random.bytes(8));
  }
}

/** Most calls at once, of which the user can be in one. */
const mostCalls = 8;
/** Most members of a group that are called. */
const mostRung = 32;

const noWindow: PeerRefusal = {
  code: "no_window",
  message: "A call needs the window, in a browser that can take calls: " +
    "/gui opens it",
};
const oldServer: PeerRefusal = {
  code: "no_calls",
  message: "This server is too old for calls",
};
const nobodyElse: PeerRefusal = {
  code: "no_other_user",
  message: "Nobody else is in this group",
};

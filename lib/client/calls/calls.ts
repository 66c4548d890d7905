/**
 * The calls of one client: asks for them and answers, tells the user and the
 * page that takes one what becomes of it, and connects the members of a call of
 * several with each other. The call service carries what the browsers say. A
 * call that is under way does not need the server.
 */
import { encodeHex } from "@std/encoding/hex";
import type { EndReason } from "../../wire/end_reason.ts";
import type { EventFields } from "../../wire/server_frame.ts";
import { userKey } from "../../wire/names.ts";
import type { CallInfo, CallMedia } from "../commands/call_info.ts";
import type { CallDescription } from "../events/call_description.ts";
import type { CallEvent } from "../events/call_port.ts";
import {
  declineOffer,
  endOffer,
  type OfferResult,
} from "../offers/offer_end.ts";
import type { PeerRefusal } from "../trust/peer_identities.ts";
import type { TrustedOffer } from "../trust/signed_offers.ts";
import { Call, type CallLeg } from "./call.ts";
import {
  callEndText,
  mostText,
  notBegunText,
  noteText,
} from "./call_end_text.ts";
import type { CalledParty, CallHost } from "./call_host.ts";
import { CallTalk } from "./call_talk.ts";
import { readNames } from "./described_leg.ts";
import { OpenCalls } from "./open_calls.ts";

/** All calls that have not ended. */
export class Calls {
  readonly #host: CallHost;
  readonly #open: OpenCalls;
  readonly #talk: CallTalk;
  /** There is a window that can take calls. */
  #isReady = false;
  #isConnected = false;

  constructor(host: CallHost) {
    this.#host = host;
    this.#open = new OpenCalls(host);
    this.#talk = new CallTalk(host);
  }

  /** What has not ended, oldest first. */
  list(): CallInfo[] {
    return this.#open.all().map((call) => this.#open.info(call));
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
    if (this.#isConnected) this.#tellReady();
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
    this.#hangUp(call, reason);
    this.#open.settle(n, call);
  }

  /** The page that took a call is gone. */
  handleTakerGone(number: number): void {
    const call = this.#open.get(number);
    if (call !== undefined) this.#hangUp(call, "window_closed");
  }

  /** The page describes its end of the connection with a member. */
  describe(number: number, user: string, description: CallDescription): void {
    const leg = this.#open.get(number)?.legTo(user);
    if (leg !== undefined) this.#talk.describe(leg, description);
  }

  /** The page's connection with a member is up, or over for good. */
  handleConnected(number: number, user: string, isConnected: boolean): void {
    const leg = this.#open.get(number)?.legTo(user);
    if (leg?.state !== "linked") return;
    if (!isConnected) {
      this.#tellEnd(leg, "failed", "unreachable");
      return this.#endLeg(leg, "lost");
    }
    leg.member.state = "open";
    leg.call.since ??= this.#host.now().wall;
    this.#open.show(leg.call);
  }

  /** The session is open, perhaps on a server that forgot what rings. */
  handleOpened(): void {
    this.#isConnected = true;
    if (this.#isReady) this.#tellReady();
    for (const leg of this.#open.legs()) {
      const isOffered = leg.end === "caller" && leg.state === "asked";
      if (isOffered && leg.own !== undefined) this.#offer(leg);
    }
  }

  /** The server is gone: those who wait for this user's answer were told so. */
  handleDisconnected(): void {
    this.#isConnected = false;
    for (const leg of this.#open.legs()) {
      if (leg.call.isRinging) this.#endLeg(leg, "lost");
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
    if (about.joins) {
      const mayJoin = call?.isTaken && !call.isFull && call.group === group &&
        call.legTo(user) === undefined;
      if (!mayJoin) return this.#decline(id, "busy");
      return this.#prepare(call.addLeg({ ...leg, joins: true }));
    }
    const mine = group === undefined ? this.#open.callingOnly(user) : undefined;
    if (mine !== undefined) return this.#cross(mine, leg);
    const isBusy = call !== undefined || this.#open.all().length >= mostCalls ||
      this.#open.all().some(({ present }) => present.length > 0);
    if (isBusy || !this.#isReady) {
      return this.#decline(id, isBusy ? "busy" : "failed");
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
      this.#endLeg(leg, reason);
      return true;
    }
    const refusal = this.#host.signed.checkAnswer(terms, event);
    if (refusal !== undefined) {
      this.#tellEnd(leg, "failed", "untrusted");
      this.#endLeg(leg, refusal.code, refusal.message);
      return true;
    }
    if (call.isFull) {
      this.#tellEnd(leg, "failed", "busy");
      this.#endLeg(leg, "full");
      return true;
    }
    leg.peer = { key, addresses };
    // Behind a lost connection the answer may come before the reply to the offer.
    this.#handleRung(leg);
    this.#connect(leg);
    if (!call.isFull) return true;
    // Nobody else can come in.
    for (const each of [...call.legs.values()]) {
      if (each.state !== "asked" || each.joins) continue;
      this.#tellEnd(each, "failed", "busy");
      this.#endLeg(each, "full");
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
    this.#endLeg(leg, "answered", message, true);
    return true;
  }

  /** The other side, or the server for it, ended it; false when it was no call. */
  handleOfferEnd(event: EventFields<"offer-end">): boolean {
    const { offer, result, reason = "failed" } = event;
    const leg = this.#open.leg(offer);
    if (leg === undefined) return false;
    const isSilence = result === "failed" && reason === "user_offline";
    // Who is away from the server may well be there for this client.
    if (isSilence && leg.state === "linked") return true;
    this.#endLeg(leg, result === "failed" ? reason : result);
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

  /** Somebody has another name: a call goes on with the same person. */
  handleRenamed(from: string, to: string): void {
    for (const call of this.#open.all()) {
      if (call.from === from) call.from = to;
      for (const member of call.members) {
        if (member.user === from) member.user = to;
      }
    }
  }

  /** The call service has something to tell. */
  handleCallEvent(event: CallEvent): void {
    const leg = this.#open.leg(event.id);
    if (leg === undefined) return;
    const { call, member } = leg;
    switch (event.event) {
      case "call-prepared":
        leg.own = { key: event.key, addresses: event.addresses };
        return leg.end === "caller" ? this.#offer(leg) : this.#accept(leg);
      case "call-linked":
        leg.state = "linked";
        return this.#talk.handleLinked(leg, event.port);
      case "call-said":
        return event.topic === "members"
          ? this.#join(call, event.text)
          : this.#talk.handleDescription(leg, event.text);
      case "call-link":
        member.link = event.link;
        return this.#talk.tellOf(leg, { tell: "call-stats", ...event.link });
      case "call-lost":
        this.#tellEnd(leg, "failed", "unreachable");
        return this.#endLeg(leg, "unreachable", event.message);
      case "call-closed":
        return this.#endLeg(leg, "closed");
    }
  }

  /** The program ends: hangs up. */
  close(): void {
    for (const call of this.#open.all()) {
      this.#hangUp(call, call.isRinging ? "user_offline" : "closed");
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
    for (const user of users.slice(0, mostRung)) this.#ask(call, user);
  }

  #answer(call: Call, media: CallMedia, n: number): void {
    call.isTaken = true;
    call.waiting = n;
    this.#host.effect({ effect: "take-call", call: call.number, n });
    this.#talk.tellTaken(call, media);
    for (const leg of call.legs.values()) this.#prepare(leg);
  }

  #askIn(call: Call, name: string, n: number): void {
    const isMeant = ({ user }: { user: string }) =>
      userKey(user) === userKey(name);
    const { user } = call.members.find(isMeant) ?? { user: name };
    const problem = call.legTo(user) !== undefined
      ? `${user} is in this call, or is being called`
      : call.isFull
      ? `${mostText(call)}, and there are as many`
      : undefined;
    if (problem !== undefined) {
      return this.#open.refuse(n, { code: "busy_here", message: problem });
    }
    this.#ask(call, user);
    this.#open.show(call);
    this.#open.settle(n, call);
  }

  /** Asks somebody, once this side is prepared. */
  #ask(call: Call, user: string, joins = false): void {
    const none = { terms: undefined, peer: undefined };
    const leg = { id: this.#newId(), end: "caller", user, ...none } as const;
    this.#prepare(call.addLeg({ ...leg, joins }));
  }

  #prepare(leg: CallLeg): void {
    this.#host.effect({ effect: "prepare-call", id: leg.id });
  }

  /** Offers what is prepared, or offers it again. */
  #offer(leg: CallLeg): void {
    const { id, call, member, own, joins } = leg;
    if (own === undefined) return;
    const { id: callId, media, group } = call;
    const { key } = own;
    const addresses = [...own.addresses];
    const about = {
      offer: id,
      kind: "call",
      to: member.user,
      call: { id: callId, media, ...joins && { joins } },
    } as const;
    this.#host.signed.sign({ ...about, offerKey: key }, (signed) => {
      if (!this.#isAsked(leg)) return;
      if (signed.code !== undefined) return this.#notCalled(leg, signed);
      const { terms, signature } = signed;
      leg.terms = terms;
      member.user = terms.to;
      const where = group === undefined ? {} : { group };
      const offered = { ...about, ...where, to: terms.to, key, addresses };
      this.#host.request("offer", { ...offered, signature }, (reply) => {
        if (!this.#isAsked(leg)) return;
        if (reply.ok === undefined) return this.#notCalled(leg, reply);
        this.#handleRung(leg);
      });
    });
  }

  /** It rings there: what the command wanted has come about. */
  #handleRung({ call, joins }: CallLeg): void {
    if (joins || call.waiting === undefined) return;
    this.#talk.tellTaken(call);
    this.#open.show(call);
    this.#succeed(call);
  }

  /** Accepts an offer for which this side is prepared. */
  #accept(leg: CallLeg): void {
    const { id, terms, own, call } = leg;
    if (terms === undefined || own === undefined) return;
    const { key, addresses } = own;
    const signature = this.#host.signed.signAnswer(terms, key);
    const answer = { offer: id, accept: true, key, signature };
    const fields = { ...answer, addresses: [...addresses] };
    this.#host.request("answer", fields, (reply) => {
      if (this.#open.leg(id) !== leg) return;
      if (reply.ok !== undefined) return this.#succeed(call);
      // Where the path stands already, the answer did arrive.
      if (leg.state !== "linked") this.#endLeg(leg, reply.code, reply.message);
    });
    this.#connect(leg);
  }

  /** Both agreed: finds the way. */
  #connect(leg: CallLeg): void {
    const { id, end, peer, call } = leg;
    if (peer === undefined) return;
    leg.state = "agreed";
    leg.member.state = "connecting";
    this.#host.effect({ effect: "connect-call", id, end, peer });
    this.#open.show(call);
  }

  /**
   * The other side called at the same time: the offer with the smaller id
   * stays, so that both sides keep the same one.
   */
  #cross(mine: CallLeg, theirs: Parameters<Call["addLeg"]>[0]): void {
    const { call, own } = mine;
    // One that never left needs no such care.
    if (own !== undefined && mine.id < theirs.id) return;
    this.#drop(mine);
    this.#tellEnd(mine, "cancelled");
    call.legs.delete(mine.id);
    // How the name is spelled is known now.
    mine.member.user = theirs.user;
    this.#prepare(call.addLeg(theirs));
    if (call.waiting !== undefined) this.#talk.tellTaken(call);
  }

  /** The server, or the other's key, does not let it be. */
  #notCalled(leg: CallLeg, { code, message }: PeerRefusal): void {
    const { call, member, joins } = leg;
    const name = call.group ?? member.user;
    const kind = call.group === undefined ? "user" : "group";
    this.#endLeg(leg, code, message);
    // In a group one note is for all who are away.
    if (code !== "user_offline" || joins || call.isNoted) return;
    call.isNoted = true;
    this.#host.leaveNote({ kind, name }, noteText(call));
  }

  /** Another member says who else is in the call: connects with those. */
  #join(call: Call, text: string): void {
    if (call.group === undefined || !call.isTaken) return;
    const self = this.#host.self();
    for (const user of readNames(text)) {
      // Who has left may be back.
      const isKnown = call.legTo(user) !== undefined;
      // Of the two one asks.
      const asks = userKey(self) < userKey(user);
      if (!isKnown && asks && !call.isFull) this.#ask(call, user, true);
    }
  }

  /** Ends all of a call; this user, or this client, wants it so. */
  #hangUp(call: Call, reason: string): void {
    for (const leg of [...call.legs.values()]) {
      this.#drop(leg);
      const isUnanswered = call.isRinging;
      if (isUnanswered && reason === "rejected") {
        this.#decline(leg.id, "rejected");
      } else if (isUnanswered) this.#tellEnd(leg, "failed", "user_offline");
      else this.#tellEnd(leg, leg.state === "asked" ? "cancelled" : "closed");
      call.legs.delete(leg.id);
      leg.member.state = "ended";
    }
    this.#end(call, reason, undefined, true);
  }

  /** What leads to one member is over. */
  #endLeg(
    leg: CallLeg,
    reason: string,
    message = callEndText(reason, leg),
    isOwn = false,
  ): void {
    const { call, member } = leg;
    this.#drop(leg);
    call.legs.delete(leg.id);
    const wasLinked = leg.state === "linked";
    member.state = "ended";
    member.reason = reason;
    if (wasLinked) this.#talk.tellOf(leg, { tell: "call-gone" });
    if (call.legs.size === 0) return this.#end(call, reason, message, isOwn);
    // Whoever is not there is told once it is known who is.
    if (call.waiting === undefined || call.direction === "incoming") {
      this.#open.show(call, message);
    }
    if (wasLinked) this.#talk.sayMembers(call);
  }

  #end(
    call: Call,
    reason: string,
    message: string | undefined,
    isOwn: boolean,
  ): void {
    const { number, waiting, direction } = call;
    call.reason = reason;
    this.#open.remove(call);
    this.#host.effect({ effect: "release-call", call: number });
    call.waiting = undefined;
    const isUnheard = waiting !== undefined && direction === "outgoing";
    if (isUnheard) this.#host.giveBackNumber(number);
    else this.#open.show(call, message, isOwn);
    if (waiting === undefined) return;
    if (isOwn) return this.#open.settle(waiting, call);
    const text = notBegunText(call, reason, message, this.#host.self());
    this.#open.refuse(
      waiting,
      { code: reason, message: text },
      !isUnheard,
    );
  }

  /** What the command wanted has come about. */
  #succeed(call: Call): void {
    const { waiting } = call;
    call.waiting = undefined;
    if (waiting !== undefined) this.#open.settle(waiting, call);
  }

  #drop({ id }: CallLeg): void {
    this.#host.effect({ effect: "close-call", id });
  }

  #decline(offer: string, reason: EndReason): void {
    declineOffer(this.#host, offer, reason);
  }

  /** Tells the other side of an end, if it knows of the offer. */
  #tellEnd(
    { id, end, own, member: { link } }: CallLeg,
    result: Exclude<OfferResult, "verified">,
    reason?: EndReason,
  ): void {
    if (end === "caller" && own === undefined) return;
    endOffer(this.#host, id, result, reason, link?.via);
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

  #isAsked(leg: CallLeg): boolean {
    return this.#open.leg(leg.id) === leg && leg.state === "asked";
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

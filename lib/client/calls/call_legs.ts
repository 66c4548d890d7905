/**
 * What leads to the members of calls: each leg is asked for, agreed on, linked
 * and ended here. The members of a group's call are connected with each other.
 * A leg that is lost is tried again while both are still there, also where it was
 * the only one.
 */
import { encodeHex } from "@std/encoding/hex";
import type { EndReason } from "../../wire/end_reason.ts";
import { userKey } from "../../wire/names.ts";
import {
  declineOffer,
  endOffer,
  type OfferResult,
} from "../offers/offer_end.ts";
import { relayEndText } from "../offers/end_text.ts";
import type { CallFarewell } from "../../engine/call_channel.ts";
import type { PeerRefusal } from "../trust/peer_identities.ts";
import type { Call, CallLeg, CallParty } from "./call.ts";
import {
  aloneText,
  callEndText,
  gaveUpText,
  hungUpText,
  leftText,
  lostText,
  notBegunText,
  noteText,
  otherBrowserText,
} from "./call_end_text.ts";
import type { CallHost } from "./call_host.ts";
import type { CallTalk } from "./call_talk.ts";
import { readNames } from "./described_leg.ts";
import type { OpenCalls } from "./open_calls.ts";

/** The legs of all calls. */
export class CallLegs {
  readonly #host: CallHost;
  readonly #open: OpenCalls;
  readonly #talk: CallTalk;
  #isConnected = false;

  constructor(host: CallHost, open: OpenCalls, talk: CallTalk) {
    this.#host = host;
    this.#open = open;
    this.#talk = talk;
  }

  /** Without the server nobody can be asked. */
  get isConnected(): boolean {
    return this.#isConnected;
  }

  /** Asks somebody, once this side is prepared. */
  ask(call: Call, user: string, joins = false): void {
    const id = encodeHex(this.#host.random.bytes(8));
    const none = { terms: undefined, peer: undefined };
    const fields = { id, end: "caller", user, ...none } as const;
    const leg = call.addLeg({ ...fields, joins });
    if (joins) leg.askedAt = this.#host.now().mono;
    this.prepare(leg);
  }

  /** Makes this side's key, by which it is offered or answered. */
  prepare(leg: CallLeg): void {
    this.#host.effect({ effect: "prepare-call", id: leg.id });
  }

  /** Somebody who is in the call, too, asks to be connected. */
  handleJoin(
    call: Call | undefined,
    group: string | undefined,
    theirs: Parameters<Call["addLeg"]>[0],
  ): void {
    const { id, user } = theirs;
    if (!call?.isTaken || call.group !== group) {
      return this.decline(id, "failed");
    }
    const leg = { ...theirs, joins: true };
    const mine = call.legTo(user);
    if (mine?.state === "asked" && mine.end === "caller") {
      return this.cross(mine, leg);
    }
    if (call.isFullFor(user)) return this.decline(id, "busy");
    const known = call.members.find((each) => each.user === user);
    if (known === undefined && group === undefined) {
      return this.decline(id, "failed");
    }
    if (known?.reason === otherBrowser) return this.decline(id, "untrusted");
    if (mine !== undefined) {
      // They know sooner that it is lost.
      this.#drop(mine, "lost");
      call.legs.delete(mine.id);
      if (mine.state === "linked") {
        this.#talk.tellOf(mine, { tell: "call-gone" });
        mine.member.state = "reconnecting";
        mine.member.lost = mine.id;
      }
    }
    this.prepare(call.addLeg(leg));
  }

  /** The path to a member stands. */
  handleLinked(leg: CallLeg, port: number): void {
    leg.state = "linked";
    leg.linkedAt = this.#host.now().mono;
    const { call, member } = leg;
    // Of two, pages that have never found each other find nobody else either.
    if (call.group !== undefined) call.retries.handleThere(member.user);
    this.#talk.handleLinked(leg, port);
  }

  /** The pages hear each other. */
  handleOpen({ call, member }: CallLeg): void {
    const { mono, wall } = this.#host.now();
    member.state = "open";
    member.lost = undefined;
    call.since ??= wall;
    call.retries.handleOpen(member.user, mono);
    this.#open.show(call);
  }

  /** A member says who else is in the call: connects with those. */
  handleNames(leg: CallLeg, text: string): void {
    leg.names = readNames(text);
    this.#review(leg.call);
  }

  /** The server is there, and perhaps another one than before. */
  handleOpened(): void {
    this.#isConnected = true;
    for (const call of this.#open.all()) this.#review(call);
  }

  handleDisconnected(): void {
    this.#isConnected = false;
  }

  /** Somebody who was lost has left; false when it is nobody's offer. */
  handleLeft(offer: string): boolean {
    const isMeant = ({ lost, state }: CallParty) =>
      lost === offer && state === "reconnecting";
    for (const call of this.#open.all()) {
      const member = call.members.find(isMeant);
      if (member === undefined) continue;
      const { user } = member;
      call.retries.handleLeft(user);
      const leg = call.legTo(user);
      if (leg !== undefined) {
        this.tellEnd(leg, "cancelled");
        this.endLeg(leg, "closed");
      } else this.#leave(call, member, "closed", hungUpText(user));
      return true;
    }
    return false;
  }

  /** A person wants to hear somebody again who is there. */
  askAgain(call: Call, user: string): void {
    const isLost = call.present.some((each) => each.user === user);
    const isThere = isLost || call.listed(this.#host.self()).has(user);
    if (!isLost) call.retries.forget(user);
    this.ask(call, user, isThere);
  }

  /** Nothing leads there any more, as the relay's quota is used up. */
  endRelayed(leg: CallLeg, again: number): void {
    this.tellEnd(leg, "failed", "quota");
    const { end, member: { user } } = leg;
    // What still gets through might be there before the server's word why.
    this.#drop(leg, "none");
    this.endLeg(leg, "quota", relayEndText(end === "caller", user, again));
  }

  /** The time of {@link pollTimeout} has come. */
  handleTimeout(now: number): void {
    for (const leg of this.#open.legs()) {
      if (this.#stuckAt(leg) <= now) this.lose(leg);
    }
    for (const call of this.#open.all()) this.#review(call);
  }

  /** When {@link handleTimeout} is due, monotonic ms; else `Infinity`. */
  pollTimeout(): number {
    const times = this.#open.legs().map((leg) => this.#stuckAt(leg));
    for (const call of this.#open.all()) {
      const { retries } = call;
      const listed = call.listed(this.#host.self());
      for (const user of this.#missing(call)) times.push(retries.dueAt(user));
      for (const { user } of awaited(call)) {
        if (!listed.has(user)) times.push(retries.keptUntil(user));
        else if (!this.#asks(user)) times.push(retries.waitsUntil(user));
      }
    }
    return Math.min(Infinity, ...times);
  }

  /** The pages do not find each other, or not any more, or should not. */
  lose(leg: CallLeg, link: "lost" | "untrusted" = "lost"): void {
    const isLost = link === "lost";
    this.tellEnd(leg, "failed", isLost ? "unreachable" : "untrusted");
    if (isLost) return this.endLeg(leg, "lost");
    this.endLeg(leg, otherBrowser, otherBrowserText(leg.member.user));
  }

  /** Offers what is prepared, or offers it again. */
  offer(leg: CallLeg): void {
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
        this.handleRung(leg);
      });
    });
  }

  /** It rings there: what the command wanted has come about. */
  handleRung({ call, joins }: CallLeg): void {
    if (joins || call.waiting === undefined) return;
    this.#talk.tellTaken(call);
    this.#open.show(call);
    this.#succeed(call);
  }

  /** Accepts an offer for which this side is prepared. */
  accept(leg: CallLeg): void {
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
      if (leg.state !== "linked") this.endLeg(leg, reply.code, reply.message);
    });
    this.connect(leg);
  }

  /** Both agreed: finds the way. */
  connect(leg: CallLeg): void {
    const { id, end, peer, call } = leg;
    if (peer === undefined) return;
    leg.state = "agreed";
    if (leg.member.state !== "reconnecting") leg.member.state = "connecting";
    this.#host.effect({ effect: "connect-call", id, end, peer });
    this.#open.show(call);
  }

  /**
   * The other side called at the same time: the offer with the smaller id
   * stays, so that both sides keep the same one.
   */
  cross(mine: CallLeg, theirs: Parameters<Call["addLeg"]>[0]): void {
    const { call, own } = mine;
    // One that never left needs no such care.
    if (own !== undefined && mine.id < theirs.id) return;
    this.#drop(mine);
    this.tellEnd(mine, "cancelled");
    call.legs.delete(mine.id);
    // How the name is spelled is known now.
    mine.member.user = theirs.user;
    this.prepare(call.addLeg(theirs));
    if (call.waiting !== undefined) this.#talk.tellTaken(call);
  }

  /** The server, or the other's key, does not let it be. */
  #notCalled(leg: CallLeg, { code, message }: PeerRefusal): void {
    const { call, member, joins } = leg;
    const name = call.group ?? member.user;
    const kind = call.group === undefined ? "user" : "group";
    this.endLeg(leg, code, message);
    // In a group one note is for all who are away.
    if (code !== "user_offline" || joins || call.isNoted) return;
    call.isNoted = true;
    this.#host.leaveNote({ kind, name }, noteText(call));
  }

  /** Ends all of a call; this user, or this client, wants it so. */
  hangUp(call: Call, reason: string): void {
    const lost = call.members.filter(({ state }) => state === "reconnecting");
    for (const leg of [...call.legs.values()]) {
      this.#drop(leg);
      const isUnanswered = call.isRinging;
      if (isUnanswered && reason === "rejected") {
        this.decline(leg.id, "rejected");
      } else if (isUnanswered) this.tellEnd(leg, "failed", "user_offline");
      else this.tellEnd(leg, leg.state === "asked" ? "cancelled" : "closed");
      call.legs.delete(leg.id);
      leg.member.state = "ended";
    }
    // Those who were lost need not wait.
    for (const { lost: offer } of lost) {
      if (offer !== undefined) endOffer(this.#host, offer, "closed");
    }
    this.#end(call, reason, undefined, true);
  }

  /** What leads to one member is over. */
  endLeg(
    leg: CallLeg,
    reason: string,
    message = callEndText(reason, leg),
    isOwn = false,
  ): void {
    const { call, member } = leg;
    // A window may be told of later than its client is.
    const isLost = lossReasons.has(reason) ||
      leg.joins && reason === "no_calls";
    this.#drop(leg, isLost ? "lost" : "left");
    call.legs.delete(leg.id);
    const wasLinked = leg.state === "linked";
    const { mono } = this.#host.now();
    const isOver = !isLost && !farewells.has(reason);
    const { user } = member;
    const isAway = this.#isConnected && this.#host.isAway(user);
    call.retries.handleLost(user, isOver, mono, isAway);
    if (!isLost) call.retries.handleLeft(user);
    if (wasLinked) this.#talk.tellOf(leg, { tell: "call-gone" });
    if (leg.state !== "asked") member.lost = leg.id;
    const said = this.#loseMember(leg, isLost, reason, message);
    if (call.isDeserted) {
      const isGivenUp = isLost && said !== message;
      const text = isGivenUp ? aloneText(call) : message;
      return this.#end(call, reason, text, isOwn);
    }
    // Whoever is not there is told once it is known who is.
    if (call.waiting === undefined || call.direction === "incoming") {
      this.#open.show(call, said);
    }
    if (wasLinked) this.#talk.sayMembers(call);
    this.#review(call);
  }

  /** Somebody is not heard any more. Returns what the user is told. */
  #loseMember(
    { call, member, state, joins }: CallLeg,
    isLost: boolean,
    reason: string,
    message: string,
  ): string | undefined {
    const { user } = member;
    member.reason = reason;
    const wasLost = member.state === "reconnecting";
    const isAwaited = isLost && this.#awaits(call, user);
    if (isAwaited && (wasLost || state !== "asked")) {
      member.state = "reconnecting";
      return wasLost ? undefined : lostText(user);
    }
    member.state = "ended";
    // Others said that they are there, and may do so again.
    if (isAwaited && joins) return undefined;
    return isLost && wasLost ? this.#goneText(call, user) : message;
  }

  /** What is told of somebody who did not come back. */
  #goneText(call: Call, user: string): string {
    const isThere = call.listed(this.#host.self()).has(user);
    return isThere ? gaveUpText(user) : leftText(user);
  }

  /** Asks those again who are due, and gives up those who do not come back. */
  #review(call: Call): void {
    if (call.reason !== undefined) return;
    const now = this.#host.now().mono;
    const { retries } = call;
    const listed = call.listed(this.#host.self());
    retries.handleListed(listed);
    for (const user of this.#missing(call)) {
      if (retries.dueAt(user) > now) continue;
      retries.handleTried(user, now);
      this.ask(call, user, true);
    }
    for (const member of awaited(call)) {
      const { user } = member;
      if (this.#awaits(call, user)) continue;
      this.#leave(call, member, "unreachable", this.#goneText(call, user));
    }
  }

  /** Somebody to whom nothing leads is not in the call any more. */
  #leave(call: Call, member: CallParty, reason: string, text: string): void {
    member.state = "ended";
    member.reason = reason;
    if (!call.isDeserted) return this.#open.show(call, text);
    const isLost = lossReasons.has(reason);
    this.#end(call, reason, isLost ? aloneText(call) : text, false);
  }

  /** Those who are there, as others say, or were lost, and whom this side is to ask. */
  #missing(call: Call): string[] {
    if (!call.isTaken || !this.#isConnected) return [];
    const { retries, group } = call;
    const now = this.#host.now().mono;
    const lost = awaited(call).map(({ user }) => user)
      .filter((user) => retries.keptUntil(user) > now);
    const listed = group === undefined ? [] : call.listed(this.#host.self());
    return [...new Set([...listed, ...lost])].filter((user) =>
      this.#asks(user) && call.legTo(user) === undefined &&
      !call.isFullFor(user)
    );
  }

  /** True when somebody who was lost may be there still and come back. */
  #awaits(call: Call, user: string): boolean {
    const { retries } = call;
    const now = this.#host.now().mono;
    const isThere = retries.keptUntil(user) > now ||
      call.listed(this.#host.self()).has(user);
    if (!isThere || call.isFullFor(user)) return false;
    return this.#asks(user)
      ? retries.dueAt(user) < Infinity
      : retries.waitsUntil(user) > now;
  }

  /** Of two who have nothing with each other one asks. */
  #asks(user: string): boolean {
    return userKey(this.#host.self()) < userKey(user);
  }

  /** When the answer has had its time, where a client gives it, or the pages. */
  #stuckAt({ call, state, member, joins, askedAt, linkedAt }: CallLeg): number {
    const isAutomatic = call.group !== undefined || joins;
    if (state === "asked") return isAutomatic ? askedAt + answerMs : Infinity;
    if (state !== "linked" || member.state === "open") return Infinity;
    return linkedAt + connectMs;
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

  #drop({ id }: CallLeg, farewell: CallFarewell = "left"): void {
    this.#host.effect({ effect: "close-call", id, farewell });
  }

  /** Refuses an offer. */
  decline(offer: string, reason: EndReason): void {
    declineOffer(this.#host, offer, reason);
  }

  /** Tells the other side of an end, if it knows of the offer. */
  tellEnd(
    { id, end, own, member: { link } }: CallLeg,
    result: Exclude<OfferResult, "verified">,
    reason?: EndReason,
  ): void {
    if (end === "caller" && own === undefined) return;
    endOffer(this.#host, id, result, reason, link?.via);
  }

  #isAsked(leg: CallLeg): boolean {
    return this.#open.leg(leg.id) === leg && leg.state === "asked";
  }
}

/** Members who were lost, and to whom nothing leads. */
function awaited(call: Call) {
  return call.members.filter(({ user, state }) =>
    state === "reconnecting" && call.legTo(user) === undefined
  );
}

/** Why it ended where another browser answered than the one that was signed. */
const otherBrowser = "other_browser";
/** How long a client may take that answers by itself, ms. */
const answerMs = 15_000;
/** How long the pages of two members may take to find each other, ms. */
const connectMs = 90_000;
/** Ends that nobody wanted: it may be better in a moment. */
const lossReasons = new Set([
  ...["unreachable", "lost", "failed", "expired"],
  ...["user_offline", "unknown_offer"],
]);
/** Ends that somebody wanted, unless others still say that they are there. */
const farewells = new Set(["closed", "cancelled"]);

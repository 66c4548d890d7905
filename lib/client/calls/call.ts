/** One call with its members, and what leads to each of them. */
import {
  type CallInfo,
  type CallLink,
  type CallMedia,
  type CallState,
  mostMembers,
} from "../commands/call_info.ts";
import type { CallDescription } from "../events/call_description.ts";
import type { CallEnd } from "../events/call_port.ts";
import type { TransferPeer } from "../events/transfer_port.ts";
import type { OfferTerms } from "../trust/signed_offers.ts";
import { LegRetries } from "./leg_retries.ts";

/** The offer between this client and another member's. */
export interface CallLeg {
  /** 64 bits, 16 hexadecimal digits. */
  readonly id: string;
  readonly end: CallEnd;
  readonly call: Call;
  readonly member: CallParty;
  /** Both were in the call before. */
  readonly joins: boolean;
  /**
   * How far it has come: the other side is asked, or asks; both agreed; the path
   * between the clients stands.
   */
  state: "asked" | "agreed" | "linked";
  /** When it was asked for, of one that joins, monotonic ms. */
  askedAt: number;
  /** When the path stood, monotonic ms. */
  linkedAt: number;
  /** The server relays nothing of it before, ms since 1970 UTC. */
  relayAgainAt: number | undefined;
  /** Who else is there, as the member says. */
  names: readonly string[];
  /** What both sides sign, once it is known. */
  terms: OfferTerms | undefined;
  /** What this side's offer or answer says, once it is prepared. */
  own: TransferPeer | undefined;
  /** What the other side's does. */
  peer: TransferPeer | undefined;
  /** The two browsers' ends of the connection, and when each was described. */
  ownEnd: DescribedAt | undefined;
  theirEnd: DescribedAt | undefined;
}

/** A description with its time, ms since 1970 UTC. */
interface DescribedAt {
  readonly description: CallDescription;
  readonly time: number;
}

/** Somebody else in a call. */
export interface CallParty {
  /** As typed, until the server has said how the name is spelled. */
  user: string;
  state: CallState;
  reason: string | undefined;
  link: CallLink | undefined;
  /** The offer of the leg that was lost last. */
  lost: string | undefined;
}

/** A call that has not ended. */
export class Call {
  readonly number: number;
  /** 64 bits, 16 hexadecimal digits. */
  readonly id: string;
  readonly direction: "incoming" | "outgoing";
  readonly group: string | undefined;
  readonly media: CallMedia;
  /** When it began, ms since 1970 UTC. */
  readonly at: number;
  /** Who called. */
  from: string;
  /** When the first member was heard, ms since 1970 UTC. */
  since: number | undefined;
  /** This client's user called or answered, and has not hung up. */
  isTaken: boolean;
  /** The command that waits until it rings, or until the answer is there. */
  waiting: number | undefined;
  /** Who is away was left a note. */
  isNoted = false;
  /** Why it ended. */
  reason: string | undefined;
  readonly members: CallParty[] = [];
  readonly legs = new Map<string, CallLeg>();
  /** When those who were lost are tried again. */
  readonly retries = new LegRetries();

  constructor(
    fields: Pick<
      Call,
      "number" | "id" | "direction" | "group" | "media" | "at" | "from"
    >,
  ) {
    this.number = fields.number;
    this.id = fields.id;
    this.direction = fields.direction;
    this.group = fields.group;
    this.media = fields.media;
    this.at = fields.at;
    this.from = fields.from;
    this.isTaken = fields.direction === "outgoing";
  }

  /** Somebody else calls, and this client's user has not answered here. */
  get isRinging(): boolean {
    return this.direction === "incoming" && !this.isTaken;
  }

  /** The furthest that a member has come. */
  get state(): CallState {
    if (this.reason !== undefined) return "ended";
    const states = this.members.map(({ state }) => state);
    return (["open", "connecting", "reconnecting"] as const).find((each) =>
      states.includes(each)
    ) ?? "ringing";
  }

  /** True when nothing leads to anybody, and none is expected back. */
  get isDeserted(): boolean {
    return this.legs.size === 0 && this.present.length === 0;
  }

  /** Those who are in it, about to be, or lost and tried again. */
  get present(): CallParty[] {
    return this.members.filter(({ state }) =>
      state !== "ringing" && state !== "ended"
    );
  }

  /** True when nobody else may come in. */
  get isFull(): boolean {
    return this.isFullFor(undefined);
  }

  /** True when this user may not come in, or come back. */
  isFullFor(user: string | undefined): boolean {
    const others = this.present.filter((each) => each.user !== user);
    return others.length >= mostMembers[this.media] - 1;
  }

  /** Those who are there as others say, this side's user `self` left out. */
  listed(self: string): Set<string> {
    const legs = [...this.legs.values()];
    const names = new Set(
      legs.flatMap(({ state, names }) => state === "linked" ? names : []),
    );
    names.delete(self);
    return names;
  }

  /** The leg that leads to a member, if there is one. */
  legTo(user: string): CallLeg | undefined {
    return [...this.legs.values()].find(({ member }) => member.user === user);
  }

  /** A new leg, which is asked for; the member may have had one before. */
  addLeg(
    { user, ...leg }:
      & Pick<CallLeg, "id" | "end" | "terms" | "peer">
      & { readonly user: string; readonly joins?: boolean },
  ): CallLeg {
    let member = this.members.find((each) => each.user === user);
    if (member === undefined) {
      const none = { reason: undefined, link: undefined, lost: undefined };
      member = { user, state: "ringing", ...none };
      this.members.push(member);
    }
    // Who was lost is so until they are heard again.
    if (member.state !== "reconnecting") member.state = "ringing";
    member.reason = undefined;
    const blank = {
      ...{ own: undefined, ownEnd: undefined, theirEnd: undefined },
      ...{
        askedAt: Infinity,
        linkedAt: Infinity,
        relayAgainAt: undefined,
        names: [],
      },
    };
    const made: CallLeg = {
      ...{ joins: false, state: "asked", call: this, member },
      ...blank,
      ...leg,
    };
    this.legs.set(made.id, made);
    return made;
  }

  /** Somebody has another name. */
  rename(from: string, to: string): void {
    if (this.from === from) this.from = to;
    const named = this.members.find(({ user }) => user === from);
    if (named !== undefined) {
      // Others may have told of the new name before.
      const other = this.members.findIndex(({ user }) => user === to);
      if (other >= 0 && this.legTo(to) === undefined) {
        this.members.splice(other, 1);
      }
      named.user = to;
    }
    for (const leg of this.legs.values()) {
      leg.names = leg.names.map((each) => each === from ? to : each);
    }
    this.retries.rename(from, to);
  }

  /**
   * What the user sees of it.
   *
   * @param isCompared Whether a user's safety number was compared.
   */
  info(isCompared: (user: string) => boolean): CallInfo {
    const { number: call, direction, from, group, media, at } = this;
    const { since, reason } = this;
    const members = this.members.map(({ user, state, reason, link }) => ({
      ...{ user, state, compared: isCompared(user) },
      ...reason !== undefined && { reason },
      ...link !== undefined && state !== "ended" && { link },
    }));
    const [other] = this.members;
    return {
      ...{ call, direction, from },
      ...group === undefined && other && { user: other.user },
      ...group !== undefined && { group },
      ...{ media, state: this.state, at },
      ...since !== undefined && { since },
      members,
      ...reason !== undefined && { reason },
    };
  }
}

/**
 * The seam between the client's session (pure) and the call service (UDP). The
 * session decides who is called and answered, and talks to the server; the
 * service finds the way to the other client and carries the datagrams of the two
 * browsers over it. Commands go down through {@link CallPort}, everything that
 * happens comes back as a {@link CallEvent}. `id` is the id of the offer between
 * two devices, 16 hexadecimal digits: a call of several people has one for each
 * two of them.
 */
import type { CallFarewell, CallTopic } from "../../engine/call_channel.ts";
import type { CallLink, CallMedia } from "../commands/call_info.ts";
import type { WireAddress } from "../../wire/request.ts";
import type { CallDescription } from "./call_description.ts";
import type { TransferPeer } from "./transfer_port.ts";

/** Which end of the offer this side is. */
export type CallEnd = "caller" | "callee";

/** Names and passwords of the two ends, of which the browsers' STUN speaks. */
export interface CallCredentials {
  readonly own: Pick<CallDescription, "ufrag" | "pwd">;
  readonly theirs: Pick<CallDescription, "ufrag" | "pwd">;
}

/** What the session can ask of the call service. None of these throws. */
export interface CallPort {
  /** Makes a key; answered by `call-prepared`. */
  prepareCall(id: string): void;
  /** Both agreed: finds the way. `call-linked`, or `call-lost`. */
  connectCall(id: string, end: CallEnd, peer: TransferPeer): void;
  /** Says something to the other side; what it said before of it is void. */
  say(id: string, topic: CallTopic, text: string): void;
  /** Lets the datagrams of the two browsers through. */
  bridge(id: string, credentials: CallCredentials): void;
  /** The other side can be reached at these addresses, too. */
  addCallAddresses(id: string, addresses: readonly WireAddress[]): void;
  /**
   * Ends it in any state; no event follows.
   *
   * @param farewell What the other side is told.
   */
  closeCall(id: string, farewell: CallFarewell): void;
  /** Ends all. */
  close(): Promise<void>;
}

/** What the service tells the session. */
export type CallEvent =
  | {
    readonly event: "call-prepared";
    readonly id: string;
    readonly key: string;
    readonly addresses: readonly WireAddress[];
  }
  | {
    /** The way stands; the browser finds it at this port of 127.0.0.1. */
    readonly event: "call-linked";
    readonly id: string;
    readonly port: number;
  }
  | {
    /** The other side said something. */
    readonly event: "call-said";
    readonly id: string;
    readonly topic: CallTopic;
    readonly text: string;
  }
  | {
    /** How it goes, about every two seconds. */
    readonly event: "call-link";
    readonly id: string;
    readonly link: CallLink;
  }
  | {
    /** No way was found, or it broke. */
    readonly event: "call-lost";
    readonly id: string;
    /** One line for this side's user. */
    readonly message: string;
  }
  /** The other side ended it. */
  | {
    readonly event: "call-closed";
    readonly id: string;
    /** It is still in the call, and did not want its end. */
    readonly isLost: boolean;
  };

/** What the page that takes a call is told. `peer` is a member's user name. */
export type CallTold =
  /** This page takes the call: it is to open what `media` says. */
  | {
    readonly tell: "call-taken";
    readonly call: number;
    readonly media: CallMedia;
  }
  /** The way to `peer` stands, whose browser is found at 127.0.0.1:`port`. */
  | {
    readonly tell: "call-peer";
    readonly call: number;
    readonly peer: string;
    readonly port: number;
    readonly role: CallRole;
  }
  /** What is known, by signature, of the browser of `peer`. */
  | {
    readonly tell: "call-description";
    readonly call: number;
    readonly peer: string;
    readonly description: CallDescription;
  }
  | {
    readonly tell: "call-stats";
    readonly call: number;
    readonly peer: string;
  } & CallLink
  /** `peer` is in the call no more. */
  | {
    readonly tell: "call-gone";
    readonly call: number;
    readonly peer: string;
  };

/**
 * What became of a page's connection with a member: they hear each other; it was
 * lost, or did not come about; the other browser is not the one that was signed.
 */
export type BrowserLink = typeof browserLinks[number];

/** Each {@link BrowserLink}. */
export const browserLinks = ["open", "lost", "untrusted"] as const;

/** Who makes the first description of a connection, and who answers it. */
export type CallRole = "offerer" | "answerer";

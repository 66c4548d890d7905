/** What is told of calls: who is in them, and how far each has come. */
import { visible } from "../../base/text.ts";
import type { PathKind } from "../../engine/path/path_kind.ts";

/** What a call is begun with; a camera may be switched on in any. */
export type CallMedia = "voice" | "video";

/**
 * How far a call, or a member of one, has come: it rings; both agreed, and the
 * browsers connect; they hear each other; they were lost, may still be there, and
 * are tried again; it is over.
 */
export type CallState =
  | "ringing"
  | "connecting"
  | "open"
  | "reconnecting"
  | "ended";

/** Somebody else in a call. */
export interface CallMember {
  /** User name, as the server has it. */
  readonly user: string;
  readonly state: CallState;
  /** True when the two users have compared their safety number. */
  readonly compared: boolean;
  /** Code of why it ended. */
  readonly reason?: string;
  /** How this member's client is reached, once it is. */
  readonly link?: CallLink;
}

/** How well a member's client is reached. */
export interface CallLink {
  readonly via: PathKind;
  /** Round-trip time, ms; 0 while it is not known. */
  readonly rtt: number;
  /** Share of what the other side sent lately that was lost, 0–1. */
  readonly loss: number;
}

/** What the user sees of a call. */
export interface CallInfo {
  /** The N of `/call answer N`; see `/transfers`. */
  readonly call: number;
  readonly direction: "incoming" | "outgoing";
  /** Who called. */
  readonly from: string;
  /** The other one, of a call between two. */
  readonly user?: string;
  /** Of a call in a group. */
  readonly group?: string;
  readonly media: CallMedia;
  readonly state: CallState;
  /** When it began, ms since 1970 UTC. */
  readonly at: number;
  /** When the first member was heard, ms since 1970 UTC. */
  readonly since?: number;
  /** The others, ended ones too. */
  readonly members: readonly CallMember[];
  /** Code of why it ended. */
  readonly reason?: string;
}

/** Most members of a call with oneself: everybody sends to everybody. */
export const mostMembers: Record<CallMedia, number> = { voice: 8, video: 4 };

/** The other user, or the group. */
export function otherSide({ user, group, from }: CallInfo): string {
  return group ?? user ?? from;
}

/**
 * `3: call with luke`.
 *
 * @param look How the name looks.
 */
export function callText(
  info: CallInfo,
  look = (name: string) => name,
): string {
  const what = info.media === "video" ? "video call" : "call";
  return `${info.call}: ${what} with ${look(visible(otherSide(info)))}`;
}

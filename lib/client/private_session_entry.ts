import type { WireAddress } from "../protocol/request.ts";
import type {
  PrivateSessionInfo,
  PrivateSessionState,
} from "./client_event.ts";
import type { OfferTerms } from "./signed_exchange.ts";
import type { TrustedOffer } from "./signed_offers.ts";

/** One private session, from its offer to its end. */
export interface PrivateSessionEntry {
  readonly number: number;
  /** The offer's 64-bit id, 16 hexadecimal digits. */
  readonly id: string;
  readonly direction: "incoming" | "outgoing";
  /** The other side. */
  user: string;
  state: PrivateSessionState;
  /** What the other side's offer says; of incoming ones only. */
  readonly offered: TrustedOffer | undefined;
  /** What this side's offer was signed for, once it was. */
  terms: OfferTerms | undefined;
  /** This side's key and addresses, once they are there. */
  own: PrivateSessionKey | undefined;
  /** True once this side accepted. */
  answering: boolean;
  /** The other side's offer, made at the same time as this side's. */
  crossed: TrustedOffer | undefined;
  /** The command that waits until it is open. */
  command: WaitingCommand | undefined;
  /** When the word that came through the server is enough, monotonic ms. */
  settleAt: number | undefined;
}

/** What an offer or answer says of this side. */
export interface PrivateSessionKey {
  readonly key: string;
  readonly addresses: readonly WireAddress[];
}

/** A command without an outcome. */
export interface WaitingCommand {
  readonly name: "startprivate" | "accept";
  readonly n: number;
}

/** What the user sees of a private session. */
export function privateSessionInfo(
  entry: PrivateSessionEntry,
): PrivateSessionInfo {
  const { number, direction, user, state } = entry;
  return { session: number, direction, kind: "session", user, state };
}

/** True for an offer that this user has not answered. */
export function isWaiting(session: PrivateSessionEntry): boolean {
  const { direction, state, answering } = session;
  return direction === "incoming" && state === "offered" && !answering;
}

/** True for this user's offer that has no answer yet. */
export function isUnanswered(
  { direction, state }: PrivateSessionEntry,
): boolean {
  return direction === "outgoing" &&
    (state === "preparing" || state === "offered");
}

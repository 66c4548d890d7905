/** What a reason of the other side, or of the server, is in this user's words. */
import { formatTime } from "../../base/time.ts";
import { peerText } from "../commands/peer.ts";
import type { OfferTerms } from "../trust/signed_offers.ts";
import type { EndReason } from "../../wire/end_reason.ts";

/** What was offered, as this side knows it. */
export interface EndedOffer {
  readonly kind: "file" | "session" | "call";
  /** The other side. */
  readonly user: string;
  /** Which of its devices, where it is one in particular. */
  readonly device?: string | undefined;
  /** What both sides signed, as far as it came. */
  readonly terms?: OfferTerms | undefined;
  readonly file?: { readonly name: string };
}

/** Why an offer was refused or ended, in one line for this side's user. */
export function endText(reason: EndReason, offer: EndedOffer): string {
  const { kind, file } = offer;
  const words = kindTexts[kind](peerText(offer), file?.name ?? "");
  return { ...texts(offer), ...words }[reason];
}

/**
 * Why the server relays no more.
 *
 * @param isOwn It is this user's quota, who made the offer.
 * @param again When the next day's begins, ms since 1970 UTC.
 */
export function relayEndText(
  isOwn: boolean,
  user: string,
  again: number,
): string {
  const whose = isOwn ? "your" : `${user}'s`;
  return `${whose} quota of the server's relay is used up; it starts again at ${
    formatTime(again)
  }`;
}

function texts(offer: EndedOffer) {
  const { user, terms } = offer;
  const who = peerText(offer);
  const isOwn = terms !== undefined && terms.from === terms.to;
  return {
    rejected: `${who} does not want it`,
    busy: `${who} has too many offers waiting`,
    untrusted: isOwn
      ? "your other device does not have your key"
      : `${user} does not trust your key; compare the safety number (/verify ${user})`,
    user_offline: `${who} went offline`,
    expired: "it was not answered in time",
    blocked: `you blocked ${user}`,
    quota: `the server relays no more between you and ${user} today`,
    failed: `${who}'s client could not go on`,
  };
}

const kindTexts = {
  file: (user: string, name: string) => ({
    space: `${user} has too little room for "${name}"`,
    storage: `${user} cannot store "${name}"`,
    removed:
      `what had arrived of "${name}" was removed or replaced at ${user}'s while it was being sent`,
    changed: `"${name}" changed at ${user}'s after it was offered`,
    unreadable: `${user} can no longer read "${name}"`,
    integrity: `"${name}" arrived damaged; it must be sent again`,
    unreachable: `${user}'s client gets nothing from yours`,
  }),
  session: withoutFile,
  call: withoutFile,
};

function withoutFile(user: string) {
  const failed = `${user}'s client could not go on`;
  return {
    space: failed,
    storage: failed,
    removed: failed,
    changed: failed,
    unreadable: failed,
    integrity: `${user}'s client got what yours did not send`,
    unreachable: `${user}'s client has no direct connection to yours`,
  };
}

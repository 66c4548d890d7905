/** How any offer is refused or ended through the server, whatever it is of. */
import type { EndReason } from "../../wire/end_reason.ts";
import type { PathKind } from "../../engine/path/path_kind.ts";
import type { EventFields } from "../../wire/server_frame.ts";
import type { TrustedOffer } from "../trust/signed_offers.ts";
import { offeredName } from "../commands/transfer_progress.ts";
import type { PeerHost } from "./peer_host.ts";

/** How an offer ends that was not refused. */
export type OfferResult = "verified" | "failed" | "cancelled" | "closed";

/**
 * Tells the other side of an end.
 *
 * @param via How the other side was reached, where it was.
 */
export function endOffer(
  host: Pick<PeerHost, "request">,
  offer: string,
  result: OfferResult,
  reason?: EndReason,
  via?: PathKind,
): void {
  const why = reason === undefined ? {} : { reason };
  const how = via === undefined ? {} : { via };
  host.request("offer-end", { offer, result, ...why, ...how }, () => {});
}

/**
 * Refuses an offer.
 *
 * @param by Whose word a plain `rejected` is; every other reason speaks for
 * this device alone.
 */
export function declineOffer(
  host: Pick<PeerHost, "request">,
  offer: string,
  reason: EndReason,
  by: "user" | "automatic" = "user",
): void {
  const how = by === "automatic" ? { automatic: true } : {};
  const answer = { offer, accept: false, reason, ...how };
  host.request("answer", answer, () => {});
}

/**
 * The offer that came, unless who made it cannot be trusted: then it is refused,
 * and the user is told.
 */
export function trustedOffer(
  host: Pick<PeerHost, "request" | "signed" | "emit">,
  event: EventFields<"offer">,
): TrustedOffer | undefined {
  const { offer, from: user, kind, file } = event;
  const checked = host.signed.checkOffer(event);
  if (!("code" in checked)) return checked;
  declineOffer(host, offer, "untrusted");
  const what = { kind, ...file && offeredName(file) };
  host.emit({ event: "offer-refused", user, ...what, ...checked });
  return undefined;
}

/** Tells both sides of an offer how it ends when one of them is gone. */
import type { TransferLogEntry } from "../log/transfer_log.ts";
import type { EndReason } from "../protocol/end_reason.ts";
import { encodeFrame } from "../protocol/frame.ts";
import type { Instant } from "../protocol/instant.ts";
import { limits } from "../protocol/limits.ts";
import { event } from "../protocol/server_frame.ts";
import type { Offer } from "./offer_table.ts";
import type { ServerContext } from "./server_context.ts";
import type { User } from "./user.ts";

/**
 * Somebody went off line: ends the offers that cannot go on. One that was
 * accepted does not need the server, so a lost connection leaves it running.
 */
export function endOffersOf(
  server: ServerContext,
  user: User,
  resumable: boolean,
): void {
  for (const offer of server.offers.of(user)) {
    if (offer.accepted && resumable) continue;
    endOffer(server, offer, user, "user_offline");
  }
}

/** Ends the offers that nobody answered, and those that nobody will end. */
export function endOldOffers(server: ServerContext, now: Instant): void {
  for (const offer of server.offers.expired(now.mono)) {
    endOffer(server, offer, offer.to, "expired");
    endOffer(server, offer, offer.from, "expired");
  }
  for (const offer of server.offers.abandoned(now.mono)) {
    endOffer(server, offer, offer.to, "user_offline");
    endOffer(server, offer, offer.from, "user_offline");
  }
}

/** A step of an offer for `transferlog.txt`; private sessions are in no log. */
export function logOffer(
  server: ServerContext,
  { from, to, file }: Offer,
  step: TransferLogEntry["step"],
  details: Pick<TransferLogEntry, "via" | "reason"> = {},
): void {
  if (file === undefined) return;
  const { name, size } = file;
  const parties = { sender: from.name, receiver: to.name };
  const entry = { ...parties, step, name, size, ...details };
  server.actions.push({ action: "transfer-log", entry });
}

/**
 * Somebody blocked somebody: ends what is offered or runs between the two. The
 * blocked one reads what is so: the other rejected it, or took it back.
 */
export function endOffersBetween(
  server: ServerContext,
  blocker: User,
  blocked: User,
): void {
  for (const offer of server.offers.of(blocker)) {
    if (offer.from !== blocked && offer.to !== blocked) continue;
    endOffer(server, offer, blocked, "blocked");
    const fields = { offer: offer.id, from: blocker.name };
    const isOpen = offer.accepted || offer.from === blocker;
    const result = offer.kind === "session" && offer.accepted
      ? "closed"
      : "cancelled";
    const frame = isOpen
      ? event("offer-end", { ...fields, result })
      : event("answer", { ...fields, accept: false, reason: "rejected" });
    sendOrPark(blocked, encodeFrame(frame));
  }
}

/** A client is seen from another address: tells the other sides of its offers. */
export function announceAddresses(
  server: ServerContext,
  user: User,
  now: Instant,
): void {
  const addresses = server.rendezvous.addresses(user, now.mono);
  for (const offer of server.offers.of(user)) {
    // Before the answer nobody knows where the receiver is.
    if (offer.kind !== "file" || !(offer.accepted || offer.from === user)) {
      continue;
    }
    const other = offer.from === user ? offer.to : offer.from;
    const fields = { offer: offer.id, from: user.name, addresses };
    if (other.session?.entered) {
      other.session.connection.send(encodeFrame(event("candidates", fields)));
    }
  }
}

/** The server relays no more of a transfer: tells both sides. */
export function tellRelayEnd(offer: Offer): void {
  const { id, from, to, relayAgainAt: at = 0 } = offer;
  const fields = { offer: id, user: from.name, at };
  const frame = encodeFrame(event("relay-end", fields));
  for (const user of [from, to]) sendOrPark(user, frame);
}

/** An event about an offer for somebody who may be about to come back. */
export function sendOrPark(user: User, frame: Uint8Array): void {
  if (user.session?.entered) user.session.connection.send(frame);
  else if (
    user.token !== undefined && user.parked.length < limits.parkedFrames
  ) {
    user.parked.push(frame);
  }
}

/** The offer failed because of `user`: tells the other side. */
function endOffer(
  server: ServerContext,
  offer: Offer,
  user: User,
  reason: EndReason,
): void {
  if (server.offers.remove(offer)) {
    logOffer(server, offer, "failed", { reason });
  }
  const other = offer.from === user ? offer.to : offer.from;
  const fields = { offer: offer.id, from: user.name, reason };
  sendOrPark(
    other,
    encodeFrame(event("offer-end", { ...fields, result: "failed" })),
  );
}

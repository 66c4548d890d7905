/**
 * Offers of files and private sessions: relayed between the two, not stored.
 *
 *     {"id":4,"do":"offer","offer":"00ff00ff00ff00ff","to":"luke","kind":"file",
 *      "key":"…","addresses":[{"ip":"10.0.0.7","port":6666}],
 *      "file":{"name":"a.mp4","size":9},"signature":"…"}
 *     {"id":5,"do":"answer","offer":"00ff00ff00ff00ff","accept":true,"key":"…",
 *      "signature":"…"}
 *     {"id":6,"do":"offer-end","offer":"00ff00ff00ff00ff","result":"verified"}
 */
import { encodeFrame } from "../../wire/frame.ts";
import type { Instant } from "../../base/ports.ts";
import { limits } from "../../wire/limits.ts";
import type { RequestFields, WireAddress } from "../../wire/request.ts";
import { event, type ReplyFields } from "../../wire/server_frame.ts";
import { isPrintable } from "../../base/text.ts";
import type { Offer } from "../model/offer_table.ts";
import { mustExist } from "./group.ts";
import { mustReach } from "../model/reach.ts";
import { Refusal } from "../model/refusal.ts";
import type { ServerContext } from "../core/server_context.ts";
import type { Session } from "../model/session.ts";
import type { Device } from "../model/device.ts";
import type { User } from "../model/user.ts";
import type { TransferLogEntry } from "../model/actions.ts";
import type { EndReason } from "../../wire/end_reason.ts";
import type { Rules } from "./rule.ts";

/** The rules of the requests handled here. */
export const offerRules: Rules<"offer" | "answer" | "offer-end"> = {
  offer: { needs: "session", activity: true, read: offer },
  answer: { needs: "session", activity: true, read: answer },
  "offer-end": { needs: "session", activity: true, read: offerEnd },
};

/** Offers something to somebody online. */
function offer(
  server: ServerContext,
  session: Session,
  request: RequestFields<"offer">,
  now: Instant,
): ReplyFields<"offer"> {
  const { user: from } = session;
  const { offer: id, kind, key, file, signature } = request;
  const to = receiverOf(server, from, request.to);
  if ((kind === "file") !== (file !== undefined)) {
    throw new Refusal("bad_request", '"file" belongs to an offer of a file');
  }
  if (file !== undefined && !isFileName(file.name)) {
    throw new Refusal("bad_file_name");
  }
  const group = groupOf(server, from, to, request.group);
  const existing = server.offers.find(id);
  if (existing !== undefined) {
    // Sent again after a lost reply.
    if (existing.from === from && existing.to === to) return {};
    throw new Refusal("bad_request", '"offer" is an id that is in use');
  }
  if (server.offers.isFull(from)) throw new Refusal("too_many_offers");
  const made = { id, from, to, kind, file, at: now.mono, accepted: false };
  server.offers.add(made);
  logOffer(server, made, "offered");
  const addresses = withSeenAddresses(
    server,
    session,
    kind,
    request.addresses,
  );
  const fields = { offer: id, from: from.name, kind, key, addresses };
  const { identity, account } = from;
  const about = present({ file, group, identity, account, signature });
  to.latestSession?.connection.send(
    encodeFrame(event("offer", { ...fields, ...about })),
  );
  return {};
}

/** Accepts or rejects an offer. */
function answer(
  server: ServerContext,
  session: Session,
  request: RequestFields<"answer">,
): ReplyFields<"answer"> {
  const { user } = session;
  const { offer: id, accept, reason, key, resume, signature } = request;
  const found = server.offers.find(id);
  if (found?.to !== user) throw new Refusal("unknown_offer");
  if (found.accepted) {
    // Sent again after a lost reply, or changed its mind too late.
    if (accept) return {};
    throw new Refusal("unknown_offer");
  }
  if (accept && key === undefined) {
    throw new Refusal("bad_request", '"key" belongs to an answer that accepts');
  }
  if (accept) {
    server.offers.accept(found);
    logOffer(server, found, "accepted");
  } else {
    server.offers.remove(found);
    logOffer(server, found, "rejected", { reason });
  }
  const addresses = withSeenAddresses(
    server,
    session,
    found.kind,
    request.addresses ?? [],
  );
  const details = accept
    ? { addresses, ...present({ key, resume, signature }) }
    : present({ reason });
  const fields = { offer: id, from: user.name, accept };
  sendOrPark(
    found.from,
    encodeFrame(event("answer", { ...fields, ...details })),
  );
  return {};
}

/** Tells the other side how an offer ended; either side may, at any time. */
function offerEnd(
  server: ServerContext,
  session: Session,
  request: RequestFields<"offer-end">,
): ReplyFields<"offer-end"> {
  const { user } = session;
  const { offer: id, result, reason, via } = request;
  const found = mineOf(server.offers.find(id), user);
  server.offers.remove(found);
  const step = result === "closed" ? "cancelled" : result;
  logOffer(server, found, step, { via, reason });
  const other = found.from === user ? found.to : found.from;
  const fields = { offer: id, from: user.name, result, ...present({ reason }) };
  sendOrPark(other, encodeFrame(event("offer-end", fields)));
  return {};
}

function receiverOf(server: ServerContext, from: User, name: string): User {
  const to = server.directory.mustBeUser(name);
  if (to === from) {
    throw new Refusal("is_self", "You cannot offer something to yourself");
  }
  mustReach(from, to, `Your request to ${to.name}`);
  if (!to.online) throw new Refusal("user_offline", `${to.name} is offline`);
  return to;
}

/** The name of the group that an offer is for, as the group has it. */
function groupOf(
  server: ServerContext,
  from: User,
  to: User,
  name: string | undefined,
): string | undefined {
  if (name === undefined) return undefined;
  const group = mustExist(server, name);
  if (!group.members.get(from)?.joined) throw new Refusal("not_in_group");
  if (!group.members.get(to)?.joined) throw new Refusal("not_a_member");
  return group.name;
}

function mineOf(found: Offer | undefined, user: User): Offer {
  if (found === undefined || (found.from !== user && found.to !== user)) {
    throw new Refusal("unknown_offer");
  }
  return found;
}

/**
 * The announced addresses, with those that the server sees in front: for a file
 * the ones that its UDP port sees and the connection's address with the UDP
 * port of the login, for a session that with the first port that was announced.
 */
function withSeenAddresses(
  server: ServerContext,
  session: Session,
  kind: "file" | "session",
  announced: readonly WireAddress[],
): WireAddress[] {
  const { user, ip, udpPort } = session;
  const seen = kind === "file" ? server.bindings.addresses(user) : [];
  const port = kind === "file" ? udpPort : announced[0]?.port ?? 0;
  if (port !== 0) seen.push({ ip, port });
  const all = [...seen, ...announced].map((each) =>
    [`${each.ip} ${each.port}`, each] as const
  );
  return [...new Map(all).values()];
}

/** Whether a name can be a file's: what is done with it is for the receiver. */
function isFileName(name: string): boolean {
  return name.trim() !== "" && isPrintable(name) && !/[/\\]/.test(name) &&
    new TextEncoder().encode(name).length <= limits.fileNameBytes;
}

/** The fields that are there. */
function present<T extends Record<string, unknown>>(
  fields: T,
): { [K in keyof T]?: Exclude<T[K], undefined> } {
  const entries = Object.entries(fields);
  return Object.fromEntries(
    entries.filter(([, value]) => value !== undefined),
  ) as { [K in keyof T]?: Exclude<T[K], undefined> };
}

// Tells both sides of an offer how it ends when one of them is gone.

/**
 * Somebody went offline: ends the offers that cannot go on. One that was
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
): void {
  const addresses = server.bindings.addresses(user);
  for (const offer of server.offers.of(user)) {
    // Before the answer nobody knows where the receiver is.
    if (offer.kind !== "file" || !(offer.accepted || offer.from === user)) {
      continue;
    }
    const other = offer.from === user ? offer.to : offer.from;
    const fields = { offer: offer.id, from: user.name, addresses };
    const frame = encodeFrame(event("candidates", fields));
    other.latestSession?.connection.send(frame);
  }
}

/**
 * The server relays no more of a transfer: tells both sides.
 *
 * @param at Until when, ms since 1970 UTC.
 */
export function tellRelayEnd({ id, from, to }: Offer, at: number): void {
  const fields = { offer: id, user: from.name, at };
  const frame = encodeFrame(event("relay-end", fields));
  for (const user of [from, to]) sendOrPark(user, frame);
}

/** An event about an offer for somebody who may be about to come back. */
export function sendOrPark(user: User, frame: Uint8Array): void {
  const device = partyOf(user);
  if (device?.session?.entered) device.session.connection.send(frame);
  else if (
    device?.token !== undefined && device.parked.length < limits.parkedFrames
  ) {
    device.parked.push(frame);
  }
}

/** The device that takes part for a user: the last that came, or that left. */
function partyOf({ latestSession, devices }: User): Device | undefined {
  if (latestSession !== undefined) return latestSession.device;
  const [last] = devices.filter(({ token }) => token !== undefined)
    .sort((one, other) => other.awaySince - one.awaySince);
  return last;
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

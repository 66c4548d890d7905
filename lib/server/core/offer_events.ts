/**
 * Tells the devices of an offer what became of it, those that are about to come
 * back too; and ends offers when a device, a person or too much time is gone.
 */
import { encodeFrame } from "../../wire/frame.ts";
import type { EndReason } from "../../wire/end_reason.ts";
import { limits } from "../../wire/limits.ts";
import { event } from "../../wire/server_frame.ts";
import type { Instant } from "../../base/ports.ts";
import type { FileLogEntry, TransferLogEntry } from "../model/actions.ts";
import type { Device } from "../model/device.ts";
import type { Offer } from "../model/offer_table.ts";
import type { User } from "../model/user.ts";
import type { ServerContext } from "./server_context.ts";

/**
 * A device is gone: ends the offers that cannot go on. One that was accepted
 * does not need the server, so a lost connection leaves it running, and only the
 * other side can tell whether it does; one that others of the user's devices were
 * asked as well waits for those.
 *
 * @param isSilent Its connection was not closed, nothing came of it any more.
 */
export function endOffersOf(
  server: ServerContext,
  device: Device,
  resumable: boolean,
  isSilent = false,
): void {
  const { offers } = server;
  for (const offer of offers.ofDevice(device)) {
    if (offer.accepted && resumable) {
      tellAway(offer, device, isSilent);
      continue;
    }
    if (isAsked(offer, device) && !offers.withdraw(offer, device)) continue;
    endOffer(server, offer, device, "user_offline");
  }
}

/** Ends the offers that nobody answered, and those that nobody will end. */
export function endOldOffers(server: ServerContext, now: Instant): void {
  const { offers } = server;
  for (const offer of offers.expired(now.mono)) {
    endForAll(server, offer, "expired");
  }
  for (const offer of offers.abandoned(now.mono)) {
    endForAll(server, offer, "user_offline");
  }
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
    const isMine = offer.from.user === blocker;
    const other = isMine ? offer.to : offer.from.user;
    if (other !== blocked) continue;
    remove(server, offer, "blocked");
    const [here, there] = isMine
      ? [[offer.from], offer.open]
      : [offer.open, [offer.from]];
    tell(here, endFrame(offer, blocked, "failed", "blocked"));
    const fields = { offer: offer.id, from: blocker.name };
    const isOpen = offer.accepted || isMine;
    const result = offer.kind !== "file" && offer.accepted
      ? "closed"
      : "cancelled";
    const frame = isOpen
      ? event("offer-end", { ...fields, result })
      : event("answer", { ...fields, accept: false, reason: "rejected" });
    tell(there, encodeFrame(frame));
  }
}

/** A device is seen from another address: tells the other sides of its offers. */
export function announceAddresses(
  server: ServerContext,
  device: Device,
): void {
  const addresses = server.bindings.addresses(device);
  for (const offer of server.offers.ofDevice(device)) {
    // Before the answer nobody knows where the receiver is.
    if (offer.kind === "session" || isAsked(offer, device)) continue;
    const fields = { offer: offer.id, from: device.user.name, addresses };
    const frame = encodeFrame(event("candidates", fields));
    for (const { session } of othersOf(offer, device)) {
      if (session?.entered) session.connection.send(frame);
    }
  }
}

/**
 * Something goes on between two devices of which one is at a node: tells both
 * where they are relayed if need be, which is at the node of the one who offered.
 * To who is there itself that is the server's own UDP port.
 */
export function announceRelay(
  server: ServerContext,
  { id, kind, from, open: [to] }: Offer,
  now: Instant,
): void {
  const here = from.session?.entered ? from.session.connection : undefined;
  const { udp } = here?.remote ?? {};
  if (kind === "session" || udp === undefined || udp.udpPort === 0) return;
  const account = from.user.id;
  const there = (udp.addresses ?? []).map((ip) => ({ ip, port: udp.udpPort }));
  for (const [side, device] of [["from", from], ["to", to]] as const) {
    if (!device?.session?.entered) continue;
    const { connection } = device.session;
    const grant = server.grantRelay(id, { side, account }, now);
    const isNear = connection.remote.udp?.node === udp.node;
    const addresses = isNear ? {} : { addresses: there };
    const fields = { offer: id, ...grant, ...addresses };
    connection.send(encodeFrame(event("relay", fields)));
  }
}

/** A device is there again, maybe at another node: what it has goes on there. */
export function announceRelaysOf(
  server: ServerContext,
  device: Device,
  now: Instant,
): void {
  if (device.session?.connection.remote.udp === undefined) return;
  for (const offer of server.offers.ofDevice(device)) {
    if (offer.accepted) announceRelay(server, offer, now);
  }
}

/**
 * The server relays no more of a transfer: tells both sides.
 *
 * @param at Until when, ms since 1970 UTC.
 */
export function tellRelayEnd({ id, from, open }: Offer, at: number): void {
  const fields = { offer: id, user: from.user.name, at };
  tell([from, ...open], encodeFrame(event("relay-end", fields)));
}

/** A device answered for its user: the others that were asked need not. */
export function tellAnswered(
  { id, from }: Offer,
  others: readonly Device[],
  by: Device,
  accept: boolean,
): void {
  const fields = { offer: id, device: by.name, accept };
  const answered = encodeFrame(event("answered", fields));
  const taken = {
    offer: id,
    from: from.user.name,
    result: "cancelled",
  } as const;
  const old = encodeFrame(event("offer-end", taken));
  for (const { session } of others) {
    if (!session?.entered) continue;
    const { connection } = session;
    connection.send(connection.hasDevices ? answered : old);
  }
}

/** A device is not heard any more: the other side of a transfer looks whether it is. */
function tellAway(offer: Offer, device: Device, isSilent: boolean): void {
  if (offer.kind !== "file") return;
  const about = { offer: offer.id, from: device.user.name };
  const fields = isSilent ? { ...about, silent: true } : about;
  const frame = encodeFrame(event("offer-away", fields));
  for (const { session } of othersOf(offer, device)) {
    if (!session?.entered || !session.connection.hasDevices) continue;
    session.connection.send(frame);
  }
}

/** The devices on the other side of an offer. */
export function othersOf(offer: Offer, device: Device): readonly Device[] {
  return offer.from === device ? offer.open : [offer.from];
}

/** True while a device may answer, and has not. */
export function isAsked(offer: Offer, device: Device): boolean {
  return !offer.accepted && offer.from !== device;
}

/** An event about an offer for devices that may be about to come back. */
export function tell(devices: readonly Device[], frame: Uint8Array): void {
  for (const { session, token, parked } of devices) {
    if (session?.entered) session.connection.send(frame);
    else if (token !== undefined && parked.length < limits.parkedFrames) {
      parked.push(frame);
    }
  }
}

/**
 * A step of an offer for `transferlog.txt`: of a file each, of a call its end,
 * once it was answered; private sessions are in no log.
 */
export function logOffer(
  server: ServerContext,
  { from, to, file, call, acceptedAt: since }: Offer,
  step: FileLogEntry["step"],
  details: Pick<TransferLogEntry, "via" | "reason"> = {},
): void {
  const parties = { sender: from.user.name, receiver: to.name };
  if (call !== undefined && since !== undefined && step !== "accepted") {
    const about = { ...parties, step: "call", name: call.media } as const;
    const entry = { ...about, since, ...details };
    server.actions.push({ action: "transfer-log", entry });
  }
  if (file === undefined) return;
  const { name, size } = file;
  const entry = { ...parties, step, name, size, ...details };
  server.actions.push({ action: "transfer-log", entry });
}

/** The offer failed because of a device: tells the other side. */
function endOffer(
  server: ServerContext,
  offer: Offer,
  device: Device,
  reason: EndReason,
): void {
  remove(server, offer, reason);
  const frame = endFrame(offer, device.user, "failed", reason);
  tell(othersOf(offer, device), frame);
}

/** The offer failed: tells both sides. */
function endForAll(
  server: ServerContext,
  offer: Offer,
  reason: EndReason,
): void {
  remove(server, offer, reason);
  const { from, to, open } = offer;
  tell([from], endFrame(offer, to, "failed", reason));
  tell(open, endFrame(offer, from.user, "failed", reason));
}

function remove(server: ServerContext, offer: Offer, reason: EndReason): void {
  if (server.offers.remove(offer)) {
    logOffer(server, offer, "failed", { reason });
  }
}

function endFrame(
  { id: offer }: Offer,
  by: User,
  result: "failed",
  reason: EndReason,
): Uint8Array {
  const fields = { offer, from: by.name, result, reason };
  return encodeFrame(event("offer-end", fields));
}

/**
 * What lets one side of a transfer in at the relay of a node, whichever that is:
 * it says itself what it is for, and its key is made from that, so that a node
 * asks nobody.
 *
 *     side u8 | account u48 | until u32, seconds since 1970
 */
import { createHmac } from "node:crypto";
import { ticketBytes } from "../../wire/rendezvous_datagram.ts";

/** A side of a transfer: the one who offered it, or the one it was offered to. */
export type RelaySide = "from" | "to";

/** What a ticket says. */
export interface RelayTicket {
  readonly side: RelaySide;
  /** The user whose quota it is. */
  readonly account: number;
}

/**
 * Makes one for a transfer.
 *
 * @param secret Of all nodes.
 * @param transfer Its id, 8 bytes.
 * @param wall ms since 1970 UTC.
 */
export function grantRelay(
  secret: Uint8Array,
  transfer: Uint8Array,
  { side, account }: RelayTicket,
  wall: number,
): { readonly ticket: Uint8Array; readonly key: Uint8Array } {
  const ticket = new Uint8Array(ticketBytes);
  const view = new DataView(ticket.buffer);
  ticket[0] = sides.indexOf(side);
  view.setUint16(1, Math.floor(account / 2 ** 32));
  view.setUint32(3, account % 2 ** 32);
  view.setUint32(7, Math.floor(wall / 1000) + lifetimeSeconds);
  return { ticket, key: keyOf(secret, transfer, ticket) };
}

/**
 * Reads one. Whether it was given to anybody shows what comes with it, by its
 * key.
 *
 * @returns `undefined` when it is none, or was given too long ago.
 */
export function readTicket(
  secret: Uint8Array,
  transfer: Uint8Array,
  ticket: Uint8Array,
  wall: number,
): RelayTicket & { readonly key: Uint8Array } | undefined {
  const view = new DataView(ticket.buffer, ticket.byteOffset, ticket.length);
  const side = sides[view.getUint8(0)];
  const until = view.getUint32(7);
  if (side === undefined || wall > until * 1000) return undefined;
  const account = view.getUint16(1) * 2 ** 32 + view.getUint32(3);
  return { side, account, key: keyOf(secret, transfer, ticket) };
}

function keyOf(
  secret: Uint8Array,
  transfer: Uint8Array,
  ticket: Uint8Array,
): Uint8Array {
  const code = createHmac("sha256", secret).update("relay\0").update(transfer)
    .update(ticket);
  return new Uint8Array(code.digest());
}

const sides: readonly RelaySide[] = ["from", "to"];
/** Longer than transfers take; who comes back is given another. */
const lifetimeSeconds = 7 * 86_400;

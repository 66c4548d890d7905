/**
 * What a sender is told once a private message has arrived: a device of its
 * receiver has acknowledged it. That is known of each message for as long as it
 * is, by the receiver's cursor; nothing more is stored for it.
 */
import { encodeFrame } from "../../wire/frame.ts";
import { limits } from "../../wire/limits.ts";
import { event } from "../../wire/server_frame.ts";
import type { Device } from "../model/device.ts";
import { maySee } from "../model/reach.ts";
import type { Session } from "../model/session.ts";
import type { User } from "../model/user.ts";
import type { ServerContext } from "./server_context.ts";

/**
 * A device has all messages up to an id. Whose private messages are the first
 * time on a device of this user with that is told, unless one has blocked the
 * other.
 */
export function confirm(
  { background, directory }: ServerContext,
  device: Device,
  id: number,
): void {
  const { user: receiver } = device;
  const { cursor: before } = receiver;
  if (!device.confirm(id)) return;
  background.noteCursor(device);
  const last = new Map<number, { number: number; kept: boolean }>();
  for (const { id, number, sender, kept } of device.takeConfirmed()) {
    // Another device of the user has it already.
    if (id <= before) continue;
    const isKept = kept || last.get(sender)?.kept === true;
    last.set(sender, { number, kept: isKept });
  }
  for (const [sender, { number, kept }] of last) {
    const user = directory.userById(sender);
    const sessions = user?.sessions.filter(isToBeTold) ?? [];
    if (user === undefined || sessions.length === 0) continue;
    if (!maySee(user, receiver)) continue;
    const frame = deliveredFrame(receiver, number, kept);
    for (const { connection } of sessions) connection.send(frame);
  }
}

/**
 * Tells a session that begins how far what its user sent has arrived, with each
 * of those to whom they wrote last.
 */
export function tellDelivered({ user, connection }: Session): void {
  const told = new Set<User>();
  for (const { receipts } of user.sent.newestFirst()) {
    for (const { to, id, number } of receipts) {
      if (told.size >= limits.deliveredUsers) return;
      if (told.has(to) || id > to.cursor) continue;
      if (!to.active || !maySee(user, to)) continue;
      told.add(to);
      connection.send(deliveredFrame(to, number, false));
    }
  }
}

function isToBeTold({ entered, connection }: Session): boolean {
  return entered && connection.hasDelivered;
}

function deliveredFrame(
  { name: to }: User,
  number: number,
  kept: boolean,
): Uint8Array {
  const fields = { to, number, ...kept && { kept } };
  return encodeFrame(event("delivered", fields));
}

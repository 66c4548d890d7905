import type { Instant } from "../../base/ports.ts";
import { limits } from "../../wire/limits.ts";
import type { Device } from "../model/device.ts";
import { isBetween, type Offer } from "../model/offer_table.ts";
import { Refusal } from "../model/refusal.ts";
import type { User } from "../model/user.ts";
import type { ServerContext } from "./server_context.ts";

/**
 * Those of the devices that ring for a call; of one that both are in already the
 * one that is, also where it has just lost all that led to the others.
 *
 * @param devices That are online and have their user's key.
 * @throws {Refusal} when none does.
 */
export function callDevices(
  { offers, lostParts, startedAt }: ServerContext,
  from: Device,
  to: User,
  devices: readonly Device[],
  { id, joins }: NonNullable<Offer["call"]>,
  { mono }: Instant,
): readonly Device[] {
  if (to === from.user) {
    throw new Refusal("is_self", "You cannot call yourself");
  }
  const theirs = offers.of(to).filter(({ call }) => call !== undefined);
  const ready = devices.filter(({ session }) => session?.connection.takesCalls);
  if (joins === true) {
    const isIn = (device: Device, among: readonly Offer[]) =>
      [...among, ...lostParts.of(device.user, mono)].some((offer) =>
        offer.call?.id === id && isBetween(offer, device)
      );
    const members = devices.filter((device) => isIn(device, theirs));
    if (members.length > 0 && isIn(from, offers.of(from.user))) return members;
    // Who was in it before this server began only the clients know, and those
    // that are not in it refuse.
    const isNew = mono - startedAt < limits.tokenMs;
    if (isNew && members.length > 0) return members;
    if (isNew && ready.length > 0) return ready;
    throw new Refusal("unknown_offer", `${to.name} is not in this call`);
  }
  if (theirs.some(({ accepted }) => accepted)) {
    throw new Refusal("in_call", `${to.name} is in another call`);
  }
  if (ready.length > 0) return ready;
  throw new Refusal("no_calls", `${to.name}'s client cannot take calls`);
}

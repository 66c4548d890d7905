import type { Device } from "../model/device.ts";
import {
  isBetween,
  type Offer,
  type OfferTable,
} from "../model/offer_table.ts";
import { Refusal } from "../model/refusal.ts";
import type { User } from "../model/user.ts";

/**
 * Those of the devices that ring for a call; of one that both are in already the
 * one that is.
 *
 * @param devices That are online and have their user's key.
 * @throws {Refusal} when none does.
 */
export function callDevices(
  offers: OfferTable,
  from: Device,
  to: User,
  devices: readonly Device[],
  { id, joins }: NonNullable<Offer["call"]>,
): readonly Device[] {
  if (to === from.user) {
    throw new Refusal("is_self", "You cannot call yourself");
  }
  const theirs = offers.of(to).filter(({ call }) => call !== undefined);
  const isIn = (device: Device, among: readonly Offer[]) =>
    among.some((offer) => offer.call?.id === id && isBetween(offer, device));
  if (joins === true) {
    const isMember = isIn(from, offers.of(from.user));
    const members = devices.filter((device) => isIn(device, theirs));
    if (isMember && members.length > 0) return members;
    throw new Refusal("unknown_offer", `${to.name} is not in this call`);
  }
  if (theirs.some(({ accepted }) => accepted)) {
    throw new Refusal("in_call", `${to.name} is in another call`);
  }
  const ready = devices.filter(({ session }) => session?.connection.takesCalls);
  if (ready.length > 0) return ready;
  throw new Refusal("no_calls", `${to.name}'s client cannot take calls`);
}

/** Who may reach and see whom; the one place where that is decided. */
import { Refusal } from "./refusal.ts";
import type { Group } from "./group.ts";
import type { User } from "./user.ts";

/**
 * True when messages, offers and invitations of `from` go to `to`: neither
 * blocks the other. Posts to a common group go by {@link isHidden}.
 */
export function mayReach(from: User, to: User): boolean {
  return to.active && !from.blockedBy.has(to) && !from.blocked.has(to);
}

/**
 * True when `from` blocks nobody and nobody blocks `from`: what goes to
 * thousands then needs no look at each of them.
 */
export function mayReachAll(from: User): boolean {
  return from.blockedBy.size === 0 && from.blocked.size === 0;
}

/**
 * Refuses what goes from one user to another when one has blocked the other.
 * Who is blocked reads the same whatever was tried, whether the other is online
 * or not.
 *
 * @param what Is not delivered: `Your message`.
 * @param then What follows from it: `; nothing was done`.
 * @throws {Refusal}
 */
export function mustReach(
  from: User,
  to: User,
  what: string,
  then = "",
): void {
  mustNotBlock(from, to, then);
  if (mayReach(from, to)) return;
  throw new Refusal("not_delivered", `${what} could not be delivered${then}`);
}

/**
 * Refuses what a user wants of somebody whom the user has blocked.
 *
 * @param then As of {@link mustReach}.
 * @throws {Refusal}
 */
export function mustNotBlock(from: User, to: User, then = ""): void {
  if (!from.blocked.has(to)) return;
  throw new Refusal(
    "you_blocked",
    `You have blocked ${to.name}; /unblock ${to.name} first${then}`,
  );
}

/** True when `viewer` is told that `subject` is online: neither blocks the other. */
export function maySee(viewer: User, subject: User): boolean {
  return viewer !== subject && !viewer.blockedBy.has(subject) &&
    !subject.blockedBy.has(viewer);
}

/** From whom it is kept that `subject` comes or goes; absent when from nobody. */
export function hidden(subject: User): ReadonlySet<User> | undefined {
  if (mayReachAll(subject)) return undefined;
  return new Set([...subject.blocked.keys(), ...subject.blockedBy]);
}

/**
 * True when a group's message of `sender` is kept from `reader`, who had blocked
 * the sender as it was sent. The other direction stays open: a group hears all
 * of its members but for those whom one has blocked oneself.
 *
 * @param id Of the message.
 */
export function isHidden(reader: User, sender: User, id: number): boolean {
  if (!sender.everBlocked) return false;
  const block = reader.blocked.get(sender);
  if (block !== undefined && id > block.after) return true;
  return reader.keptAway.has(sender, id);
}

/**
 * True when a member of a group was never to see a message of it: the deletion
 * is not for that member either.
 *
 * @param id Of the message.
 */
export function neverSaw(
  reader: User,
  sender: User,
  group: Group,
  id: number,
): boolean {
  if (isHidden(reader, sender, id)) return true;
  const member = group.members.get(reader);
  return member !== undefined && !group.history && id <= member.sinceMessage;
}

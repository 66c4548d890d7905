/** Who may reach and see whom; the one place where that is decided. */
import type { User } from "./user.ts";

/** True when messages, offers and invitations of `from` go to `to`. */
export function mayReach(from: User, to: User): boolean {
  return to.active && !from.blockedBy.has(to);
}

/**
 * True when nobody has blocked `from`: what goes to thousands then needs no
 * look at each of them.
 */
export function mayReachAll(from: User): boolean {
  return from.blockedBy.size === 0;
}

/** True when `viewer` is told that `subject` is on line: neither blocks the other. */
export function maySee(viewer: User, subject: User): boolean {
  return viewer !== subject && !viewer.blockedBy.has(subject) &&
    !subject.blockedBy.has(viewer);
}

/**
 * True when what `sender` said at a time is kept from `reader`, who had blocked
 * the sender by then. Only what goes to several people at once can get so far.
 *
 * @param at ms since 1970 UTC.
 */
export function isHidden(reader: User, sender: User, at: number): boolean {
  const since = reader.blocked.get(sender);
  return since !== undefined && at >= since;
}

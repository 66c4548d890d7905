/** Who may reach and see whom; the one place where that is decided. */
import type { User } from "./user.ts";

/** True when messages, offers and invitations of `from` go to `to`. */
export function mayReach(_from: User, to: User): boolean {
  return to.active;
}

/** True when `viewer` is told that `subject` is on line. */
export function maySee(viewer: User, subject: User): boolean {
  return viewer !== subject;
}

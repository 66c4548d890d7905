/**
 * Why an offer was refused, or ended before its time, as one client tells the
 * other. Nothing else of a reason crosses the wire: what a client says to its
 * own user may name paths and addresses, and none of those is for the other
 * side, which makes its own sentence from the code.
 */
import { oneOfOr } from "../base/schema.ts";

/** Every reason that may stand in an `answer` or an `offer-end`. */
export const endReasons = [
  /** Nobody there wants it. */
  "rejected",
  /** Too many offers wait there. */
  "busy",
  /** The key or the signature of this side is not good there. */
  "untrusted",
  /** The receiver has too little room. */
  "space",
  /** The receiver cannot store it. */
  "storage",
  /** What had arrived was removed or replaced at the receiver. */
  "removed",
  /** The sender's file is not what it was. */
  "changed",
  /** The sender can no longer read its file. */
  "unreadable",
  /** What came has not the digest that the sender says. */
  "integrity",
  /** No connection between the two clients was made, or it was lost. */
  "unreachable",
  /** The one who offered has used up what the server relays in a day. */
  "quota",
  /** That side ended or logged off unanswered, or did not come back. */
  "user_offline",
  /** The server says: nobody answered in time. */
  "expired",
  /** The server says, to who blocked: that was the end of it. */
  "blocked",
  /** Anything else. */
  "failed",
] as const;

/** One of {@link endReasons}. */
export type EndReason = typeof endReasons[number];

/** Reads a reason; one that is not known counts as `failed`. */
export const endReason = oneOfOr("failed", endReasons);

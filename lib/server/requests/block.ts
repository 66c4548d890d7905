/**
 * Blocking: neither can reach or see the other any more, and what the blocked
 * posts to common groups is not for the other, then or later. Nobody else is
 * told, and nothing that is not true: who is blocked hears nothing of it.
 *
 *     {"id":4,"do":"block","user":"luke"}
 *     {"id":5,"do":"unblock","user":"luke"}
 *     {"id":6,"do":"blocked"}
 */
import type { Instant } from "../../base/ports.ts";
import type { RequestFields } from "../../wire/request.ts";
import { encodeFrame } from "../../wire/frame.ts";
import { event, type ReplyFields } from "../../wire/server_frame.ts";
import type { Batch, Effect } from "../core/batch.ts";
import { tellCompanions } from "../core/departure.ts";
import { endOffersBetween } from "../core/offer_events.ts";
import { tellOnline } from "./presence.ts";
import { maySee } from "../model/reach.ts";
import { Refusal, refuseUser } from "../model/refusal.ts";
import type { ServerContext } from "../core/server_context.ts";
import type { Session } from "../model/session.ts";
import type { Block, User } from "../model/user.ts";
import type { Rules } from "./rule.ts";

/** The rules of the requests handled here. */
export const blockRules: Rules<"block" | "unblock" | "blocked"> = {
  block: { needs: "session", activity: true, write: block },
  unblock: { needs: "session", activity: true, write: unblock },
  blocked: { needs: "session", activity: true, read: blocked },
};

/** Blocks somebody. */
function block(
  server: ServerContext,
  session: Session,
  request: RequestFields<"block">,
  batch: Batch,
  now: Instant,
): Effect {
  const { user } = session;
  const other = otherThan(user, server.directory.user(request.user), request);
  if (user.blocked.has(other)) {
    throw new Refusal(
      "already_blocked",
      `You have already blocked ${other.name}`,
    );
  }
  const { lastMessage: after } = server.directory;
  const block = { since: now.wall, after };
  user.block(other, block);
  const stored = { user: user.id, blocked: other.id, ...block };
  batch.writes.push({ write: "block", block: stored });
  return {
    committed(): ReplyFields<"block"> {
      endOffersBetween(server, user, other);
      tellCompanions(session, blocksChanged);
      return { user: other.name };
    },
    undo: () => user.unblock(other),
  };
}

/** Ends a block; also of somebody whose account is gone. */
function unblock(
  server: ServerContext,
  session: Session,
  request: RequestFields<"unblock">,
  batch: Batch,
): Effect {
  const { user } = session;
  const known = server.directory.knownUser(request.user);
  const other = otherThan(user, known, request);
  const block = user.blocked.get(other);
  if (block === undefined) {
    throw new Refusal("not_blocked", `You have not blocked ${other.name}`);
  }
  user.unblock(other);
  // As it is now: others of the batch may change it before this is told.
  const isSeen = maySee(other, user);
  batch.writes.push({ write: "unblock", user: user.id, blocked: other.id });
  const undoKeeping = keepAway(server, user, other, block, batch);
  return {
    committed(now): ReplyFields<"unblock"> {
      if (isSeen && user.online && other.online) {
        showAgain(other, user, block, now);
        showAgain(user, other, block, now);
      }
      tellCompanions(session, blocksChanged);
      return { user: other.name };
    },
    undo() {
      undoKeeping();
      user.block(other, block);
    },
  };
}

const blocksChanged = encodeFrame(event("changed", { what: "blocks" }));

/** Whom the user has blocked, the longest blocked first. */
function blocked(
  _server: ServerContext,
  session: Session,
): ReplyFields<"blocked"> {
  const users = [...session.user.blocked]
    .filter(([{ ended }]) => !ended)
    .map(([{ name: user }, { since }]) => ({ user, since }))
    .sort((one, other) => one.since - other.since);
  return { users };
}

/** What came while the block lasted stays away when it has ended. */
function keepAway(
  { directory }: ServerContext,
  user: User,
  other: User,
  { after }: Block,
  batch: Batch,
): () => void {
  const upto = directory.lastMessage;
  if (upto === after) return () => {};
  const { range, undo } = user.keptAway.add(other, { after, upto });
  const keptAway = { user: user.id, sender: other.id, ...range };
  batch.writes.push({ write: "keep-away", keptAway });
  return undo;
}

/**
 * Shows `viewer` that `subject` is online, where that is news: to all devices if
 * `subject` came during the block, to those that came then otherwise. Who was
 * there before it never seemed to have left.
 */
function showAgain(
  viewer: User,
  subject: User,
  { since }: Block,
  now: Instant,
): void {
  const isNews = subject.onlineSince >= since;
  tellOnline(viewer, subject, isNews ? 0 : since, now);
}

function otherThan(
  user: User,
  found: User | undefined,
  request: { readonly user: string },
): User {
  if (found === undefined) refuseUser(request.user);
  if (found === user) {
    throw new Refusal("is_self", "You cannot block yourself");
  }
  return found;
}

/**
 * Blocking: who is blocked can neither reach nor see the other any more. It is
 * not announced; to the blocked it looks as if the other had gone off line.
 *
 *     {"id":4,"do":"block","user":"luke"}
 *     {"id":5,"do":"unblock","user":"luke"}
 *     {"id":6,"do":"blocked"}
 */
import type { Instant } from "../../protocol/instant.ts";
import type { RequestFields } from "../../protocol/request.ts";
import type { ReplyFields } from "../../protocol/server_frame.ts";
import type { Batch, Effect } from "../batch.ts";
import { endOffersBetween } from "../offer_relay.ts";
import { tellPresence } from "../presence.ts";
import { maySee } from "../reach.ts";
import { Refusal, shown } from "../refusal.ts";
import type { ServerContext } from "../server_context.ts";
import type { Session } from "../session.ts";
import type { User } from "../user.ts";

/** Blocks somebody. */
export function block(
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
  const wasSeen = maySee(other, user);
  const since = now.wall;
  user.block(other, since);
  const stored = { user: user.id, blocked: other.id, since };
  batch.writes.push({ write: "block", block: stored });
  return {
    committed(now): ReplyFields<"block"> {
      if (wasSeen) tellPresence(other, user, false, now);
      endOffersBetween(server, user, other);
      return { user: other.name };
    },
    undo: () => user.unblock(other),
  };
}

/** Ends a block; also of somebody whose account is gone. */
export function unblock(
  server: ServerContext,
  session: Session,
  request: RequestFields<"unblock">,
  batch: Batch,
): Effect {
  const { user } = session;
  const known = server.directory.knownUser(request.user);
  const other = otherThan(user, known, request);
  const since = user.blocked.get(other);
  if (since === undefined) {
    throw new Refusal("not_blocked", `You have not blocked ${other.name}`);
  }
  user.unblock(other);
  // As it is now: others of the batch may change it before this is told.
  const isSeen = maySee(other, user);
  batch.writes.push({ write: "unblock", user: user.id, blocked: other.id });
  return {
    committed(now): ReplyFields<"unblock"> {
      if (user.online && other.online && isSeen) {
        tellPresence(other, user, true, now);
        tellPresence(user, other, true, now);
      }
      return { user: other.name };
    },
    undo: () => user.block(other, since),
  };
}

/** Whom the user has blocked, the longest blocked first. */
export function blocked(
  _server: ServerContext,
  session: Session,
): ReplyFields<"blocked"> {
  const users = [...session.user.blocked]
    .map(([{ name: user }, since]) => ({ user, since }))
    .sort((one, other) => one.since - other.since);
  return { users };
}

function otherThan(
  user: User,
  found: User | undefined,
  request: { readonly user: string },
): User {
  if (found === undefined) {
    throw new Refusal(
      "unknown_user",
      `There is no user ${shown(request.user)}`,
    );
  }
  if (found === user) {
    throw new Refusal("is_self", "You cannot block yourself");
  }
  return found;
}

/**
 * Who is on line, signs of life, and what was received.
 *
 *     {"id":4,"do":"who"}
 *     {"id":5,"do":"who-since","seconds":60}
 *     {"id":6,"do":"ping"}
 *     {"do":"ping","active":true}
 *     {"do":"ack","upto":17}
 */
import type { Instant } from "../../protocol/instant.ts";
import { limits } from "../../protocol/limits.ts";
import type { RequestFields } from "../../protocol/request.ts";
import type { ReplyFields } from "../../protocol/server_frame.ts";
import type { Connection } from "../connection.ts";
import { maySee } from "../reach.ts";
import type { ServerContext } from "../server_context.ts";
import type { Session } from "../session.ts";

/** Everyone else on line, in the order of their logins. */
export function who(
  server: ServerContext,
  session: Session,
): ReplyFields<"who"> {
  const users: ReplyFields<"who">["users"] = [];
  for (const other of server.online) {
    if (!maySee(session.user, other.user)) continue;
    const { user, since, ip, udpPort } = other;
    users.push({ user: user.name, since, ip, udpPort });
  }
  return { users };
}

/** Everyone else who was on line within the last seconds, last seen first. */
export function whoSince(
  server: ServerContext,
  { user: viewer }: Session,
  { seconds }: RequestFields<"who-since">,
  now: Instant,
): ReplyFields<"who-since"> {
  const since = now.wall - seconds * 1000;
  const users: ReplyFields<"who-since">["users"] = [];
  for (const user of server.directory.users()) {
    if (!user.active || !maySee(viewer, user)) continue;
    const { name, online, lastSeen } = user;
    if (online) users.push({ user: name, online, at: now.wall });
    else if (lastSeen > 0 && lastSeen >= since) {
      users.push({ user: name, online, at: lastSeen });
    }
  }
  users.sort((one, other) => other.at - one.at);
  return { users: users.slice(0, limits.seenUsers), total: users.length };
}

/**
 * Answers a sign of life with one. Transfers and private sessions do not pass
 * here: a client that has such traffic says so, and counts as active.
 */
export function ping(
  _server: ServerContext,
  { session }: Connection,
  request: RequestFields<"ping">,
  now: Instant,
): ReplyFields<"ping"> {
  if (request.active && session !== undefined) session.lastActivity = now.mono;
  return {};
}

/** The client has all messages up to an id; it never gets them again. */
export function ack(
  server: ServerContext,
  session: Session,
  request: RequestFields<"ack">,
): ReplyFields<"ack"> {
  const { user } = session;
  const before = user.cursor;
  user.cursor = Math.max(before, Math.min(request.upto, session.delivered));
  session.settleSkipped();
  if (user.cursor > before) server.background.noteCursor(user);
  return {};
}

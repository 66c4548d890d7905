/**
 * Who is on line, signs of life, and what was received.
 *
 *     {"id":4,"do":"who"}
 *     {"id":5,"do":"ping"}
 *     {"do":"ack","upto":17}
 */
import type { RequestFields } from "../../protocol/request.ts";
import type { ReplyFields } from "../../protocol/server_frame.ts";
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

/** Answers a sign of life with one. */
export function ping(): ReplyFields<"ping"> {
  return {};
}

/** The client has all messages up to an id; it never gets them again. */
export function ack(
  server: ServerContext,
  session: Session,
  request: RequestFields<"ack">,
): ReplyFields<"ack"> {
  const { user } = session;
  const upto = Math.min(request.upto, session.delivered);
  if (upto > user.cursor) {
    user.cursor = upto;
    server.background.noteCursor(user);
  }
  return {};
}

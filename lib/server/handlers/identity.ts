/**
 * Which key a user's client signs with.
 *
 *     {"id":4,"do":"identity","user":"luke"}
 */
import type { RequestFields } from "../../protocol/request.ts";
import type { ReplyFields } from "../../protocol/server_frame.ts";
import { mustReach } from "../reach.ts";
import { Refusal, shown } from "../refusal.ts";
import type { ServerContext } from "../server_context.ts";
import type { Session } from "../session.ts";

/** The key that a user's client logged in with last; none when it had none. */
export function identity(
  server: ServerContext,
  session: Session,
  { user: name }: RequestFields<"identity">,
): ReplyFields<"identity"> {
  const user = server.directory.user(name);
  if (user === undefined) {
    throw new Refusal("unknown_user", `There is no user ${shown(name)}`);
  }
  mustReach(session.user, user, `Your request to ${user.name}`);
  const who = { user: user.name, account: user.account };
  if (user.identity !== undefined) return { ...who, identity: user.identity };
  if (!user.online) {
    throw new Refusal("user_offline", `${user.name} is off line`);
  }
  return who;
}

/**
 * Whom or what a name stands for, before anything is sent there.
 *
 *     {"id":4,"do":"find","name":"luke"}
 */
import type { RequestFields } from "../../protocol/request.ts";
import type { ReplyFields } from "../../protocol/server_frame.ts";
import { Refusal, shown } from "../refusal.ts";
import type { ServerContext } from "../server_context.ts";
import type { Session } from "../session.ts";
import { mustNotBlock } from "../reach.ts";
import { mustExist } from "./group.ts";

/**
 * A user to write to, or a group that the asker has joined. A name that is both
 * is the user: what is meant for one person must not go to many by mistake.
 */
export function find(
  server: ServerContext,
  session: Session,
  { name, kind }: RequestFields<"find">,
): ReplyFields<"find"> {
  const { directory } = server;
  const user = directory.user(name);
  const group = directory.group(name);
  const ambiguous = user !== undefined && user !== session.user &&
    group !== undefined && session.user.groups.has(group);
  if (user !== undefined && kind !== "group") {
    if (user !== session.user) {
      mustNotBlock(session.user, user);
      return { kind: "user", name: user.name, ambiguous };
    }
    if (kind === "user" || group === undefined) {
      throw new Refusal("is_self", "You cannot chat with yourself");
    }
  }
  if (kind === "user") {
    throw new Refusal("unknown_user", `There is no user ${shown(name)}`);
  }
  if (group === undefined && kind === undefined) {
    throw new Refusal(
      "unknown_name",
      `There is no user and no group chat ${shown(name)}`,
    );
  }
  const found = mustExist(server, name);
  const member = found.members.get(session.user);
  if (member === undefined) throw new Refusal("not_in_group");
  if (!member.joined) throw new Refusal("not_joined");
  return { kind: "group", name: found.name, ambiguous };
}

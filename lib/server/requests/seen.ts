/**
 * What a user has seen, on whichever device.
 *
 *     {"id":4,"do":"seen","with":"luke","upto":118}
 *     {"id":5,"do":"seen","group":"jedi","upto":120}
 *     {"id":6,"do":"seen","all":true}
 */
import type { RequestFields } from "../../wire/request.ts";
import type { ReplyFields } from "../../wire/server_frame.ts";
import type { Batch, Effect } from "../core/batch.ts";
import { fieldsOf } from "../core/unseen_counts.ts";
import type { Group } from "../model/group.ts";
import type { Marked } from "../model/read_marks.ts";
import { Refusal, refuseName, refuseUser } from "../model/refusal.ts";
import type { ServerContext } from "../core/server_context.ts";
import type { Session } from "../model/session.ts";
import type { User } from "../model/user.ts";
import { mustExist } from "./group.ts";
import { mustHaveJoined } from "./history.ts";
import type { Rules } from "./rule.ts";

/** The rules of the requests handled here. */
export const seenRules: Rules<"seen"> = {
  // It takes its turn so that what it names is stored; it is itself stored with
  // the next batch, like what is confirmed.
  seen: { needs: "session", activity: false, write: seen },
};

/** Moves the mark of a conversation, or of all of them; never back. */
function seen(
  server: ServerContext,
  session: Session,
  request: RequestFields<"seen">,
  _batch: Batch,
): Effect {
  const { user } = session;
  const { lastMessage } = server.directory;
  const { all = false, upto: asked = lastMessage } = request;
  const { with: other, group, name, broadcast } = request;
  const places = [other, group, name, broadcast || undefined, all || undefined];
  if (places.filter((each) => each !== undefined).length !== 1) {
    const message =
      'one of "with", "group", "name", "broadcast" and "all" must be given';
    throw new Refusal("bad_request", message);
  }
  // Beyond that it is of a database that was set back, and of other messages.
  const upto = asked > lastMessage ? 0 : asked;
  if (all) {
    return {
      committed(): ReplyFields<"seen"> {
        raise(server, session, undefined, upto);
        return { all, upto: user.marks.everything };
      },
    };
  }
  const conversation = conversationOf(server, user, request);
  return {
    committed(): ReplyFields<"seen"> {
      raise(server, session, conversation, upto);
      return {
        ...fieldsOf(conversation),
        upto: user.marks.upto(conversation),
      };
    },
  };
}

/** What is meant, if the user may see it. */
function conversationOf(
  server: ServerContext,
  user: User,
  request: RequestFields<"seen">,
): Marked {
  const { directory } = server;
  const { with: withName, group: groupName, name = "", broadcast } = request;
  if (broadcast) return "broadcasts";
  if (groupName !== undefined) {
    return mustBeIn(mustExist(server, groupName), user);
  }
  const other = directory.knownUser(withName ?? name);
  if (other !== undefined) return mustBeOther(user, other);
  if (withName !== undefined) refuseUser(withName);
  return mustBeIn(directory.group(name) ?? refuseName(name), user);
}

function mustBeIn(group: Group, user: User): Group {
  mustHaveJoined(group, user);
  return group;
}

function mustBeOther(user: User, other: User): User {
  if (other !== user) return other;
  throw new Refusal("is_self", "You have no messages from yourself");
}

function raise(
  { background, unseen }: ServerContext,
  session: Session,
  conversation: Marked | undefined,
  upto: number,
): void {
  const { user } = session;
  const { everything } = user.marks;
  const isNews = conversation === undefined
    ? user.marks.raiseAll(upto)
    : user.marks.raise(conversation, upto);
  if (!isNews) return;
  if (user.marks.everything !== everything) background.noteMark(user);
  if (conversation !== undefined) {
    background.noteMark(user, conversation);
    return unseen.tellOthers(session, conversation);
  }
  for (const other of session.device.companions) unseen.tell(other);
}

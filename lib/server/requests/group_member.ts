/**
 * Who is in a group: leaving it, and what its leader decides.
 *
 *     {"id":4,"do":"group-leave","group":"jedi"}
 *     {"id":5,"do":"group-add","group":"jedi","user":"hans"}
 *     {"id":6,"do":"group-remove","group":"jedi","user":"hans"}
 *     {"id":7,"do":"group-promote","group":"jedi","user":"luke"}
 */
import { encodeFrame } from "../../wire/frame.ts";
import type { Instant } from "../../base/ports.ts";
import { limits } from "../../wire/limits.ts";
import type { RequestFields } from "../../wire/request.ts";
import { event, type ReplyFields } from "../../wire/server_frame.ts";
import type { Batch, Effect } from "../core/batch.ts";
import { depart, leftFrame, tellLeader, tellUser } from "../core/departure.ts";
import type { Group, Member } from "../model/group.ts";
import { mustReach } from "../model/reach.ts";
import { Refusal } from "../model/refusal.ts";
import type { ServerContext } from "../core/server_context.ts";
import type { Session } from "../model/session.ts";
import type { User } from "../model/user.ts";
import { mayBeInvited, mustExist, place } from "./group.ts";
import type { Rules } from "./rule.ts";

/** The rules of the requests handled here. */
export const groupMemberRules: Rules<
  "group-leave" | "group-add" | "group-remove" | "group-promote"
> = {
  "group-leave": { needs: "session", activity: true, write: leaveGroup },
  "group-add": { needs: "session", activity: true, write: addMember },
  "group-remove": { needs: "session", activity: true, write: removeMember },
  "group-promote": { needs: "session", activity: true, write: promoteMember },
};

/** A member leaves, or an invited user declines. */
function leaveGroup(
  server: ServerContext,
  session: Session,
  request: RequestFields<"group-leave">,
  batch: Batch,
  now: Instant,
): Effect {
  const group = mustExist(server, request.group);
  const member = group.members.get(session.user);
  if (member === undefined) throw new Refusal("not_in_group");
  const departure = depart(server, batch, group, member, now.wall);
  return {
    committed({ wall: at }): ReplyFields<"group-leave"> {
      const { joined, successor, ended } = departure;
      const frame = leftFrame(departure, joined ? "left" : "declined", at);
      departure.tell(frame, at, session);
      const fields = { group: group.name, declined: !joined, ended };
      return successor === undefined
        ? fields
        : { ...fields, leader: successor.name };
    },
    undo: departure.undo,
  };
}

/** The leader invites somebody. */
function addMember(
  server: ServerContext,
  session: Session,
  request: RequestFields<"group-add">,
  batch: Batch,
  now: Instant,
): Effect {
  const { leader, group, user } = decisionOf(server, session, request);
  const existing = group.members.get(user);
  if (existing !== undefined) {
    const already = existing.joined ? "in" : "invited to";
    throw new Refusal(
      "already_member",
      `${user.name} is already ${already} group chat ${group.name}`,
    );
  }
  mustReach(leader, user, `The invitation of ${user.name}`);
  if (group.members.size > limits.groupUsers) {
    throw new Refusal(
      "group_full",
      `Group chat ${group.name} is full: it has ${limits.groupUsers} members besides its leader`,
    );
  }
  mayBeInvited(user);
  const { lastMessage: sinceMessage } = server.directory;
  const at = now.wall;
  place(batch, group, { user, joined: false, since: at, sinceMessage });
  return {
    committed(): ReplyFields<"group-add"> {
      const { name, leaderOnly } = group;
      const fields = { group: name, by: leader.name, leaderOnly, at };
      tellUser(user, encodeFrame(event("invited", fields)));
      return { group: name, user: user.name };
    },
    undo: () => group.removeMember(user),
  };
}

/** The leader takes somebody out, or an invitation back. */
function removeMember(
  server: ServerContext,
  session: Session,
  request: RequestFields<"group-remove">,
  batch: Batch,
  now: Instant,
): Effect {
  const { leader, group, user } = decisionOf(server, session, request);
  if (user === leader) {
    throw new Refusal(
      "is_self",
      "You cannot remove yourself; /leavegroup leaves the group chat",
    );
  }
  const departure = depart(
    server,
    batch,
    group,
    mustBeMember(group, user),
    now.wall,
  );
  return {
    committed({ wall: at }): ReplyFields<"group-remove"> {
      const names = { group: group.name, user: user.name };
      const fields = { ...names, by: leader.name, at };
      const frame = encodeFrame(event("removed", fields));
      departure.tell(frame, at, session);
      tellUser(user, frame);
      return { ...names, invited: !departure.joined };
    },
    undo: departure.undo,
  };
}

/** The leader makes another member the leader. */
function promoteMember(
  server: ServerContext,
  session: Session,
  request: RequestFields<"group-promote">,
  batch: Batch,
): Effect {
  const { leader, group, user } = decisionOf(server, session, request);
  if (user === leader) {
    throw new Refusal(
      "already_leader",
      `You lead group chat ${group.name} already`,
    );
  }
  if (!mustBeMember(group, user).joined) {
    throw new Refusal(
      "not_a_member",
      `${user.name} has not joined group chat ${group.name} yet`,
    );
  }
  group.leader = user;
  batch.writes.push({ write: "group", group: group.toStored() });
  return {
    committed({ wall: at }): ReplyFields<"group-promote"> {
      tellLeader(group, user, at, session);
      return { group: group.name, leader: user.name };
    },
    undo() {
      group.leader = leader;
    },
  };
}

/**
 * The group of this name, which the user leads.
 *
 * @throws {Refusal} when there is none, or somebody else leads it.
 */
export function mustLead(
  server: ServerContext,
  user: User,
  name: string,
): Group {
  const group = mustExist(server, name);
  if (!group.members.has(user)) throw new Refusal("not_in_group");
  if (group.leader !== user) {
    throw new Refusal(
      "leader_only",
      `Only ${group.leader.name}, who leads ${group.name}, may do this`,
    );
  }
  return group;
}

/** What a leader decides about whom. */
function decisionOf(
  server: ServerContext,
  { user: leader }: Session,
  { group, user }: RequestFields<"group-add">,
): { leader: User; group: Group; user: User } {
  return {
    leader,
    group: mustLead(server, leader, group),
    user: server.directory.mustBeUser(user),
  };
}

function mustBeMember(group: Group, user: User): Member {
  const member = group.members.get(user);
  if (member !== undefined) return member;
  throw new Refusal(
    "not_a_member",
    `${user.name} is not in group chat ${group.name}`,
  );
}

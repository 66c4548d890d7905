/**
 * Group chats.
 *
 *     {"id":4,"do":"group-create","group":"jedi","users":["obiwan","luke"]}
 *     {"id":5,"do":"group-join","group":"jedi"}
 *     {"id":6,"do":"groups"}
 *     {"id":7,"do":"group-members","group":"jedi"}
 */
import { encodeFrame } from "../../wire/frame.ts";
import type { Instant } from "../../base/ports.ts";
import { errorMessages } from "../../wire/errors.ts";
import { groupDigest } from "../../wire/group_digest.ts";
import { limits } from "../../wire/limits.ts";
import { isGroupName } from "../../wire/names.ts";
import type { RequestFields } from "../../wire/request.ts";
import { event, type ReplyFields } from "../../wire/server_frame.ts";
import type { Batch, Effect } from "../core/batch.ts";
import { tellCompanions, tellMembers, tellUser } from "../core/departure.ts";
import type { Group, Member } from "../model/group.ts";
import { mustReach } from "../model/reach.ts";
import { Refusal, shown } from "../model/refusal.ts";
import type { ServerContext } from "../core/server_context.ts";
import type { Session } from "../model/session.ts";
import type { User } from "../model/user.ts";
import type { Rules } from "./rule.ts";

/** The rules of the requests handled here. */
export const groupRules: Rules<
  "group-create" | "group-join" | "groups" | "group-members"
> = {
  "group-create": { needs: "session", activity: true, write: createGroup },
  "group-join": { needs: "session", activity: true, write: joinGroup },
  groups: { needs: "session", activity: true, read: groups },
  "group-members": { needs: "session", activity: true, read: groupMembers },
};

/** Makes a group: the creator leads and has joined, the others are invited. */
function createGroup(
  server: ServerContext,
  session: Session,
  request: RequestFields<"group-create">,
  batch: Batch,
  now: Instant,
): Effect {
  const { directory } = server;
  const { user: creator } = session;
  const { group: name, leaderOnly = false } = request;
  if (!isGroupName(name)) throw new Refusal("bad_group_name");
  const existing = directory.group(name);
  if (existing !== undefined) {
    throw new Refusal(
      "group_exists",
      `a group chat (Name: ${existing.name}) already exists`,
    );
  }
  const invited = usersToInvite(server, creator, request.users);
  mayJoin(creator);
  const at = now.wall;
  const group = directory.addGroup(name, creator, leaderOnly, at);
  batch.writes.push({ write: "group", group: group.toStored() });
  // As it is now: others of the batch may change it before this is told.
  const members = [creator, ...invited];
  for (const user of members) {
    place(batch, group, {
      user,
      joined: user === creator,
      since: at,
      sinceMessage: directory.lastMessage,
    });
  }
  return {
    committed(): ReplyFields<"group-create"> {
      group.addOnlineOf(creator);
      const fields = { group: name, by: creator.name, leaderOnly, at };
      const frame = encodeFrame(event("invited", fields));
      for (const user of invited) tellUser(user, frame);
      const joined = { group: name, user: creator.name, at };
      tellCompanions(session, encodeFrame(event("joined", joined)));
      return { group: name, members: members.map((user) => user.name) };
    },
    undo: () => directory.removeGroup(group),
  };
}

/** An invited user joins. */
function joinGroup(
  server: ServerContext,
  session: Session,
  request: RequestFields<"group-join">,
  batch: Batch,
  now: Instant,
): Effect {
  const { user } = session;
  const group = mustExist(server, request.group);
  const before = group.members.get(user);
  if (before === undefined) throw new Refusal("not_invited");
  if (before.joined) throw new Refusal("already_joined");
  mayJoin(user);
  place(batch, group, {
    user,
    joined: true,
    since: now.wall,
    sinceMessage: server.directory.lastMessage,
  });
  // As it is now: others of the batch may change it before this is told.
  const members = group.users(true);
  return {
    committed(now): ReplyFields<"group-join"> {
      const fields = { group: group.name, user: user.name, at: now.wall };
      const frame = encodeFrame(event("joined", fields));
      tellMembers(group, frame, session);
      group.addOnlineOf(user);
      return { group: group.name, members: members.map(({ name }) => name) };
    },
    undo: () => group.setMember(before),
  };
}

/** The groups that the user has joined, then those the user may join. */
function groups(
  _server: ServerContext,
  session: Session,
  { digests = false }: RequestFields<"groups">,
): ReplyFields<"groups"> {
  const { user } = session;
  const mine = [...user.groups, ...user.invitations].map((group) => {
    const members = group.names(true);
    const { history, topic: { text: topic = "" } = {} } = group;
    return {
      group: group.name,
      leader: group.leader.name,
      joined: user.groups.has(group),
      leaderOnly: group.leaderOnly,
      size: members.length,
      ...digests && { digest: groupDigest({ members, history, topic }) },
    };
  });
  return { groups: mine };
}

/** Who has joined a group and who is invited, for those who belong to it. */
function groupMembers(
  server: ServerContext,
  session: Session,
  request: RequestFields<"group-members">,
): ReplyFields<"group-members"> {
  const group = mustExist(server, request.group);
  if (!group.members.has(session.user)) throw new Refusal("not_in_group");
  return {
    group: group.name,
    leader: group.leader.name,
    leaderOnly: group.leaderOnly,
    history: group.history,
    ...group.topicField,
    joined: group.names(true),
    invited: group.names(false),
  };
}

/**
 * The group of this name.
 *
 * @throws {Refusal} when there is none.
 */
export function mustExist(server: ServerContext, name: string): Group {
  const group = server.directory.group(name);
  if (group === undefined) throw new Refusal("unknown_group");
  return group;
}

/** What is said to somebody who is invited and has not joined. */
export function notJoined({ name }: Group): Refusal {
  return new Refusal(
    "not_joined",
    `${errorMessages.not_joined}: /joingroup ${name}`,
  );
}

/**
 * Refuses another invitation of somebody who has too many.
 *
 * @throws {Refusal}
 */
export function mayBeInvited(user: User): void {
  if (user.invitations.size < limits.invitationsPerUser) return;
  throw new Refusal(
    "too_many_groups",
    `${user.name} has ${limits.invitationsPerUser} invitations to answer first`,
  );
}

function mayJoin(user: User): void {
  if (user.groups.size < limits.groupsPerUser) return;
  throw new Refusal(
    "too_many_groups",
    `You are in ${limits.groupsPerUser} group chats already; /leavegroup leaves one`,
  );
}

function usersToInvite(
  server: ServerContext,
  creator: User,
  names: readonly string[],
): Set<User> {
  const users = new Set<User>();
  for (const name of names) {
    const user = server.directory.user(name);
    if (user === undefined) {
      throw new Refusal(
        "unknown_user",
        `There is no user ${shown(name)}; the group was not created`,
      );
    }
    if (user === creator) continue;
    const what = `The invitation of ${user.name}`;
    mustReach(creator, user, what, "; the group was not created");
    mayBeInvited(user);
    users.add(user);
  }
  if (users.size === 0) throw new Refusal("no_other_user");
  return users;
}

/** Gives somebody a place in a group and adds the write that stores it. */
export function place(batch: Batch, group: Group, member: Member): void {
  group.setMember(member);
  batch.writes.push({ write: "member", member: group.toStoredMember(member) });
}

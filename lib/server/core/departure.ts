/**
 * How somebody's place in a group ends, for whatever reason: the leader is
 * succeeded by the member of longest standing, and a group that nobody who has
 * joined is left in has ended, with the invitations to it.
 *
 * What was sent before and waits for whoever goes is still delivered; nothing
 * that is sent later is.
 */
import { encodeFrame } from "../../wire/frame.ts";
import { event } from "../../wire/server_frame.ts";
import type { Batch, Effect } from "./batch.ts";
import type { Group, Member } from "../model/group.ts";
import type { ServerContext } from "./server_context.ts";
import type { Session } from "../model/session.ts";
import type { User } from "../model/user.ts";

/** The end of somebody's place in a group, decided but not yet told. */
export interface Departure {
  readonly group: Group;
  readonly user: User;
  /** False when the user was only invited. */
  readonly joined: boolean;
  /** Who leads now, when the user did. */
  readonly successor: User | undefined;
  /** True when nobody who has joined is left. */
  readonly ended: boolean;
  /**
   * It is stored: tells everyone online whom it concerns.
   *
   * @param frame Tells the remaining members that the user is gone.
   * @param at When it happened, ms since 1970 UTC.
   * @param by Who did it, and knows from the reply.
   */
  tell(frame: Uint8Array, at: number, by?: Session): void;
  /** It is not stored: puts everything back. */
  undo(): void;
}

/** Takes a member out of a group and adds the writes that store this. */
export function depart(
  server: ServerContext,
  batch: Batch,
  group: Group,
  member: Member,
  at: number,
): Departure {
  const { directory } = server;
  const { user, joined } = member;
  const before = group.leader;
  group.removeMember(user);
  batch.writes.push({
    write: "member-remove",
    group: group.id,
    user: user.id,
    ...owed(group, member, directory.lastMessage, at),
  });
  const successor = user === before ? group.successor() : undefined;
  const ended = user === before && successor === undefined;
  const invited = ended ? [...group.members.values()] : [];
  if (successor !== undefined) {
    group.leader = successor;
    batch.writes.push({ write: "group", group: group.toStored() });
  }
  if (ended) {
    directory.removeGroup(group);
    batch.writes.push({ write: "group-end", group: group.id, at });
  }
  return {
    group,
    user,
    joined,
    successor,
    ended,
    tell(frame, at, by) {
      if (!group.members.has(user)) user.marks.forget(group);
      group.matchOnline(user);
      tellMembers(group, frame, by);
      if (successor !== undefined) tellLeader(group, successor, at);
      const end = encodeFrame(event("group-end", { group: group.name, at }));
      for (const { user } of invited) tellUser(user, end);
    },
    undo() {
      if (ended) directory.restoreGroup(group);
      group.leader = before;
      for (const each of [member, ...invited]) group.setMember(each);
      group.matchOnline(user);
    },
  };
}

/** Ends all memberships of a user whose account was removed. */
export function endMemberships(
  server: ServerContext,
  user: User,
  batch: Batch,
  { wall: at }: { readonly wall: number },
): Effect {
  const groups = user.active ? [] : [...user.groups, ...user.invitations];
  const departures = groups.flatMap((group) => {
    const member = group.members.get(user);
    if (member === undefined) return [];
    return [depart(server, batch, group, member, at)];
  });
  return {
    committed() {
      for (const departure of departures) {
        departure.tell(leftFrame(departure, "account-removed", at), at);
      }
      return undefined;
    },
    undo() {
      for (const departure of departures.toReversed()) departure.undo();
    },
  };
}

/** The event `left` about a departure. */
export function leftFrame(
  { group, user }: Departure,
  why: "left" | "declined" | "account-removed",
  at: number,
): Uint8Array {
  const fields = { group: group.name, user: user.name, at, why };
  return encodeFrame(event("left", fields));
}

/** Sends a frame to the joined members online, but for `by`. */
export function tellMembers(
  group: Group,
  frame: Uint8Array,
  by?: Session,
): void {
  for (const session of group.online) {
    if (session.user !== by?.user) session.connection.send(frame);
  }
  if (by !== undefined) tellCompanions(by, frame);
}

/** Sends a frame to the user's other sessions: they know no reply. */
export function tellCompanions({ device }: Session, frame: Uint8Array): void {
  for (const { connection } of device.companions) connection.send(frame);
}

/**
 * Sends a frame to the sessions of a user.
 *
 * @param from Only to those that began then or later, ms since 1970 UTC; to all
 * by default.
 */
export function tellUser(user: User, frame: Uint8Array, from = 0): void {
  for (const { entered, since, connection } of user.sessions) {
    if (entered && since >= from) connection.send(frame);
  }
}

/** Tells the joined members online who leads now, but for `by`, which knows. */
export function tellLeader(
  group: Group,
  leader: User,
  at: number,
  by?: Session,
): void {
  const fields = { group: group.name, leader: leader.name, at };
  const who = by === undefined ? {} : { by: by.user.name };
  tellMembers(group, encodeFrame(event("leader", { ...fields, ...who })), by);
}

/** The messages that may still have to be delivered to a member who goes. */
function owed(
  group: Group,
  { user, joined, sinceMessage }: Member,
  upto: number,
  at: number,
) {
  const after = Math.max(sinceMessage, user.confirmedByAll(at));
  if (!joined || group.latestMessage <= after) return {};
  // So that the next login looks into the store.
  user.latestMessage = Math.max(user.latestMessage, group.latestMessage);
  return { owed: { after, upto } };
}

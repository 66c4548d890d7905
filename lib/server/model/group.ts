import type { StoredGroup, StoredMember, StoredTopic } from "./store.ts";
import type { Session } from "./session.ts";
import type { User } from "./user.ts";

/** Somebody's place in a group. */
export interface Member {
  readonly user: User;
  readonly joined: boolean;
  /** When joined, or invited; ms since 1970 UTC. */
  readonly since: number;
  /** Messages of the group up to this id were sent before the user joined. */
  readonly sinceMessage: number;
}

/** A group chat with its members. */
export class Group {
  readonly id: number;
  readonly name: string;
  leader: User;
  /** True when only the leader may post. */
  readonly leaderOnly: boolean;
  readonly createdAt: number;
  /** True when all members may see what was said before they joined. */
  history: boolean;
  topic: StoredTopic | undefined;
  readonly members = new Map<User, Member>();
  /**
   * Sessions of the joined members who are online: what a group message walks
   * through, so an array, in no particular order.
   */
  readonly online: Session[] = [];
  /** Number of the group log's last line. */
  lastNumber = 0;
  /** Id of the last message, or higher when not known. */
  latestMessage = 0;

  constructor(stored: StoredGroup, leader: User) {
    this.id = stored.id;
    this.name = stored.name;
    this.leader = leader;
    this.leaderOnly = stored.leaderOnly;
    this.createdAt = stored.createdAt;
    this.history = stored.history ?? false;
    this.topic = stored.topic;
  }

  /** The field that tells what the group is about; none when nothing is said. */
  get topicField(): { topic?: string } {
    const { text = "" } = this.topic ?? {};
    return text === "" ? {} : { topic: text };
  }

  /** The members who have joined, or those only invited. */
  users(joined: boolean): User[] {
    const users: User[] = [];
    for (const member of this.members.values()) {
      if (member.joined === joined) users.push(member.user);
    }
    return users;
  }

  /** Their names. */
  names(joined: boolean): string[] {
    return this.users(joined).map(({ name }) => name);
  }

  /** True when nobody else has joined. */
  isAlone(user: User): boolean {
    for (const member of this.members.values()) {
      if (member.joined && member.user !== user) return false;
    }
    return true;
  }

  /** Sets or replaces somebody's place, on both sides of the relation. */
  setMember(member: Member): void {
    this.members.set(member.user, member);
    member.user.addGroup(this, member.joined);
  }

  /** Takes somebody out, on both sides of the relation. */
  removeMember(user: User): void {
    this.members.delete(user);
    user.removeGroup(this);
  }

  /** A session of a joined member began. */
  addOnline(session: Session): void {
    if (!this.online.includes(session)) this.online.push(session);
  }

  /** Somebody joined, with all sessions. */
  addOnlineOf(user: User): void {
    for (const session of user.sessions) {
      if (session.entered) this.addOnline(session);
    }
  }

  /** A session of a joined member is over. */
  removeOnline(session: Session): void {
    const index = this.online.indexOf(session);
    if (index < 0) return;
    const last = this.online.pop();
    if (last !== undefined && index < this.online.length) {
      this.online[index] = last;
    }
  }

  /** A user's place was taken, or given back, while it was being stored. */
  matchOnline(user: User): void {
    const old = this.online.filter((session) => session.user === user);
    for (const session of old) this.removeOnline(session);
    if (this.members.get(user)?.joined) this.addOnlineOf(user);
  }

  /** Who leads when the leader is gone: the joined member of longest standing. */
  successor(): User | undefined {
    let first: Member | undefined;
    for (const member of this.members.values()) {
      if (!member.joined || member.user === this.leader) continue;
      if (first === undefined || joinedBefore(member, first)) first = member;
    }
    return first?.user;
  }

  /** As it is stored, without its members. */
  toStored(): StoredGroup {
    return {
      id: this.id,
      name: this.name,
      leader: this.leader.id,
      leaderOnly: this.leaderOnly,
      createdAt: this.createdAt,
      ...(this.history ? { history: true } : {}),
      ...(this.topic === undefined ? {} : { topic: this.topic }),
    };
  }

  /** A member as it is stored. */
  toStoredMember(member: Member): StoredMember {
    return {
      group: this.id,
      user: member.user.id,
      joined: member.joined,
      since: member.since,
      sinceMessage: member.sinceMessage,
    };
  }
}

/** Joined in the same millisecond, the older account comes first. */
function joinedBefore(one: Member, other: Member): boolean {
  return one.since < other.since ||
    (one.since === other.since && one.user.id < other.user.id);
}

import type {
  StoredBlock,
  StoredGroup,
  StoredMember,
  StoredMessage,
  StoredProfileField,
  StoredState,
  StoredToken,
  StoredUser,
  StoreWrite,
} from "../../lib/server/store.ts";

/** The rules of the store in the most direct way, for tests of the core. */
export class MemoryStore {
  readonly users = new Map<number, StoredUser>();
  readonly groups = new Map<number, StoredGroup>();
  readonly members = new Map<string, StoredMember>();
  readonly tokens = new Map<number, StoredToken>();
  readonly blocks = new Map<string, StoredBlock>();
  readonly profiles = new Map<string, StoredProfileField>();
  readonly messages: StoredMessage[] = [];
  /** Groups that have ended. */
  readonly endedGroups = new Map<number, StoredGroup>();
  readonly owed: {
    group: number;
    user: number;
    after: number;
    upto: number;
  }[] = [];

  load(): StoredState {
    const groupMessages = this.messages.filter((each) => each.group);
    const others = this.messages.filter((each) => each.group === undefined);
    return {
      users: [...this.users.values()],
      groups: [...this.groups.values()],
      endedGroups: [...this.endedGroups.values()],
      lastGroup: Math.max(
        0,
        ...this.groups.keys(),
        ...this.endedGroups.keys(),
      ),
      members: [...this.members.values()],
      blocks: [...this.blocks.values()],
      profiles: [...this.profiles.values()],
      tokens: [...this.tokens.values()],
      lastMessage: this.messages.at(-1)?.id ?? 0,
      lastNumber: others.at(-1)?.number ?? 0,
      lastGroupNumber: new Map(
        groupMessages.map((each) => [each.group ?? 0, each.number]),
      ),
      recent: this.messages.slice(-10_000).map((each) => this.#named(each)),
      secret: new Uint8Array(32),
    };
  }

  commit(writes: readonly StoreWrite[]): void {
    for (const write of writes) this.#apply(write);
  }

  inbox(userId: number, after: number, limit: number): StoredMessage[] {
    return this.messages.filter((message) => {
      if (message.id <= after || message.sender === userId) return false;
      if (message.group === undefined) return message.receiver === userId;
      const member = this.members.get(`${message.group} ${userId}`);
      if (member?.joined && message.id > member.sinceMessage) return true;
      return this.owed.some(({ group, user, after, upto }) =>
        group === message.group && user === userId && message.id > after &&
        message.id <= upto
      );
    }).slice(0, limit).map((each) => this.#named(each));
  }

  #named(message: StoredMessage): StoredMessage {
    const { group = 0 } = message;
    const { name } = this.groups.get(group) ?? this.endedGroups.get(group) ??
      {};
    return name === undefined ? message : { ...message, groupName: name };
  }

  #apply(write: StoreWrite): void {
    switch (write.write) {
      case "user":
        this.users.set(write.user.id, write.user);
        break;
      case "group":
        this.groups.set(write.group.id, write.group);
        break;
      case "group-end": {
        const group = this.groups.get(write.group);
        if (group === undefined) throw new Error(`no group ${write.group}`);
        this.groups.delete(group.id);
        this.endedGroups.set(group.id, group);
        for (const [key, member] of this.members) {
          if (member.group === group.id) this.members.delete(key);
        }
        break;
      }
      case "member": {
        const { group, user } = write.member;
        if (!this.groups.has(group) || !this.users.has(user)) {
          throw new Error(`member of nothing: ${group} ${user}`);
        }
        this.members.set(`${group} ${user}`, write.member);
        break;
      }
      case "member-remove":
        this.members.delete(`${write.group} ${write.user}`);
        if (write.owed !== undefined) {
          const { group, user, owed } = write;
          this.owed.push({ group, user, ...owed });
        }
        break;
      case "block": {
        const { user, blocked } = write.block;
        this.blocks.set(`${user} ${blocked}`, write.block);
        break;
      }
      case "unblock":
        this.blocks.delete(`${write.user} ${write.blocked}`);
        break;
      case "profile": {
        const { user, field, value } = write.profile;
        if (value === "") this.profiles.delete(`${user} ${field}`);
        else this.profiles.set(`${user} ${field}`, write.profile);
        break;
      }
      case "message": {
        const last = this.messages.at(-1)?.id ?? 0;
        if (write.message.id <= last) throw new Error("ids must rise");
        this.messages.push(write.message);
        break;
      }
      case "cursor": {
        const user = this.users.get(write.user);
        if (user === undefined) throw new Error(`no user ${write.user}`);
        const { upto: cursor, lastSeen } = write;
        this.users.set(user.id, { ...user, cursor, lastSeen });
        break;
      }
      case "token":
        this.tokens.set(write.token.user, write.token);
        break;
      case "token-remove":
        this.tokens.delete(write.user);
    }
  }
}

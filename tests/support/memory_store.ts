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

  load(): StoredState {
    const groupMessages = this.messages.filter((each) => each.group);
    const others = this.messages.filter((each) => each.group === undefined);
    return {
      users: [...this.users.values()],
      groups: [...this.groups.values()],
      members: [...this.members.values()],
      blocks: [...this.blocks.values()],
      profiles: [...this.profiles.values()],
      tokens: [...this.tokens.values()],
      lastMessage: this.messages.at(-1)?.id ?? 0,
      lastNumber: others.at(-1)?.number ?? 0,
      lastGroupNumber: new Map(
        groupMessages.map((each) => [each.group ?? 0, each.number]),
      ),
      recent: this.messages.slice(-10_000),
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
      return member !== undefined && member.joined &&
        message.id > member.sinceMessage;
    }).slice(0, limit);
  }

  #apply(write: StoreWrite): void {
    switch (write.write) {
      case "user":
        this.users.set(write.user.id, write.user);
        break;
      case "group":
        this.groups.set(write.group.id, write.group);
        break;
      case "group-remove":
        this.groups.delete(write.group);
        break;
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

import { foldText, hasTerms } from "../../lib/base/search_words.ts";
import type { Epoch } from "../../lib/wire/epoch.ts";
import type {
  Found,
  InboxReader,
  Lookup,
  Purge,
  StoredBlock,
  StoredDevice,
  StoredFailures,
  StoredGroup,
  StoredKeptAway,
  StoredLaterOffer,
  StoredMark,
  StoredMember,
  StoredMessage,
  StoredProfileField,
  StoredRequest,
  StoredState,
  StoredToken,
  StoredUser,
  StoreWrite,
  UnseenConversation,
  UnseenScope,
} from "../../lib/server/model/store.ts";

/** The rules of the store in the most direct way, for tests of the core. */
export class MemoryStore {
  readonly users = new Map<number, StoredUser>();
  readonly devices = new Map<number, StoredDevice>();
  readonly groups = new Map<number, StoredGroup>();
  readonly members = new Map<string, StoredMember>();
  readonly tokens = new Map<number, StoredToken>();
  readonly blocks = new Map<string, StoredBlock>();
  readonly keptAway = new Map<string, StoredKeptAway>();
  readonly marks = new Map<string, StoredMark>();
  readonly later = new Map<string, StoredLaterOffer>();
  readonly profiles = new Map<string, StoredProfileField>();
  readonly messages: StoredMessage[] = [];
  /** Whom each broadcast was for. */
  readonly broadcasts = new Map<number, readonly number[]>();
  /** What was deleted or removed leaves its numbers behind. */
  readonly #last = { message: 0, number: 0, device: 0 };
  readonly #lastInGroup = new Map<number, number>();
  readonly failures = new Map<string, StoredFailures>();
  /** The runs of the server. */
  readonly epochs: Epoch[] = [];
  /** All that was committed. */
  readonly writes: StoreWrite[] = [];
  /** What commands want. */
  requests: StoredRequest[] = [];
  /** Groups that have ended. */
  readonly endedGroups = new Map<number, StoredGroup>();
  readonly owed: {
    group: number;
    user: number;
    after: number;
    upto: number;
  }[] = [];

  /** As a copy of the database file. */
  copy(): MemoryStore {
    const copy = new MemoryStore();
    for (const write of this.writes) copy.#apply(write);
    return copy;
  }

  load(): StoredState {
    return {
      users: [...this.users.values()].map((user) => this.#withDevices(user)),
      devices: [...this.devices.values()],
      lastDevice: this.#last.device,
      groups: [...this.groups.values()],
      endedGroups: [...this.endedGroups.values()],
      lastGroup: Math.max(
        0,
        ...this.groups.keys(),
        ...this.endedGroups.keys(),
      ),
      members: [...this.members.values()],
      blocks: [...this.blocks.values()],
      keptAway: [...this.keptAway.values()],
      profiles: [...this.profiles.values()],
      tokens: [...this.tokens.values()],
      marks: [...this.marks.values()],
      later: [...this.later.values()].sort((one, two) => one.at - two.at),
      lastMessage: this.#last.message,
      lastNumber: this.#last.number,
      lastGroupNumber: new Map(this.#lastInGroup),
      recent: this.messages.slice(-10_000).map((each) => this.#named(each)),
      waiting: this.#waiting(),
      secret: new Uint8Array(32),
      requests: this.requests,
      epochs: [...this.epochs],
      failures: [...this.failures.values()],
    };
  }

  commit(writes: readonly StoreWrite[]): void {
    this.writes.push(...writes);
    for (const write of writes) this.#apply(write);
  }

  inbox(
    { user: userId, device }: InboxReader,
    after: number,
    limit: number,
  ): StoredMessage[] {
    return this.messages.filter((message) => {
      if (message.id <= after) return false;
      if (message.sender === userId) {
        const { device: sentFrom = device, group } = message;
        if (device === undefined || device === sentFrom) return false;
        if (group === undefined) return true;
      }
      return this.#isFor(message, userId) || this.#isOwed(message, userId);
    }).slice(0, limit).map((each) => {
      const named = this.#isOwed(each, userId) ? this.#named(each) : each;
      const original = this.messages.find(({ id }) => id === each.original);
      const isOwn = each.sender === userId && original !== undefined;
      return isOwn && original.device === device
        ? { ...named, ofReader: true }
        : named;
    });
  }

  #waiting(): Map<number, number[]> {
    const waiting = new Map<number, number[]>();
    for (const { id, receiver, deletes } of this.messages) {
      const user = this.users.get(receiver ?? 0);
      const cursor = user === undefined ? id : this.#withDevices(user).cursor;
      if (receiver === undefined || deletes !== undefined || id <= cursor) {
        continue;
      }
      waiting.set(receiver, [...waiting.get(receiver) ?? [], id]);
    }
    return waiting;
  }

  #isOwed(message: StoredMessage, userId: number): boolean {
    return this.owed.some(({ group, user, after, upto }) =>
      group === message.group && user === userId && message.id > after &&
      message.id <= upto
    );
  }

  #named(message: StoredMessage): StoredMessage {
    const { group = 0 } = message;
    const { name } = this.groups.get(group) ?? this.endedGroups.get(group) ??
      {};
    return name === undefined ? message : { ...message, groupName: name };
  }

  lookUp(lookup: Lookup): Found {
    if (lookup.kind === "unseen") {
      const { user, scopes } = lookup;
      const conversations = scopes.flatMap((each) => this.#unseen(user, each));
      const unseen = { conversations, last: this.#last.message };
      return { messages: [], receivers: [], unseen };
    }
    if (lookup.kind === "number") {
      const message = this.messages.find(({ group, number }) =>
        group === lookup.group && number === lookup.number
      );
      if (message === undefined) return { messages: [], receivers: [] };
      const receivers = message.group === undefined
        ? this.broadcasts.get(message.id) ?? []
        : [...this.users.keys()].filter((id) => this.#isOwed(message, id));
      return { messages: [message], receivers };
    }
    if (lookup.kind === "search") {
      const { scope, user, terms, before, limit } = lookup;
      const { messages } = this.lookUp({ ...scope, before, limit: Infinity });
      const found = messages.filter((message) =>
        message.deletes === undefined && !this.#isKeptAway(message, user) &&
        hasTerms(foldText(message.text), terms)
      );
      return { messages: found.slice(0, limit), receivers: [] };
    }
    const messages = this.messages.filter((message) => {
      const { id, sender, receiver, group } = message;
      if (id >= lookup.before) return false;
      switch (lookup.kind) {
        case "pair": {
          const { user, other } = lookup;
          return (sender === user && receiver === other) ||
            (sender === other && receiver === user);
        }
        case "group":
          return group === lookup.group && id > lookup.after;
        case "mine":
          if (lookup.only === "group" && group === undefined) return false;
          if (lookup.only === "broadcast" && (receiver ?? group)) return false;
          return this.#isFor(message, lookup.user) ||
            this.#isOpen(message, lookup.user) ||
            (group === undefined && sender === lookup.user);
      }
    });
    return {
      messages: messages.reverse().slice(0, lookup.limit),
      receivers: [],
    };
  }

  #unseen(user: number, scope: UnseenScope): UnseenConversation[] {
    const found = new Map<string, UnseenConversation>();
    for (const message of this.messages) {
      const { id, sender, receiver, group } = message;
      if (message.deleted || message.deletes !== undefined) continue;
      if (sender === user || !this.#isFor(message, user)) continue;
      if (id <= scope.after || this.#isKeptAway(message, user)) continue;
      const kind = group !== undefined
        ? "group"
        : receiver !== undefined
        ? "user"
        : "broadcast";
      const place = group ?? (receiver === undefined ? 0 : sender);
      if (scope.kind === "private") {
        const [, upto = 0] = scope.marks.find(([other]) => other === sender) ??
          [];
        if (kind !== "user" || id <= upto) continue;
      } else if (scope.kind !== kind) continue;
      else if ("place" in scope && scope.place !== place) continue;
      const { count = 0, oldest = id } = found.get(`${kind} ${place}`) ?? {};
      const counted = { count: count + 1, oldest, newest: id };
      found.set(`${kind} ${place}`, { kind, place, ...counted });
    }
    return [...found.values()];
  }

  #isKeptAway({ id, sender, group }: StoredMessage, user: number): boolean {
    if (group === undefined) return false;
    const block = this.blocks.get(`${user} ${sender}`);
    return block !== undefined && id > block.after ||
      [...this.keptAway.values()].some((each) =>
        each.user === user && each.sender === sender && id > each.after &&
        id <= each.upto
      );
  }

  purge({ olderThan, after, gone, liveSince }: Purge): number | undefined {
    const page = this.messages.filter(({ id }) => id > after).slice(0, 10);
    const old = page.filter(({ at }) => at < olderThan);
    for (const message of old) {
      const isWaited = [...this.users.values()].some((user) =>
        user.id !== message.sender && !gone.includes(user.id) &&
        this.#confirmed(user, liveSince) < message.id &&
        (this.#isFor(message, user.id) || this.#isOwed(message, user.id))
      );
      const isOwnWaited = [...this.devices.values()].some((device) =>
        message.device !== undefined && device.user === message.sender &&
        device.number !== message.device && device.cursor < message.id &&
        device.lastSeen >= liveSince && device.id !== "" &&
        !gone.includes(message.sender)
      );
      if (isWaited || isOwnWaited) continue;
      this.messages.splice(this.messages.indexOf(message), 1);
      this.broadcasts.delete(message.id);
    }
    const isDone = page.length < 10 || old.length < page.length;
    return isDone ? undefined : page.at(-1)?.id;
  }

  #isFor({ id, group, receiver }: StoredMessage, user: number): boolean {
    if (receiver !== undefined) return receiver === user;
    if (group === undefined) {
      return this.broadcasts.get(id)?.includes(user) ?? false;
    }
    const member = this.members.get(`${group} ${user}`);
    return member !== undefined && member.joined && id > member.sinceMessage;
  }

  #endUser(id: number): void {
    const user = this.users.get(id);
    if (user === undefined) throw new Error(`no user ${id}`);
    const { renaming: _, identity: __, ...rest } = user;
    this.users.set(id, { ...rest, ended: true });
    for (const device of this.#devicesOf(id)) {
      this.devices.delete(device.number);
      this.tokens.delete(device.number);
    }
    for (const [key, { user, kind, place }] of this.marks) {
      const isOf = user === id || kind === "user" && place === id;
      if (isOf) this.marks.delete(key);
    }
    for (const [key, { user }] of this.later) {
      if (user === id) this.later.delete(key);
    }
    for (const [key, { user }] of this.blocks) {
      if (user === id) this.blocks.delete(key);
    }
    for (const [key, { user }] of this.profiles) {
      if (user === id) this.profiles.delete(key);
    }
  }

  #devicesOf(id: number): StoredDevice[] {
    return [...this.devices.values()].filter(({ user }) => user === id);
  }

  /** A user with what is known of the devices. */
  #withDevices(user: StoredUser): StoredUser {
    const devices = this.#devicesOf(user.id);
    const cursors = devices.map(({ cursor }) => cursor);
    const times = devices.map(({ lastSeen }) => lastSeen);
    return {
      ...user,
      cursor: Math.max(user.cursor, ...cursors),
      lastSeen: Math.max(user.lastSeen, ...times),
    };
  }

  /** Up to where all devices of a user have everything that count. */
  #confirmed(user: StoredUser, liveSince: number): number {
    const live = this.#devicesOf(user.id)
      .filter(({ lastSeen }) => lastSeen >= liveSince);
    return live.length > 0
      ? Math.min(...live.map(({ cursor }) => cursor))
      : this.#withDevices(user).cursor;
  }

  /** True for what was said before the user joined a group with an open past. */
  #isOpen({ group = 0 }: StoredMessage, user: number): boolean {
    const isOpen = this.groups.get(group)?.history ?? false;
    return isOpen && this.members.get(`${group} ${user}`)?.joined === true;
  }

  #apply(write: StoreWrite): void {
    switch (write.write) {
      case "user":
        this.users.set(write.user.id, write.user);
        break;
      case "user-end":
        this.#endUser(write.user);
        break;
      case "failures": {
        const { name, failures } = write.failures;
        if (failures === 0) this.failures.delete(name);
        else this.failures.set(name, write.failures);
        break;
      }
      case "epoch":
        this.epochs.push(write.epoch);
        break;
      case "requests-done":
        this.requests = this.requests
          .filter(({ number }) => number > write.upto);
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
        this.marks.delete(`${write.user} group ${write.group}`);
        if (write.owed !== undefined) {
          const { group, user, owed } = write;
          this.owed.push({ group, user, ...owed });
        }
        break;
      case "later": {
        const { user, offer, to } = write.later;
        const key = `${user} ${offer}`;
        if (to.length === 0) this.later.delete(key);
        else this.later.set(key, write.later);
        break;
      }
      case "mark": {
        const { user, kind, place, upto } = write.mark;
        const before = this.marks.get(`${user} ${kind} ${place}`);
        if (before !== undefined && before.upto >= upto) break;
        this.marks.set(`${user} ${kind} ${place}`, write.mark);
        for (const [key, mark] of this.marks) {
          const isPassed = kind === "all" && mark.kind !== "all" &&
            mark.user === user && mark.upto <= upto;
          if (isPassed) this.marks.delete(key);
        }
        break;
      }
      case "block": {
        const { user, blocked } = write.block;
        this.blocks.set(`${user} ${blocked}`, write.block);
        break;
      }
      case "unblock":
        this.blocks.delete(`${write.user} ${write.blocked}`);
        break;
      case "keep-away": {
        const { user, sender, after } = write.keptAway;
        this.keptAway.set(`${user} ${sender} ${after}`, write.keptAway);
        break;
      }
      case "profile": {
        const { user, field, value } = write.profile;
        if (value === "") this.profiles.delete(`${user} ${field}`);
        else this.profiles.set(`${user} ${field}`, write.profile);
        break;
      }
      case "message": {
        const { id, group, number } = write.message;
        if (id <= this.#last.message) throw new Error("ids must rise");
        this.messages.push(write.message);
        this.#last.message = id;
        if (group === undefined) this.#last.number = number;
        else this.#lastInGroup.set(group, number);
        break;
      }
      case "owe": {
        const { group, user, message } = write;
        this.owed.push({ group, user, after: message - 1, upto: message });
        break;
      }
      case "broadcast":
        this.broadcasts.set(write.message, write.receivers);
        break;
      case "delete": {
        const at = this.messages.findIndex(({ id }) => id === write.message);
        const message = this.messages[at];
        if (message === undefined) throw new Error("nothing to delete");
        this.messages[at] = { ...message, text: "", deleted: true };
        break;
      }
      case "device": {
        const { device } = write;
        const other = this.#devicesOf(device.user)
          .find(({ id, number }) =>
            id === device.id && number !== device.number
          );
        if (other !== undefined) throw new Error("two devices of one id");
        this.devices.set(device.number, device);
        this.#last.device = Math.max(this.#last.device, device.number);
        break;
      }
      case "device-remove": {
        const device = this.devices.get(write.device);
        const user = this.users.get(device?.user ?? 0);
        if (user !== undefined) {
          this.users.set(user.id, this.#withDevices(user));
        }
        this.devices.delete(write.device);
        this.tokens.delete(write.device);
        break;
      }
      case "cursor": {
        const device = this.devices.get(write.device);
        if (device?.user !== write.user) {
          throw new Error(`no device ${write.device} of ${write.user}`);
        }
        const { upto: cursor, lastSeen } = write;
        this.devices.set(device.number, { ...device, cursor, lastSeen });
        break;
      }
      case "token":
        if (!this.devices.has(write.token.device)) {
          throw new Error(`no device ${write.token.device}`);
        }
        this.tokens.set(write.token.device, write.token);
        break;
      case "token-remove":
        this.tokens.delete(write.device);
    }
  }
}

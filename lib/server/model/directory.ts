/**
 * Everything that the core knows of people and groups, in memory, with the
 * counters that number messages. It is what {@link StoredState} describes, and
 * every change to it goes down to the store as a write.
 */
import { portions, type Steps } from "../../base/steps.ts";
import { groupKey, isProfileField, userKey } from "../../wire/names.ts";
import { Device } from "./device.ts";
import { Group } from "./group.ts";
import { NameIndex } from "./name_index.ts";
import type { SentMessage } from "./sent_messages.ts";
import { aliveSince, type SessionTokens } from "./session_tokens.ts";
import type { StoredState } from "./store.ts";
import { refuseUser } from "./refusal.ts";
import { User } from "./user.ts";

/** Users, groups and counters. */
export class Directory {
  /** Highest message id that was given. */
  lastMessage: number;
  /** Last number of messagelog.txt. */
  lastNumber: number;
  #lastUser = 0;
  #lastDevice: number;
  #lastVisit = 0;
  #lastGroup = 0;
  readonly #users = new Map<number, User>();
  readonly #usersByName = new NameIndex<User>();
  /** Those who had a name last and whose account was removed. */
  readonly #endedByName = new NameIndex<User>();
  readonly #newAccount: () => string;
  /** Names that somebody is about to get, by key. */
  readonly #reserved = new Set<string>();
  readonly #groups = new Map<number, Group>();
  readonly #groupsByKey = new Map<string, Group>();

  private constructor(
    counters: Pick<
      StoredState,
      "lastMessage" | "lastNumber" | "lastGroup" | "lastDevice"
    >,
    newAccount: () => string,
  ) {
    this.#newAccount = newAccount;
    this.lastMessage = counters.lastMessage;
    this.lastNumber = counters.lastNumber;
    this.#lastGroup = counters.lastGroup;
    this.#lastDevice = counters.lastDevice;
  }

  /**
   * Makes it of what is stored.
   *
   * @param tokens Is given those of the devices.
   * @param newAccount Makes the id of an account, another one each time.
   */
  static *load(
    state: StoredState,
    tokens: SessionTokens,
    newAccount: () => string,
  ): Steps<Directory> {
    const directory = new Directory(state, newAccount);
    yield* directory.#loadUsers(state);
    yield* directory.#loadPeople(state);
    yield* directory.#loadGroups(state);
    yield* directory.#loadMarks(state);
    yield* directory.#loadDevices(state, tokens);
    yield* directory.#loadRecent(state);
    return directory;
  }

  /** The user of this name who has an account; letter case does not matter. */
  user(name: string): User | undefined {
    const exact = this.#usersByName.exact(name);
    if (exact?.active) return exact;
    const [only, ...others] = this.#alike(name).filter((each) => each.active);
    return others.length === 0 ? only : undefined;
  }

  /** The user whose name is spelled exactly so, with or without an account. */
  userSpelled(name: string): User | undefined {
    return this.#usersByName.exact(name);
  }

  /**
   * The same for one who must be there.
   *
   * @throws {Refusal} when there is none.
   */
  mustBeUser(name: string): User {
    return this.user(name) ?? refuseUser(name);
  }

  userById(id: number): User | undefined {
    return this.#users.get(id);
  }

  /** Everybody, with or without an account. */
  users(): Iterable<User> {
    return this.#users.values();
  }

  /**
   * The user of this name, with or without an account, in any letter case; no
   * removed one.
   */
  knownUser(name: string): User | undefined {
    return this.userSpelled(name) ?? this.user(name) ??
      this.#usersByName.find(name);
  }

  /** Who had this name last, of the removed accounts. */
  endedUser(name: string): User | undefined {
    return this.#endedByName.find(name);
  }

  /** The user of this account, if it was not removed. */
  userOf(account: string): User | undefined {
    for (const user of this.#users.values()) {
      if (user.account === account && !user.ended) return user;
    }
    return undefined;
  }

  /** A user nobody has heard of; still to be stored. */
  addUser(name: string): User {
    const id = ++this.#lastUser;
    // Nothing of what was sent before is for a new user.
    const cursor = this.lastMessage;
    const account = this.#newAccount();
    const user = new User({ id, account, name, cursor, lastSeen: 0 });
    this.#insert(user);
    return user;
  }

  /** The number of a new device; of a visit one that is never stored. */
  newDeviceNumber(isVisit: boolean): number {
    return isVisit ? -(++this.#lastVisit) : ++this.#lastDevice;
  }

  /**
   * True when nobody else may take this name: somebody has it, had it when the
   * account was removed, or is about to get it; in whatever letter case, so that
   * nobody passes for somebody else.
   */
  isTaken(name: string, by: User): boolean {
    return this.#reserved.has(userKey(name)) ||
      this.#alike(name).some((user) => user !== by);
  }

  /** A user is about to get this name: nobody else may. */
  reserveName(name: string): void {
    this.#reserved.add(userKey(name));
  }

  /** The user does not get the name after all. */
  releaseName(name: string): void {
    this.#reserved.delete(userKey(name));
  }

  /** Gives a user a name, perhaps a reserved one; the old one is free. */
  rename(user: User, name: string): void {
    this.#usersByName.delete(user.name);
    this.releaseName(name);
    user.name = name;
    this.#usersByName.set(name, user);
  }

  /** Those whose renaming was under way when the server last ended. */
  usersBeingRenamed(): User[] {
    return [...this.#users.values()].filter(({ renaming }) =>
      renaming !== undefined
    );
  }

  /** The group of this name; letter case does not matter. */
  group(name: string): Group | undefined {
    return this.#groupsByKey.get(groupKey(name));
  }

  groupById(id: number): Group | undefined {
    return this.#groups.get(id);
  }

  /** A new group without members; still to be stored. */
  addGroup(
    name: string,
    leader: User,
    leaderOnly: boolean,
    createdAt: number,
  ): Group {
    const id = ++this.#lastGroup;
    const group = new Group(
      { id, name, leader: leader.id, leaderOnly, createdAt },
      leader,
    );
    this.#insertGroup(group);
    return group;
  }

  /** Takes a group out that has ended, or was not stored. */
  removeGroup(group: Group): void {
    for (const user of [...group.members.keys()]) group.removeMember(user);
    this.#groups.delete(group.id);
    this.#groupsByKey.delete(groupKey(group.name));
  }

  /** Puts back, without members, a group whose end was not stored. */
  restoreGroup(group: Group): void {
    this.#insertGroup(group);
  }

  /** The account was removed: whoever gets the name is somebody else. */
  endUser(user: User): void {
    user.ended = true;
    user.active = false;
    this.#usersByName.delete(user.name);
    this.#endedByName.set(user.name, user);
  }

  #insert(user: User): void {
    this.#users.set(user.id, user);
    this.#lastUser = Math.max(this.#lastUser, user.id);
    if (user.ended) {
      this.#endedByName.set(user.name, user);
      return;
    }
    this.#usersByName.set(user.name, user);
  }

  /** Those whose names differ from `name` at most in case. */
  #alike(name: string): User[] {
    return this.#usersByName.alike(name)
      .flatMap((each) => this.#usersByName.exact(each) ?? []);
  }

  #insertGroup(group: Group): void {
    this.#groups.set(group.id, group);
    this.#groupsByKey.set(groupKey(group.name), group);
    this.#lastGroup = Math.max(this.#lastGroup, group.id);
  }

  *#loadUsers({ users, waiting, lastMessage }: StoredState): Steps<void> {
    for (const some of portions(users)) {
      for (const stored of some) {
        const user = new User(stored);
        // What waits is known to the store only: it has to be asked.
        user.latestMessage = lastMessage;
        this.#insert(user);
      }
      yield;
    }
    for (const some of portions(waiting)) {
      for (const [id, messages] of some) {
        const { waiting } = this.#users.get(id) ?? {};
        for (const message of messages) waiting?.add(message);
      }
      yield;
    }
  }

  *#loadDevices(state: StoredState, tokens: SessionTokens): Steps<void> {
    const devices = new Map<number, Device>();
    for (const some of portions(state.devices)) {
      for (const stored of some) {
        const user = this.#users.get(stored.user);
        if (user === undefined) continue;
        const device = new Device(user, stored);
        devices.set(device.number, device);
        user.addDevice(device);
      }
      yield;
    }
    for (const some of portions(state.tokens)) {
      for (const token of some) {
        const device = devices.get(token.device);
        if (device === undefined) continue;
        // Of a session that a crash ended, this is all that tells.
        device.lastSeen = Math.max(device.lastSeen, aliveSince(token));
        const { user, lastSeen } = device;
        user.lastSeen = Math.max(user.lastSeen, lastSeen);
        tokens.restore(device, token);
      }
      yield;
    }
  }

  *#loadPeople(state: StoredState): Steps<void> {
    for (const some of portions(state.blocks)) {
      for (const { user, blocked, ...block } of some) {
        const other = this.#users.get(blocked);
        if (other !== undefined) this.#users.get(user)?.block(other, block);
      }
      yield;
    }
    for (const some of portions(state.keptAway)) {
      for (const { user, sender: id, ...range } of some) {
        const sender = this.#users.get(id);
        if (sender !== undefined) {
          this.#users.get(user)?.keptAway.restore(sender, range);
        }
      }
      yield;
    }
    for (const some of portions(state.profiles)) {
      for (const { user, field, value } of some) {
        if (!isProfileField(field)) continue;
        this.#users.get(user)?.setProfileField(field, value);
      }
      yield;
    }
  }

  *#loadGroups(state: StoredState): Steps<void> {
    for (const some of portions(state.groups)) {
      for (const stored of some) {
        const leader = this.#users.get(stored.leader);
        if (leader === undefined) continue;
        const group = new Group(stored, leader);
        group.lastNumber = state.lastGroupNumber.get(stored.id) ?? 0;
        group.latestMessage = state.lastMessage;
        this.#insertGroup(group);
      }
      yield;
    }
    for (const some of portions(state.members)) {
      for (const { group: id, user: userId, ...place } of some) {
        const user = this.#users.get(userId);
        if (user !== undefined) {
          this.#groups.get(id)?.setMember({ user, ...place });
        }
      }
      yield;
    }
  }

  *#loadMarks({ marks, lastMessage }: StoredState): Steps<void> {
    for (const some of portions(marks)) {
      for (const { user: id, kind, place, upto } of some) {
        const user = this.#users.get(id);
        if (user === undefined || upto > lastMessage) continue;
        if (kind === "all") {
          user.marks.raiseAll(upto);
          continue;
        }
        const conversation = kind === "broadcast"
          ? "broadcasts"
          : kind === "group"
          ? this.#groups.get(place)
          : this.#users.get(place);
        if (conversation !== undefined) user.marks.raise(conversation, upto);
      }
      yield;
    }
  }

  *#loadRecent({ recent }: StoredState): Steps<void> {
    for (const some of portions(recent)) {
      for (const message of some) this.#loadSent(message);
      yield;
    }
  }

  /** A message to several people is one of each there; here it is one again. */
  #loadSent(message: StoredState["recent"][number]): void {
    const sender = this.#users.get(message.sender);
    if (sender === undefined) return;
    const { id, at, mid, number, kept = false, deletes } = message;
    const sent: SentMessage = { at, receipts: [], id, number };
    const place = message.group === undefined
      ? {}
      : { group: { name: message.groupName ?? "" } };
    if (deletes !== undefined) {
      sender.sent.add(mid, { ...sent, ...place, deletes });
    } else if (message.group !== undefined) {
      sender.sent.add(mid, { ...sent, ...place });
    } else if (message.receiver === undefined) {
      sender.sent.add(mid, { ...sent, partial: kept });
    } else {
      const to = this.#users.get(message.receiver);
      if (to === undefined) return;
      const sent = sender.sent.find(mid) ?? { at, receipts: [] };
      sent.receipts.push({ to, id, number, kept });
      sender.sent.add(mid, sent);
    }
    sender.sent.trim();
  }
}

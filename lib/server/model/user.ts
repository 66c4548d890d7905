import type { Profile, ProfileField } from "../../wire/names.ts";
import { limits } from "../../wire/limits.ts";
import type { StoredUser } from "./store.ts";
import type { Group } from "./group.ts";
import type { Device } from "./device.ts";
import { KeptAway } from "./kept_away.ts";
import { ReadMarks } from "./read_marks.ts";
import { SentMessages } from "./sent_messages.ts";
import type { Session } from "./session.ts";

/** A block of somebody. */
export interface Block {
  /** Its beginning, ms since 1970 UTC. */
  readonly since: number;
  /** Messages up to this id were sent before it. */
  readonly after: number;
}

/** A person, known by a number that no renaming changes. */
export class User {
  readonly id: number;
  /** What others know the person by, whatever the name. */
  readonly account: string;
  name: string;
  /** The name that the account is being given; see `requests/rename.ts`. */
  renaming: string | undefined;
  /** Messages up to this id were delivered to some device and confirmed. */
  cursor: number;
  /** When the user was last seen online, ms since 1970 UTC; 0 for never. */
  lastSeen: number;
  /** Ed25519 public key of the user's client, base64url; others pin it. */
  identity: string | undefined;
  /** False when there is no account of this name (any more). */
  active = false;
  /** True when the account was removed: what follows has the name, not this. */
  ended: boolean;
  /** Devices that have logged in, the one known longest first. */
  devices: readonly Device[] = noDevices;
  /** Devices of which nobody is told; see {@link Device}. */
  visits: readonly Device[] = noDevices;
  /** Sessions of {@link devices}, in the order of their logins. */
  sessions: readonly Session[] = noSessions;
  /** Since when others see the user online, ms since 1970 UTC; 0 when not. */
  onlineSince = 0;
  /** When the last session ended, monotonic ms. */
  awaySince = 0;
  // These four are made on first use: of most users none is needed.
  #blocked: Map<User, Block> | undefined;
  #blockedBy: Set<User> | undefined;
  #groups: Set<Group> | undefined;
  #invitations: Set<Group> | undefined;
  /** What came during blocks that have ended. */
  readonly keptAway = new KeptAway();
  /** True when somebody has, or had, blocked this user. */
  everBlocked = false;
  profile: Profile = noProfile;
  readonly sent = new SentMessages();
  /** What the user has seen. */
  readonly marks = new ReadMarks();
  /** Highest id of a private message to the user, or higher when not known. */
  latestMessage = 0;
  /** Private messages that came while the user was offline. */
  readonly waiting = new WaitingMessages();

  constructor(stored: StoredUser) {
    this.id = stored.id;
    this.account = stored.account;
    this.ended = stored.ended ?? false;
    this.name = stored.name;
    this.renaming = stored.renaming;
    this.cursor = stored.cursor;
    this.lastSeen = stored.lastSeen;
    this.identity = stored.identity;
  }

  /** Whom this user has blocked. */
  get blocked(): ReadonlyMap<User, Block> {
    return this.#blocked ?? noBlocks;
  }

  /** Who has blocked this user. */
  get blockedBy(): ReadonlySet<User> {
    return this.#blockedBy ?? nobody;
  }

  /** Groups that the user has joined. */
  get groups(): ReadonlySet<Group> {
    return this.#groups ?? noGroups;
  }

  /** Groups that the user may join. */
  get invitations(): ReadonlySet<Group> {
    return this.#invitations ?? noGroups;
  }

  /** True when others may see the user online. */
  get online(): boolean {
    return this.latestSession !== undefined;
  }

  /** The session that others see which began last. */
  get latestSession(): Session | undefined {
    return this.sessions.findLast(({ entered }) => entered);
  }

  /** Every session, of visits too. */
  get allSessions(): Session[] {
    return [...this.devices, ...this.visits].flatMap(({ session }) =>
      session ?? []
    );
  }

  /** The device with this id of the client's. */
  device(id: string): Device | undefined {
    return this.devices.find((device) => device.id === id);
  }

  /** The device that the user calls so, in whatever letter case. */
  deviceNamed(name: string): Device | undefined {
    const key = name.toLowerCase();
    return this.devices.find((device) => device.name.toLowerCase() === key);
  }

  /** A device logs in that was not known. */
  addDevice(device: Device): void {
    if (device.isVisit) this.visits = [...this.visits, device];
    else this.devices = [...this.devices, device];
  }

  /** Forgets a device. */
  removeDevice(device: Device): void {
    this.devices = this.devices.filter((each) => each !== device);
    this.visits = this.visits.filter((each) => each !== device);
  }

  /** A name for a device that no other one has: `laptop`, else `laptop-2`. */
  freeDeviceName(wanted: string): string {
    let name = wanted;
    for (let number = 2; this.deviceNamed(name) !== undefined; number++) {
      const end = `-${number}`;
      const most = limits.deviceNameCharacters - end.length;
      name = [...wanted].slice(0, most).join("") + end;
    }
    return name;
  }

  /** A session begins, of a device that has none. */
  addSession(session: Session): void {
    const { device } = session;
    device.session = session;
    if (!device.isVisit) this.sessions = [...this.sessions, session];
  }

  /** A session is over. */
  removeSession(session: Session): void {
    if (session.isCurrent) session.device.session = undefined;
    this.sessions = this.sessions.filter((each) => each !== session);
  }

  /**
   * Messages up to this id every device has whose cursor counts.
   *
   * @param wall ms since 1970 UTC.
   */
  confirmedByAll(wall: number): number {
    let lowest = this.cursor;
    for (const device of this.devices) {
      if (device.isLive(wall)) lowest = Math.min(lowest, device.cursor);
    }
    return lowest;
  }

  /** The name as others read it beside what the user said. */
  get shownName(): string {
    return this.ended ? `${this.name} (removed)` : this.name;
  }

  /**
   * Forgets everything that is of no account any more. Who has blocked this user
   * still does: what was posted during the block stays away.
   */
  forget(): void {
    for (const other of [...this.blocked.keys()]) this.unblock(other);
    this.profile = noProfile;
    this.marks.clear();
    this.identity = undefined;
    this.devices = noDevices;
    this.visits = noDevices;
  }

  /** Blocks somebody, on both sides of the relation. */
  block(other: User, block: Block): void {
    (this.#blocked ??= new Map()).set(other, block);
    (other.#blockedBy ??= new Set()).add(this);
    other.everBlocked = true;
  }

  /** Ends a block, on both sides of the relation. */
  unblock(other: User): void {
    this.#blocked?.delete(other);
    other.#blockedBy?.delete(this);
  }

  /** The user has joined the group, or may; to be called by the group alone. */
  addGroup(group: Group, hasJoined: boolean): void {
    (hasJoined ? this.#invitations : this.#groups)?.delete(group);
    if (hasJoined) (this.#groups ??= new Set()).add(group);
    else (this.#invitations ??= new Set()).add(group);
  }

  /** The user has no place in the group any more; the same holds. */
  removeGroup(group: Group): void {
    this.#groups?.delete(group);
    this.#invitations?.delete(group);
  }

  /** Sets a field of the profile; an empty value clears it. */
  setProfileField(field: ProfileField, value: string): void {
    const { [field]: _, ...others } = this.profile;
    this.profile = value === "" ? others : { ...others, [field]: value };
  }

  /** As it is stored. */
  toStored(): StoredUser {
    return {
      id: this.id,
      account: this.account,
      name: this.name,
      cursor: this.cursor,
      lastSeen: this.lastSeen,
      ...(this.identity === undefined ? {} : { identity: this.identity }),
      ...(this.renaming === undefined ? {} : { renaming: this.renaming }),
    };
  }
}

/** One for all who have filled in nothing, and so on: most are never there. */
const noProfile: Profile = {};
const noDevices: readonly Device[] = [];
const noSessions: readonly Session[] = [];
const noBlocks: ReadonlyMap<User, Block> = new Map();
const nobody: ReadonlySet<User> = new Set();
const noGroups: ReadonlySet<Group> = new Set();

/**
 * The private messages that wait for one user, by their ids: how many there are
 * decides whether the mailbox takes another one.
 */
export class WaitingMessages {
  // Made on first use: for most users nothing waits.
  #ids: number[] | undefined;

  /**
   * How many there are.
   *
   * @param cursor Messages up to this id were confirmed: they do not wait.
   */
  count(cursor: number): number {
    const ids = this.#ids;
    if (ids === undefined) return 0;
    const first = ids.findIndex((id) => id > cursor);
    if (first < 0) this.#ids = undefined;
    else if (first > 0) ids.splice(0, first);
    return this.#ids?.length ?? 0;
  }

  /** Another one waits; ids rise. */
  add(id: number): void {
    (this.#ids ??= []).push(id);
  }

  /** The one that was added last was not stored. */
  removeLast(): void {
    this.#ids?.pop();
  }
}

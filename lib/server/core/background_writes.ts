/**
 * Changes that no request waits for: new users, users whose account was removed,
 * confirmed messages, session tokens, what commands beside the server asked for.
 * They are coalesced per user and per device and ride along with the next batch,
 * or make one of their own when none comes soon.
 */
import type { Epoch } from "../../wire/epoch.ts";
import type { Instant } from "../../base/ports.ts";
import type { Authenticator } from "../accounts/authenticator.ts";
import { toStoredToken } from "../model/session_tokens.ts";
import { type Marked, storedMark } from "../model/read_marks.ts";
import type { StoreWrite } from "../model/store.ts";
import type { Device } from "../model/device.ts";
import type { User } from "../model/user.ts";

/** What was taken for a batch; given back when the batch fails. */
export interface TakenWrites {
  readonly users: ReadonlySet<User>;
  readonly departed: ReadonlySet<User>;
  readonly ended: ReadonlySet<User>;
  readonly cursors: ReadonlySet<Device>;
  readonly tokens: ReadonlySet<Device>;
  readonly requests: number;
  readonly epoch: Epoch | undefined;
  readonly failures: ReadonlySet<string>;
  readonly marks: ReadonlyMap<User, ReadonlySet<Marked | undefined>>;
}

/** Users and devices with something that is not stored yet. */
export class BackgroundWrites {
  #users = new Set<User>();
  #departed = new Set<User>();
  #ended = new Set<User>();
  #cursors = new Set<Device>();
  #tokens = new Set<Device>();
  /** Requests up to this number are done; 0 when that is stored. */
  #requests = 0;
  #epoch: Epoch | undefined;
  /** Names whose failed logins are others than those stored. */
  #failures = new Set<string>();
  /** Conversations that were seen, by user; `undefined` for all of them. */
  #marks = new Map<User, Set<Marked | undefined>>();

  get isEmpty(): boolean {
    return this.#users.size + this.#departed.size + this.#ended.size +
            this.#cursors.size + this.#tokens.size + this.#requests === 0 &&
      this.#epoch === undefined && this.#failures.size === 0 &&
      this.#marks.size === 0;
  }

  /** A run of the server has begun. */
  noteEpoch(epoch: Epoch): void {
    this.#epoch = epoch;
  }

  /** The failed logins of these names changed. */
  noteFailures(names: Iterable<string>): void {
    for (const name of names) this.#failures.add(name);
  }

  /** The user is new. */
  noteUser(user: User): void {
    this.#users.add(user);
  }

  /** The user has no account any more and is to leave all groups. */
  noteDeparted(user: User): void {
    this.#departed.add(user);
  }

  /** The user's account was removed. */
  noteEnded(user: User): void {
    this.#ended.add(user);
  }

  /** What commands asked for is done, up to this number. */
  noteRequests(upto: number): void {
    this.#requests = Math.max(this.#requests, upto);
  }

  /** The device's cursor or time of being last seen changed. */
  noteCursor(device: Device): void {
    if (!device.isVisit) this.#cursors.add(device);
  }

  /** The device's token changed or is void. */
  noteToken(device: Device): void {
    if (!device.isVisit) this.#tokens.add(device);
  }

  /** The user has seen more of a conversation; of all of them when absent. */
  noteMark(user: User, conversation?: Marked): void {
    const noted = this.#marks.get(user) ?? new Set();
    this.#marks.set(user, noted.add(conversation));
  }

  /**
   * Adds everything to `writes`, but for the departed users: what follows from
   * their going is found in the batch itself.
   */
  take(
    writes: StoreWrite[],
    logins: Pick<Authenticator, "storedFailures">,
    now: Instant,
  ): TakenWrites {
    const taken = {
      users: this.#users,
      departed: this.#departed,
      ended: this.#ended,
      cursors: this.#cursors,
      tokens: this.#tokens,
      requests: this.#requests,
      epoch: this.#epoch,
      failures: this.#failures,
      marks: this.#marks,
    };
    for (const name of taken.failures) {
      const failures = logins.storedFailures(name, now);
      writes.push({ write: "failures", failures });
    }
    if (taken.epoch !== undefined) {
      writes.push({ write: "epoch", epoch: taken.epoch });
    }
    for (const user of taken.users) {
      writes.push({ write: "user", user: user.toStored() });
    }
    for (const device of taken.cursors) {
      if (isKnown(device)) writes.push(cursorWrite(device, now));
    }
    for (const device of taken.tokens) {
      if (isKnown(device)) writes.push(tokenWrite(device));
    }
    for (const [user, conversations] of taken.marks) {
      writes.push(...markWrites(user, conversations));
    }
    for (const { id } of taken.ended) {
      writes.push({ write: "user-end", user: id, at: now.wall });
    }
    if (taken.requests > 0) {
      writes.push({ write: "requests-done", upto: taken.requests });
    }
    this.#users = new Set();
    this.#departed = new Set();
    this.#ended = new Set();
    this.#cursors = new Set();
    this.#tokens = new Set();
    this.#requests = 0;
    this.#epoch = undefined;
    this.#failures = new Set();
    this.#marks = new Map();
    return taken;
  }

  /** The batch with these failed: they are still to be stored. */
  giveBack(taken: TakenWrites): void {
    for (const user of taken.users) this.#users.add(user);
    for (const user of taken.departed) this.#departed.add(user);
    for (const user of taken.ended) this.#ended.add(user);
    for (const device of taken.cursors) this.#cursors.add(device);
    for (const device of taken.tokens) this.#tokens.add(device);
    this.noteRequests(taken.requests);
    this.#epoch ??= taken.epoch;
    this.noteFailures(taken.failures);
    for (const [user, conversations] of taken.marks) {
      for (const each of conversations) this.noteMark(user, each);
    }
  }
}

/** The write that stores a device's token as it is now. */
export function tokenWrite(device: Device): StoreWrite {
  return device.token === undefined
    ? { write: "token-remove", device: device.number }
    : { write: "token", token: toStoredToken(device, device.token) };
}

function cursorWrite(device: Device, now: Instant): StoreWrite {
  const { number, user, cursor: upto, lastSeen } = device;
  return {
    write: "cursor",
    device: number,
    user: user.id,
    upto,
    lastSeen,
    everywhere: user.confirmedByAll(now.wall),
  };
}

/** False once it was forgotten. */
function isKnown(device: Device): boolean {
  return device.user.devices.includes(device);
}

/** Nothing is stored of who is gone, or of a group that the user has left. */
function markWrites(
  user: User,
  conversations: Iterable<Marked | undefined>,
): StoreWrite[] {
  const kept = user.ended
    ? []
    : [...conversations].filter((each) =>
      each === undefined || each === "broadcasts" ||
      ("members" in each ? each.members.get(user)?.joined : !each.ended)
    );
  return kept.map((each) => ({ write: "mark", mark: storedMark(user, each) }));
}

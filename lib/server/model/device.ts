import { limits } from "../../wire/limits.ts";
import type { Session } from "./session.ts";
import type { TokenRecord } from "./session_tokens.ts";
import type { StoredDevice } from "./store.ts";
import type { User } from "./user.ts";

/**
 * An installation of the client from which a user logs in, with what the server
 * keeps for it while it is away: how far it has the user's messages, and the
 * token by which it comes back. It has one session at a time, or none.
 *
 * A command that a script runs beside the user's devices is a visit: a device
 * that is never stored, whose session nobody sees and which takes no message
 * away.
 */
export class Device {
  /** Names the device within the database; of a visit below 0. */
  readonly number: number;
  readonly user: User;
  /** Chosen by the client: 16 hexadecimal digits; {@link oldClient} without one. */
  readonly id: string;
  /** What the user calls it; no other device of the user has the name. */
  name: string;
  /** Messages up to this id were delivered here and confirmed. */
  cursor: number;
  /** Its first login, ms since 1970 UTC. */
  readonly since: number;
  /** From where it logged in last. */
  ip: string;
  /** When it was last known to be online, ms since 1970 UTC. */
  lastSeen: number;
  /** The key that it signs with, if it has one; not known of who is away. */
  identity: string | undefined;
  session: Session | undefined;
  /** True when another device takes its place as soon as that is stored. */
  isOusted = false;
  token: TokenRecord | undefined;
  /** When its last session ended, monotonic ms. */
  awaySince = 0;
  /** Outcomes of transfers that came while the connection was lost. */
  parked: Uint8Array[] = [];
  /** What was handed out and not confirmed, oldest first; made on first use. */
  #awaited: HandedMessage[] | undefined;
  /** Messages that were passed over since the id `after`. */
  #skipped: { readonly after: number; readonly upto: number } | undefined;

  constructor(user: User, stored: Omit<StoredDevice, "user">) {
    this.user = user;
    this.number = stored.number;
    this.id = stored.id;
    this.name = stored.name;
    this.cursor = stored.cursor;
    this.since = stored.since;
    this.ip = stored.ip;
    this.lastSeen = stored.lastSeen;
  }

  get isVisit(): boolean {
    return this.number < 0;
  }

  /**
   * True while the device's own cursor counts: one that was not seen for
   * {@link limits.deviceMs} starts like a new one when it comes back.
   *
   * @param wall ms since 1970 UTC.
   */
  isLive(wall: number): boolean {
    return this.session !== undefined ||
      wall - this.lastSeen < limits.deviceMs;
  }

  /** True when it signs with the key that others know the user by. */
  get hasKey(): boolean {
    return this.identity !== undefined && this.identity === this.user.identity;
  }

  /** The client has all messages up to this id. True when that is news. */
  confirm(id: number): boolean {
    const before = this.cursor;
    this.#moveTo(id);
    this.settleSkipped();
    return this.cursor > before;
  }

  /**
   * A private message of somebody else was handed out here, perhaps not for the
   * first time. Of very many the oldest are forgotten.
   */
  handOut(message: HandedMessage): void {
    const awaited = this.#awaited ??= [];
    if (message.id <= (awaited.at(-1)?.id ?? 0)) return;
    awaited.push(message);
    if (awaited.length > limits.awaitedMessages) awaited.shift();
  }

  /** Those of them that have been confirmed since the last time, oldest first. */
  takeConfirmed(): readonly HandedMessage[] {
    const awaited = this.#awaited;
    if (awaited === undefined) return [];
    const rest = awaited.findIndex(({ id }) => id > this.cursor);
    if (rest >= 0) return awaited.splice(0, rest);
    this.#awaited = undefined;
    return awaited;
  }

  /** What follows the message `delivered`, up to `id`, is not for this device. */
  skip(delivered: number, id: number): void {
    const follows = this.#skipped?.upto === delivered;
    const after = follows ? this.#skipped?.after : undefined;
    this.#skipped = { after: after ?? delivered, upto: id };
  }

  /**
   * Moves the cursor over what was skipped, once everything before it is
   * confirmed: else it would come after all when the reason is gone.
   */
  settleSkipped(): void {
    if (this.#skipped === undefined || this.cursor < this.#skipped.after) {
      return;
    }
    this.#moveTo(this.#skipped.upto);
    this.#skipped = undefined;
  }

  #moveTo(id: number): void {
    this.cursor = Math.max(this.cursor, id);
    const { user } = this;
    if (!this.isVisit) user.cursor = Math.max(user.cursor, this.cursor);
  }

  /** The user's other sessions, entered ones, that know of devices. */
  get companions(): Session[] {
    return this.user.sessions.filter((session) =>
      session.device !== this && session.entered &&
      session.connection.hasDevices
    );
  }

  /** As it is stored. */
  toStored(): StoredDevice {
    const { number, user, id, name, cursor, since, ip, lastSeen } = this;
    return { number, user: user.id, id, name, cursor, since, ip, lastSeen };
  }
}

/** A private message of somebody else, as it is handed to a device. */
export interface HandedMessage {
  readonly id: number;
  /** In messagelog.txt. */
  readonly number: number;
  /** The user who sent it. */
  readonly sender: number;
  /** True when it was sent while its receiver was offline. */
  readonly kept: boolean;
}

/** The id of the one device of those clients that know of none. */
export const oldClient = "";
/** What that one is called. */
export const oldClientName = "old client";

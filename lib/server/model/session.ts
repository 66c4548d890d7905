/**
 * A device's presence online. It lives from login to logout or loss; when it is
 * resumed while the old connection still looks alive, it moves to the new one.
 */
import type { CatchUp } from "./catch_up.ts";
import type { Connection } from "./connection.ts";
import type { Device, HandedMessage } from "./device.ts";
import type { UserLogEntry } from "./actions.ts";
import type { User } from "./user.ts";

/** A session of a logged-in user, from one device. */
export class Session {
  readonly device: Device;
  readonly user: User;
  connection: Connection;
  /** Login time, ms since 1970 UTC. */
  readonly since: number;
  /** When the device was last seen before, ms since 1970 UTC. */
  readonly awaySince: number;
  udpPort: number;
  /** False until the login is stored; others do not see the session before. */
  entered = false;
  /** Highest message id handed to the connection. */
  delivered: number;
  /** Reads what waited; `undefined` once messages are delivered as they come. */
  catchUp: CatchUp | undefined;
  /** When the user last asked for something, monotonic ms. */
  lastActivity: number;
  /** The {@link lastActivity} after which the user was warned of being idle. */
  warnedOf: number | undefined;
  #logEntry: UserLogEntry | undefined;

  constructor(
    device: Device,
    connection: Connection,
    udpPort: number,
    now: { readonly mono: number; readonly wall: number },
  ) {
    this.device = device;
    this.user = device.user;
    this.connection = connection;
    this.udpPort = udpPort;
    this.since = now.wall;
    this.awaySince = device.lastSeen;
    this.lastActivity = now.mono;
    this.delivered = device.cursor;
  }

  /** False once it ended, or another one of the device took its place. */
  get isCurrent(): boolean {
    return this.device.session === this;
  }

  /** The client's address as the server sees it. */
  get ip(): string {
    return this.connection.remote.ip;
  }

  /** The session's line in `userlog.txt`; the same object while nothing changes. */
  get logEntry(): UserLogEntry {
    return this.#logEntry ??= {
      since: this.since,
      user: this.user.name,
      ip: this.ip,
      udpPort: this.udpPort,
    };
  }

  /**
   * Hands a message that was just sent to the client, or holds it for its turn.
   *
   * @param handed Of a private message of somebody else.
   */
  deliver(
    id: number,
    frame: Uint8Array | string,
    handed?: HandedMessage,
  ): void {
    if (this.catchUp !== undefined) this.catchUp.hold(id, frame, handed);
    else if (id > this.delivered) {
      this.delivered = id;
      if (handed !== undefined) this.device.handOut(handed);
      if (typeof frame === "string") this.connection.send(frame);
      else this.connection.sendShared(frame);
    }
  }

  /** A message that was just sent is not for this user: it counts as handed out. */
  withhold(id: number): void {
    // Before it is entered nothing is handed out: what waits is read then.
    if (!this.entered || this.catchUp !== undefined) return;
    if (id > this.delivered) this.skip(id);
  }

  /** The device sent this one itself: it has it, and need not confirm it. */
  passOwn(id: number): void {
    this.withhold(id);
    this.device.settleSkipped();
  }

  /** The message that would be next is not for this device. */
  skip(id: number): void {
    this.device.skip(this.delivered, id);
    this.delivered = id;
  }

  /** The user has another name. */
  handleRenamed(): void {
    this.#logEntry = undefined;
  }

  /** Continues on another connection. */
  moveTo(connection: Connection, udpPort: number): void {
    this.connection = connection;
    this.udpPort = udpPort;
    this.#logEntry = undefined;
  }
}

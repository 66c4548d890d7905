/**
 * What clients keep until its receivers are back, so that these learn at a login
 * that something waits for them: also when the client that keeps it is away. Who
 * keeps how many things for whom is all that the server knows of it; the client
 * says so again at each of its logins.
 */
import { encodeFrame } from "../../wire/frame.ts";
import { limits } from "../../wire/limits.ts";
import { event } from "../../wire/server_frame.ts";
import type { Instant } from "../../base/ports.ts";
import type { Device } from "../model/device.ts";
import type { Directory } from "../model/directory.ts";
import { mayReach } from "../model/reach.ts";
import type { Session } from "../model/session.ts";
import type { StoredLaterOffer, StoreWrite } from "../model/store.ts";
import type { User } from "../model/user.ts";

/** What one client keeps. */
export interface LaterOffer {
  /** Chosen by the client. */
  readonly offer: string;
  readonly from: User;
  readonly to: readonly User[];
  /** When the client first said so, ms since 1970 UTC. */
  readonly since: number;
  /** When it last did. */
  readonly at: number;
  /** From where; absent when that was in an earlier run of the server. */
  readonly device?: Device;
}

/** Everything that clients keep, by those who keep it and by those it is for. */
export class LaterOffers {
  /** The one told longest ago first. */
  readonly #bySender = new Map<User, Map<string, LaterOffer>>();
  readonly #byReceiver = new Map<User, Set<LaterOffer>>();

  constructor(stored: readonly StoredLaterOffer[], directory: Directory) {
    for (const { user: id, to: ids, ...rest } of stored) {
      const from = directory.userById(id);
      const to = ids.map((each) => directory.userById(each))
        .filter((each) => each !== undefined);
      if (from !== undefined) this.#put({ from, to, ...rest });
    }
  }

  /**
   * A client keeps something for these users, or for nobody any more.
   *
   * @returns Takes it back, where it could not be stored.
   */
  keep(
    { device, user: from }: Session,
    offer: string,
    to: readonly User[],
    now: Instant,
    writes: StoreWrite[],
  ): () => void {
    const before = this.#bySender.get(from) ?? new Map();
    const { since = now.wall } = before.get(offer) ?? {};
    const kept = { offer, from, to, since, at: now.wall, device };
    const others = [...before.values()].filter((each) => each.offer !== offer);
    const most = to.length === 0 ? others.length : limits.laterOffers - 1;
    const dropped = others.slice(0, Math.max(others.length - most, 0));
    this.forget(from);
    for (const each of others.slice(dropped.length)) this.#put(each);
    this.#put(kept);
    for (const each of dropped) writes.push(laterWrite({ ...each, to: [] }));
    writes.push(laterWrite(kept));
    return () => {
      this.forget(from);
      for (const each of before.values()) this.#put(each);
    };
  }

  /** Nothing is kept by this user any more. */
  forget(from: User): void {
    for (const kept of this.#bySender.get(from)?.values() ?? []) {
      for (const user of kept.to) {
        const of = this.#byReceiver.get(user);
        of?.delete(kept);
        if (of?.size === 0) this.#byReceiver.delete(user);
      }
    }
    this.#bySender.delete(from);
  }

  /**
   * Tells a user who logs in that something waits; what a client keeps that is
   * there is offered in a moment.
   *
   * @param since What began to wait before was told, ms since 1970 UTC.
   */
  tell({ user, connection }: Session, since: number, { wall }: Instant): void {
    const from = new Map<string, number>();
    const waiting = [...this.#byReceiver.get(user) ?? []]
      .filter((each) =>
        each.from !== user && each.since >= since &&
        wall - each.at < limits.laterMs && each.from.active &&
        mayReach(each.from, user) && !each.device?.session?.entered
      )
      .sort((one, other) => other.since - one.since);
    for (const { from: { name }, since } of waiting) {
      if (!from.has(name)) from.set(name, since);
    }
    if (from.size === 0) return;
    const told = [...from].slice(0, limits.laterSenders)
      .map(([user, since]) => ({ user, since }));
    connection.send(encodeFrame(event("offers-later", { from: told })));
  }

  #put(kept: LaterOffer): void {
    const { from, to, offer } = kept;
    if (to.length === 0) return;
    const ofSender = this.#bySender.get(from) ?? new Map();
    this.#bySender.set(from, ofSender.set(offer, kept));
    for (const user of to) {
      const ofReceiver = this.#byReceiver.get(user) ?? new Set();
      this.#byReceiver.set(user, ofReceiver.add(kept));
    }
  }
}

function laterWrite({ from, to, offer, since, at }: LaterOffer): StoreWrite {
  const ids = to.map(({ id }) => id);
  return {
    write: "later",
    later: { user: from.id, offer, to: ids, since, at },
  };
}

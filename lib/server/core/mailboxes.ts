/**
 * Hands waiting messages to sessions: starts their {@link CatchUp}, routes the
 * store's answers to it, and wakes those whose connection was too full.
 */
import type { ActionQueue } from "../model/actions.ts";
import { CatchUp, type CatchUpHost } from "../model/catch_up.ts";
import type { Directory } from "../model/directory.ts";
import { isHidden, neverSaw } from "../model/reach.ts";
import { encodeMessage } from "./encode_message.ts";
import type { Session } from "../model/session.ts";
import type { StoredMessage } from "../model/store.ts";

/** The reading of waiting messages, of all sessions. */
export class Mailboxes implements CatchUpHost {
  readonly #directory: Directory;
  readonly #actions: ActionQueue;
  readonly #queries = new Map<number, Session>();
  readonly #stalled = new Set<Session>();
  #wakeAt: number | undefined;

  constructor(directory: Directory, actions: ActionQueue) {
    this.#directory = directory;
    this.#actions = actions;
  }

  get lastMessage(): number {
    return this.#directory.lastMessage;
  }

  /**
   * Starts handing the session what waits for its device.
   *
   * @param onCounted Called with how many messages wait, before the first one.
   */
  start(
    session: Session,
    now: number,
    onCounted: (waiting: number) => void,
  ): void {
    const catchUp = new CatchUp(this, session, onCounted);
    session.catchUp = catchUp;
    catchUp.start(nothingWaits(session));
    this.#watch(session, now + stallMs);
  }

  handleInbox(
    query: number,
    messages: readonly StoredMessage[],
    now: number,
  ): void {
    const session = this.#take(query);
    if (session === undefined) return;
    session.catchUp?.handlePage(query, messages);
    this.#watch(session, now + stallMs);
  }

  handleQueryFailed(query: number, now: number): void {
    const session = this.#take(query);
    if (session === undefined) return;
    session.catchUp?.handleFailure();
    this.#watch(session, now + retryMs);
  }

  /** When {@link handleTimeout} is due, monotonic ms. */
  get timeout(): number | undefined {
    return this.#stalled.size === 0 ? undefined : this.#wakeAt;
  }

  /** Lets the sessions go on whose connections were full. */
  handleTimeout(now: number): void {
    if (this.#wakeAt === undefined || now < this.#wakeAt) return;
    this.#wakeAt = now + stallMs;
    for (const session of this.#stalled) {
      if (session.isCurrent) session.catchUp?.resume();
      if (!this.#isStalled(session)) this.#stalled.delete(session);
    }
    if (this.#stalled.size === 0) this.#wakeAt = undefined;
  }

  query(session: Session, after: number, limit: number): number {
    const query = this.#actions.newQuery();
    this.#queries.set(query, session);
    const { user, device, connection } = session;
    const reader = connection.hasDevices
      ? { user: user.id, device: device.number }
      : { user: user.id };
    this.#actions.push({ action: "inbox", query, reader, after, limit });
    return query;
  }

  hides({ user }: Session, message: StoredMessage): boolean {
    // Of the others it was decided as they were sent whom they are for.
    if (message.group === undefined) return false;
    const sender = this.#directory.userById(message.sender);
    if (sender === undefined) return false;
    if (isHidden(user, sender, message.id)) return true;
    const group = this.#directory.groupById(message.group);
    const { original } = message;
    return original !== undefined && group !== undefined &&
      neverSaw(user, sender, group, original);
  }

  encode(
    { user }: Session,
    message: StoredMessage,
    kept: boolean,
  ): Uint8Array | undefined {
    // Who did not get it before hears nothing of it.
    if (message.deleted) return undefined;
    const isOwn = message.sender === user.id;
    return encodeMessage(this.#directory, message, kept && !isOwn, isOwn);
  }

  #take(query: number): Session | undefined {
    const session = this.#queries.get(query);
    this.#queries.delete(query);
    // An answer for a session that ended meanwhile is of no use.
    return session?.isCurrent ? session : undefined;
  }

  #watch(session: Session, wakeAt: number): void {
    if (!this.#isStalled(session)) return;
    this.#stalled.add(session);
    this.#wakeAt ??= wakeAt;
  }

  #isStalled(session: Session): boolean {
    return session.isCurrent && session.catchUp !== undefined &&
      session.catchUp.stalled;
  }
}

/** True when it is known in memory that no message waits. */
function nothingWaits({ user, device: { cursor } }: Session): boolean {
  if (user.latestMessage > cursor) return false;
  for (const group of user.groups) {
    if (group.latestMessage > cursor) return false;
  }
  return true;
}

/** How soon a connection that was full is looked at again, ms. */
const stallMs = 20;
/** How soon a failed query is made again, ms. */
const retryMs = 1000;

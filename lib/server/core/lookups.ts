/**
 * Requests that wait for an answer of the store. Each connection has one of
 * them under way at a time, and none while much is queued for it: so a client
 * may ask for page after page of the past without waiting, and one that does
 * not read costs nothing. Of searches, which take longest, the whole server has
 * one under way: what is to be stored waits for one of them at most.
 */
import { wireError } from "../../wire/errors.ts";
import type { Instant } from "../../base/ports.ts";
import { limits } from "../../wire/limits.ts";
import type { ActionQueue } from "../model/actions.ts";
import type { Connection } from "../model/connection.ts";
import { Refusal } from "../model/refusal.ts";
import type { Found, Lookup } from "../model/store.ts";

/** What a request wants to know, and what it does with the answer. */
export interface Question {
  readonly lookup: Lookup;
  /**
   * Makes the reply; `undefined` when it comes later.
   *
   * @throws {Refusal}
   */
  readonly found: (found: Found, now: Instant) => object | undefined;
}

interface Waiting {
  readonly connection: Connection;
  /** The request's id. */
  readonly id: number | undefined;
  readonly question: Question;
}

/** The questions of all connections. */
export class Lookups {
  readonly #actions: ActionQueue;
  readonly #underWay = new Map<number, Waiting>();
  /** What each connection asked and has no answer to, the oldest first. */
  readonly #lines = new Map<Connection, Waiting[]>();
  readonly #stalled = new Set<Connection>();
  /** The search that is under way. */
  #searching: number | undefined;
  /** Those whose search waits for it, in their order. */
  readonly #searchers = new Set<Connection>();
  #wakeAt: number | undefined;

  constructor(actions: ActionQueue) {
    this.#actions = actions;
  }

  /** Asks a question when its turn comes. */
  ask(
    connection: Connection,
    id: number | undefined,
    question: Question,
    now: Instant,
  ): void {
    connection.pending++;
    const waiting = { connection, id, question };
    const line = this.#lines.get(connection);
    if (line !== undefined) line.push(waiting);
    else {
      this.#lines.set(connection, [waiting]);
      this.#next(connection, now);
    }
  }

  /** The store's answer. */
  handleFound(query: number, found: Found, now: Instant): void {
    const waiting = this.#take(query);
    if (waiting === undefined) return;
    const { connection, id, question } = waiting;
    connection.pending--;
    if (connection.session !== undefined) {
      try {
        const ok = question.found(found, now);
        if (ok !== undefined) connection.reply(id, ok);
      } catch (error) {
        if (!(error instanceof Refusal)) throw error;
        connection.refuse(id, error.error);
      }
    }
    this.#goOn(connection, now);
  }

  /** The store has no answer. @returns False when the query is not of these. */
  handleQueryFailed(query: number, now: Instant): boolean {
    const waiting = this.#take(query);
    if (waiting === undefined) return false;
    const { connection, id } = waiting;
    connection.pending--;
    connection.refuse(id, wireError("storage_failed", cannotRead));
    this.#goOn(connection, now);
    return true;
  }

  /** When {@link handleTimeout} is due, monotonic ms. */
  get timeout(): number | undefined {
    return this.#stalled.size === 0 ? undefined : this.#wakeAt;
  }

  /** Lets the connections go on that had too much queued. */
  handleTimeout(now: Instant): void {
    if (this.#wakeAt === undefined || now.mono < this.#wakeAt) return;
    this.#wakeAt = undefined;
    const stalled = [...this.#stalled];
    this.#stalled.clear();
    for (const connection of stalled) this.#next(connection, now);
  }

  #take(query: number): Waiting | undefined {
    const waiting = this.#underWay.get(query);
    if (waiting === undefined) return undefined;
    this.#underWay.delete(query);
    this.#lines.get(waiting.connection)?.shift();
    if (query === this.#searching) this.#searching = undefined;
    return waiting;
  }

  /** A question of the connection was answered: others' searches come first. */
  #goOn(connection: Connection, now: Instant): void {
    for (const searcher of this.#searchers) {
      if (this.#searching !== undefined) break;
      this.#searchers.delete(searcher);
      this.#next(searcher, now);
    }
    this.#next(connection, now);
  }

  /** Asks what is first in the connection's line. */
  #next(connection: Connection, now: Instant): void {
    const first = this.#lines.get(connection)?.[0];
    if (first === undefined || connection.closing) {
      this.#lines.delete(connection);
      return;
    }
    if (connection.queue.bytes > queuedBytes) {
      this.#stalled.add(connection);
      this.#wakeAt ??= now.mono + stallMs;
      return;
    }
    const { lookup } = first.question;
    const isSearch = lookup.kind === "search";
    if (isSearch && this.#searching !== undefined) {
      this.#searchers.add(connection);
      return;
    }
    const query = this.#actions.newQuery();
    if (isSearch) this.#searching = query;
    this.#underWay.set(query, first);
    this.#actions.push({ action: "look-up", query, lookup });
  }
}

const cannotRead = "The server could not read what is stored; please try again";
/** Nothing is asked while more than this is queued for the connection. */
const queuedBytes = limits.outgoingBytes / 4;
/** How soon a connection that was full is looked at again, ms. */
const stallMs = 20;

/**
 * Messages that were deleted a moment ago: what the store was asked before may
 * not know it yet.
 */
export class Deletions {
  readonly #messages = new Set<number>();

  /** Notes the id of a message; forgets the oldest of very many. */
  add(message: number): void {
    this.#messages.add(message);
    if (this.#messages.size <= remembered) return;
    const [oldest] = this.#messages;
    if (oldest !== undefined) this.#messages.delete(oldest);
  }

  /** The deletion was not stored. */
  remove(message: number): void {
    this.#messages.delete(message);
  }

  has(message: number): boolean {
    return this.#messages.has(message);
  }
}

/** More than there can be between a question and its answer. */
const remembered = 10_000;

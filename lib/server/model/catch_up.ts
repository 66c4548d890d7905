/**
 * Brings a session from its device's cursor to the present: waiting messages are
 * read in pages and handed out in the order of their ids, as fast as the
 * connection takes them, before those that are sent meanwhile.
 *
 * What is sent while a page is being read is held, within bounds. When the page
 * turns out to be the last one, what is held follows it and the session is up
 * to date; when too much came to hold it, another page is read instead: it is
 * all in the store.
 */
import { limits } from "../../wire/limits.ts";
import type { HandedMessage } from "./device.ts";
import type { Session } from "./session.ts";
import type { StoredMessage } from "./store.ts";

/** What a {@link CatchUp} asks of its surroundings. */
export interface CatchUpHost {
  /** Asks the store for messages; returns the number of the query. */
  query(session: Session, after: number, limit: number): number;
  /** True when the message is not for the session's user. */
  hides(session: Session, message: StoredMessage): boolean;
  /** The message as an event; `undefined` when it is of no group any more. */
  encode(
    session: Session,
    message: StoredMessage,
    kept: boolean,
  ): Uint8Array | undefined;
  /** Highest message id that is stored. */
  readonly lastMessage: number;
}

/** The reading of one session's waiting messages. */
export class CatchUp {
  readonly #host: CatchUpHost;
  readonly #onCounted: (waiting: number) => void;
  readonly #session: Session;
  /** Messages up to this id the device had when the session began. */
  #hadUpto = 0;
  /** Highest message id when the session began. */
  readonly #startedAt: number;
  #query: number | undefined;
  #waiting = 0;
  #counted = false;
  /** The page being handed out. */
  #page: readonly StoredMessage[] = [];
  #next = 0;
  /** The first page, kept while further ones are only counted. */
  #first: readonly StoredMessage[] | undefined;
  #pageIsLast = false;
  #held: HeldFrame[] = [];
  #heldBytes = 0;
  #missed = false;

  /**
   * @param onCounted Called once, before the first message is handed out, with
   * the number of messages that wait.
   */
  constructor(
    host: CatchUpHost,
    session: Session,
    onCounted: (waiting: number) => void,
  ) {
    this.#host = host;
    this.#session = session;
    this.#onCounted = onCounted;
    this.#startedAt = host.lastMessage;
  }

  /** True when the connection has to take more before the page goes on. */
  get stalled(): boolean {
    return this.#counted && this.#query === undefined &&
      this.#session.catchUp === this;
  }

  /**
   * Begins.
   *
   * @param nothingWaits True when no message can be waiting: nothing is read.
   */
  start(nothingWaits: boolean): void {
    this.#hadUpto = this.#session.device.cursor;
    this.#session.delivered = this.#hadUpto;
    if (!nothingWaits) return this.#ask(this.#session.delivered);
    this.#session.catchUp = undefined;
    this.#onCounted(0);
  }

  /** Takes a message that was sent while the session was not up to date. */
  hold(
    id: number,
    frame: Uint8Array | string,
    handed?: HandedMessage,
  ): void {
    if (this.#query === undefined && !this.#counted) return;
    this.#heldBytes += frame.length;
    if (this.#heldBytes > heldBytes) {
      this.#missed = true;
      this.#held = [];
    } else if (!this.#missed) this.#held.push({ id, frame, handed });
  }

  /** The answer to a query of this session, if it is the current one. */
  handlePage(query: number, messages: readonly StoredMessage[]): void {
    if (query !== this.#query) return;
    this.#query = undefined;
    const isLast = messages.length < pageMessages;
    if (!this.#counted) {
      this.#waiting += messages.filter((message) =>
        this.#isNews(message) && !this.#host.hides(this.#session, message)
      ).length;
      const last = messages.at(-1);
      this.#first ??= messages;
      if (!isLast && last !== undefined) {
        return this.#ask(last.id);
      }
      return this.#finishCounting(this.#first === messages);
    }
    this.#show(messages, isLast);
  }

  /** The current query failed; what was counted so far has to do. */
  handleFailure(): void {
    this.#query = undefined;
    this.#first ??= [];
    this.#page = [];
    this.#next = 0;
    this.#pageIsLast = false;
    if (!this.#counted) this.#finishCounting(false, false);
  }

  /** Goes on after a stall or a failed query. */
  resume(): void {
    if (this.stalled) this.#pump();
  }

  #finishCounting(firstIsLast: boolean, proceed = true): void {
    const first = this.#first ?? [];
    this.#first = undefined;
    this.#counted = true;
    this.#onCounted(this.#waiting);
    if (proceed && this.#session.catchUp === this) {
      this.#show(first, firstIsLast);
    }
  }

  #show(messages: readonly StoredMessage[], isLast: boolean): void {
    this.#page = messages;
    this.#next = 0;
    this.#pageIsLast = isLast;
    this.#pump();
  }

  #pump(): void {
    const session = this.#session;
    const { connection } = session;
    while (this.#next < this.#page.length) {
      if (connection.closing || connection.queue.bytes > queuedBytes) return;
      const message = this.#page[this.#next++];
      if (message === undefined || message.id <= session.delivered) continue;
      const frame =
        this.#isUnheard(message) || this.#host.hides(session, message)
          ? undefined
          : this.#host.encode(session, message, this.#wasKept(message));
      if (frame === undefined) {
        session.skip(message.id);
        continue;
      }
      session.delivered = message.id;
      this.#awaitReceipt(message);
      connection.send(frame);
    }
    this.#page = [];
    this.#next = 0;
    if (!this.#pageIsLast || this.#missed) {
      return this.#ask(session.delivered);
    }
    session.catchUp = undefined;
    for (const { id, frame, handed } of this.#held) {
      if (id <= session.delivered) continue;
      session.delivered = id;
      if (handed !== undefined) session.device.handOut(handed);
      connection.send(frame);
    }
  }

  /** True for the deletion of a message that was gone before the user had it. */
  #isUnheard({ id, original, ofReader = false }: StoredMessage): boolean {
    return original !== undefined && original > this.#hadUpto &&
      id <= this.#startedAt && !ofReader;
  }

  /** Who sent a private message is told when the device confirms it. */
  #awaitReceipt(message: StoredMessage): void {
    if (message.receiver === undefined || !this.#isNews(message)) return;
    const { id, number, sender, kept = false } = message;
    this.#session.device.handOut({ id, number, sender, kept });
  }

  /** True for a message of somebody else that the user gets to read. */
  #isNews({ sender, deleted, deletes }: StoredMessage): boolean {
    return sender !== this.#session.user.id && !deleted &&
      deletes === undefined;
  }

  #ask(after: number): void {
    this.#held = [];
    this.#heldBytes = 0;
    this.#missed = false;
    this.#query = this.#host.query(this.#session, after, pageMessages);
  }

  #wasKept(message: StoredMessage): boolean {
    if (message.group === undefined) {
      return message.receiver !== undefined && message.kept === true;
    }
    return message.id <= this.#startedAt &&
      message.at > this.#session.awaySince;
  }
}

interface HeldFrame {
  readonly id: number;
  readonly frame: Uint8Array | string;
  readonly handed: HandedMessage | undefined;
}

const pageMessages = 200;
/** A page goes on when less than this is queued for the connection. */
const queuedBytes = limits.outgoingBytes / 4;
const heldBytes = limits.outgoingBytes / 4;

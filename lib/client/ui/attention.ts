/**
 * What a person has seen of what a terminal printed. A message counts as seen
 * when it has stood on the screen of a terminal in use: for a second, with a key
 * pressed within the minute before it came or at any time since. Of a
 * conversation of which something unseen was not printed, or has scrolled away,
 * nothing counts, or what is in between would: it is seen when it is answered or
 * said to be. In the open chat what was printed need not stand there any more.
 */
import type { ClientEvent } from "../events/client_event.ts";
import type { ClientView } from "../events/client_view.ts";
import {
  type ConversationKey,
  conversationOf,
  conversationOfMessage,
} from "../events/conversations.ts";

/** What was seen; of a private session without an id. */
export interface SeenOnScreen {
  readonly key: ConversationKey;
  /** Id of the last message that was seen. */
  readonly upto: number | undefined;
}

/** The attention of the person at one terminal. */
export class Attention {
  readonly #view: ClientView;
  #keyAt = -Infinity;
  #polledAt = -Infinity;
  /** Messages that may not have been seen, in the order in which they came. */
  #printed: Printed[] = [];

  /** @param view Knows what is unread. */
  constructor(view: ClientView) {
    this.#view = view;
  }

  /** A key was pressed; monotonic ms. */
  handleKey(now: number): void {
    this.#keyAt = now;
  }

  /**
   * Something was printed.
   *
   * @param line The number of its last line, which rise.
   * @param now Monotonic ms.
   */
  handlePrinted(event: ClientEvent, line: number, now: number): void {
    const key = conversationOfMessage(event);
    if (key === undefined) return;
    const id = event.event === "message" ? event.id : undefined;
    this.#print({ key, id, line, at: now });
  }

  /**
   * A message of somebody else was printed once more, or for the first time, for
   * who opened the chat.
   *
   * @param now Monotonic ms.
   */
  handleRecalled(
    key: ConversationKey,
    id: number,
    line: number,
    now: number,
  ): void {
    this.#printed = this.#printed.filter((each) =>
      each.key !== key || each.id !== id
    );
    this.#print({ key, id, line, at: now });
  }

  /**
   * What was seen and is unread until now.
   *
   * @param gone Lines up to this number have left the screen.
   * @param now Monotonic ms.
   */
  pollSeen(gone: number, now: number): SeenOnScreen[] {
    this.#polledAt = now;
    const keys = new Set(this.#printed.map(({ key }) => key));
    return [...keys].flatMap((key) => this.#seenOf(key, gone, now));
  }

  /** When {@link pollSeen} may have something without a key, monotonic ms. */
  pollTimeout(): number | undefined {
    const next = this.#printed.find((each) =>
      each.at + readMs > this.#polledAt && this.#isInUse(each)
    );
    return next && next.at + readMs;
  }

  #seenOf(key: ConversationKey, gone: number, now: number): SeenOnScreen[] {
    const { chat } = this.#view;
    const isOpen = chat !== undefined && conversationOf(chat) === key;
    const { unread = 0, seen = 0 } = this.#view.conversation(key) ?? {};
    const there = this.#printed.filter((each) =>
      each.key === key && (isOpen || each.line > gone) &&
      (each.id === undefined || each.id > seen)
    );
    const last = there.length < unread
      ? undefined
      : there.findLast((each) =>
        this.#isInUse(each) && (isOpen || now >= each.at + readMs)
      );
    // What is left may be seen later.
    const left = unread === 0
      ? []
      : there.filter(({ line }) => line > (last?.line ?? -1));
    this.#printed = this.#printed.filter((each) =>
      each.key !== key || left.includes(each)
    );
    return unread > 0 && last !== undefined ? [{ key, upto: last.id }] : [];
  }

  #print(message: Printed): void {
    this.#printed.push(message);
    if (this.#printed.length > mostPrinted) this.#printed.shift();
  }

  #isInUse({ at }: Printed): boolean {
    return this.#keyAt >= at - inUseMs;
  }
}

interface Printed {
  readonly key: ConversationKey;
  readonly id: number | undefined;
  /** The number of its last line. */
  readonly line: number;
  readonly at: number;
}

/** How long after a key somebody is taken to be there, ms. */
const inUseMs = 60_000;
/** How long something stands on the screen until it counts as read, ms. */
const readMs = 1000;
/** More than a screen has. */
const mostPrinted = 300;

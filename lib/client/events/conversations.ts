/**
 * What was said last, by conversation: with a user through the server, in the
 * private session with one, in a group, and to everybody. Whatever others send,
 * it keeps so many conversations, so many messages of each and so much text,
 * and drops the oldest; what is seen no more is in `/history`.
 */
import type { ChatTarget } from "../commands/command.ts";
import type { ClientEvent, ReadState } from "./client_event.ts";

/** Which conversation: `@luke`, `=luke` (private session), `#jedi`, `*` (all). */
export type ConversationKey = `@${string}` | `=${string}` | `#${string}` | "*";

/** The conversation that the server, or an answer of it, names. */
export function conversationNamed(
  named: Pick<ReadState, "with" | "group" | "broadcast">,
): ConversationKey {
  if (named.group !== undefined) return `#${named.group}`;
  return named.with === undefined ? "*" : `@${named.with}`;
}

/** The same the other way round. */
export function nameOfConversation(
  key: ConversationKey,
): Pick<ReadState, "with" | "group" | "broadcast"> {
  if (key === "*") return { broadcast: true };
  const name = key.slice(1);
  return key.startsWith("#") ? { group: name } : { with: name };
}

/** The conversation that lines to `target` go to. */
export function conversationOf({ kind, name }: ChatTarget): ConversationKey {
  return `${signs[kind]}${name}`;
}

const signs = { user: "@", group: "#", session: "=" } as const;

/** Where what somebody else said belongs; `undefined` for any other event. */
export function conversationOfMessage(
  event: ClientEvent,
): ConversationKey | undefined {
  if (event.event === "private-message") return `=${event.from}`;
  if (event.event !== "message" || event.mine) return undefined;
  return conversationWith(event);
}

/** Where a message was said. */
export function conversationWith(
  { kind, group = "", from, to = from }: Pick<
    Extract<ClientEvent, { event: "message" | "deleted" }>,
    "kind" | "group" | "from" | "to"
  >,
): ConversationKey {
  if (kind === "broadcast") return "*";
  return kind === "group" ? `#${group}` : `@${to}`;
}

/** One message, as a person sees it. */
export interface SaidMessage {
  /**
   * Rises over all messages of the server; absent in a private session, and of an
   * own one as long as only this client knows it.
   */
  readonly id?: number;
  /** In the server's log or the group's; absent in a private session. */
  readonly number?: number;
  /** ms since 1970 UTC. */
  readonly at: number;
  readonly from: string;
  /** Empty once it was taken back. */
  readonly text: string;
  /** This user said it. */
  readonly own?: true;
  /** It was sent while its receiver was offline. */
  readonly kept?: true;
  /** It was taken back. */
  readonly deleted?: true;
  /** It was looked up: said before this client was there, or about to come. */
  readonly recalled?: true;
}

/** What was said with one user or in one group. */
export interface Conversation {
  readonly key: ConversationKey;
  /** The last {@link mostMessages}, oldest first. */
  readonly messages: readonly SaidMessage[];
  /**
   * How many of others this user has not seen, on whatever device; may be more
   * than are kept.
   */
  readonly unread: number;
  /** Id of the last message that was seen; 0 when that is not known. */
  readonly seen: number;
  /** Messages up to this id were seen or are counted as unread. */
  readonly counted: number;
  /** Highest id of a message that came; 0 for none. */
  readonly last: number;
}

/** What was said last in one conversation. */
export interface RecentlySaid {
  readonly conversation: ConversationKey;
  /** Oldest first. */
  readonly messages: readonly SaidMessage[];
}

/** What the user has not seen, oldest first, as far as it is kept. */
export function unseenOf(
  { messages, unread }: Pick<Conversation, "messages" | "unread">,
): SaidMessage[] {
  if (unread === 0) return [];
  return messages.filter(({ own, deleted }) => !own && !deleted)
    .slice(-unread);
}

/** Up to where a conversation was seen. */
export interface Mark {
  /** Id of the last message that was seen. */
  readonly upto: number;
  /** How many were not, of those up to `last`. */
  readonly unread: number;
  readonly last: number;
}

/** The conversations of one user. */
export class Conversations {
  /** The one with the latest news last. */
  readonly #byKey = new Map<ConversationKey, Kept>();
  /** UTF-16 units of all messages. */
  #text = 0;
  #counted = 0;

  /** All of them, the one with the latest news first; live, not copies. */
  all(): readonly Conversation[] {
    return [...this.#byKey.values()].reverse();
  }

  /** One of them; live. */
  find(key: ConversationKey): Conversation | undefined {
    return this.#byKey.get(key);
  }

  /**
   * Messages up to this id were counted by the server: what it did not name was
   * seen. 0 before it said anything.
   */
  get counted(): number {
    return this.#counted;
  }

  /** Something was said. */
  add(key: ConversationKey, message: SaidMessage): void {
    const kept = this.#keep(key);
    const { id = 0, own = false } = message;
    const known = kept.messages.findLastIndex((each) =>
      each.recalled && isSame(each, message)
    );
    if (known < 0) this.#push(kept, message);
    else this.#replace(kept, known, message);
    if (!own && (isSession(key) || id > kept.counted)) kept.unread++;
    if (!own) kept.last = Math.max(kept.last, id);
    kept.counted = Math.max(kept.counted, id);
    this.#bound(kept);
  }

  /**
   * What was said last is known, oldest first. It is no news: nothing of it
   * counts as unread, or as seen.
   */
  recall(key: ConversationKey, messages: readonly SaidMessage[]): void {
    if (messages.length === 0) return;
    const kept = this.#byKey.get(key) ?? this.#keep(key);
    for (const message of messages) {
      const index = kept.messages.findLastIndex((each) =>
        isSame(each, message)
      );
      const known = kept.messages[index];
      if (known === undefined) this.#push(kept, { ...message, recalled: true });
      else this.#replace(kept, index, { ...known, ...message });
    }
    kept.messages.sort((one, other) =>
      one.at - other.at || (one.number ?? 0) - (other.number ?? 0)
    );
    this.#bound(kept);
  }

  /** The same of several; those that are not here yet count as the oldest. */
  recallAll(all: readonly RecentlySaid[]): void {
    const known = [...this.#byKey.keys()];
    const news = all.filter(({ conversation }) =>
      !this.#byKey.has(conversation)
    ).toSorted((one, other) => lastIn(one) - lastIn(other));
    // None of them takes the place of one that is here.
    const most = news.length + known.length - mostConversations;
    for (const { conversation, messages } of news.slice(Math.max(most, 0))) {
      this.recall(conversation, messages);
    }
    for (const key of known) this.#keep(key);
    for (const { conversation, messages } of all) {
      if (known.includes(conversation)) this.recall(conversation, messages);
    }
  }

  /**
   * What came was seen: in a private session, of which nobody else knows, or in a
   * group that is no more.
   */
  see(key: ConversationKey): void {
    const kept = this.#byKey.get(key);
    const mark = this.markOf(key);
    if (mark !== undefined) this.mark(key, mark);
    else if (kept !== undefined) kept.unread = 0;
  }

  /**
   * The mark of a conversation of which the user has seen what came, or what is
   * counted if nothing did; `undefined` when that is no news.
   *
   * @param upto Id of the last message that was seen, if it is not the last one.
   */
  markOf(key: ConversationKey, upto?: number): Mark | undefined {
    const kept = this.#byKey.get(key);
    if (kept === undefined || isSession(key)) return undefined;
    const { seen, last, counted, unread } = kept;
    const hasCome = last > seen;
    const all = hasCome ? last : counted;
    const mark = Math.min(upto ?? all, all);
    const isNews = mark > seen && (unread > 0 || hasCome);
    if (!isNews) return undefined;
    // Those that were counted and have not come yet are counted when they do.
    const known = Math.max(mark, last);
    const left = unseenIn(kept, mark, Math.max(last, counted));
    return { upto: mark, unread: left, last: known };
  }

  /** A conversation was seen, here or on another device; never goes back. */
  mark(key: ConversationKey, { upto, unread, last }: Mark): void {
    const kept = this.#byKey.get(key) ?? this.#keep(key);
    if (upto < kept.seen) return;
    kept.seen = upto;
    // One that was recalled and has not come is counted when it does.
    kept.unread = unread + unseenIn(kept, last, kept.last);
    kept.counted = Math.max(last, kept.last);
  }

  /**
   * The server has counted everything.
   *
   * @param unseen Where something is unseen, the one with the latest news first.
   * @param last Messages up to this id were counted.
   */
  markAll(
    unseen: readonly ReadState[],
    last: number,
  ): void {
    this.#counted = last;
    const byKey = new Map(
      unseen.map((each) => [conversationNamed(each), each]),
    );
    for (const [key, { last: latest }] of [...this.#byKey]) {
      if (isSession(key) || byKey.has(key)) continue;
      const { seen } = this.#byKey.get(key)!;
      const upto = Math.max(seen, Math.min(latest, last));
      this.mark(key, { upto, unread: 0, last });
    }
    for (const [key, mark] of [...byKey].reverse()) {
      if (!this.#byKey.has(key)) this.#keep(key);
      this.mark(key, { ...mark, last });
    }
  }

  /** Ids mean other messages from now on. */
  forgetMarks(): void {
    this.#counted = 0;
    for (const kept of this.#byKey.values()) {
      kept.messages.forEach(({ id: _, ...message }, index) => {
        kept.messages[index] = message;
      });
      if (isSession(kept.key)) continue;
      kept.unread =
        kept.seen =
        kept.counted =
        kept.last =
          0;
    }
  }

  /** A message was taken back. */
  remove(key: ConversationKey, number: number): void {
    const kept = this.#byKey.get(key);
    const index = kept?.messages.findIndex((each) => each.number === number);
    if (kept === undefined || index === undefined || index < 0) return;
    const message = kept.messages[index]!;
    const isUnread = (message.id ?? 0) > kept.seen &&
      unseenOf(kept).includes(message);
    if (isUnread) kept.unread--;
    const { text: _, ...rest } = message;
    this.#replace(kept, index, { ...rest, text: "", deleted: true });
  }

  /** This user took back a message, in whichever conversation it is. */
  removeOwn(number: number): void {
    for (const { key, messages } of this.#byKey.values()) {
      const isOfLog = key.startsWith("@") || key === "*";
      const mine = (each: SaidMessage) => each.own && each.number === number;
      if (isOfLog && messages.some(mine)) this.remove(key, number);
    }
  }

  /** Somebody has another name: what was said is of the same person. */
  rename(from: string, to: string): void {
    for (const kept of this.#byKey.values()) {
      kept.messages.forEach((message, index) => {
        if (message.from !== from) return;
        kept.messages[index] = { ...message, from: to };
      });
    }
    this.#move(`@${from}`, `@${to}`);
    this.#move(`=${from}`, `=${to}`);
  }

  /** Those kept elsewhere; see {@link Conversations.counted}. */
  restore(all: readonly Conversation[], counted: number): void {
    this.#counted = counted;
    for (const conversation of [...all].reverse()) {
      const messages = [...conversation.messages];
      this.#byKey.set(conversation.key, { ...conversation, messages });
      for (const { text } of messages) this.#text += text.length;
    }
  }

  /** The conversation with the latest news from now on. */
  #keep(key: ConversationKey): Kept {
    const counted = this.#counted;
    const none = { key, messages: [], unread: 0, seen: 0, counted, last: 0 };
    const kept: Kept = this.#byKey.get(key) ?? none;
    this.#byKey.delete(key);
    this.#byKey.set(key, kept);
    if (this.#byKey.size > mostConversations) this.#dropOldest();
    return kept;
  }

  #push(kept: Kept, message: SaidMessage): void {
    kept.messages.push(message);
    this.#text += message.text.length;
  }

  #replace(kept: Kept, index: number, message: SaidMessage): void {
    this.#text += message.text.length - kept.messages[index]!.text.length;
    kept.messages[index] = message;
  }

  #bound(kept: Kept): void {
    while (kept.messages.length > mostMessages) this.#dropFirst(kept);
    while (this.#text > mostText) this.#dropFirst(this.#oldestWithText());
  }

  #move(from: ConversationKey, to: ConversationKey): void {
    const kept = this.#byKey.get(from);
    if (kept === undefined) return;
    this.#drop(from);
    this.#drop(to);
    this.#byKey.set(to, { ...kept, key: to });
    for (const { text } of kept.messages) this.#text += text.length;
  }

  #drop(key: ConversationKey): void {
    for (const { text } of this.#byKey.get(key)?.messages ?? []) {
      this.#text -= text.length;
    }
    this.#byKey.delete(key);
  }

  #dropOldest(): void {
    const [oldest] = this.#byKey.keys();
    if (oldest !== undefined) this.#drop(oldest);
  }

  #dropFirst({ messages }: Kept): void {
    this.#text -= messages.shift()?.text.length ?? 0;
  }

  #oldestWithText(): Kept {
    for (const kept of this.#byKey.values()) {
      if (kept.messages.length > 0) return kept;
    }
    throw new Error("text without a message");
  }
}

interface Kept extends Conversation {
  readonly messages: SaidMessage[];
  unread: number;
  seen: number;
  counted: number;
  last: number;
}

/** How many messages of others have ids over one and up to another. */
function unseenIn({ messages }: Kept, over: number, upto: number): number {
  return messages.filter(({ id = 0, own, deleted }) =>
    !own && !deleted && id > over && id <= upto
  ).length;
}

/** When something was said last. */
function lastIn({ messages }: RecentlySaid): number {
  return messages.at(-1)?.at ?? 0;
}

function isSame(one: SaidMessage, other: SaidMessage): boolean {
  if (one.number === undefined || one.number !== other.number) return false;
  // After the server was set back, a number may be another message's.
  const { id = other.id } = one;
  return id === (other.id ?? id) && one.at === other.at;
}

function isSession(key: ConversationKey): boolean {
  return key.startsWith("=");
}

/** How many of the last messages are shown to who opens a chat. */
export const recalledMessages = 10;
/** Most conversations. */
export const mostConversations = 100;
/** Most messages of each. */
export const mostMessages = 50;
/** Most text of all of them, UTF-16 units. */
export const mostText = 1_000_000;

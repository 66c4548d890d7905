/**
 * What was said last, by conversation: with a user through the server, in the
 * private session with one, in a group, and to everybody. Whatever others send,
 * it keeps so many conversations, so many messages of each and so much text,
 * and drops the oldest; what is seen no more is in `/history`.
 */

/** Which conversation: `@luke`, `=luke` (private session), `#jedi`, `*` (all). */
export type ConversationKey = `@${string}` | `=${string}` | `#${string}` | "*";

/** One message, as a person sees it. */
export interface SaidMessage {
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
}

/** What was said with one user or in one group. */
export interface Conversation {
  readonly key: ConversationKey;
  /** The last {@link mostMessages}, oldest first. */
  readonly messages: readonly SaidMessage[];
  /** How many of others this user has not seen; may be more than are kept. */
  readonly unread: number;
}

/** The conversations of one user. */
export class Conversations {
  /** The one with the latest news last. */
  readonly #byKey = new Map<ConversationKey, Kept>();
  /** UTF-16 units of all messages. */
  #text = 0;
  /** The one that is read as it comes. */
  #open: ConversationKey | undefined;

  /** All of them, the one with the latest news first; live, not copies. */
  all(): readonly Conversation[] {
    return [...this.#byKey.values()].reverse();
  }

  /** One of them; live. */
  find(key: ConversationKey): Conversation | undefined {
    return this.#byKey.get(key);
  }

  /** The conversation whose messages are seen as they come, if any. */
  open(key: ConversationKey | undefined): void {
    this.#open = key;
    if (key !== undefined) this.see(key);
  }

  /** Something was said. */
  add(key: ConversationKey, message: SaidMessage): void {
    const kept = this.#byKey.get(key) ?? { key, messages: [], unread: 0 };
    this.#byKey.delete(key);
    this.#byKey.set(key, kept);
    kept.messages.push(message);
    this.#text += message.text.length;
    if (message.own) kept.unread = 0;
    else if (key !== this.#open) kept.unread++;
    if (kept.messages.length > mostMessages) this.#dropFirst(kept);
    if (this.#byKey.size > mostConversations) this.#dropOldest();
    while (this.#text > mostText) this.#dropFirst(this.#oldestWithText());
  }

  /** Everything in `key` was seen; in all of them when absent. */
  see(key?: ConversationKey): void {
    const seen = key === undefined
      ? this.#byKey.values()
      : [this.#byKey.get(key)];
    for (const kept of seen) if (kept !== undefined) kept.unread = 0;
  }

  /** A message was taken back. */
  remove(key: ConversationKey, number: number): void {
    const kept = this.#byKey.get(key);
    const index = kept?.messages.findIndex((each) => each.number === number);
    if (kept === undefined || index === undefined || index < 0) return;
    const { text, ...rest } = kept.messages[index]!;
    this.#text -= text.length;
    kept.messages[index] = { ...rest, text: "", deleted: true };
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

  /** Those kept elsewhere. */
  restore(all: readonly Conversation[]): void {
    for (const { key, messages, unread } of [...all].reverse()) {
      this.#byKey.set(key, { key, messages: [...messages], unread });
      for (const { text } of messages) this.#text += text.length;
    }
  }

  #move(from: ConversationKey, to: ConversationKey): void {
    const kept = this.#byKey.get(from);
    if (kept === undefined) return;
    this.#drop(from);
    this.#drop(to);
    this.#byKey.set(to, { ...kept, key: to });
    for (const { text } of kept.messages) this.#text += text.length;
    if (this.#open === from) this.#open = to;
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
}

/** Most conversations. */
export const mostConversations = 100;
/** Most messages of each. */
export const mostMessages = 50;
/** Most text of all of them, UTF-16 units. */
export const mostText = 1_000_000;

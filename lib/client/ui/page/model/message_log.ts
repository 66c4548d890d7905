/**
 * What was said in one conversation, as far as a page shows it: what the
 * client's view keeps, and older messages that were asked for. The view drops
 * all but the last few; what came stays here. It is in blocks whose objects stay
 * the same as long as nothing in them changes, so that little has to be drawn
 * anew.
 */
import type { HistoryAnswer } from "../../../commands/history.ts";
import type { SaidMessage } from "../../../events/conversations.ts";

/** Messages that are drawn together, oldest first; never changed. */
export interface LogBlock {
  /** Its own; the same for a block that another one takes the place of. */
  readonly id: number;
  /** Shared by {@link groupSize} blocks at most, which stand together. */
  readonly group: number;
  readonly messages: readonly SaidMessage[];
}

/** The messages of one conversation. */
export class MessageLog {
  #blocks: readonly LogBlock[] = [];
  /** All of them by their keys. */
  readonly #known = new Map<string, SaidMessage>();
  /** What the view had when it was looked at last. */
  readonly #followed = new WeakSet<SaidMessage>();
  #nextId = 1;
  #isWhole = false;
  #before: number | undefined;
  /** By the ids of blocks: from where those before them were asked for. */
  readonly #places = new Map<number, number>();

  /** Oldest first; another array after each change. */
  get blocks(): readonly LogBlock[] {
    return this.#blocks;
  }

  /** True when there is nothing older. */
  get isWhole(): boolean {
    return this.#isWhole;
  }

  /** From where older ones are asked for; absent when none were. */
  get before(): number | undefined {
    return this.#before;
  }

  /** How many there are. */
  get size(): number {
    return this.#known.size;
  }

  /** True when a message is among them. */
  has(message: SaidMessage): boolean {
    return this.#known.has(keyOf(message));
  }

  /** The last of all. */
  get last(): SaidMessage | undefined {
    return this.#blocks.at(-1)?.messages.at(-1);
  }

  /**
   * Takes what the view has now.
   *
   * @param messages Oldest first.
   * @param isWhole The view has all of it, as of a private session.
   */
  follow(messages: readonly SaidMessage[], isWhole = false): void {
    this.#isWhole ||= isWhole;
    // What is the same object was here before, as nearly all of it is.
    if (messages.every((message) => this.#followed.has(message))) return;
    for (const message of messages) this.#followed.add(message);
    const news = this.#newIn(messages);
    const { last } = this;
    const isCut = last !== undefined && news.length === messages.length &&
      inOrder(last, messages[0]!) < 0;
    // What was said between what is here and what the view has is not known.
    if (isCut && !isWhole) this.#forget();
    this.#change(messages);
    this.#insert(news);
    this.#bound();
  }

  /**
   * Older messages came.
   *
   * @param before From where to ask for those before; absent when there are none.
   */
  prepend(messages: readonly SaidMessage[], before: number | undefined): void {
    this.#insert(this.#newIn(messages));
    this.#before = before;
    this.#isWhole = before === undefined;
    const [first] = this.#blocks;
    if (first !== undefined && before !== undefined) {
      this.#places.set(first.id, before);
    }
  }

  /**
   * Forgets old messages, as of a conversation that nobody looks at; they can be
   * asked for again.
   *
   * @param most About so many stay.
   */
  trim(most: number): void {
    let size = 0;
    const start = this.#blocks.findLastIndex(({ id, messages }) => {
      size += messages.length;
      return size >= most && this.#places.has(id);
    });
    const first = this.#blocks[start];
    if (first === undefined || start === 0) return;
    this.#drop(start);
    this.#before = this.#places.get(first.id);
    this.#isWhole = false;
  }

  #forget(): void {
    this.#drop(this.#blocks.length);
    this.#isWhole = false;
    this.#before = undefined;
  }

  #newIn(messages: readonly SaidMessage[]): SaidMessage[] {
    return messages.filter((message) => !this.#known.has(keyOf(message)));
  }

  /** Forgets the first blocks. */
  #drop(count: number): void {
    for (const { messages } of this.#blocks.slice(0, count)) {
      for (const message of messages) this.#known.delete(keyOf(message));
    }
    this.#blocks = this.#blocks.slice(count);
  }

  /** Those that are here otherwise, because they were taken back or renamed. */
  #change(messages: readonly SaidMessage[]): void {
    const changed = new Map(
      messages.filter((message) => {
        const before = this.#known.get(keyOf(message));
        return before !== undefined && isOther(before, message);
      }).map((message) => [keyOf(message), message]),
    );
    if (changed.size === 0) return;
    for (const [key, message] of changed) this.#known.set(key, message);
    this.#blocks = this.#blocks.map((block) =>
      block.messages.some((message) => changed.has(keyOf(message)))
        ? {
          ...block,
          messages: block.messages.map((message) =>
            changed.get(keyOf(message)) ?? message
          ),
        }
        : block
    );
  }

  #insert(news: readonly SaidMessage[]): void {
    const [first] = news;
    const end = news.at(-1);
    if (first === undefined || end === undefined) return;
    for (const message of news) this.#known.set(keyOf(message), message);
    const { last } = this;
    const oldest = this.#blocks[0]?.messages[0];
    if (last === undefined || inOrder(last, first) <= 0) this.#append(news);
    else if (oldest !== undefined && inOrder(end, oldest) <= 0) {
      this.#blocks = [...this.#inBlocks(news, "above"), ...this.#blocks];
    } else {
      this.#insertBetween(news);
    }
  }

  /** What belongs between others changes the blocks where it comes to stand. */
  #insertBetween(news: readonly SaidMessage[]): void {
    const places = Map.groupBy(news, (message) => {
      const place = this.#blocks.findLastIndex(({ messages }) =>
        inOrder(messages[0]!, message) <= 0
      );
      return Math.max(place, 0);
    });
    this.#blocks = this.#blocks.flatMap((block, index) => {
      const more = places.get(index);
      if (more === undefined) return [block];
      const all = [...block.messages, ...more].sort(inOrder);
      const [messages = [], ...rest] = inParts(all, 2 * blockSize);
      return [
        { ...block, messages },
        ...rest.map((messages) => ({ ...block, id: this.#nextId++, messages })),
      ];
    });
  }

  #append(news: readonly SaidMessage[]): void {
    const last = this.#blocks.at(-1);
    const room = last === undefined ? 0 : blockSize - last.messages.length;
    if (last === undefined || room <= 0) {
      this.#blocks = [...this.#blocks, ...this.#inBlocks(news)];
      return;
    }
    const messages = [...last.messages, ...news.slice(0, room)];
    this.#blocks = [
      ...this.#blocks.slice(0, -1),
      { ...last, messages },
      ...this.#inBlocks(news.slice(room)),
    ];
  }

  /**
   * What comes above or below what is here, in blocks: those next to it are of
   * its group while there is room.
   */
  #inBlocks(
    messages: readonly SaidMessage[],
    where: "above" | "below" = "below",
  ): LogBlock[] {
    const parts = inParts(messages, blockSize);
    const edge = where === "above" ? this.#blocks[0] : this.#blocks.at(-1);
    let group = edge?.group ?? this.#nextId++;
    let size = this.#blocks.filter((block) => block.group === group).length;
    if (where === "above") parts.reverse();
    const blocks = parts.map((messages): LogBlock => {
      if (size >= groupSize) [group, size] = [this.#nextId++, 0];
      size++;
      return { id: this.#nextId++, group, messages };
    });
    return where === "above" ? blocks.reverse() : blocks;
  }

  #bound(): void {
    while (this.size > mostShown) {
      this.#drop(1);
      this.#isWhole = false;
      this.#before = undefined;
    }
  }
}

/** A message of the past as the view has them. */
export function saidOf(
  past: HistoryAnswer["messages"][number],
  me: string,
): SaidMessage {
  const { id, number, at, from, text, deleted } = past;
  return {
    id,
    number,
    at,
    from,
    text,
    ...(from === me && { own: true }),
    ...(deleted && { deleted: true }),
  };
}

/** Tells a message from all others of its conversation. */
export function keyOf(message: SaidMessage): string {
  const { number, at, from, text } = message;
  return number === undefined ? `${at} ${from} ${text}` : `${number} ${at}`;
}

/** So many in each, the rest in the last. */
function inParts<T>(all: readonly T[], size: number): T[][] {
  const count = Math.ceil(all.length / size);
  return Array.from(
    { length: count },
    (_, index) => all.slice(index * size, (index + 1) * size),
  );
}

function isOther(one: SaidMessage, other: SaidMessage): boolean {
  return one.deleted !== other.deleted || one.from !== other.from ||
    one.id !== other.id;
}

function inOrder(one: SaidMessage, other: SaidMessage): number {
  return one.at - other.at || (one.number ?? 0) - (other.number ?? 0);
}

/** Messages of a block. */
export const blockSize = 25;
/** Blocks of a group. */
export const groupSize = 10;
/** Most messages of a conversation that are shown at once. */
export const mostShown = 10_000;

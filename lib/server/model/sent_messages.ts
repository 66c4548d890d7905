/**
 * The last messages of one sender by the ids that the client chose, so that a
 * message sent again after a lost reply is answered as before and not doubled.
 */
import { limits } from "../../wire/limits.ts";
import { groupKey } from "../../wire/names.ts";
import type { Group } from "./group.ts";
import type { User } from "./user.ts";

/** What became of a message for one receiver. */
export interface Receipt {
  readonly to: User;
  readonly id: number;
  /** Number in messagelog.txt. */
  readonly number: number;
  /** True when the receiver was offline. */
  readonly kept: boolean;
}

/** A message that was sent. */
export interface SentMessage {
  readonly at: number;
  /** For a private message: one for each receiver. */
  readonly receipts: Receipt[];
  /** For a group message, or the deletion of one. */
  readonly group?: Pick<Group, "name">;
  /** For all but private messages: its id. */
  readonly id?: number;
  /** For all but private messages: the number in its log. */
  readonly number?: number;
  /** For a broadcast: whether it was not for everybody online. */
  readonly partial?: boolean;
  /** For a deletion: the number of the deleted message. */
  readonly deletes?: number;
}

/** True when it was sent to the group of this name, or to none like `name`. */
export function isOfGroup(
  sent: SentMessage,
  name: string | undefined,
): boolean {
  const { group } = sent;
  if (group === undefined || name === undefined) return group === name;
  return groupKey(group.name) === groupKey(name);
}

/**
 * Remembers what one user sent, by the client's message ids. Of a message to one
 * person, as most are, it keeps numbers and no objects: where hundreds write,
 * the runtime's garbage collection would go through hundreds of thousands.
 */
export class SentMessages {
  // Made on first use: most users of a large server are silent.
  #byId: Map<string, SentMessage | Slot> | undefined;
  #lone: LoneMessages | undefined;

  find(mid: string): SentMessage | undefined {
    const found = this.#byId?.get(mid);
    return typeof found === "number" ? this.#lone?.get(found) : found;
  }

  /** A message that is found again later is equal, and need not be the same. */
  add(mid: string, message: SentMessage): void {
    this.#byId ??= new Map();
    this.#lone ??= new LoneMessages();
    this.#free(this.#byId.get(mid));
    this.#byId.set(mid, this.#lone.add(message) ?? message);
  }

  remove(mid: string): void {
    this.#free(this.#byId?.get(mid));
    this.#byId?.delete(mid);
  }

  /** All that are remembered, the last one first. */
  *newestFirst(): Generator<SentMessage> {
    for (const mid of [...this.#byId?.keys() ?? []].reverse()) {
      const message = this.find(mid);
      if (message !== undefined) yield message;
    }
  }

  /** Forgets the oldest beyond {@link limits.rememberedMessageIds}. */
  trim(): void {
    const byId = this.#byId;
    if (byId === undefined || byId.size <= limits.rememberedMessageIds) return;
    for (const mid of byId.keys()) {
      if (byId.size <= limits.rememberedMessageIds) return;
      this.remove(mid);
    }
  }

  #free(found: SentMessage | Slot | undefined): void {
    if (typeof found === "number") this.#lone?.remove(found);
  }
}

/** Where {@link LoneMessages} keeps a message. */
type Slot = number;

/** Messages to one person each, as columns. */
class LoneMessages {
  // At, id, number and whether it was kept.
  readonly #numbers: number[] = [];
  readonly #to: (User | undefined)[] = [];
  readonly #unused: Slot[] = [];

  /** Undefined for what is more than a message to one person. */
  add(message: SentMessage): Slot | undefined {
    const { at, receipts, ...more } = message;
    const [receipt] = receipts;
    const isLone = receipts.length === 1 && Object.keys(more).length === 0;
    if (receipt === undefined || !isLone) return undefined;
    const slot = this.#unused.pop() ?? this.#to.length;
    const { to, id, number, kept } = receipt;
    this.#to[slot] = to;
    const from = slot * columns;
    this.#numbers[from] = at;
    this.#numbers[from + 1] = id;
    this.#numbers[from + 2] = number;
    this.#numbers[from + 3] = kept ? 1 : 0;
    return slot;
  }

  get(slot: Slot): SentMessage | undefined {
    const to = this.#to[slot];
    if (to === undefined) return undefined;
    const from = slot * columns;
    const [at = 0, id = 0, number = 0, kept] = this.#numbers
      .slice(from, from + columns);
    return { at, receipts: [{ to, id, number, kept: kept === 1 }] };
  }

  remove(slot: Slot): void {
    this.#to[slot] = undefined;
    this.#unused.push(slot);
  }
}

const columns = 4;

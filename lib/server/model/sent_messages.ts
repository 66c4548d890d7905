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

/** Remembers what one user sent, by the client's message ids. */
export class SentMessages {
  // Made on first use: most users of a large server are silent.
  #byId: Map<string, SentMessage> | undefined;

  find(mid: string): SentMessage | undefined {
    return this.#byId?.get(mid);
  }

  add(mid: string, message: SentMessage): void {
    (this.#byId ??= new Map()).set(mid, message);
  }

  remove(mid: string): void {
    this.#byId?.delete(mid);
  }

  /** All that are remembered, the last one first. */
  newestFirst(): SentMessage[] {
    return [...this.#byId?.values() ?? []].reverse();
  }

  /** Forgets the oldest beyond {@link limits.rememberedMessageIds}. */
  trim(): void {
    const byId = this.#byId;
    if (byId === undefined || byId.size <= limits.rememberedMessageIds) return;
    for (const mid of byId.keys()) {
      if (byId.size <= limits.rememberedMessageIds) return;
      byId.delete(mid);
    }
  }
}

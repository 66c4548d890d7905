import { limits } from "../../wire/limits.ts";
import type { Group } from "./group.ts";
import type { StoredMark } from "./store.ts";
import type { User } from "./user.ts";

/** A conversation: with another user, in a group, or all broadcasts. */
export type Marked = User | Group | "broadcasts";

/**
 * Up to which message id a user has seen each conversation, on whatever device.
 * Marks only rise. Beside them is one for everything: it is under what is not
 * seen yet, and what it has passed needs no mark of its own, so that there are
 * few of them.
 */
export class ReadMarks {
  #everything = 0;
  // Made on first use: most users have seen everything, or nothing yet.
  #marks: Map<Marked, number> | undefined;

  /** Everything up to this id was seen. */
  get everything(): number {
    return this.#everything;
  }

  /** What is seen further than that, with the id up to which it is. */
  get above(): Iterable<readonly [Marked, number]> {
    return this.#marks ?? [];
  }

  /** Up to this id the conversation was seen. */
  upto(conversation: Marked): number {
    return this.#marks?.get(conversation) ?? this.#everything;
  }

  /**
   * A conversation was seen up to this id. Of very many marks the lowest is
   * given up: what is older than it counts as seen everywhere.
   *
   * @returns False when that is no news.
   */
  raise(conversation: Marked, upto: number): boolean {
    if (upto <= this.upto(conversation)) return false;
    const marks = this.#marks ??= new Map();
    marks.set(conversation, upto);
    if (marks.size > limits.readMarks) {
      this.raiseAll(Math.min(...marks.values()));
    }
    return true;
  }

  /** Everything was seen up to this id. @returns False when that is no news. */
  raiseAll(upto: number): boolean {
    if (upto <= this.#everything) return false;
    this.#everything = upto;
    for (const [conversation, mark] of this.#marks ?? []) {
      if (mark <= upto) this.#marks?.delete(conversation);
    }
    if (this.#marks?.size === 0) this.#marks = undefined;
    return true;
  }

  /** The conversation is no more, or no more this user's. */
  forget(conversation: Marked): void {
    this.#marks?.delete(conversation);
  }

  /** The account was removed. */
  clear(): void {
    this.#marks = undefined;
  }
}

/** How a mark is stored; of everything without a conversation. */
export function storedMark(
  { id: user, marks }: User,
  conversation?: Marked,
): StoredMark {
  if (conversation === undefined) {
    return { user, kind: "all", place: 0, upto: marks.everything };
  }
  const upto = marks.upto(conversation);
  if (conversation === "broadcasts") {
    return { user, kind: "broadcast", place: 0, upto };
  }
  const kind = "members" in conversation ? "group" : "user";
  return { user, kind, place: conversation.id, upto };
}

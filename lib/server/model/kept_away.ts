/**
 * What others posted to common groups while a user had blocked them. It is not
 * for this user, then or later, so it is remembered beyond the end of the block:
 * by message ids, which unlike times never repeat.
 */
import type { User } from "./user.ts";

/** Messages with ids over `after`, up to `upto`. */
export interface KeptAwayRange {
  readonly after: number;
  readonly upto: number;
}

/** The ended blocks of one user, by whom they were against. */
export class KeptAway {
  // Made on first use: most users never block anybody.
  #ranges: Map<User, readonly KeptAwayRange[]> | undefined;

  /** True for a message of `sender` that came during a block. */
  has(sender: User, id: number): boolean {
    const ranges = this.#ranges?.get(sender) ?? [];
    return ranges.some(({ after, upto }) => id > after && id <= upto);
  }

  /** Takes a range as it was stored; they come in the order of their ids. */
  restore(sender: User, range: KeptAwayRange): void {
    this.#set(sender, [...this.#ranges?.get(sender) ?? [], range]);
    sender.everBlocked = true;
  }

  /**
   * Adds what came during a block that ends. One that begins where the last
   * one ended goes on with it, as do all beyond {@link mostRanges}: rather too
   * much is kept away than too little.
   *
   * @returns The range to store in place of the one with the same `after`, and
   * what takes it back.
   */
  add(
    sender: User,
    { after, upto }: KeptAwayRange,
  ): { readonly range: KeptAwayRange; readonly undo: () => void } {
    const before = this.#ranges?.get(sender) ?? [];
    const last = before.at(-1);
    const isJoined = last !== undefined &&
      (last.upto >= after || before.length >= mostRanges);
    const range = { after: isJoined ? last.after : after, upto };
    this.#set(sender, [...isJoined ? before.slice(0, -1) : before, range]);
    return { range, undo: () => this.#set(sender, before) };
  }

  #set(sender: User, ranges: readonly KeptAwayRange[]): void {
    this.#ranges ??= new Map();
    if (ranges.length === 0) this.#ranges.delete(sender);
    else this.#ranges.set(sender, ranges);
  }
}

/** Ranges that are told apart for each of those who were blocked. */
const mostRanges = 64;
